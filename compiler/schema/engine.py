"""The one door to jsonschema-rs: canonical forms and validators, cached and kept within bounds.

The library decides containment soundly and mostly at once, but some schemas make it work for
seconds, and a very deep one would overflow its stack, which ends the process. So everything that
goes in is measured first (`within_reach`); what is too much is answered with "cannot tell".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema_rs
from jsonschema_rs import CanonicalSchema, ValidationError, ValidationErrorKind, Validator
from jsonschema_rs.canonical import Containment, Satisfiability
from jsonschema_rs.canonical import json as canonical_json

from .cached import Cache
from .json_value import Json, Schema
from .verdict import Answer
from .weight import MAX_DEPTH, weight, within_reach

MAX_PAIR_CASES = 400
"""How many cases two schemas may distinguish together."""

MAX_PAIR_SIZE = 1_000_000
"""How large two schemas may be together: the square of the larger, times the smaller.

With these limits, and `weight.MAX_CASES`, the library answers within some tens of milliseconds.
"""

MAX_COMPILED_SPREAD = 50_000
"""How many schemas may have a say on one value for a validator to be compiled.

Compiling can be made to repeat itself, by ``unevaluatedProperties``.
"""

_PATTERN_LIMITS = jsonschema_rs.FancyRegexOptions(backtrack_limit=20_000)


def text(value: Json) -> str:
    """Return one text for each JSON value: keys sorted, ``1.0`` written ``1``."""
    try:
        return canonical_json.to_string(value)
    except ValueError:
        # Lone surrogates and the like: no other value can look like this one.
        return repr(value)


def _canonicalizer(formats: bool) -> Callable[[Schema], CanonicalSchema | None]:
    def canonicalize(schema: Schema) -> CanonicalSchema | None:
        if not within_reach(schema):
            return None
        try:
            return jsonschema_rs.canonicalize(
                schema,
                draft=jsonschema_rs.Draft202012,
                validate_formats=formats,
                pattern_options=_PATTERN_LIMITS,
                offline=True,
            )
        except (ValueError, jsonschema_rs.ReferencingError):
            return None

    return canonicalize


def _validator(formats: bool) -> Callable[[Schema], Validator | None]:
    def compile_schema(schema: Schema) -> Validator | None:
        measured = weight(schema)
        if measured.depth > MAX_DEPTH or measured.spread > MAX_COMPILED_SPREAD:
            return None
        try:
            return jsonschema_rs.Draft202012Validator(
                schema,
                validate_formats=formats,
                pattern_options=_PATTERN_LIMITS,
                offline=True,
            )
        except (ValueError, jsonschema_rs.ReferencingError):
            return None

    return compile_schema


canonical: Callable[[Schema], CanonicalSchema | None] = Cache(_canonicalizer(False), 2048)
"""Return the canonical form, or None for a schema that the library cannot or must not take."""

_canonical_with_formats = Cache(_canonicalizer(True), 256)

_plain_validator = Cache(_validator(False), 1024)
_format_validator = Cache(_validator(True), 1024)


def _comparable(source: Schema, target: Schema) -> bool:
    """Say whether the library may be asked about two schemas together."""
    one, other = weight(source), weight(target)
    small, large = sorted((one.size, other.size))
    return one.cases * other.cases <= MAX_PAIR_CASES and large * large * small <= MAX_PAIR_SIZE


def validator(schema: Schema, *, formats: bool = False) -> Validator | None:
    """Return a validator, or None when the schema refers outside or cannot be compiled."""
    return _format_validator(schema) if formats else _plain_validator(schema)


def is_pattern(text: str) -> bool:
    """Say whether a text is a regular expression, as ``pattern`` takes it."""
    return validator({"pattern": text}) is not None


def is_linear_pattern(text: str) -> bool:
    """Say whether a regular expression neither looks around nor back.

    Engines that take no more time than the text is long, as pydantic's, know no others.
    """
    try:
        jsonschema_rs.Draft202012Validator(
            {"pattern": text}, pattern_options=jsonschema_rs.RegexOptions()
        )
    except ValueError:
        return False
    return True


def gave_up(problem: ValidationError) -> bool:
    """Say whether a validator refused a value only because a pattern took it too long."""
    kind = problem.kind
    if isinstance(
        kind, ValidationErrorKind.BacktrackLimitExceeded | ValidationErrorKind.RegexEngineFailure
    ):
        return True
    branches: list[list[ValidationError]] = getattr(kind, "context", [])
    return any(gave_up(inner) for branch in branches for inner in branch)


def contained(source: Schema, target: Schema, *, formats: bool = False) -> Answer:
    """Say whether the library can tell that `target` admits every value of `source`.

    `formats` makes ``format`` an assertion on both sides.
    """
    if not _comparable(source, target):
        return "unknown"
    form = _canonical_with_formats if formats else canonical
    inner, outer = form(source), form(target)
    if inner is None or outer is None:
        return "unknown"
    try:
        answer = outer.covers(inner)
    except ValueError:
        return "unknown"
    if answer == Containment.YES:
        return "yes"
    return "no" if answer == Containment.NO else "unknown"


def common(left: Schema, right: Schema) -> Answer:
    """Say whether the library can tell that two schemas have a value in common."""
    if not _comparable(left, right):
        return "unknown"
    one, other = canonical(left), canonical(right)
    if one is None or other is None:
        return "unknown"
    try:
        return _inhabited(one.intersect(other))
    except ValueError:
        return "unknown"


def inhabited(schema: Schema) -> Answer:
    """Say whether the library can tell that some value is valid for a schema."""
    form = canonical(schema)
    return "unknown" if form is None else _inhabited(form)


def _inhabited(form: CanonicalSchema) -> Answer:
    answer = form.satisfiability()
    if answer == Satisfiability.YES:
        return "yes"
    return "no" if answer == Satisfiability.NO else "unknown"


def difference(source: Schema, target: Schema) -> Any:
    """Return a schema of the values that `source` admits and `target` does not, or None."""
    if not _comparable(source, target):
        return None
    inner, outer = canonical(source), canonical(target)
    if inner is None or outer is None:
        return None
    try:
        return inner.subtract(outer).to_json_schema()
    except ValueError:
        return None
