"""The questions about schemas in whose answers jsonschema-rs has a say, each asked once.

The library and what is built on it are imported where the answer is not known.
"""

from __future__ import annotations

from typing import Any

from .answers import answered
from .json_value import Json, Schema
from .verdict import NO_COUNTEREXAMPLE, Answer, Verdict, Violation


@answered
def normalize(schema: Any, *, dialect: str | None = None) -> Schema:
    """Return `schema` as self-contained draft 2020-12, or raise `SchemaError`.

    `dialect` is the address of the draft to assume where ``$schema`` is absent: 2020-12 without
    it. Forms that only an older draft had (a list under ``items``, a boolean
    ``exclusiveMinimum``, ``dependencies``) are understood there all the same.
    """
    from .dialect import normalized

    return normalized(schema, dialect)


def assignable(source: Schema, target: Schema) -> Verdict:
    """Say whether every value of `source` is valid for `target`, by the letter of JSON Schema.

    ``format`` is an annotation and objects are open, as the specification has it. A ``yes`` is
    proved; a ``no`` carries a value that was validated against both schemas.
    """
    return Verdict(*_assignable(source, target))


@answered
def _assignable(source: Schema, target: Schema) -> tuple[Any, ...]:
    from .containment import assignable

    verdict = assignable(source, target)
    said = (verdict.answer, verdict.reason, verdict.path)
    found = verdict.counterexample
    return said if found is NO_COUNTEREXAMPLE else (*said, found)


@answered
def disjoint(left: Schema, right: Schema) -> Answer:
    """Say whether the two schemas have no value in common."""
    from .containment import disjoint

    return disjoint(left, right)


@answered
def satisfiable(schema: Schema) -> Answer:
    """Say whether any value is valid for `schema`."""
    from .containment import satisfiable

    return satisfiable(schema)


@answered
def format_gap(source: Schema, target: Schema) -> str | None:
    """Return which ``format`` the target asks for and the source does not promise, in words.

    None where there is none, and where `assignable` does not say yes in the first place.
    """
    from .formats import format_gap

    return format_gap(source, target)


def undeclared_only(source: Schema, target: Schema, verdict: Verdict) -> bool:
    """Say whether a ``no`` could only come of a property that the source never declares.

    `verdict` is what `assignable` said of the two.
    """
    if verdict.answer != "no":
        return False
    from .closed import closed

    return assignable(closed(source), target).answer == "yes"


@answered
def is_valid(instance: Json, schema: Schema) -> bool | None:
    """Say whether `instance` is valid for `schema`; None where that cannot be checked."""
    from .validate import is_valid

    return is_valid(instance, schema)


def errors(instance: Json, schema: Schema, *, formats: bool = False) -> list[Violation]:
    """Return everything that is wrong with `instance`; nothing for a valid value.

    `formats` makes ``format`` an assertion for the formats that are known. What cannot be
    checked (a reference to a document not at hand, a pattern that takes too long) finds nothing
    wrong: whether that is a yes is `assignable`'s to say.
    """
    return [Violation(*each) for each in _errors(instance, schema, formats)]


@answered
def _errors(instance: Json, schema: Schema, formats: bool) -> list[tuple[Any, ...]]:
    from .validate import errors

    return [
        (each.path, each.message, each.keyword)
        for each in errors(instance, schema, formats=formats)
    ]


@answered
def enumeration(schema: Schema) -> list[Json] | None:
    """Return the values of `schema` where it lists them (``enum``, ``const``, unions of those).

    None where it does not: the values may still be few, as with ``boolean``.
    """
    from .listed import enumeration

    return enumeration(schema)


@answered
def is_pattern(text: str) -> bool:
    """Say whether a text is a regular expression, as ``pattern`` takes it."""
    from .engine import is_pattern

    return is_pattern(text)


@answered
def is_linear_pattern(text: str) -> bool:
    """Say whether a regular expression neither looks around nor back.

    Engines that take no more time than the text is long, as pydantic's, know no others.
    """
    from .engine import is_linear_pattern

    return is_linear_pattern(text)
