"""What expressions are: their names resolved, their types known.

In: syntax and a `Scope`. Out: the plan's expressions, each with its type; None for one that is
wrong, after its diagnostic. What is wrong once is unknown from there on and silent, so one
mistake gives one error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from .. import plan, schema
from ..diagnostics import Diagnostic, Fix, Related, Severity, replace_fix
from ..diagnostics.suggest import as_label, is_word, nearest, note_of, only_near
from ..language import syntax
from ..plan import Type
from ..source import Span
from . import advice
from .wanted import Declaration

# A path without its place in the text, so that two that say the same are equal.
PathKey = tuple[str | int, ...]

# Gives the declaration that is asked for because of a part, and whether to declare that as there;
# None where that would contradict what the tool says that it returns.
Declare = Callable[[PathKey, bool], Declaration | None]

# What other languages put in front of an argument, of what a step gives, of the environment.
_ARGUMENTS = {
    "arg", "args", "arguments", "input", "inputs", "param", "params", "parameters", "var", "vars",
    "local", "locals", "self", "this", "ctx", "context", "event", "workflow", "request", "kwargs",
}  # fmt: skip
_STEPS = {
    "step", "steps", "output", "outputs", "result", "results", "task", "tasks", "needs", "jobs",
}  # fmt: skip
_ENVIRONMENT = {"env", "environ", "environment", "process", "os", "secret", "secrets"}
_FIELD = re.compile(r"\s*\.\s*(\w+)")

_SIMPLE = {"string", "number", "integer", "boolean"}


class Variable(Struct):
    """A name that expressions can use: an argument, a binding or the item of a `for`."""

    name: str
    type: Type | None
    """None where it could not be told, after an error."""
    origin: str
    """Where its type comes from, for messages: "by the output schema of hr.create_employee"."""
    definition: Span
    why_absent: str = ""
    """Why it may be absent, for messages: "`laptop` is optional"."""
    is_argument: bool = False
    unknown: set[PathKey] = field(default_factory=set)
    """Parts that were reported as unknown: once is enough."""
    used: bool = False
    declaration: Declare | None = None
    """Gives the `as NAME: TYPE` that its uses ask for; None where no type can be declared."""
    is_text: bool = False
    """Whether it is a text of which nothing is declared."""
    is_own: bool = False
    """Whether it is the output of the very step whose clauses are looked at."""


class Scope(Struct):
    """The names of a workflow as they stand before one of its steps."""

    report: Callable[[Diagnostic], None]
    variables: dict[str, Variable] = field(default_factory=dict)
    later: dict[str, syntax.Step] = field(default_factory=dict)
    """Bindings of steps that have not run yet."""
    steps: dict[str, str | None] = field(default_factory=dict)
    """The bindings of all steps, by the steps' names, for suggestions."""
    present: set[PathKey] = field(default_factory=set)
    """Paths that a `when` around the place has found to be there."""
    is_lenient: bool = False
    """Whether a `when` around the place is wrong, so that it is not known what it tests."""
    unknown: set[tuple[str, bool]] = field(default_factory=set)
    """Names that were reported as unknown, by others and by their own step: once is enough."""
    step: syntax.Step | None = None
    """The step that is looked at, None at the end of the workflow."""
    beside: tuple[syntax.Step, ...] = ()
    """The steps that run at the same time."""
    repeated: int = 0
    """How many names are given to two things: one of them may be what an unknown name was to be."""
    is_unclear: bool = False
    """Whether an unknown name may stand for any other."""
    parameter: syntax.Name | None = None
    """The parameter that stands alone, as a short form of its value, where one is looked at."""

    @contextmanager
    def narrowed(self, conditions: Iterable[syntax.Condition]) -> Iterator[None]:
        """Within the block, what the conditions test for is present.

        A condition that is wrong narrows as well: that it is wrong is told once.
        """
        before = set(self.present)
        for condition in conditions:
            self._narrow(condition)
        try:
            yield
        finally:
            self.present = before

    def _narrow(self, condition: syntax.Condition) -> None:
        match condition:
            case syntax.Present(value=syntax.Path() as path):
                key = path_key(path)
                # What has a part that is there, is there.
                self.present.update(key[: end + 1] for end in range(len(key)))
            case syntax.AllOf(conditions=conditions):
                for each in conditions:
                    self._narrow(each)
            case syntax.Not(condition=syntax.Not(condition=inner)):
                self._narrow(inner)
            case syntax.Not(condition=syntax.AnyOf(conditions=conditions)):
                for each in conditions:
                    self._narrow(syntax.Not(each, each.span))

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


def _field_fix(accessor: syntax.Accessor, known: Iterable[str]) -> Fix | None:
    """The fix that writes the one field that an accessor misspells."""
    if isinstance(accessor, syntax.Index):
        return None
    meant = only_near(accessor.name, known)
    if meant is None or meant == accessor.name:
        return None
    span = accessor.span
    if isinstance(accessor, syntax.Field) and is_word(meant):
        return replace_fix(span.source.span(span.end - len(accessor.name), span.end), meant)
    return replace_fix(span, f".{meant}" if is_word(meant) else f"[{json.dumps(meant)}]")


def path_key(path: syntax.Path) -> PathKey:
    """Return what a path says, without where it stands."""
    accessors = (
        each.position if isinstance(each, syntax.Index) else each.name for each in path.accessors
    )
    return (path.head.text, *accessors)


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
                if isinstance(value, str):
                    self.advise(written)
                return plan.Constant(value, Type({"const": value}))
            case syntax.FString():
                return self.fstring(written)
            case syntax.Array():
                return self.array(written)
            case syntax.Object():
                return self.object(written)

    def advise(self, written: syntax.Constant | syntax.Text) -> None:
        """Report a plain string that seems to be meant as an f-string."""
        advice.placeholders(written.span, self.scope.variables, self.scope.report)

    def path(self, written: syntax.Path, *, is_tested: bool = False) -> plan.Path | None:
        """Return the plan of a path, through the fields and items that it reads.

        `is_tested` is for a path of which is only asked whether it leads to anything.
        """
        variable = self._variable(written.head)
        if variable is None or variable.type is None:
            return None
        root = variable.type
        key: PathKey = (written.head.text,)
        if self._is_found(key):
            root = Type(root.schema)
        current = root
        accesses: list[plan.Access] = []
        is_sure = not is_tested
        for accessor in written.accessors:
            got = self._access(current, accessor, written, variable)
            if got is None:
                return None
            name, found = got
            place, key = key, (*key, name)
            kind = "array" if isinstance(name, int) else "object"
            if is_sure and not self._is_found(key) and schema.types(current.schema) != {kind}:
                read = written.span.source.span(written.span.start, accessor.span.start)
                self.unsure(kind, read, variable, place)
                is_sure = False  # what is read of it is unsure for the same reason
            optional = not found.required
            absent = optional and isinstance(name, str) and not self._is_found(key)
            after = Type(found.schema, absent)
            accesses.append(plan.Access(name, current, after, optional))
            current = Type(found.schema, absent=current.absent or after.absent)
        return plan.Path(written.head.text, tuple(accesses), root, current)

    def _is_found(self, key: PathKey) -> bool:
        """Whether a `when` has found what a path leads to."""
        return self.scope.is_lenient or key in self.scope.present

    def _variable(self, name: syntax.Name) -> Variable | None:
        variable = self.scope.variables.get(name.text)
        if variable is not None:
            variable.used = True
            return variable
        later = self.scope.later.get(name.text)
        is_own = later is not None and later is self.scope.step
        if (name.text, is_own) in self.scope.unknown:
            return None
        self.scope.unknown.add((name.text, is_own))
        if later is not None:
            self.scope.report(self._too_early(name, later))
            return None
        unknown = self._unknown(name)
        if unknown.fix is None:
            self.scope.is_unclear = True
            if self.scope.repeated:
                self.scope.repeated -= 1
                return None
        self.scope.report(unknown)
        return None

    def _too_early(self, name: syntax.Name, step: syntax.Step) -> Diagnostic:
        assert step.binding is not None
        if step is self.scope.step:
            message = f"`{name.text}` is the output of this very step"
            help = "only `undo` and `require` of a step can read its own output"
        elif step in self.scope.beside:
            message = f"`{name.text}` comes from a step that runs at the same time"
            help = "move this step behind the `parallel` block"
        else:
            message = f"`{name.text}` is used before the step that it comes from"
            help = f"move the step {step.name.text} in front of this one"
        return Diagnostic(
            "WF202",
            message,
            name.span,
            label="not known yet",
            related=(Related(step.binding.span, f"bound here, by the step {step.name.text}"),),
            help=help,
        )

    def _unknown(self, name: syntax.Name) -> Diagnostic:
        from ..language.problem import FOREIGN_VALUES

        known = list(self.scope.variables)
        close = nearest(name.text, known)
        notes = note_of("the names here are", known, close)
        meant = only_near(name.text, known)
        is_certain = False
        if name.text in self.scope.steps:
            binding = meant = self.scope.steps[name.text]
            if binding in self.scope.variables:
                self.scope.variables[binding].used = True
            help = (
                f"`{name.text}` is a step; its output is bound to `{binding}`"
                if binding
                else f"`{name.text}` is a step; bind its output with `as {name.text}`"
            )
        elif habit := self._habit(name):
            return replace(habit, label=as_label(notes, habit.label), notes=notes)
        elif name.text in FOREIGN_VALUES:
            meant, is_certain = FOREIGN_VALUES[name.text], True
            help = f"write `{meant}`"
        elif close:
            help = f"did you mean `{close}`?"
            self.scope.variables[close].used = True  # it was meant, so it is not forgotten
        else:
            help = f"declare it with `arg {name.text}`, or write a text in double quotes"
        return Diagnostic(
            "WF201",
            f"there is no argument or binding `{name.text}`",
            name.span,
            label=as_label(notes, "unknown name"),
            notes=notes,
            help=help,
            fix=self._respelt(name, meant, is_certain),
        )

    def _habit(self, name: syntax.Name) -> Diagnostic | None:
        """`args.name`, `steps.create.email` and `env.REGION`, as other languages read values."""
        field = _FIELD.match(name.span.source.text, name.span.end)
        word = name.text.lower()
        message, label = f"there is no argument or binding `{name.text}`", "unknown name"
        if word in _ENVIRONMENT:
            help = (
                "a workflow does not read the environment: declare an `arg`; what a server needs "
                "of it stands in its configuration, as `${NAME}`"
            )
            return Diagnostic("WF201", message, name.span, label=label, help=help)
        if field is None:
            return None
        read = name.span.source.span(name.span.start, field.end())
        if word in _ARGUMENTS and field[1] in self.scope.variables:
            self.scope.variables[field[1]].used = True
            help = f"an argument is read by its name alone: `{field[1]}`"
            fix = replace_fix(read, field[1], is_safe=True)
            return Diagnostic("WF201", message, name.span, label=label, help=help, fix=fix)
        if word in _STEPS and field[1] not in self.scope.steps:
            if nearest(name.text, self.scope.variables) is not None:
                return None
            help = "what a step gives is read by a name: add `as x` after its call, and read `x.…`"
            return Diagnostic("WF201", message, name.span, label=label, help=help)
        if word in _STEPS:
            binding = self.scope.steps[field[1]]
            if binding in self.scope.variables:
                self.scope.variables[binding].used = True
            help = (
                f"what the step {field[1]} gives is bound to `{binding}`"
                if binding
                else f"what a step gives is read by a name: add `as {field[1]}` after its call, "
                f"and read `{field[1]}.…`"
            )
            return Diagnostic("WF201", message, name.span, label=label, help=help)
        return None

    def _respelt(self, name: syntax.Name, meant: str | None, is_certain: bool) -> Fix | None:
        """The fix that writes what is meant by a name."""
        if meant is None:
            return None
        is_short = self.scope.parameter is not None and self.scope.parameter.span == name.span
        new = f"{name.text} = {meant}" if is_short else meant
        return replace_fix(name.span, new, is_safe=is_certain)

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
        read = path.span.source.span(path.span.start, accessor.span.start)
        wrong = path_key(path)[: path.accessors.index(accessor) + 2]
        if wrong in variable.unknown:
            return None
        variable.unknown.add(wrong)
        what = f"no field `{name}`" if isinstance(name, str) else f"no item {name}"
        code = "WF406" if isinstance(accessor, syntax.Index) else "WF403"
        reason = "" if found.reason == f"there is {what}" else f": {found.reason}"
        described = schema.describe(value.schema)
        is_told = all(
            re.search(rf"(?<!\w){re.escape(each)}\??:", described) for each in found.known
        )
        close = nearest(str(name), found.known)
        notes = () if is_told else note_of("its fields are", found.known, close)
        is_what = f"`{read.text}` is {described}"
        if close is not None and close != name:
            help: str | None = f"did you mean `{close}`?"
        elif variable.is_text:
            variable.type = None  # what else is read of it is wrong for the same reason
            help = self.declaration_help(variable, "where the text is JSON", ())
        elif self._may_have(value, found, name):
            keys = (*path_key(path)[1 : 1 + path.accessors.index(accessor)], name)
            help = self.declaration_help(variable, "if that is what the tool returns", keys)
        elif isinstance(name, str) and schema.types(value.schema) == {"array"}:
            help = (
                f"an item is read by its place, `{read.text}[0]`; "
                f"`for x in {read.text}` runs a step for each"
            )
        else:
            help = None
        self.scope.report(
            Diagnostic(
                code,
                f"`{read.text}` has {what}{reason}",
                accessor.span,
                label=f"{as_label(notes, is_what)}, {variable.origin}",
                notes=notes,
                help=help,
                fix=_field_fix(accessor, found.known),
                related=(
                    Related(variable.definition, f"`{variable.name}` comes from here", False),
                ),
            )
        )
        return None

    def unsure(self, kind: str, read: Span, variable: Variable, place: PathKey) -> None:
        """Report that parts are read of a value that need not be an array or an object."""
        self.scope.report(
            Diagnostic(
                "WF405",
                f"whether `{read.text}` is an {kind} cannot be told before it runs",
                read,
                Severity.WARNING,
                label=f"any, {variable.origin}",
                notes=("the step fails where it is none",),
                help=self.declaration_help(variable, "if that is what the tool returns", place[1:]),
            )
        )

    def _may_have(self, value: Type, found: schema.NoAccess, name: str | int) -> bool:
        """Whether some values of a type have the field or item that not all of them have."""
        wanted = "object" if isinstance(name, str) else "array"
        if wanted not in schema.types(value.schema):
            return False
        if found.obstacle == "unknown field":
            return not found.reason.startswith("there is no")
        return found.obstacle != "no such item"

    def fstring(self, written: syntax.FString) -> plan.Interpolation | plan.Constant | None:
        """Return the plan of an f-string; only scalars that are there may stand in it."""
        parts: list[str | plan.Path] = []
        wrong = False
        for part in written.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            value = self.path(part)
            if value is None or not self.is_there(value, part.span, "an f-string"):
                wrong = True
                continue
            if not self._is_simple(value.type.schema):
                wrong = True
                variable = self.scope.variables[value.name]
                self.scope.report(
                    Diagnostic(
                        "WF407",
                        f"`{part.span.text}` cannot stand in an f-string",
                        part.span,
                        label=f"{schema.describe(value.type.schema)}, {variable.origin}",
                        notes=("texts, numbers, booleans and enums of them can",),
                        help=self._simple_help(value, variable),
                    )
                )
            parts.append(value)
        if wrong:
            return None
        if not any(isinstance(part, plan.Path) for part in parts):
            text = "".join(str(part) for part in parts)
            return plan.Constant(text, Type({"const": text}))
        return plan.Interpolation(tuple(parts), Type({"type": "string"}))

    def _simple_help(self, value: plan.Path, variable: Variable) -> str | None:
        """Say what to do about a value that cannot stand in an f-string."""
        kinds = schema.types(value.type.schema)
        if kinds and not kinds & _SIMPLE:
            return "choose a field or an item of it"
        reason = (
            "if it is never null"
            if kinds <= {*_SIMPLE, "null"}
            else "if that is what the tool returns"
        )
        keys = tuple(access.key for access in value.accesses)
        return self.declaration_help(variable, reason, keys)

    def _is_simple(self, value: schema.Schema) -> bool:
        kinds = schema.types(value)
        return bool(kinds) and kinds <= _SIMPLE

    def array(self, written: syntax.Array) -> plan.Expression | None:
        """Return the plan of an array; its items have to be there."""
        items = [self.expression(item) for item in written.items]
        for item, source in zip(items, written.items, strict=True):
            if item is not None and not self.is_there(item, source.span, "an array"):
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
        # Of a key that is given twice, which the parser reports, the first one counts.
        first = {entry.key.text: entry for entry in reversed(written.entries)}
        entries: list[tuple[str, plan.Expression]] = []
        for entry in written.entries:
            value = self.expression(entry.value)
            if value is not None and first[entry.key.text] is entry:
                entries.append((entry.key.text, value))
        if len(entries) < len(first):
            return None
        constants = {key: value.value for key, value in entries if isinstance(value, plan.Constant)}
        if len(constants) == len(entries):
            return plan.Constant(constants, Type({"const": constants}))
        fields = {
            key: schema.Access(value.type.schema, required=not value.type.absent)
            for key, value in entries
        }
        return plan.Object(tuple(entries), Type(schema.object_of(fields)))

    def is_there(
        self, value: plan.Expression, span: Span, place: str, *, help: str | None = None
    ) -> bool:
        """Whether the value is there for certain; reports where it may be absent."""
        if not value.type.absent:
            return True
        self.scope.report(
            Diagnostic(
                "WF404",
                f"`{span.text}` may be absent, and cannot be in {place}",
                span,
                label=self.why_absent(value),
                help=help or self.presence_help(value, span.text),
            )
        )
        return False

    # --- Ways out, for messages

    def declaration_help(
        self,
        variable: Variable,
        reason: str,
        place: PathKey,
        *,
        is_present: bool = False,
        taken: schema.Schema | None = None,
    ) -> str | None:
        """Say what to declare of the output of a tool; None where that is no way out.

        `place` is the part that is to blame, and `taken` what it then has to be valid for.
        """
        if variable.declaration is None:
            return None
        found = variable.declaration(place, is_present)
        if found is None or (variable.is_text and found.schema == {"type": "string"}):
            return None  # it cannot be, or it is that already
        if taken is not None and (
            found.part is None or schema.assignable(found.part, taken).answer == "no"
        ):
            return None
        return f"{reason}, declare it: `{found.text}`; it is then checked when the step runs"

    def presence_help(self, value: plan.Expression, text: str) -> str | None:
        """Say how to see to it that a value that may be absent is there."""
        path = next((each for each in plan.paths(value) if each.type.absent), None)
        if path is None:
            return None
        variable = self.scope.variables[path.name]
        ways: list[str] = []
        if self.scope.step is not None and not variable.is_own:
            ways.append(f"run the step only `when {text}`")
        declaration = None
        if not path.root.absent:
            keys = tuple(access.key for access in path.accesses)
            declaration = self.declaration_help(
                variable, "if it always comes", keys, is_present=True
            )
        elif not path.accesses and variable.is_argument:
            ways.append("give the argument a default")
        return "; or ".join([*ways, *([declaration] if declaration else [])]) or None

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
                    return f"`{read}` may be left out, {variable.origin}"
        return "may be absent"
