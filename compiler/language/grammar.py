"""The parser that Lark makes of `wf.lark`.

Making it takes a fifth of a second, so its tables are kept in the user's cache, as data:
nothing that is read from there is ever run. They are kept apart for each grammar and each version
of wfc, Lark and Python, as the tables may differ between these.

What Lark makes of tables for each rule and each of the parser's states is made here at less cost:
a file meets a few of the states only.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from functools import cache
from hashlib import sha256
from pkgutil import get_data
from typing import Any

import lark
from lark import Lark, Token
from lark.common import LexerConf
from lark.exceptions import LarkError
from lark.grammar import NonTerminal, Rule, RuleOptions, Symbol, Terminal
from lark.lark import PostLex
from lark.lexer import AbstractBasicLexer, BasicLexer, ContextualLexer, Scanner, TerminalDef
from lark.parsers.lalr_analysis import Reduce, Shift
from lark.parsers.lalr_parser import LALR_Parser

from .. import __version__
from ..cache import keep, kept

STARTS = ["file", "declaration", "statement", "step", "workflow_header", "path"]


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
        propagate_positions=True,
        keep_all_tokens=keeps_all_tokens,
        maybe_placeholders=not keeps_all_tokens,
        **_options(),
    )
    keep(name, marshal.dumps(_tables(made)))
    return made


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


class _Parser(LALR_Parser):
    @classmethod
    def deserialize(  # type: ignore[override]
        cls, data: Any, memo: Any, callbacks: Any, debug: bool = False
    ) -> _Parser:
        """Return the parser of a table whose actions are numbers."""
        made: _Parser = super().deserialize({**data, "states": {}}, memo, callbacks, debug)  # type: ignore[no-untyped-call]
        codes = {code for row in data["states"].values() for code in row.values()}
        actions = {code: (Shift, code) if code >= 0 else (Reduce, memo[~code]) for code in codes}
        made._parse_table.states.update(
            (state, {token: actions[code] for token, code in row.items()})
            for state, row in data["states"].items()
        )
        return made


def _options() -> dict[str, Any]:
    plugins = {"ContextualLexer": _Lexer, "LALR_Parser": _Parser}
    return {"postlex": _WholeWords(), "_plugins": plugins}


class _WholeWords(PostLex):
    """Makes Lark read words whole: `args` is a name, and not the keyword `arg` and an `s`.

    Where names are accepted, Lark looks a word up among the keywords; so they are, everywhere.
    """

    always_accept = ("NAME",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Return the tokens as they are."""
        return stream


class _Scanner(Scanner):
    """Tries one terminal after the other, in the order in which Lark would in one expression."""

    def _build_mres(self, terminals: Any, max_size: int) -> Any:
        return super()._build_mres(terminals, 1)  # type: ignore[no-untyped-call]


class _StateLexer(BasicLexer):
    """What may stand at one state of the parser.

    Lark makes an expression of all the terminals of a state, which takes a millisecond for each of
    the states that a file meets. One for each terminal is compiled once for all of them.
    """

    def restricted(self, names: frozenset[str]) -> _StateLexer:
        """Return a lexer for some of the terminals."""
        made = copy(self)
        made.terminals = [each for each in self.terminals if each.name in names]
        made._scanner = None
        return made

    def _build_scanner(self) -> Scanner:
        keywords = {
            terminal.pattern.value: terminal.name
            for terminal in self.terminals
            if terminal.pattern.type == "str" and terminal.pattern.value.isalpha()
        }

        def name_or_keyword(token: Token) -> Token:
            token.type = keywords.get(token, token.type)
            return token

        self.callback = {"NAME": name_or_keyword}
        others = [each for each in self.terminals if each.name not in keywords.values()]
        return _Scanner(others, self.g_regex_flags, self.re, self.use_bytes)  # type: ignore[no-untyped-call]


class _StateLexers(dict[int, AbstractBasicLexer]):
    """The lexer of each state, made when a file first meets it."""

    def __init__(self, root: _StateLexer, states: Mapping[int, Collection[str]]) -> None:
        self._states = states
        self._always = (*root.ignore_types, *_WholeWords.always_accept)
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
