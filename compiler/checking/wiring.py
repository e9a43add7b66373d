"""Whether what flows into a parameter is valid there.

In: an expression, the text it was written as, and what the parameter takes. Out: the plan's
argument, with a check to run where a proof is not to be had; diagnostics (WF304, WF401, WF402,
WF404, WF405) where the value is wrong or cannot be told, each at the part of it that is to blame.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from .. import plan, schema
from ..diagnostics import Diagnostic, Related, Severity
from ..language import syntax
from ..schema import Schema
from ..source import Span
from .expressions import Expressions, Variable
from .narrowing import both_of, unsaid_only


class Target(Struct, frozen=True):
    """What a value flows into: a parameter, or a part of one."""

    parameter: str
    owner: str
    """The tool or workflow, as it is called: "finance.create_payroll"."""
    schema: Schema
    required: bool
    place: Callable[[], tuple[Related, ...]]
    """Where it is declared; asked only for a diagnostic, since finding it takes a search."""
    is_part: bool = False

    @property
    def note(self) -> str:
        """What it takes, as a remark."""
        what = "this part of the parameter" if self.is_part else "the parameter"
        return f"{what} is {in_short(_telling(self.schema))}"

    @property
    def name(self) -> str:
        """The target in words."""
        return f"`{self.parameter}` of {self.owner}"

    def part(self, key: str | int) -> Target | None:
        """What a field or an item of it takes; None where that is not known."""
        if isinstance(key, int):
            access, written = schema.item(self.schema, key), f"[{key}]"
        else:
            access = schema.field(self.schema, key)
            written = f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]"
        if not isinstance(access, schema.Access):
            return None
        required = access.required or isinstance(key, int)
        return replace(
            self,
            parameter=f"{self.parameter}{written}",
            schema=access.schema,
            required=required,
            is_part=True,
        )


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
    passing = _Passing(expressions)
    if passing.examined(value, written, target) is None:
        return None
    return plan.Argument(name, value, check=target.schema if passing.is_unproved else None)


class _Passing:
    """One value on its way into one target."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.is_unproved = False

    def report(self, diagnostic: Diagnostic) -> None:
        self.expressions.scope.report(diagnostic)

    def examined(
        self, value: plan.Expression, written: syntax.Expression, target: Target
    ) -> Schema | None:
        """Return the type of a value after the checks that it is to pass; None where it is wrong.

        What is written as an object or an array is looked at part by part, and then as a whole.
        """
        if isinstance(value, plan.Constant):
            return self.constant(value, written, target)
        if value.type.absent and target.required:
            self.absent(value, written, target)
            return None
        source = value.type.schema
        if isinstance(value, plan.Object | plan.Array):
            inner = self.parts(value, written, target)
            if inner is None:
                return None
            source = inner
        return self.flow(value, source, written, target)

    def parts(
        self,
        value: plan.Object | plan.Array,
        written: syntax.Expression,
        target: Target,
    ) -> Schema | None:
        """Return the type of an object or array, of its parts as they were examined."""
        types: dict[str | int, Schema | None] = {}
        for key, part, part_written in _parts(value, written):
            inner = target.part(key)
            types[key] = (
                part.type.schema if inner is None else self.examined(part, part_written, inner)
            )
        found = {key: each for key, each in types.items() if each is not None}
        if len(found) < len(types):
            return None
        if isinstance(value, plan.Array):
            return schema.tuple_of(found.values())
        return schema.object_of(
            {
                key: schema.Access(found[key], required=not part.type.absent)
                for key, part in value.entries
            }
        )

    # --- Constants

    def constant(
        self, value: plan.Constant, written: syntax.Expression, target: Target
    ) -> Schema | None:
        violations = schema.errors(value.value, target.schema, formats=True)
        if violations:
            wrong: dict[Span, tuple[syntax.Expression, str, Target]] = {}
            for violation in violations:
                place, inner = _part(written, violation.path, target)
                wrong.setdefault(place.span, (place, said_of(violation, inner.schema), inner))
            for place, said, inner in wrong.values():
                self.invalid(place, said, inner)
            return None
        # A reference that is not at hand says nothing wrong of any value.
        verdict = schema.assignable(value.type.schema, target.schema)
        if verdict.answer == "unknown":
            return self.unproved(value, written, target, verdict.reason)
        return value.type.schema

    def invalid(self, place: syntax.Expression, said: str, target: Target) -> None:
        values = _accepted_values(target.schema)
        shown = in_short(place.value) if isinstance(place, syntax.Constant) else "this"
        self.report(
            Diagnostic(
                "WF402",
                f"{target.name} does not take {shown}",
                place.span,
                label=values or said,
                notes=() if values else (target.note,),
                help=values,
                related=target.place(),
            )
        )

    # --- Values that are only known when the step runs

    def absent(self, value: plan.Expression, written: syntax.Expression, target: Target) -> None:
        text = written.span.text
        self.report(
            Diagnostic(
                "WF404",
                f"{target.name} is required, and `{text}` may be absent",
                written.span,
                label=self.expressions.why_absent(value),
                help=self.expressions.presence_help(value, text),
                related=target.place(),
            )
        )

    def flow(
        self,
        value: plan.Expression,
        source: Schema,
        written: syntax.Expression,
        target: Target,
    ) -> Schema | None:
        verdict = schema.assignable(source, target.schema)
        if verdict.answer == "yes":
            gap = schema.format_gap(source, target.schema)
            if gap is None:
                return source
            return self.unproved(value, written, target, gap)
        if verdict.answer == "unknown":
            return self.unproved(value, written, target, verdict.reason)
        reason: str | None = None
        if schema.undeclared_only(source, target.schema, verdict):
            reason = (
                "only a field that is not declared could be wrong, "
                f"as in {in_short(verdict.counterexample)}"
            )
        elif unsaid_only(source, target.schema, verdict):
            reason = (
                f"nothing is said of what comes here: it may be {in_short(verdict.counterexample)}"
            )
        if reason is not None:
            return self.unproved(value, written, target, reason)
        self.mismatch(value, written, target, verdict)
        return None

    def mismatch(
        self,
        value: plan.Expression,
        written: syntax.Expression,
        target: Target,
        verdict: schema.Verdict,
    ) -> None:
        place, _ = _part(written, verdict.path, target)
        variable = self.variable(value)
        notes = [target.note]
        shown = verdict.counterexample
        # Where nothing that comes is taken, an example of it says no more than the types do.
        if not isinstance(shown, schema.NoCounterexample) and (
            schema.disjoint(value.type.schema, target.schema) != "yes"
        ):
            why = f": {verdict.reason}" if verdict.path and verdict.reason else ""
            notes.append(f"it refuses {in_short(shown)}, which may come here{why}")
        elif verdict.path and verdict.reason:
            notes.append(verdict.reason)
        self.report(
            Diagnostic(
                "WF401",
                f"{target.name} takes {_a(schema.describe(target.schema))}, "
                f"got {_a(schema.describe(value.type.schema))}",
                place.span,
                label=_label(value, variable),
                notes=tuple(notes),
                help=self.way_out(value, variable, target),
                related=target.place(),
            )
        )

    def unproved(
        self,
        value: plan.Expression,
        written: syntax.Expression,
        target: Target,
        reason: str,
    ) -> Schema:
        """Report that a value is checked when the step runs; return its type from there on."""
        reason = reason.replace("the target", "the parameter").replace("the source", "what comes")
        # A part that is checked has been told, and is checked with the whole.
        is_told = self.is_unproved and isinstance(value, plan.Object | plan.Array)
        self.is_unproved = True
        if not is_told:
            variable = self.variable(value)
            self.report(
                Diagnostic(
                    "WF405",
                    f"whether {target.name} takes this cannot be told before it runs",
                    written.span,
                    Severity.WARNING,
                    label=_label(value, variable),
                    notes=(f"{reason}; {_who_checks(target.schema)}", target.note),
                    help=self.way_out(value, variable, target),
                    related=target.place(),
                )
            )
        return both_of(value.type.schema, target.schema)

    def variable(self, value: plan.Expression) -> Variable | None:
        if isinstance(value, plan.Path):
            return self.expressions.scope.variables[value.name]
        return None

    def way_out(
        self, value: plan.Expression, variable: Variable | None, target: Target
    ) -> str | None:
        """The declaration that would make it right, where the value comes from a tool."""
        if variable is None or variable.declaration is None or not isinstance(value, plan.Path):
            return None
        reason = "if that is what the tool returns"
        if variable.is_text:
            reason = "where the text is JSON"
        elif schema.disjoint(value.type.schema, target.schema) == "yes":
            return None
        return self.expressions.declaration_help(
            variable, reason, tuple(access.key for access in value.accesses), taken=target.schema
        )


def _parts(
    value: plan.Object | plan.Array, written: syntax.Expression
) -> list[tuple[str | int, plan.Expression, syntax.Expression]]:
    """The parts of an object or array: key, plan and text."""
    match value, written:
        case plan.Array(items=items), syntax.Array(items=texts):
            return [(index, *pair) for index, pair in enumerate(zip(items, texts, strict=True))]
        case plan.Object(entries=entries), syntax.Object(entries=texts):
            values = {text.key.text: text.value for text in reversed(texts)}
            return [(key, part, values[key]) for key, part in entries]
    raise AssertionError("the plan of an object or array is not of its text")


def _part(
    written: syntax.Expression, path: tuple[str | int, ...], target: Target
) -> tuple[syntax.Expression, Target]:
    """The part of what is written that a path in its value leads to, and what that flows into."""
    for key in path:
        found, inner = part_at(written, (key,)), target.part(key)
        if found is written or inner is None:
            break
        written, target = found, inner
    return written, target


def part_at(written: syntax.Expression, path: tuple[str | int, ...]) -> syntax.Expression:
    """Return the part of what is written that a path in its value leads to."""
    for key in path:
        match written:
            case syntax.Array(items=items) if isinstance(key, int) and key < len(items):
                written = items[key]
            case syntax.Object(entries=entries) if key in [each.key.text for each in entries]:
                written = next(each.value for each in entries if each.key.text == key)
            case _:
                break
    return written


def said_of(violation: schema.Violation, taken: Schema) -> str:
    """Return in words what is wrong with a constant."""
    if "'anyOf'" in violation.message or "'oneOf'" in violation.message:
        return f"not {schema.describe(taken)}"
    return _first_line(violation.message)


def missing(call: Span, name: str, target: Target) -> Diagnostic:
    """Return the diagnostic for a required parameter that a call does not give."""
    taken = schema.describe(target.schema)
    return Diagnostic(
        "WF304",
        f"{target.name} is required",
        call,
        label=f"add `{name} = …`, {_a(taken)}",
        help=f"add `{name} = …`",
        related=target.place(),
    )


def _who_checks(target: Schema) -> str:
    from ..schema.ecma import checked_in_python, is_checked_whole

    if checked_in_python(target) is None:
        return "only the tool's own server can check it"
    told = "the server checks the value before it calls the tool"
    return told if is_checked_whole(target) else f"{told}, but for some patterns"


def _label(value: plan.Expression, variable: Variable | None) -> str:
    described = schema.describe(value.type.schema)
    return described if variable is None else f"{described}, {variable.origin}"


def _accepted_values(taken: Schema) -> str | None:
    values = schema.enumeration(taken)
    if not values:
        return None
    shown = ", ".join(in_short(value) for value in values[:8])
    return f"it takes {shown}" + (f" and {len(values) - 8} more" if len(values) > 8 else "")


def _a(described: str) -> str:
    """Put the article before a type that is one word."""
    if not described.isalpha() or described == "any":
        return "anything" if described == "any" else described
    if described in ("null", "nothing"):
        return described
    return ("an " if described[0] in "aeiou" else "a ") + described


def in_short(value: Any, most: int = 160) -> str:
    """Return a JSON value for a message, cut off where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"


_REMARKS = {"title", "description", "examples", "default", "deprecated", "$comment", "$defs"}
_BY_NAME = {"properties", "patternProperties", "dependentSchemas"}


def _telling(given: Any) -> Any:
    """Return what a schema asks for, without what is only said to its readers."""
    if isinstance(given, list):
        return [_telling(each) for each in given]
    if not isinstance(given, dict):
        return given
    if given.keys() == {"$ref", "$defs"}:
        name = given["$ref"].rsplit("/", 1)[-1]
        return _telling(given["$defs"].get(name, given["$ref"]))
    return {
        keyword: {name: _telling(each) for name, each in value.items()}
        if keyword in _BY_NAME
        else value
        if keyword in ("const", "enum")
        else _telling(value)
        for keyword, value in given.items()
        if keyword not in _REMARKS
    }


def _first_line(text: str) -> str:
    line = text.split("\n")[0]
    return line if len(line) <= 120 else line[:119] + "…"
