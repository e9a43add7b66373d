"""Which part of a schema a counter-example shows to differ, in words."""

from __future__ import annotations

from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from .access import Access, field, item
from .describe import describe
from .engine import validator
from .json_value import Json, Schema, compact, json_type
from .kinds import ALL, types
from .listed import enumeration

Path = tuple[str | int, ...]

_LONGEST_VALUE = 40


def explain(source: Schema, target: Schema, counterexample: Json) -> tuple[Path, str]:
    """Return where `counterexample` fails `target`, and what differs there."""
    check = validator(target)
    problems = list(check.iter_errors(counterexample)) if check is not None else []
    if not problems:
        return (), f"{_shown(counterexample)} is not accepted"
    problem = _telling(problems)
    return _in_words(problem, source, target)


def location(path: Path) -> str:
    """Return a path as the language writes it: ``items[0].name``."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif step.isidentifier():
            written += f".{step}" if written else step
        else:
            written += f"[{compact(step)}]"
    return written


def at(schema: Schema, path: Path) -> Schema | None:
    """Return the schema of one place in the values of `schema`, if it can be told."""
    for step in path:
        access = item(schema, step) if isinstance(step, int) else field(schema, step)
        if not isinstance(access, Access):
            return None
        schema = access.schema
    return schema


def _telling(problems: list[ValidationError]) -> ValidationError:
    """Return the problem that says most: the first, or the one inside the union that it is of."""
    problem = problems[0]
    kind = problem.kind
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        depth = len(problem.instance_path)
        # A branch that already fails at its top was not meant; if one goes deeper, it was.
        meant = [
            branch
            for branch in kind.context
            if branch and all(len(_steps(inner)) > depth for inner in branch)
        ]
        if len(meant) == 1:
            return _telling(meant[0])
    return problem


def _steps(problem: ValidationError) -> Path:
    """Return where a problem is, a missing or surplus field counting as a place of its own."""
    path = tuple(problem.instance_path)
    kind = problem.kind
    if isinstance(kind, ValidationErrorKind.Required):
        return (*path, kind.property)
    if isinstance(
        kind, ValidationErrorKind.AdditionalProperties | ValidationErrorKind.UnevaluatedProperties
    ):
        return (*path, kind.unexpected[0])
    return path


def _in_words(problem: ValidationError, source: Schema, target: Schema) -> tuple[Path, str]:
    path = _steps(problem)
    where = f"`{location(path)}`" if path else ""
    kind, value = problem.kind, problem.instance
    if isinstance(kind, ValidationErrorKind.Required):
        return path, f"{where} is required, but {_presence(source, path)}"
    if isinstance(
        kind, ValidationErrorKind.AdditionalProperties | ValidationErrorKind.UnevaluatedProperties
    ):
        return path, _surplus(source, path, where)
    said = _about_value(kind, value, at(source, path), at(target, path))
    return path, f"{where}: {said}" if where else said


def _presence(source: Schema, path: Path) -> str:
    parent = at(source, path[:-1])
    if parent is None:
        return "may be absent"
    access = field(parent, str(path[-1]))
    return "may be absent" if isinstance(access, Access) else "is not declared"


def _surplus(source: Schema, path: Path, where: str) -> str:
    parent = at(source, path[:-1])
    declared = parent is not None and isinstance(field(parent, str(path[-1])), Access)
    if declared:
        return f"{where} is not among the fields that are accepted"
    outer = f"`{location(path[:-1])}`" if len(path) > 1 else "the value"
    return f"{outer} may have fields beyond those that are accepted"


def _about_value(
    kind: ValidationErrorKind, value: Json, source: Schema | None, target: Schema | None
) -> str:
    wanted = _limit(kind)
    if wanted is not None:
        return f"may be {_shown(value)}, but {wanted}"
    words = describe(target) if target is not None else ""
    if isinstance(kind, ValidationErrorKind.Type) and words in ("", "any"):
        words = " | ".join(kind.types)
    if isinstance(kind, ValidationErrorKind.FalseSchema):
        return "no value is accepted here"
    if isinstance(kind, ValidationErrorKind.OneOfMultipleValid):
        return f"may be {_shown(value)}, which fits more than one of the alternatives"
    if isinstance(kind, ValidationErrorKind.Contains):
        return f"may be {_shown(value)}, which has no item of the kind that is asked for"
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid) and (
        target is not None and json_type(value) in types(target)
    ):
        return f"may be {_shown(value)}, which fits none of the alternatives"
    if not words or isinstance(kind, ValidationErrorKind.Not):
        return f"may be {_shown(value)}, which is not accepted"
    allowed = types(source) if source is not None else ALL
    if source is None or allowed == ALL:
        return f"may be {_shown(value)}, which is not {words}"
    own = describe(source)
    several = len(allowed) > 1 or len(enumeration(source) or ()) > 1
    if several or own == words:
        return f"{own} may be {_shown(value)}, which is not {words}"
    return f"{own} is not {words}"


def _limit(kind: Any) -> str | None:
    """Return what a limit on one value asks for, or None for other kinds of problem."""
    match kind:
        case ValidationErrorKind.Minimum():
            return f"must be at least {kind.limit}"
        case ValidationErrorKind.Maximum():
            return f"must be at most {kind.limit}"
        case ValidationErrorKind.ExclusiveMinimum():
            return f"must be more than {kind.limit}"
        case ValidationErrorKind.ExclusiveMaximum():
            return f"must be less than {kind.limit}"
        case ValidationErrorKind.MultipleOf():
            return f"must be a multiple of {kind.multiple_of}"
        case ValidationErrorKind.MinLength():
            return f"must have at least {_count(kind.limit, 'character')}"
        case ValidationErrorKind.MaxLength():
            return f"must have at most {_count(kind.limit, 'character')}"
        case ValidationErrorKind.MinItems():
            return f"must have at least {_count(kind.limit, 'item')}"
        case ValidationErrorKind.MaxItems():
            return f"must have at most {_count(kind.limit, 'item')}"
        case ValidationErrorKind.MinProperties():
            return f"must have at least {_count(kind.limit, 'field')}"
        case ValidationErrorKind.MaxProperties():
            return f"must have at most {_count(kind.limit, 'field')}"
        case ValidationErrorKind.Pattern():
            return f"must match {compact(kind.pattern)}"
        case ValidationErrorKind.UniqueItems():
            return "must not have the same item twice"
        case ValidationErrorKind.UnevaluatedItems() | ValidationErrorKind.AdditionalItems():
            return "must not have items beyond those that are accepted"
        case _:
            return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _shown(value: Json) -> str:
    written = compact(value)
    return written if len(written) <= _LONGEST_VALUE else written[: _LONGEST_VALUE - 1] + "…"
