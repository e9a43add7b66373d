"""Patterns of schemas in the engines of generated servers: as ECMA-262 reads them, or not at all.

What is expected is what `new RegExp(pattern, "u").test(text)` says in JavaScript.
"""

import re
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from wfc.schema import ecma

MEANINGS = [
    # pattern, texts that it is found in, texts that it is not found in
    (r"^[a-z]+$", ["ab"], ["ab\n", "aB", ""]),
    (r"^\d$", ["3"], ["٣", "3\n", "a"]),
    (r"^\D$", ["٣", "a"], ["3"]),
    (r"^\w+$", ["aZ_9"], ["é", "ſ", "a\n"]),
    (r"^[\w.-]+$", ["a-b.c"], ["é", "a,b"]),
    (r"^[-\w]+$", ["a-b"], ["a.b"]),
    (r"^\W$", ["é", "-", "^", "]"], ["a", "_"]),
    (r"^[^\W]$", ["a"], ["é"]),
    (r"^\s$", ["\ufeff", "\u2028", "\u2003", "\xa0", " ", "\v"], ["\x85", "\x1c", "a"]),
    (r"^[\S\n]$", ["\x85", "\n", "a"], ["\ufeff", " "]),
    (r"^[\s\S]$", ["\n", "a", "\u2028"], ["", "ab"]),
    (r"^.$", ["a", "\x85", "é"], ["\n", "\r", "\u2028", ""]),
    (r"a\b", ["a", "a b", "aé"], ["ab"]),
    (r"^\B$", [""], ["a"]),
    (r"^\p{L}+$", ["né"], ["n3", "né\n"]),
    (r"^\u{1F600}\u0041\x42\cI$", ["\U0001f600AB\t"], ["AB\t"]),
    (r"^(?<quote>['\"])x\k<quote>$", ["'x'", '"x"'], ["'x\"", "x"]),
    (r"^(a)?b\1$", ["b", "aba"], ["ab", "ba"]),
    (r"^(?!no)\d+(?=€)", ["12€"], ["12", "٣€"]),
    (r"^[[a&&b]$", ["[", "&", "a"], ["c", "]"]),
    (r"^[\]\[\/\-]$", ["]", "[", "/", "-"], ["\\"]),
    (r"^\$\{\w+\}$", ["${a}"], ["$a"]),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("pattern", "found", "others"), MEANINGS, ids=[m[0] for m in MEANINGS])
def test_meaning(pattern: str, found: list[str], others: list[str]) -> None:
    engines = [each for each in (in_python(pattern), in_pydantic(pattern)) if each is not None]
    assert engines
    for engine in engines:
        assert {text: engine(text) for text in found} == dict.fromkeys(found, True)
        assert {text: engine(text) for text in others} == dict.fromkeys(others, False)


def in_python(pattern: str) -> Any:
    written = ecma.python_pattern(pattern)
    return None if written is None else lambda text: re.search(written, text) is not None


def in_pydantic(pattern: str) -> Any:
    written = ecma.pydantic_pattern(pattern)
    if written is None:
        return None
    adapter = TypeAdapter(Annotated[str, Field(pattern=written)])

    def finds(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return finds


@pytest.mark.parametrize("pattern", ["^[a-z]{2,}$", "^a|b$", r"^v\.(?:\-|\/)*$", "^[à-ÿ]$"])
def test_what_all_read_alike_stays_as_it_was(pattern: str) -> None:
    assert ecma.pydantic_pattern(pattern) == pattern
    assert ecma.python_pattern(pattern) == pattern.replace("$", r"\Z")


@pytest.mark.parametrize(
    "pattern",
    ["[^]", "[]a]", r"a\Z", r"\Aa", "a++", "(?i:a)", "(?>a)", r"(?:(a)|b)*\1", r"\ud800"],
)
def test_what_cannot_be_said(pattern: str) -> None:
    assert ecma.python_pattern(pattern) is None
    assert ecma.pydantic_pattern(pattern) is None


def test_a_pattern_that_cannot_be_said_is_left_out() -> None:
    value = {"properties": {"a": {"pattern": r"^\p{L}$", "minLength": 1}, "b": {"pattern": "a$"}}}
    assert ecma.checked_in_python(value) == {
        "properties": {"a": {"minLength": 1}, "b": {"pattern": r"a\Z"}}
    }
    assert not ecma.is_checked_whole(value)
    assert ecma.is_checked_whole({"pattern": "a$"})


def test_what_speaks_of_other_names_goes_with_a_pattern_of_names() -> None:
    value = {"patternProperties": {r"^\p{L}$": {}, "^b": {}}, "additionalProperties": False}
    assert ecma.checked_in_python(value) == {"patternProperties": {"^b": {}}}


def test_a_pattern_that_others_depend_on_leaves_the_whole_to_the_server() -> None:
    value = {"not": {"properties": {"a": {"pattern": r"^\p{L}$"}}}}
    assert ecma.checked_in_python(value) is None
    assert not ecma.is_checked_whole(value)


def test_where_patterns_stand() -> None:
    value = {
        "properties": {"pattern": {"pattern": "a$"}},
        "patternProperties": {r"^\d$": {"enum": [{"pattern": "a$"}]}},
        "$defs": {"one": {"items": {"anyOf": [{"pattern": "b$"}]}}},
    }
    assert ecma.checked_in_python(value) == {
        "properties": {"pattern": {"pattern": r"a\Z"}},
        "patternProperties": {r"^[0-9]\Z": {"enum": [{"pattern": "a$"}]}},
        "$defs": {"one": {"items": {"anyOf": [{"pattern": r"b\Z"}]}}},
    }
