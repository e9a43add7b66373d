"""What conditions are: presence tests and comparisons, with `and`, `or` and `not`.

In: syntax and the expressions of a workflow. Out: the plan's conditions; None for one that is
wrong, after its diagnostic (WF401, WF404, WF505).
"""

from __future__ import annotations

import re
from typing import Any

from .. import plan, schema
from ..diagnostics import Diagnostic, Severity
from ..language import syntax
from .expressions import Expressions


class Conditions:
    """Resolves and types the conditions of one workflow."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.scope = expressions.scope
        self.tested_first: set[syntax.Present] = set()
        """Presence tests of what is then compared: `x and x == true`."""

    def condition(self, written: syntax.Condition) -> plan.Condition | None:
        """Return the plan of a condition; None when a part of it is wrong."""
        match written:
            case syntax.Present():
                return self._presence(written)
            case syntax.Comparison():
                return self._comparison(written)
            case syntax.Not():
                inner = self.condition(written.condition)
                return None if inner is None else plan.Not(inner)
            case syntax.AnyOf():
                alternatives = [self.condition(each) for each in written.conditions]
                found = tuple(each for each in alternatives if each is not None)
                if len(found) < len(alternatives):
                    return None
                return next(filter(self._always_holds, found), plan.AnyOf(found))
            case syntax.AllOf():
                return self._conjunction(written.conditions)

    def _conjunction(self, written: tuple[syntax.Condition, ...]) -> plan.Condition | None:
        found: list[plan.Condition] = []
        compared = {
            side.span.text
            for each in written
            if isinstance(each, syntax.Comparison)
            for side in (each.left, each.right)
        }
        self.tested_first.update(
            each
            for each in written
            if isinstance(each, syntax.Present) and each.span.text in compared
        )
        for number, each in enumerate(written):
            # In `x and x > 3` the second is only asked where the first holds.
            with self.scope.narrowed(written[:number]):
                condition = self.condition(each)
            if condition is not None:
                found.append(condition)
            else:
                self.scope.is_lenient = True  # it may have tested what the next ones read
        if len(found) < len(written):
            return None
        never = (each for each in found if isinstance(each, plan.Not))
        return next(
            (each for each in never if self._always_holds(each.condition)),
            plan.AllOf(tuple(found)),
        )

    def _always_holds(self, condition: plan.Condition) -> bool:
        """Whether a condition tests for what is always there; WF505 has said so."""
        return isinstance(condition, plan.Present) and self._is_there(condition.path)

    def _is_there(self, path: plan.Path) -> bool:
        return not path.type.absent and not self._may_lack_an_item(path)

    def _presence(self, written: syntax.Present) -> plan.Present | None:
        if not isinstance(written.value, syntax.Path):
            self.scope.report(
                Diagnostic(
                    "WF401",
                    "a constant is no condition",
                    written.span,
                    label="always there",
                    help="compare a value with it: `name == …`",
                )
            )
            return None
        path = self.expressions.path(written.value, is_tested=True)
        if path is None:
            return None
        if self.scope.is_lenient:
            return plan.Present(path)
        text = written.span.text
        is_boolean = "boolean" in schema.types(path.type.schema) and path.type.schema not in (
            True,
            {},
        )
        is_there = self._is_there(path)
        if is_there or (is_boolean and written not in self.tested_first):
            self.scope.report(
                Diagnostic(
                    "WF505",
                    f"this tests whether `{text}` is there, and it always is"
                    if is_there
                    else f"this tests whether `{text}` is there, also when it is false",
                    written.span,
                    Severity.WARNING,
                    help=f"to test its value, write `{text} == true`"
                    if is_boolean and is_there
                    else f"to test its value, write `{text} and {text} == true`"
                    if is_boolean
                    else "leave the condition out",
                )
            )
        return plan.Present(path)

    def _may_lack_an_item(self, path: plan.Path) -> bool:
        """Whether an array on the way of a path may be too short for it."""
        return any(access.optional and isinstance(access.key, int) for access in path.accesses)

    def _comparison(self, written: syntax.Comparison) -> plan.Comparison | None:
        left, right = (
            self.expressions.expression(written.left),
            self.expressions.expression(written.right),
        )
        if left is None or right is None:
            return None
        for value, source in ((left, written.left), (right, written.right)):
            test_first = f"test it first: `{source.span.text} and {written.span.text}`"
            if not self.expressions.is_there(value, source.span, "a comparison", help=test_first):
                return None
        place = written.span
        problem = _incomparable(left.type.schema, written.operator, right.type.schema)
        if problem is None and written.operator == "matches" and isinstance(right, plan.Constant):
            try:
                re.compile(right.value)
            except re.error as error:
                problem = f"`{written.right.span.text}` is no regular expression: {error}"
                place = written.right.span
        if problem is not None:
            self.scope.report(
                Diagnostic(
                    "WF401",
                    problem,
                    place,
                    label=f"{schema.describe(left.type.schema)} {written.operator} "
                    f"{schema.describe(right.type.schema)}",
                )
            )
            return None
        return plan.Comparison(left, written.operator, right)


def _incomparable(left: Any, operator: str, right: Any) -> str | None:
    """Return why two types cannot be compared so, or None when they can."""
    kinds, others = schema.types(left), schema.types(right)
    numbers = {"integer", "number"}
    match operator:
        case "==" | "!=":
            if schema.disjoint(left, right) == "yes":
                answer = "false" if operator == "==" else "true"
                return f"these two are never equal, so this is always {answer}"
        case "contains":
            if kinds == {"string"}:
                return None if others == {"string"} else "a text can only contain a text"
            if kinds == {"array"}:
                item = schema.item(left, None)
                if isinstance(item, schema.Access) and schema.disjoint(item.schema, right) != "yes":
                    return None
                return "no item of this array can be equal to that"
            return "only a text or an array can contain something"
        case "matches":
            if kinds != {"string"} or others != {"string"}:
                return "only a text can match, and only a regular expression in a text"
        case _:
            if not (kinds <= numbers and others <= numbers) and not (
                kinds == {"string"} and others == {"string"}
            ):
                return f"`{operator}` compares two numbers or two texts"
    return None
