"""The parser that Lark makes of `wf.lark`.

Making it takes a fifth of a second, so its tables are kept in the user's cache, as data:
nothing that is read from there is ever run. They are kept apart for each grammar and each version
of wfc, Lark and Python, as the tables may differ between these.

What Lark makes of tables for each rule and each of the parser's states is made here at less cost:
a file meets a few of the states only. So is what it does for each token: nothing counts lines, and
a tree learns where it stands without asking its parts.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Collection, Mapping, Set
from copy import copy
from functools import cache
from hashlib import sha256
from pkgutil import get_data
from typing import Any

import lark
from lark import Lark, Token, Tree
from lark.common import LexerConf
from lark.exceptions import LarkError
from lark.grammar import NonTerminal, Rule, RuleOptions, Symbol, Terminal
from lark.lexer import (
    AbstractBasicLexer,
    BasicLexer,
    ContextualLexer,
    LexerState,
    LexerThread,
    Scanner,
    TerminalDef,
)
from lark.parsers import lalr_parser
from lark.parsers.lalr_analysis import Reduce, Shift
from lark.parsers.lalr_parser_state import ParseConf, ParserState

from .. import __version__
from ..cache import keep, kept

STARTS = ["file", "declaration", "statement", "step", "workflow_header", "path"]

_WORD = "NAME"
"""The terminal that is looked for in every state, so that words are read whole.

`args` is a name, and not the keyword `arg` and an `s`: a word is looked up among the keywords.
"""


class Node(Tree[Token]):
    """A tree that knows where in the text what it was made of starts and ends."""

    start_pos: int | None = None
    end_pos: int | None = None


@cache
def grammar(*, keeps_all_tokens: bool = False) -> Lark:
    """Return the parser of the language, for each of `STARTS`.

    With `keeps_all_tokens` its trees hold every token of the text, for printing it again.
    """
    text = (get_data("wfc.grammar", "wf.lark") or b"").decode()
    made_of = repr((__version__, text, keeps_all_tokens, lark.__version__, sys.version_info[:2]))
    name = f"grammar-{sha256(made_of.encode()).hexdigest()[:32]}"
    content = kept(name)
    if content is not None:
        try:
            return _from_tables(marshal.loads(content))
        except (LarkError, LookupError, EOFError, TypeError, ValueError, AttributeError):
            pass  # these are tables of something else: they are made and kept anew
    made = Lark(
        text,
        parser="lalr",
        start=STARTS,
        keep_all_tokens=keeps_all_tokens,
        maybe_placeholders=not keeps_all_tokens,
        **_options(),
    )
    content = marshal.dumps(_tables(made))
    keep(name, content)
    return _from_tables(marshal.loads(content))


def _options() -> dict[str, Any]:
    plugins = {"ContextualLexer": _Lexer, "LALR_Parser": _Parser}
    return {"tree_class": Node, "_plugins": plugins}


# --- The tables


def _tables(made: Lark) -> Any:
    """Return what Lark worked out of a grammar, as plain data."""
    data, memo = made.memo_serialize([TerminalDef, Rule])
    data["options"] = {
        key: value for key, value in data["options"].items() if key not in _options()
    }
    table = data["parser"]["parser"]
    table["states"] = {
        state: {table["tokens"][token]: _coded(*action) for token, action in actions.items()}
        for state, actions in table["states"].items()
    }
    return data, memo


def _from_tables(content: Any) -> Lark:
    """Return the parser of tables, as the parsers do that Lark writes to stand alone."""
    data, memo = content
    symbols: dict[tuple[str, str, bool], Symbol] = {}
    for key, value in memo.items():
        if value["__type__"] == "Rule":
            memo[key] = _rule(value, symbols)
    made: Lark = Lark._load_from_dict(data, memo, **_options())  # type: ignore[no-untyped-call]
    return made


def _rule(data: Mapping[str, Any], symbols: dict[tuple[str, str, bool], Symbol]) -> Rule:
    """Return a rule of its data; rules share the symbols."""
    expansion = []
    for each in data["expansion"]:
        key = each["__type__"], each["name"], each.get("filter_out", False)
        if key not in symbols:
            symbols[key] = Terminal(*key[1:]) if key[0] == "Terminal" else NonTerminal(key[1])
        expansion.append(symbols[key])
    options = {key: value for key, value in data["options"].items() if key != "__type__"}
    origin = NonTerminal(data["origin"]["name"])
    return Rule(origin, expansion, data["order"], data["alias"], RuleOptions(**options))


def _coded(is_reduction: int, argument: Any) -> Any:
    """Return an action of the parser as a number: the next state, or ~ the rule to reduce by."""
    return ~argument["@"] if is_reduction else argument


# --- The parser


class _Parser(lalr_parser.LALR_Parser):
    @classmethod
    def deserialize(  # type: ignore[override]
        cls, data: Any, memo: Any, callbacks: Any, debug: bool = False
    ) -> _Parser:
        """Return the parser of a table whose actions are numbers."""
        made: _Parser = super().deserialize({**data, "states": {}}, memo, callbacks, debug)  # type: ignore[no-untyped-call]
        codes = {code for row in data["states"].values() for code in row.values()}
        actions: dict[int, Any] = {
            code: (Shift, code) if code >= 0 else (Reduce, _reduction(memo[~code], callbacks))
            for code in codes
        }
        made._parse_table.states.update(
            (state, {token: actions[code] for token, code in row.items()})
            for state, row in data["states"].items()
        )
        made.parser = _Machine(made._parse_table, callbacks, debug)
        return made


def _reduction(rule: Rule, callbacks: Any) -> tuple[int, str, Any]:
    """Return what a rule reduces: how many values, to what, and how that is built of them."""
    return len(rule.expansion), rule.origin.name, callbacks[rule]


class _Machine(lalr_parser._Parser):
    def parse(self, lexer: LexerThread, start: str) -> Any:  # type: ignore[override]
        """Return the tree of a text that is in the language."""
        conf = ParseConf(self.parse_table, self.callbacks, start)
        return self.parse_from_state(_State(conf, lexer))


class _State(ParserState[int]):
    """How far the parser is, and where in the text each of the values on its stack starts."""

    __slots__ = ("end", "starts")

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.starts: list[int] = []
        self.end = 0

    def copy(self, deepcopy_values: bool = True) -> _State:
        """Return a state that goes its own way from here on."""
        made: _State = super().copy(deepcopy_values)  # type: ignore[assignment]
        made.starts, made.end = [*self.starts], self.end
        return made

    def feed_token(self, token: Token, is_end: bool = False) -> Any:
        """Take a token, after the reductions that it allows; return the tree at the end.

        What is reduced ends where the token before this one does.
        """
        stack, values, starts = self.state_stack, self.value_stack, self.starts
        states, kind = self.parse_conf.states, token.type
        # Without callbacks, Lark just tries whether a token can stand here.
        builds = bool(self.parse_conf.callbacks)
        while True:
            row = states[stack[-1]]
            if kind not in row:
                return super().feed_token(token, is_end)  # raises
            action, argument = row[kind]
            if action is Shift:
                stack.append(argument)
                values.append(token)
                starts.append(token.start_pos or 0)
                self.end = token.end_pos or 0
                return None
            size, name, build = argument
            if size:
                parts = values[-size:]
                del stack[-size:], values[-size:], starts[len(starts) - size + 1 :]
            else:
                parts = []
                starts.append(self.end)
            value = build(parts) if builds else None
            if isinstance(value, Node) and value.start_pos is None:
                value.start_pos, value.end_pos = starts[-1], self.end
            stack.append(states[stack[-1]][name][1])
            values.append(value)
            if is_end and stack[-1] == self.parse_conf.end_state:
                return value


# --- The lexer


class _Scanner(Scanner):
    """Tries one terminal after the other, in the order in which Lark would in one expression."""

    def _build_mres(self, terminals: Any, max_size: int) -> Any:
        return super()._build_mres(terminals, 1)  # type: ignore[no-untyped-call]


class _StateLexer(BasicLexer):
    """What may stand at one state of the parser.

    Lark makes an expression of all the terminals of a state, which takes a millisecond for each of
    the states that a file meets. Here there is one of all the terminals of the language. It finds
    the first that matches in Lark's order; where a state takes that one, Lark would find it as
    well. For the rest one expression for each terminal is compiled, once for all states.
    """

    def __init__(self, conf: LexerConf) -> None:
        super().__init__(conf)
        ignored, named = [], []
        for each in self.terminals:
            expression = each.pattern.to_regexp()
            if each.name in self.ignore_types:
                ignored.append(expression)
            elif not _is_keyword(each):
                named.append(f"(?P<{each.name}>{expression})")
        # What is ignored is not tried again with less of it: no comment ends before its line.
        whole = f"(?>(?:{'|'.join(ignored)})*)(?:{'|'.join(named)})"
        self._match = self.re.compile(whole, self.g_regex_flags).match
        self._restrict({each.name for each in self.terminals})

    def restricted(self, names: Set[str]) -> _StateLexer:
        """Return a lexer for some of the terminals."""
        made = copy(self)
        made._restrict(names)
        return made

    def _restrict(self, names: Set[str]) -> None:
        self.terminals = [each for each in self.terminals if each.name in names]
        keywords = filter(_is_keyword, self.terminals)
        self._keywords = {each.pattern.value: each.name for each in keywords}
        self._others = names - {*self._keywords.values()}
        self._scanner = None

    def next_token(self, lex_state: LexerState, parser_state: Any = None) -> Token:
        """Return the next token; raises `EOFError` at the end, and Lark's error where none is."""
        counter = lex_state.line_ctr
        found = self._match(lex_state.text.text, counter.char_pos)
        kind = "" if found is None else str(found.lastgroup)
        if found is None or kind not in self._others:
            return super().next_token(lex_state, parser_state)
        value = found[kind]
        start, end = found.span(kind)
        if kind == _WORD:
            kind = self._keywords.get(value, kind)
        counter.char_pos = end
        lex_state.last_token = token = Token(kind, value, start, 1, 1, 1, 1, end)
        return token

    def _build_scanner(self) -> Scanner:
        def name_or_keyword(token: Token) -> Token:
            token.type = self._keywords.get(token, token.type)
            return token

        self.callback = {_WORD: name_or_keyword}
        others = [each for each in self.terminals if each.name in self._others]
        return _Scanner(others, self.g_regex_flags, self.re, self.use_bytes)  # type: ignore[no-untyped-call]


def _is_keyword(terminal: TerminalDef) -> bool:
    return terminal.pattern.type == "str" and terminal.pattern.value.isalpha()


class _StateLexers(dict[int, AbstractBasicLexer]):
    """The lexer of each state, made when a file first meets it."""

    def __init__(self, root: _StateLexer, states: Mapping[int, Collection[str]]) -> None:
        self._states = states
        self._always = (*root.ignore_types, _WORD)
        self._known: dict[frozenset[str], _StateLexer] = {}
        self._root = root

    def __missing__(self, state: int) -> AbstractBasicLexer:
        names = frozenset([*self._states[state], *self._always])
        if names not in self._known:
            self._known[names] = self._root.restricted(names)
        self[state] = self._known[names]
        return self[state]


class _Lexer(ContextualLexer):
    def __init__(
        self, conf: LexerConf, states: Mapping[int, Collection[str]], always_accept: Any = ()
    ) -> None:
        self.root_lexer = root = _StateLexer(conf)
        self.lexers = _StateLexers(root, states)
