"""The parser that is quick is Lark's: it gives the trees, places and errors that Lark gives."""

import random
from collections.abc import Iterator
from pathlib import Path
from pkgutil import get_data
from typing import Any

import pytest
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lark import PostLex
from wf_files import WORDS
from wfc.language.grammar import STARTS, Node, grammar

HERE = Path(__file__).parent
PATHS = sorted([*HERE.rglob("*.wf"), *HERE.glob("../examples/*/*.wf")])
LONGEST = 3000
"""Of a longer file a part is taken."""

_ODD = [
    *("10s", "10", "1.5", "-3", "args", "retryx", "3every", 'f"{a}"', '"""', "é", "\ufeff"),
    *("# a comment\n", "#", ",", ":", "=", "==", "0", "?", "\t", "\r\n"),
]


class WholeWords(PostLex):
    """Has Lark look for a name in every state, and for keywords among names."""

    always_accept = ("NAME",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


def lark_alone(*, keeps_all_tokens: bool) -> Lark:
    return Lark(
        (get_data("wfc.grammar", "wf.lark") or b"").decode(),
        parser="lalr",
        start=STARTS,
        propagate_positions=True,
        keep_all_tokens=keeps_all_tokens,
        maybe_placeholders=not keeps_all_tokens,
        postlex=WholeWords(),
    )


def read(parser: Lark, text: str) -> Any:
    """The tree of a text, or what is wrong with it, and where."""
    try:
        return parser.parse(text, start="file")
    except UnexpectedToken as error:
        return error.token.type, str(error.token), error.accepts
    except UnexpectedInput as error:
        return type(error), error.pos_in_stream, getattr(error, "allowed", None)


def same(ours: Any, theirs: Any) -> bool:
    """Whether two trees have the same parts at the same places."""
    if isinstance(theirs, Token):
        place = theirs.start_pos, theirs.end_pos
        return (
            ours == theirs
            and ours.type == theirs.type
            and place
            == (
                ours.start_pos,
                ours.end_pos,
            )
        )
    if not isinstance(theirs, Tree):
        return bool(ours == theirs)
    assert isinstance(ours, Node)
    meta = theirs.meta  # of a tree without tokens, which is nowhere, it is empty
    return (
        ours.data == theirs.data
        and (meta.empty or (meta.start_pos, meta.end_pos) == (ours.start_pos, ours.end_pos))
        and len(ours.children) == len(theirs.children)
        and all(map(same, ours.children, theirs.children))
    )


def changed(text: str, chance: random.Random) -> str:
    """The text with up to three of its words left out, doubled, replaced, or cut off after."""
    words = WORDS.findall(text)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(words))
        match chance.randrange(4):
            case 0:
                words[at] = ""
            case 1:
                words[at] *= 2
            case 2:
                words[at] = chance.choice(_ODD)
            case _:
                words = words[: at + 1]
    return "".join(words)


@pytest.mark.parametrize("keeps_all_tokens", [False, True])
def test_files_are_read_as_lark_alone_reads_them(keeps_all_tokens: bool) -> None:
    ours, theirs = (make(keeps_all_tokens=keeps_all_tokens) for make in (grammar, lark_alone))
    chance = random.Random(1)
    for path in PATHS:
        text = path.read_text("utf-8")[:LONGEST]
        for each in (text, *(changed(text, chance) for _ in range(6))):
            assert same(read(ours, each), read(theirs, each)), each
