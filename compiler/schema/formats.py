"""Formats, which the language takes out of the letter of JSON Schema.

By the letter ``format`` refuses nothing. That makes answers that are right and of little use, so
the language calls it "cannot tell" where a format is asked for that is not promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .budget import Budget, Exhausted
from .containment import SEARCH_SECONDS
from .describe import FORMAT_NAMES, describe
from .engine import contained, validator
from .json_value import Json, Schema
from .keywords import definitions, subschemas
from .questions import assignable

KNOWN_FORMATS = frozenset(
    {
        "date",
        "date-time",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "uri-template",
        "iri",
        "iri-reference",
        "json-pointer",
        "relative-json-pointer",
        "regex",
        "uuid",
    }
)
"""The formats that JSON Schema defines. Others, like ``int32``, promise nothing."""

_SEARCH_STEPS = 3000


def format_gap(source: Schema, target: Schema) -> str | None:
    """Return the ``format`` that the source does not promise: see `questions.format_gap`."""
    asked = _formats(target)
    if not asked or assignable(source, target).answer != "yes":
        return None
    if contained(source, target, formats=True) == "yes":
        return None
    if assignable(_as_patterns(source), _as_patterns(target)).answer == "yes":
        return None
    return _gap_in_words(source, target) or _promise("", "", sorted(asked)[0])


def _formats(schema: Any) -> set[str]:
    """Return the known formats that a schema mentions."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if current.get("format") in KNOWN_FORMATS:
                found.add(current["format"])
            waiting.extend(subschemas(current))
    return found


def _as_patterns(schema: Any) -> Any:
    """Return `schema` with each format as a pattern of its own, which stands only for itself."""
    if isinstance(schema, list):
        return [_as_patterns(child) for child in schema]
    if not isinstance(schema, dict):
        return schema
    result = {keyword: _as_patterns(value) for keyword, value in schema.items()}
    name = schema.get("format")
    if isinstance(name, str) and name in KNOWN_FORMATS:
        result["allOf"] = [*result.get("allOf", []), {"pattern": f"^<{name}>$"}]
    return result


def _gap_in_words(source: Schema, target: Schema) -> str | None:
    """Look for a value that only fails by a format, and say where and which."""
    from .candidates import Candidates, Place
    from .explain import at, location

    allowed, strict = validator(source, formats=True), validator(target, formats=True)
    if allowed is None or strict is None:
        return None
    within = Place((source,), definitions(source))
    against = Place((target,), definitions(target))
    budget = Budget(_SEARCH_STEPS, SEARCH_SECONDS)
    for candidate in _until_exhausted(Candidates(budget).of(within, against)):
        if not allowed.is_valid(candidate):
            continue
        for problem in strict.iter_errors(candidate):
            if problem.kind.name == "format":
                path = tuple(problem.instance_path)
                place = at(source, path)
                words = describe(place) if place is not None else ""
                return _promise(location(path), words, problem.kind.as_dict()["format"])
    return None


def _until_exhausted(candidates: Iterable[Json]) -> Iterator[Json]:
    try:
        yield from candidates
    except Exhausted:
        return


def _promise(where: str, words: str, name: str) -> str:
    wanted = FORMAT_NAMES.get(name, name)
    said = f"{words or 'the value'} does not promise to be {wanted}"
    return f"`{where}`: {said}" if where else said
