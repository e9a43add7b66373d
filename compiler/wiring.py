"""Whether what flows into a parameter is valid there.

In: an expression, the text it was written as, and what the parameter takes. Out: the plan's
argument, with a check to run where a proof is not to be had; diagnostics (WF304, WF401, WF402,
WF404, WF405) where the value is wrong or cannot be told.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import plan, schema, syntax
from .diagnostics import Diagnostic, Related, Severity
from .expressions import Expressions, Variable
from .schema import Schema
from .source import Span


@dataclass(frozen=True)
class Target:
    """What a value flows into."""

    name: str
    """In words: "`employee_id` of finance.create_payroll"."""
    schema: Schema
    required: bool
    place: Callable[[], tuple[Related, ...]]
    """Where it is declared; asked only for a diagnostic, since finding it takes a search."""


def pass_value(
    expressions: Expressions,
    name: str,
    written: syntax.Expression,
    target: Target,
) -> plan.Argument | None:
    """Return the argument for a value that flows into a target; None where it is wrong."""
    value = expressions.expression(written)
    if value is None:
        return None
    passing = _Passing(expressions, value, written, target)
    if isinstance(value, plan.Constant):
        return passing.constant(name, value)
    if value.type.absent and target.required:
        passing.absent()
        return None
    return passing.flow(name)


class _Passing:
    """One value on its way into one target."""

    def __init__(
        self,
        expressions: Expressions,
        value: plan.Expression,
        written: syntax.Expression,
        target: Target,
    ) -> None:
        self.expressions = expressions
        self.value = value
        self.written = written
        self.target = target

    def report(self, diagnostic: Diagnostic) -> None:
        self.expressions.scope.report(diagnostic)

    def constant(self, name: str, value: plan.Constant) -> plan.Argument | None:
        violations = schema.errors(value.value, self.target.schema, formats=True)
        if not violations:
            # A reference that is not at hand says nothing wrong of any value.
            verdict = schema.assignable(value.type.schema, self.target.schema)
            if verdict.answer == "unknown":
                return self.unproved(name, verdict.reason)
            return plan.Argument(name, value)
        first = violations[0]
        place = self._part(first.path)
        self.report(
            Diagnostic(
                "WF402",
                f"{self.target.name} does not take {_json(place.value)}"
                if isinstance(place, syntax.Constant)
                else f"{self.target.name} does not take this",
                place.span,
                label=_first_line(first.message),
                notes=(f"the parameter is {_json(self.target.schema)}",),
                help=self._accepted_values(),
                related=self.target.place(),
            )
        )
        return None

    def absent(self) -> None:
        text = self.written.span.text
        self.report(
            Diagnostic(
                "WF404",
                f"{self.target.name} is required, and `{text}` may be absent",
                self.written.span,
                label=self.expressions.why_absent(self.value),
                help=f"run the step only `when {text}`, or see to it that the value is there",
                related=self.target.place(),
            )
        )

    def flow(self, name: str) -> plan.Argument | None:
        source, target = self.value.type.schema, self.target.schema
        verdict = schema.assignable(source, target)
        if verdict.answer == "yes":
            gap = schema.format_gap(source, target)
            if gap is None:
                return plan.Argument(name, self.value)
            return self.unproved(name, gap)
        if verdict.answer == "unknown":
            return self.unproved(name, verdict.reason)
        if schema.undeclared_only(source, target, verdict):
            return self.unproved(
                name,
                "only a property that the source does not declare could be wrong, "
                f"as in {_json(verdict.counterexample)}",
            )
        self.mismatch(verdict)
        return None

    def mismatch(self, verdict: schema.Verdict) -> None:
        part = self._part(verdict.path)
        variable = self._variable()
        notes = [f"the parameter is {_json(self.target.schema)}"]
        if not isinstance(verdict.counterexample, schema.NoCounterexample):
            notes.append(f"it refuses {_json(verdict.counterexample)}, which may come here")
        if verdict.path and verdict.reason:
            notes.append(verdict.reason)
        self.report(
            Diagnostic(
                "WF401",
                f"{self.target.name} takes {_a(schema.describe(self.target.schema))}, "
                f"got {_a(schema.describe(self.value.type.schema))}",
                part.span,
                label=self._label(variable),
                notes=tuple(notes),
                help=self._way_out(variable),
                related=self.target.place(),
            )
        )

    def unproved(self, name: str, reason: str) -> plan.Argument:
        self.report(
            Diagnostic(
                "WF405",
                f"whether {self.target.name} takes this cannot be told before it runs",
                self.written.span,
                Severity.WARNING,
                label=self._label(self._variable()),
                notes=(
                    reason,
                    f"the parameter is {_json(self.target.schema)}",
                    "the server checks the value before it calls the tool",
                ),
                help=self._way_out(self._variable()),
                related=self.target.place(),
            )
        )
        return plan.Argument(name, self.value, check=self.target.schema)

    def _label(self, variable: Variable | None) -> str:
        described = schema.describe(self.value.type.schema)
        return described if variable is None else f"{described}, {variable.origin}"

    def _variable(self) -> Variable | None:
        if isinstance(self.value, plan.Path):
            return self.expressions.scope.variables[self.value.name]
        return None

    def _way_out(self, variable: Variable | None) -> str | None:
        """The declaration that would make it right, where the value comes from a tool."""
        if variable is None or not variable.declare or not isinstance(self.value, plan.Path):
            return None
        if schema.disjoint(self.value.type.schema, self.target.schema) == "yes":
            return None
        declared = schema.describe(self.target.schema, limit=200)
        for access in reversed(self.value.accesses):
            declared = (
                "{" + f"{access.key}: {declared}" + "}"
                if isinstance(access.key, str)
                else f"({declared})[]"
                if " " in declared
                else f"{declared}[]"
            )
        return (
            f"if that is what the tool returns, declare it: `as {variable.declare}: {declared}`; "
            "it is then checked when the step runs"
        )

    def _accepted_values(self) -> str | None:
        values = schema.enumeration(self.target.schema)
        if values is None:
            return None
        shown = ", ".join(_json(value) for value in values[:8])
        return f"it takes {shown}" + (f" and {len(values) - 8} more" if len(values) > 8 else "")

    def _part(self, path: tuple[str | int, ...]) -> syntax.Expression:
        """The part of the expression as it was written that a path in its value leads to."""
        current = self.written
        for key in path:
            match current:
                case syntax.Array(items=items) if isinstance(key, int) and key < len(items):
                    current = items[key]
                case syntax.Object(entries=entries):
                    found = [entry.value for entry in entries if entry.key.text == key]
                    if not found:
                        return current
                    current = found[0]
                case _:
                    return current
        return current


def missing(call: Span, name: str, target: Target) -> Diagnostic:
    """Return the diagnostic for a required parameter that a call does not give."""
    taken = schema.describe(target.schema)
    return Diagnostic(
        "WF304",
        f"{target.name} is required",
        call,
        label=f"needs `{name}`, {_a(taken)}",
        help=f"add `{name} = …`",
        related=target.place(),
    )


def _a(described: str) -> str:
    """Put the article before a type that is one word."""
    if not described.isalpha() or described == "any":
        return "anything" if described == "any" else described
    if described == "null":
        return described
    return ("an " if described[0] in "aeiou" else "a ") + described


def _json(value: Any, most: int = 160) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"


def _first_line(text: str) -> str:
    line = text.split("\n")[0]
    return line if len(line) <= 120 else line[:119] + "…"
