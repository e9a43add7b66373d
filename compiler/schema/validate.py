"""Whether one value is valid for a schema, and what is wrong with it where it is not."""

from __future__ import annotations

from msgspec import Struct

from .engine import gave_up, validator
from .json_value import Json, Schema


class Violation(Struct, frozen=True):
    """One thing that is wrong with a value."""

    path: tuple[str | int, ...]
    """Where in the value."""
    message: str
    keyword: str
    """The keyword of the schema that is violated."""


def errors(instance: Json, schema: Schema, *, formats: bool = False) -> list[Violation]:
    """Return everything that is wrong with `instance`; nothing for a valid value.

    `formats` makes ``format`` an assertion for the formats that are known. What cannot be
    checked (a reference to a document not at hand, a pattern that takes too long) finds nothing
    wrong: whether that is a yes is `assignable`'s to say.
    """
    check = validator(schema, formats=formats)
    if check is None:
        return []
    try:
        return [
            Violation(tuple(problem.instance_path), problem.message, problem.kind.name)
            for problem in check.iter_errors(instance)
            if not gave_up(problem)
        ]
    except ValueError as problem:
        return [Violation((), f"it is not a JSON value: {problem}", "type")]
