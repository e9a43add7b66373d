"""Inclusion of regular expressions: proved only where it holds."""

import re

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wfc.schema.patterns import examples
from wfc.schema.regular import Strings, included, one_of

CASES: list[tuple[str, str, bool]] = [
    ("^[a-z]+$", "[a-z]", True),
    ("[a-z]", "^[a-z]+$", False),
    ("^(open|closed)$", "^(?:closed|open|other)$", True),
    ("^a|b$", "^(a|b)$", False),
    ("^(a|b)$", "^a|b$", True),
    (r"^\d{4}-\d{2}$", r"^[0-9-]+$", True),
    (r"^\d{4}-\d{2}$", r"^\d{4}-(0[1-9]|1[0-2])$", False),
    ("^a{2,3}$", "^a+$", True),
    ("^a+$", "^a{2,3}$", False),
    ("^$", "^a*$", True),
    ("", "", True),
    ("a", "", True),
    ("", "a", False),
    ("^.+$", "^[^\\n]+$", True),
    ("^[^\\n]+$", "^.+$", False),
    (r"^\w+$", r"^\W*$", False),
    (r"^[\w.-]+@x\.org$", "@", True),
    ("(a$)|^b", "a|b", True),
    ("^(ab)*$", "^(a|b)*$", True),
    ("^(?=a)a$", "^a$", False),
    (r"^(a)\1$", "^aa$", False),
    ("^((a{30}){30}){30}$", "a", False),
]


@pytest.mark.parametrize(("source", "target", "expected"), CASES)
def test_included(source: str, target: str, expected: bool) -> None:
    assert included(Strings((source,)), Strings((target,))) is expected


def test_lengths() -> None:
    assert included(Strings(("^a*$",), 2), Strings(("^aa+$",)))
    assert included(Strings(("^.{3}$",)), Strings((), 2, 5))
    assert not included(Strings(("^.{3}$",)), Strings((), 4))
    assert not included(Strings(("a",)), Strings((), 0, 5))
    assert included(Strings(("a", "b")), Strings((), 2))
    assert included(Strings((one_of(["a.b", "c|d"]),)), Strings((r"^[a-d.|]{3}$",)))


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "^", "$", "(?:a|b)", "1"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=5,
)
TEXTS = st.text(alphabet="ab1 \n_é", max_size=4)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, PATTERNS, st.lists(TEXTS, max_size=20))
def test_never_wrong(source: str, target: str, texts: list[str]) -> None:
    if not included(Strings((source,)), Strings((target,))):
        return
    allows = jsonschema_rs.validator_for({"pattern": source})
    wanted = jsonschema_rs.validator_for({"pattern": target})
    for string in (*texts, *examples(source), *examples(target)):
        if allows.is_valid(string):
            assert wanted.is_valid(string)
        if "\n" not in string and re.search(source, string, re.ASCII):
            assert re.search(target, string, re.ASCII)
