"""Regular expressions of ECMA-262, as JSON Schema has them, for the engines of a generated server.

In: a pattern as it stands in a schema. Out: one that Python's `re`, or the engine of pydantic,
reads as ECMA-262 reads the other (with its flag `u`); None where that cannot be said, or where
readers of the standard are known to differ. What all read in the same way stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .json_value import Schema
from .keywords import LISTS, MAPS, SINGLE, bare, references_outside
from .questions import is_linear_pattern

_TOKEN = re.compile(
    r"\\(?:u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[pP]\{[^}]*\}|k<\w+>"
    r"|[1-9][0-9]*|.)"
    r"|\(\?<(?![=!])|\(\?[:=!]|\(\?<[=!]|\(\?|.",
    re.DOTALL,
)
_SPACES = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NO_SPACES = (
    r"\x00-\x08\x0e-\x1f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
    r"\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
)
_CLASSES = {
    r"\d": "0-9",
    r"\D": r"\x00-/:-\U0010ffff",
    r"\w": "0-9A-Za-z_",
    r"\W": r"\x00-/:-@\[-\^`{-\U0010ffff",
    r"\s": _SPACES,
    r"\S": _NO_SPACES,
}
"""The characters of a class escape, as they are written between brackets."""
_BACK_REFERENCE = re.compile(r"\\[1-9k]")
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_CONTROLS = frozenset("tnrfv")
_QUANTIFIED = frozenset("*+?}")


class _Untold(Exception):
    """What cannot be said for the other engine."""


@lru_cache(maxsize=512)
def python_pattern(pattern: str) -> str | None:
    r"""Return what `re.search` is to look for; it has no `\p{…}`."""
    try:
        written = _Translation(for_pydantic=False).of(pattern)
        re.compile(written)
    except (_Untold, re.error, OverflowError, RecursionError):
        return None
    return written


@lru_cache(maxsize=512)
def pydantic_pattern(pattern: str) -> str | None:
    """Return what pydantic's `pattern` is to be; it neither looks around nor back."""
    if not is_linear_pattern(pattern):
        return None
    try:
        return _Translation(for_pydantic=True).of(pattern)
    except _Untold:
        return None


def checked_in_python(schema: Schema) -> Schema | None:
    """Return a schema as a generated server can check it, with jsonschema; None where it cannot.

    Its patterns are Python's. One that cannot be said is left out where that can only let more
    through; so is, with a pattern of names, what is asked of all other names.
    """
    if references_outside(schema) is not None:
        return None
    given = bare(schema)
    try:
        converted: Schema = _converted(given, leave_out=not _TURNING & {*_keywords(given)})
    except _Untold:
        return None
    return converted


def is_checked_whole(schema: Schema) -> bool:
    """Say whether `checked_in_python` leaves nothing out."""
    try:
        _converted(bare(schema), leave_out=False)
    except _Untold:
        return False
    return references_outside(schema) is None


_TURNING = frozenset(
    {"not", "oneOf", "if", "maxContains", "unevaluatedItems", "unevaluatedProperties"}
)
"""The keywords by which a schema lets less through where a part of it lets more."""


def _keywords(schema: Any) -> Iterator[str]:
    """Yield all keys, those of fields among them: then less is left out than might be."""
    if isinstance(schema, dict):
        yield from schema
        for child in schema.values():
            yield from _keywords(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from _keywords(child)


def _converted(schema: Any, *, leave_out: bool) -> Any:
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "pattern":
            if (written := _said(value, leave_out)) is not None:
                result[keyword] = written
        elif keyword in SINGLE:
            result[keyword] = _converted(value, leave_out=leave_out)
        elif keyword in LISTS:
            result[keyword] = [_converted(child, leave_out=leave_out) for child in value]
        elif keyword in MAPS:
            are_patterns = keyword == "patternProperties"
            names = {name: _said(name, leave_out) if are_patterns else name for name in value}
            result[keyword] = {
                written: _converted(value[name], leave_out=leave_out)
                for name, written in names.items()
                if written is not None
            }
        else:
            result[keyword] = value
    if len(result.get("patternProperties", ())) < len(schema.get("patternProperties", ())):
        result.pop("additionalProperties", None)
    return result


def _said(pattern: str, leave_out: bool) -> str | None:
    written = python_pattern(pattern)
    if written is None and not leave_out:
        raise _Untold
    return written


class _Translation:
    """Reads a pattern once, token by token."""

    def __init__(self, *, for_pydantic: bool) -> None:
        self._for_pydantic = for_pydantic

    def of(self, pattern: str) -> str:
        """Return the pattern for the other engine."""
        written: list[str] = []
        tokens = _TOKEN.findall(pattern)
        position, before = 0, ""
        while position < len(tokens):
            token = tokens[position]
            position += 1
            if token == "[":
                end = _end_of_class(tokens, position)
                written.append(self._class(tokens[position:end]))
                position = end + 1
            elif token == "+" and before in _QUANTIFIED:
                raise _Untold  # possessive in Python, an error in the standard
            elif _BACK_REFERENCE.match(token) and _REPEATED_GROUP.search(pattern):
                raise _Untold  # each turn forgets what the group was in the last
            elif token == "{" and tokens[position : position + 1] == [","]:
                raise _Untold
            else:
                written.append(self._outside(token))
            before = token
        return "".join(written)

    def _outside(self, token: str) -> str:
        """What stands outside brackets."""
        if token in _CLASSES:
            return f"[{_CLASSES[token]}]"
        if token == ".":
            return r"[^\n\r\u2028\u2029]"
        if token == "(?<":
            return "(?P<"
        if token == "(?":
            raise _Untold  # what other dialects have
        if self._for_pydantic:
            return self._character(token)
        if token == "$":
            return r"\Z"
        if token == r"\b":
            return r"(?a:\b)"
        if token == r"\B":
            return r"(?a:(?!\b))"
        # A group that took no part is empty where it is referred to.
        if token.startswith(r"\k<"):
            return f"(?({token[3:-1]})(?P={token[3:-1]}))"
        if re.fullmatch(r"\\[1-9][0-9]*", token):
            return f"(?({token[1:]}){token})"
        return self._character(token)

    def _class(self, tokens: list[str]) -> str:
        """What stands between brackets."""
        negated = tokens[:1] == ["^"]
        members = tokens[negated:]
        if not members:
            raise _Untold
        written = []
        for position, token in enumerate(members):
            around = {*members[max(position - 1, 0) : position], *members[position + 1 :][:1]}
            if token in _CLASSES:
                written.append(_CLASSES[token])
            elif token == "-" and around & _CLASSES.keys():
                written.append(r"\-")
            elif token == r"\b":
                written.append(r"\x08")
            elif token in ("[", "&", "~", "|"):
                written.append(f"\\{token}")  # set operations, for some
            else:
                written.append(self._character(token))
        if "--" in "".join(members):
            raise _Untold
        return f"[{'^' if negated else ''}{''.join(written)}]"

    def _character(self, token: str) -> str:
        """One character, however it is written."""
        if not token.startswith("\\"):
            return token
        kind, rest = token[1:2], token[2:]
        if kind in ("p", "P") and rest and self._for_pydantic:
            return token
        if kind in ("x", "u") and rest:
            code = int(rest.strip("{}"), 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise _Untold
            return token if not rest.startswith("{") else f"\\U{code:08x}"
        if kind == "c" and rest:
            return f"\\x{ord(rest) % 32:02x}"
        if kind == "0":
            return r"\x00"
        if kind in _CONTROLS:
            return token
        if kind in ("<", ">"):
            return kind  # the bounds of a word, for some
        if not kind or kind.isalnum() or not kind.isascii():
            raise _Untold
        return token


def _end_of_class(tokens: list[str], start: int) -> int:
    try:
        return tokens.index("]", start)
    except ValueError:
        raise _Untold from None
