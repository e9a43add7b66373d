"""What expressions and conditions are: their names resolved, their types known.

In: syntax and a `Scope`. Out: the plan's expressions, each with its type; None for one that is
wrong, after its diagnostic. What is wrong once is unknown from there on and silent, so one
mistake gives one error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import plan, schema, syntax
from .diagnostics import Diagnostic, Related, Severity
from .plan import Type
from .source import Span
from .suggest import listing, nearest

# A path without its place in the text, so that two that say the same are equal.
PathKey = tuple[str | int, ...]

_SIMPLE = {"string", "number", "integer", "boolean"}


@dataclass
class Variable:
    """A name that expressions can use: an argument, a binding or the item of a `for`."""

    name: str
    type: Type | None
    """None where it could not be told, after an error."""
    origin: str
    """Where its type comes from, for messages: "by the output schema of hr.create_employee"."""
    definition: Span
    why_absent: str = ""
    """Why it may be absent, for messages: "`laptop` is optional"."""
    used: bool = False
    whole: bool = False
    """Whether it is read as a whole, and not only by its fields."""
    declare: str = ""
    """The name to write in `as NAME: …` to declare its type; empty where that cannot be."""


@dataclass
class Scope:
    """The names of a workflow as they stand before one of its steps."""

    report: Callable[[Diagnostic], None]
    variables: dict[str, Variable] = field(default_factory=dict)
    later: dict[str, syntax.Step] = field(default_factory=dict)
    """Bindings of steps that have not run yet."""
    steps: dict[str, str | None] = field(default_factory=dict)
    """The bindings of all steps, by the steps' names, for suggestions."""
    present: set[PathKey] = field(default_factory=set)
    """Paths that a `when` around the place has found to be there."""

    @contextmanager
    def narrowed(self, conditions: Iterable[plan.Condition]) -> Iterator[None]:
        """Within the block, what the conditions test for is present."""
        before = set(self.present)
        for condition in conditions:
            self._narrow(condition)
        try:
            yield
        finally:
            self.present = before

    def _narrow(self, condition: plan.Condition) -> None:
        match condition:
            case plan.Present(path):
                key: PathKey = (path.name, *(access.key for access in path.accesses))
                # What has a part that is there, is there.
                self.present.update(key[: end + 1] for end in range(len(key)))
            case plan.AllOf(conditions):
                for each in conditions:
                    self._narrow(each)

    @contextmanager
    def with_variable(self, variable: Variable) -> Iterator[None]:
        """Within the block, one name more is known."""
        hidden = self.variables.get(variable.name)
        self.variables[variable.name] = variable
        try:
            yield
        finally:
            if hidden is None:
                del self.variables[variable.name]
            else:
                self.variables[variable.name] = hidden


class Expressions:
    """Resolves and types what stands in one workflow."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    # --- Expressions

    def expression(self, written: syntax.Expression) -> plan.Expression | None:
        """Return the plan of an expression; None when a part of it is wrong."""
        match written:
            case syntax.Path():
                return self.path(written)
            case syntax.Constant(value=value):
                return plan.Constant(value, Type({"const": value}))
            case syntax.FString():
                return self.fstring(written)
            case syntax.Array():
                return self.array(written)
            case syntax.Object():
                return self.object(written)

    def path(self, written: syntax.Path) -> plan.Path | None:
        """Return the plan of a path, through the fields and items that it reads."""
        variable = self._variable(written.head)
        if variable is None or variable.type is None:
            return None
        root = variable.type
        key: PathKey = (written.head.text,)
        if key in self.scope.present:
            root = Type(root.schema)
        current = root
        accesses: list[plan.Access] = []
        for accessor in written.accessors:
            got = self._access(current, accessor, written, variable)
            if got is None:
                return None
            name, found = got
            key = (*key, name)
            optional = not found.required and isinstance(name, str)
            after = Type(found.schema, absent=optional and key not in self.scope.present)
            accesses.append(plan.Access(name, current, after, optional))
            current = Type(found.schema, absent=current.absent or after.absent)
        if not accesses:
            variable.whole = True
        return plan.Path(written.head.text, tuple(accesses), root, current)

    def _variable(self, name: syntax.Name) -> Variable | None:
        variable = self.scope.variables.get(name.text)
        if variable is not None:
            variable.used = True
            return variable
        if name.text in self.scope.later:
            step = self.scope.later[name.text]
            assert step.binding is not None
            self.scope.report(
                Diagnostic(
                    "WF202",
                    f"`{name.text}` is used before the step that it comes from",
                    name.span,
                    label="not known yet",
                    related=(
                        Related(step.binding.span, f"bound here, by the step {step.name.text}"),
                    ),
                    help=f"move the step {step.name.text} in front of this one",
                )
            )
            return None
        self.scope.report(self._unknown(name))
        return None

    def _unknown(self, name: syntax.Name) -> Diagnostic:
        known = list(self.scope.variables)
        notes = (f"the names here are {listing(known)}",) if known else ()
        if name.text in self.scope.steps:
            binding = self.scope.steps[name.text]
            help = (
                f"`{name.text}` is a step; its output is bound to `{binding}`"
                if binding
                else f"`{name.text}` is a step; bind its output with `as {name.text}`"
            )
        elif name.text in ("True", "False", "None"):
            proper = {"True": "true", "False": "false", "None": "null"}[name.text]
            help = f"write `{proper}`"
        elif close := nearest(name.text, known):
            help = f"did you mean `{close}`?"
        else:
            help = f"declare it with `arg {name.text}`, or write a text in double quotes"
        return Diagnostic(
            "WF201",
            f"there is no argument or binding `{name.text}`",
            name.span,
            label="unknown name",
            notes=notes,
            help=help,
        )

    def _access(
        self, value: Type, accessor: syntax.Accessor, path: syntax.Path, variable: Variable
    ) -> tuple[str | int, schema.Access] | None:
        name: str | int
        match accessor:
            case syntax.Index(position=name):
                found = schema.item(value.schema, name)
            case syntax.Field(name=name) | syntax.Key(name=name):
                found = schema.field(value.schema, name)
        if isinstance(found, schema.Access):
            return name, found
        read = path.span.source.span(path.span.start, accessor.span.start).text
        what = f"no field `{name}`" if isinstance(name, str) else f"no item {name}"
        code = "WF406" if isinstance(accessor, syntax.Index) else "WF403"
        help: str | None = None
        notes: tuple[str, ...] = ()
        if found.known:
            notes = (f"its fields are {listing(found.known)}",)
            close = nearest(str(name), found.known)
            help = f"did you mean `{close}`?" if close else None
        elif found.obstacle == "may be null" and variable.declare:
            help = "declare what you rely on, without null: it is then checked when the step runs"
        elif variable.declare and schema.types(value.schema) == {"string"}:
            help = f"where the text is JSON, declare what is in it: `as {variable.declare}: " + (
                "{" + f"{name}: …" + "}`" if isinstance(name, str) else "string[]`"
            )
        self.scope.report(
            Diagnostic(
                code,
                f"`{read}` has {what}: {found.reason}",
                accessor.span,
                label=f"`{read}` is {schema.describe(value.schema)}, {variable.origin}",
                notes=notes,
                help=help,
                related=(Related(variable.definition, f"`{variable.name}` comes from here"),),
            )
        )
        return None

    def fstring(self, written: syntax.FString) -> plan.Interpolation | plan.Constant | None:
        """Return the plan of an f-string; only scalars that are there may stand in it."""
        parts: list[str | plan.Path] = []
        wrong = False
        for part in written.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            value = self.path(part)
            if value is None or not self._present(value, part.span, "an f-string"):
                wrong = True
                continue
            if not self._is_simple(value.type.schema):
                wrong = True
                self.scope.report(
                    Diagnostic(
                        "WF407",
                        f"`{part.span.text}` cannot stand in an f-string",
                        part.span,
                        label=f"this is {schema.describe(value.type.schema)}",
                        notes=("texts, numbers, booleans and enums of them can",),
                        help="choose a field or an item of it",
                    )
                )
            parts.append(value)
        if wrong:
            return None
        if not any(isinstance(part, plan.Path) for part in parts):
            text = "".join(str(part) for part in parts)
            return plan.Constant(text, Type({"const": text}))
        return plan.Interpolation(tuple(parts), Type({"type": "string"}))

    def _is_simple(self, value: schema.Schema) -> bool:
        kinds = schema.types(value)
        return bool(kinds) and kinds <= _SIMPLE

    def array(self, written: syntax.Array) -> plan.Expression | None:
        """Return the plan of an array; its items have to be there."""
        items = [self.expression(item) for item in written.items]
        for item, source in zip(items, written.items, strict=True):
            if item is not None and not self._present(item, source.span, "an array"):
                return None
        found = [item for item in items if item is not None]
        if len(found) < len(items):
            return None
        constants = [item.value for item in found if isinstance(item, plan.Constant)]
        if len(constants) == len(found):
            return plan.Constant(constants, Type({"const": constants}))
        return plan.Array(tuple(found), Type(schema.tuple_of([item.type.schema for item in found])))

    def object(self, written: syntax.Object) -> plan.Expression | None:
        """Return the plan of an object; what may be absent makes its key optional."""
        entries: list[tuple[str, plan.Expression]] = []
        for entry in written.entries:
            value = self.expression(entry.value)
            if value is not None:
                entries.append((entry.key.text, value))
        if len(entries) < len(written.entries):
            return None
        constants = {key: value.value for key, value in entries if isinstance(value, plan.Constant)}
        if len(constants) == len(entries):
            return plan.Constant(constants, Type({"const": constants}))
        fields = {
            key: schema.Access(value.type.schema, required=not value.type.absent)
            for key, value in entries
        }
        return plan.Object(tuple(entries), Type(schema.object_of(fields)))

    def _present(self, value: plan.Expression, span: Span, place: str) -> bool:
        """Whether the value is there for certain; reports where it may be absent."""
        if not value.type.absent:
            return True
        self.scope.report(
            Diagnostic(
                "WF404",
                f"`{span.text}` may be absent, and cannot be in {place}",
                span,
                label=self.why_absent(value),
                help=f"run the step only `when {span.text}`",
            )
        )
        return False

    def why_absent(self, value: plan.Expression) -> str:
        """Say why a value that may be absent may be so."""
        for path in plan.paths(value):
            variable = self.scope.variables[path.name]
            if path.root.absent:
                return variable.why_absent
            read = path.name
            for access in path.accesses:
                read += f".{access.key}" if isinstance(access.key, str) else f"[{access.key}]"
                if access.after.absent:
                    return f"`{read}` is not required {variable.origin}"
        return "may be absent"

    # --- Conditions

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
                return plan.AnyOf(found) if len(found) == len(alternatives) else None
            case syntax.AllOf():
                return self._conjunction(written.conditions)

    def _conjunction(self, written: tuple[syntax.Condition, ...]) -> plan.Condition | None:
        found: list[plan.Condition] = []
        for each in written:
            # In `x and x > 3` the second is only asked where the first holds.
            with self.scope.narrowed(found):
                condition = self.condition(each)
            if condition is not None:
                found.append(condition)
        return plan.AllOf(tuple(found)) if len(found) == len(written) else None

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
        path = self.path(written.value)
        if path is None:
            return None
        text = written.span.text
        is_boolean = "boolean" in schema.types(path.type.schema) and path.type.schema not in (
            True,
            {},
        )
        if not path.type.absent or is_boolean:
            self.scope.report(
                Diagnostic(
                    "WF505",
                    f"this tests whether `{text}` is there, and it always is"
                    if not path.type.absent
                    else f"this tests whether `{text}` is there, also when it is false",
                    written.span,
                    Severity.WARNING,
                    help=f"to test its value, write `{text} == true`"
                    if is_boolean and not path.type.absent
                    else f"to test its value, write `{text} and {text} == true`"
                    if is_boolean
                    else "leave the condition out",
                )
            )
        return plan.Present(path)

    def _comparison(self, written: syntax.Comparison) -> plan.Comparison | None:
        left, right = self.expression(written.left), self.expression(written.right)
        if left is None or right is None:
            return None
        for value, source in ((left, written.left), (right, written.right)):
            if not self._present(value, source.span, "a comparison"):
                return None
        problem = _incomparable(left.type.schema, written.operator, right.type.schema)
        if problem is None and written.operator == "matches" and isinstance(right, plan.Constant):
            try:
                re.compile(right.value)
            except re.error as error:
                problem = f"`{written.right.span.text}` is no regular expression: {error}"
        if problem is not None:
            self.scope.report(
                Diagnostic(
                    "WF401",
                    problem,
                    written.span,
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
