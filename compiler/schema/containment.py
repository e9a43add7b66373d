"""Whether every value of one schema is valid for another: see `questions`.

Most questions are answered at once: what looks for counter-examples and for proofs is imported
where it is needed.
"""

from __future__ import annotations

from .budget import Budget
from .closed import closed
from .compose import both_of
from .engine import canonical, common, contained, inhabited, text, validator
from .json_value import Json, Schema
from .keywords import bare, references_outside
from .listed import enumeration
from .verdict import Answer, NoCounterexample, Verdict
from .weight import can_be_walked, within_reach

SEARCH_STEPS = 20_000
SEARCH_SECONDS = 0.25
"""How long counter-examples are looked for: the seconds only count where steps are slow."""


def assignable(source: Schema, target: Schema) -> Verdict:
    """Say whether every value of `source` is valid for `target`, by the letter of JSON Schema."""
    source, target = bare(source), bare(target)
    if target is True or target == {} or source is False or text(source) == text(target):
        return Verdict("yes")
    if not (can_be_walked(source) and can_be_walked(target)):
        return Verdict("unknown", _why_unknown(source, target))
    listed = enumeration(source)
    if listed is not None:
        return _all_valid(listed, source, target)
    answer = contained(source, target)
    if answer == "yes":
        return Verdict("yes")
    counterexample = _counterexample(source, target)
    if not isinstance(counterexample, NoCounterexample):
        return _refuted(source, target, counterexample)
    if answer == "unknown" and _proved(source, target):
        return Verdict("yes")
    return Verdict("unknown", _why_unknown(source, target))


def disjoint(left: Schema, right: Schema) -> Answer:
    """Say whether the two schemas have no value in common."""
    answer = common(bare(left), bare(right))
    if answer == "unknown":
        answer = _has_value(both_of(bare(left), bare(right)))
    return _opposite(answer)


def satisfiable(schema: Schema) -> Answer:
    """Say whether any value is valid for `schema`."""
    answer = inhabited(bare(schema))
    return _has_value(bare(schema)) if answer == "unknown" else answer


def _all_valid(values: list[Json], source: Schema, target: Schema) -> Verdict:
    """Return the verdict on a source that lists its values."""
    check = validator(target)
    if check is None:
        return Verdict("unknown", _why_unknown(source, target))
    try:
        refused = [value for value in values if not check.is_valid(value)]
    except ValueError as problem:
        return Verdict("unknown", f"the source is no JSON: {problem}")
    if not refused:
        return Verdict("yes")
    from .witness import is_counterexample

    for value in sorted(refused, key=lambda value: len(text(value))):
        if is_counterexample(value, source, target):
            return _refuted(source, target, value)
    return Verdict("unknown", "it depends on `format`, or on a pattern that takes too long")


def _counterexample(source: Schema, target: Schema) -> Json | NoCounterexample:
    """Look for a counter-example, first among the values that have only declared fields.

    That a field may be absent or of another type says more than that there may be a further one.
    """
    from .witness import find, is_counterexample

    budget = Budget(SEARCH_STEPS, SEARCH_SECONDS)
    narrow = closed(source)
    if narrow != source and contained(narrow, target) != "yes":
        found = find(narrow, target, budget)
        if is_counterexample(found, source, target):
            return found
    return find(source, target, budget)


def _proved(source: Schema, target: Schema) -> bool:
    from .prove import proved

    return proved(source, target)


def _refuted(source: Schema, target: Schema, counterexample: Json) -> Verdict:
    from .explain import explain

    path, reason = explain(source, target, counterexample)
    return Verdict("no", reason, path, counterexample)


def _has_value(schema: Schema) -> Answer:
    """Look for a value of `schema`; finding none means nothing."""
    from .witness import find

    if not can_be_walked(schema):
        return "unknown"
    found = find(schema, False, Budget(SEARCH_STEPS, SEARCH_SECONDS))
    return "unknown" if isinstance(found, NoCounterexample) else "yes"


def _opposite(answer: Answer) -> Answer:
    if answer == "unknown":
        return answer
    return "no" if answer == "yes" else "yes"


def _why_unknown(source: Schema, target: Schema) -> str:
    """Say what stands in the way of an answer."""
    for schema, whose in ((source, "the source"), (target, "the target")):
        if outside := references_outside(schema):
            return f"{whose} refers to `{outside}`, which is not at hand"
        if not (within_reach(schema) and can_be_walked(schema)):
            return f"{whose} is too large or distinguishes too many cases"
        if canonical(schema) is None:
            return f"{whose} uses a regular expression or a number that cannot be compared"
    return "neither a proof nor a counter-example was found"
