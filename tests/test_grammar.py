"""The parser gives the trees, places and errors that Lark gives, and goes on as Lark does."""

import random
import re
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from pkgutil import get_data
from typing import Any

import pytest
from lark import Lark, Tree, exceptions
from lark import Token as LarkToken
from lark.lark import PostLex
from wf_files import WORDS
from wfc.language.grammar import STARTS, grammar
from wfc.language.parser import (
    END,
    Node,
    Parser,
    Token,
    UnexpectedCharacters,
    UnexpectedInput,
    UnexpectedToken,
)
from wfc.language.recover import Piece, pieces

HERE = Path(__file__).parent
PATHS = sorted([*HERE.rglob("*.wf"), *HERE.glob("../examples/*/*.wf")])
LONGEST = 3000
"""Of a longer file a part is taken."""

_ODD = [
    *("10s", "10", "1.5", "-3", "args", "retryx", "3every", 'f"{a}"', '"""', "é", "\ufeff"),
    *("# a comment\n", "#", ",", ":", "=", "==", "0", "?", "\t", "\r\n"),
]


KINDS = sorted({kind for row in grammar().tables.actions for kind in row} - {END})


class WholeWords(PostLex):
    """Has Lark look for a name in every state, and for keywords among names."""

    always_accept = ("NAME",)

    def process(self, stream: Iterator[LarkToken]) -> Iterator[LarkToken]:
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


Wrong = tuple[str, str, int, frozenset[str]]
"""The type, text and start of what is wrong, the first two empty for a character; what could be."""


def read(parser: Parser, text: str, start: str) -> Any:
    """The tree of a text, or what is wrong with it."""
    try:
        return parser.parse(text, start=start)
    except UnexpectedInput as error:
        return wrong(error)


def wrong(error: UnexpectedInput) -> Wrong:
    if isinstance(error, UnexpectedToken):
        return error.token.type, error.token.text, error.start, error.accepts
    assert isinstance(error, UnexpectedCharacters)
    return "", "", error.start, error.accepts


def read_by_lark(parser: Lark, text: str, start: str) -> Any:
    try:
        return parser.parse(text, start=start)
    except exceptions.UnexpectedInput as error:
        return wrong_for_lark(error, text)


def wrong_for_lark(error: Any, text: str) -> Wrong:
    # Where all is read, nothing but the end can follow; Lark says that nothing can.
    accepts = frozenset(error.interactive_parser.accepts()) or frozenset({END})
    if isinstance(error, exceptions.UnexpectedToken):
        # The end stands behind the text, and for Lark where the last token does.
        start = len(text) if error.token.type == END else error.token.start_pos or 0
        return error.token.type, str(error.token), start, accepts
    assert error.pos_in_stream is not None
    return "", "", error.pos_in_stream, accepts


class Mender:
    """Answers what is wrong by chance: reads on there or behind it, with a few tokens or none."""

    MOST = 6

    def __init__(self, text: str, chance: random.Random) -> None:
        self.text = text
        self.chance = chance
        self.met: list[Wrong] = []

    def answer(self, met: Wrong) -> tuple[list[str], int]:
        """The types of tokens to read, of which the first can stand there, and where to go on."""
        self.met.append(met)
        *_, start, accepts = met
        first = self.chance.choice([None, *sorted(accepts - {END})])
        second = self.chance.choice([None, *KINDS])
        kinds = [kind for kind in (first, first and second) if kind]
        return kinds, min(start + self.chance.randrange(3), len(self.text))

    def mend(self, error: UnexpectedInput) -> tuple[list[Token], int] | None:
        """As `on_error` of the parser."""
        kinds, position = self.answer(wrong(error))
        if len(self.met) > self.MOST or not error.takes(kinds):
            return None
        return [Token(kind, "x", error.start, error.start) for kind in kinds], position

    def mend_for_lark(self, error: Any) -> bool:
        """As `on_error` of Lark."""
        met = wrong_for_lark(error, self.text)
        kinds, position = self.answer(met)
        parser = error.interactive_parser
        if len(self.met) > self.MOST or not are_taken_by_lark(parser, kinds):
            return False
        for kind in kinds:
            parser.feed_token(LarkToken(kind, "x", met[2], 1, 1, 1, 1, met[2]))
        parser.lexer_thread.state.line_ctr.char_pos = position
        return True


def are_taken_by_lark(parser: Any, kinds: list[str]) -> bool:
    trying = parser.copy(deepcopy_values=False)
    trying.parser_state.parse_conf = copy(trying.parser_state.parse_conf)
    trying.parser_state.parse_conf.callbacks = {}  # the values stay what they are
    try:
        for kind in kinds:
            trying.feed_token(LarkToken(kind, ""))
    except exceptions.UnexpectedToken:
        return False
    return True


def same(ours: Any, theirs: Any) -> bool:
    """Whether two trees have the same parts at the same places."""
    if isinstance(theirs, LarkToken):
        place = theirs.start_pos, theirs.end_pos
        return bool(ours == Token(theirs.type, str(theirs), *place))
    if not isinstance(theirs, Tree):
        return bool(ours == theirs)
    assert isinstance(ours, Node)
    meta = theirs.meta  # of a tree without tokens, which is nowhere, it is empty
    return (
        ours.rule == theirs.data
        and (meta.empty or (meta.start_pos, meta.end_pos) == (ours.start, ours.end))
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


def parts(text: str) -> Iterator[tuple[str, str]]:
    """The text as a file, and what it is made of with what that is parsed by."""
    yield "file", text
    for piece in pieces(text):
        yield from parts_of(piece, text)
    for path in re.findall(r"[A-Za-z_]\w*(?:\.\w+|\[[^\]\n]*\])+", text)[:3]:
        yield "path", path


def parts_of(piece: Piece, text: str) -> Iterator[tuple[str, str]]:
    part = text[piece.start : piece.end]
    yield piece.rule, part
    if part.startswith("step"):
        yield "step", part
    for statement in piece.statements:
        yield from parts_of(statement, text)


@pytest.mark.parametrize("keeps_all_tokens", [False, True])
def test_texts_are_read_as_lark_alone_reads_them(keeps_all_tokens: bool) -> None:
    ours, theirs = (make(keeps_all_tokens=keeps_all_tokens) for make in (grammar, lark_alone))
    chance = random.Random(1)
    starts = set()
    for path in PATHS:
        text = path.read_text("utf-8")[:LONGEST]
        for start, part in parts(text):
            is_file = start == "file"
            starts.add(start)
            for each in (part, *(changed(part, chance) for _ in range(6 if is_file else 1))):
                assert same(read(ours, each, start), read_by_lark(theirs, each, start)), each
    assert starts == {*STARTS}


def test_reading_goes_on_as_that_of_lark_does() -> None:
    ours, theirs = grammar(), lark_alone(keeps_all_tokens=False)
    went_on = 0
    for number, path in enumerate(PATHS):
        text = changed(path.read_text("utf-8")[:LONGEST], random.Random(number))
        our, their = (Mender(text, random.Random(number)) for _ in range(2))
        found: Any
        expected: Any
        try:
            found = ours.parse(text, start="file", on_error=our.mend)
        except UnexpectedInput as error:
            found = wrong(error)
        try:
            expected = theirs.parse(text, start="file", on_error=their.mend_for_lark)
        except exceptions.UnexpectedInput as error:
            expected = wrong_for_lark(error, text)
        assert our.met == their.met, text
        assert same(found, expected), text
        went_on += len(our.met) > 1
    assert went_on
