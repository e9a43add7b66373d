"""The parser that Lark makes of `wf.lark`.

Making it takes a fifth of a second, so its tables are kept in the user's cache, as data:
nothing that is read from there is ever run. They are kept apart for each grammar and each version
of Lark and Python, as the tables may differ between these.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

import lark
from lark import Lark, Token
from lark.exceptions import LarkError
from lark.grammar import Rule
from lark.lark import PostLex
from lark.lexer import BasicLexer, ContextualLexer, Scanner, TerminalDef

from ..cache import keep, kept

STARTS = ["file", "declaration", "statement", "step", "workflow_header", "path"]


@cache
def grammar(*, keeps_all_tokens: bool = False) -> Lark:
    """Return the parser of the language, for each of `STARTS`.

    With `keeps_all_tokens` its trees hold every token of the text, for printing it again.
    """
    text = resources.files("wfc.grammar").joinpath("wf.lark").read_text("utf-8")
    made_of = repr((text, keeps_all_tokens, lark.__version__, sys.version_info[:2]))
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
    return data, memo


def _from_tables(content: Any) -> Lark:
    """Return the parser of tables, as the parsers do that Lark writes to stand alone."""
    data, memo = content
    made: Lark = Lark._load_from_dict(data, memo, **_options())  # type: ignore[no-untyped-call]
    return made


def _options() -> dict[str, Any]:
    return {"postlex": _WholeWords(), "_plugins": {"ContextualLexer": _Lexer}}


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


class _Lexer(ContextualLexer):
    BasicLexer = _StateLexer
