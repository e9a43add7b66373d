"""Whether one value is valid for a schema, and what is wrong with it where it is not."""

from __future__ import annotations

from .engine import gave_up, validator
from .json_value import Json, Schema
from .verdict import Violation


def is_valid(instance: Json, schema: Schema) -> bool | None:
    """Say whether `instance` is valid for `schema`: see `questions.is_valid`."""
    check = validator(schema)
    return None if check is None else check.is_valid(instance)


def errors(instance: Json, schema: Schema, *, formats: bool) -> list[Violation]:
    """Return everything that is wrong with `instance`: see `questions.errors`."""
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
