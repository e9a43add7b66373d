"""Expressions and conditions of the plan as Python.

In: plan expressions and what each name of a workflow is in the generated function. Out: Python
text. A value in the generated code is the JSON value itself; of an output that is read in
parts it is a model of these parts, and the whole is what `run.outputs` has kept.

What is absent is `None` for an argument and for the binding of a skipped step, as anybody would
write it, unless null may be a value of it; there, and for a field, it is `ABSENT`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from .. import plan, schema
from .literals import Quoted, bracketed, enclosed, f_string, literal
from .python_types import attribute_names, is_one_of_arrays
from .reads import Reads, is_made_for, may_lack

_OPPOSITES = {
    "==": "!=",
    "!=": "==",
    "contains": "does not contain",
    "matches": "does not match",
}


class Local(Struct):
    """What a name of a `.wf` is in the generated function."""

    python: str
    attribute: Callable[[tuple[plan.Access, ...]], str | None]
    """The attribute that a path ends in, None where there is no model but only JSON."""
    kept_in: str | None = None
    """Python for the outputs among which it is kept as it came, None for what is no output."""
    kept_as: str = ""
    """Under which name it is kept there."""
    has_models: bool = False
    """Whether it holds models of all its parts, and not only of those that are read."""
    is_declared: bool = False
    """Whether its annotation is that of a type that a `.wf` declares."""
    is_any: bool = False
    """Whether type checkers take it for whatever it is needed as."""
    reads: Reads = field(default_factory=Reads)
    has_keys: bool = False
    """Whether it is a `TypedDict`, the result of another workflow."""
    annotated: str | None = None
    """The annotation of such a result, or of an array of them."""
    absence: str = "None"
    """What it is where it is absent."""

    def is_kept(self, path: plan.Path) -> bool:
        """Whether a path has to be read from the output as it came: models are no JSON."""
        if self.kept_in is None:
            return False
        reads = self.reads.at(path.accesses)
        if self.has_models:
            return bool(schema.types(path.type.schema) & {"array", "object"})
        return reads.whole and reads.inside and not reads.is_raw


class Value(Struct, frozen=True):
    """Python for a value, and what it is where the value is absent."""

    python: str
    none: bool = False
    absent: bool = False


class Uses(Struct):
    """What expressions need of the plumbing."""

    item: bool = False
    field: bool = False
    optional_field: bool = False
    presence: bool = False
    equality: bool = False
    pattern: bool = False
    absent: bool = False
    json_value: bool = False
    present: bool = False
    optional: bool = False
    outputs: bool = False
    given: bool = False
    not_absent: bool = False


class Values:
    """Writes the expressions of one workflow."""

    def __init__(self, uses: Uses) -> None:
        self.uses = uses
        self.run = "run"
        """The variable of the run, or of the part of it, that a step belongs to."""
        self.in_loop: tuple[str, ...] = ()
        """The variables that change with each item of the `for` that a step has."""
        self.variables: dict[str, Local] = {}
        self._quoted: Quoted = literal
        """How strings are quoted: code within an f-string cannot have its quotes."""

    # --- Expressions

    def value(self, expression: plan.Expression, step: str) -> Value:
        """Return the Python for an expression that a step reads."""
        match expression:
            case plan.Path():
                return self.path(expression, step)
            case plan.Constant(value=value):
                return Value(literal(value))
            case plan.Interpolation():
                return Value(self.f_string(expression, step))
            case plan.Array(items=items):
                written = ", ".join(self.value(item, step).python for item in items)
                return Value(f"[{written}]")
            case plan.Object(entries=entries):
                return Value(self.object(entries, step))

    def object(self, entries: tuple[tuple[str, plan.Expression], ...], step: str) -> str:
        """Return the Python for an object; keys of what is absent are left out."""
        values = [(key, self.value(value, step)) for key, value in entries]
        written = dictionary([(key, value.python) for key, value in values])
        optional = [key for key, value in values if value.none]
        if not optional and not any(value.absent for _, value in values):
            return written
        return self.present(written, optional, indent=12)

    def present(self, written: str, optional: Collection[str], *, indent: int) -> str:
        """Return the Python for an object without what is absent of it.

        That is `ABSENT`, or None for the `optional` keys; `indent` is how deep it will stand.
        """
        self.uses.present = True
        self.uses.optional |= bool(optional)
        given = [written, set_of(optional)] if optional else [written]
        return enclosed("present(", given, ")", indent=indent)

    def path(self, path: plan.Path, step: str) -> Value:
        """Return the Python for a path; where a part on its way is absent, so is the value."""
        written, guards = self._walk(path, step)
        if self._is_models(path):
            self.uses.json_value = True
            written = f"json_value({written})"
        if not guards:
            if path.accesses:
                return Value(written, absent=path.accesses[-1].after.absent)
            absence = self.variables[path.name].absence if path.root.absent else ""
            self.uses.absent |= absence == "ABSENT"
            return Value(written, none=absence == "None", absent=absence == "ABSENT")
        first, *others = guards
        if not others and first.endswith(" is not None") and not _is_nullable(path):
            # The usual case: one skipped step or left out argument, whose model has the field.
            ends_absent = path.accesses[-1].after.absent
            name = first.removesuffix(" is not None")
            if self.variables[path.name].attribute(path.accesses[:1]) is not None:
                return Value(f"{name} and {written}", none=True, absent=ends_absent)
        self.uses.absent = True
        return Value(f"{written} if {' and '.join(guards)} else ABSENT", absent=True)

    def source(self, path: plan.Path, step: str, *, as_it_came: bool) -> str:
        """Return the Python for an array that is gone through."""
        written = self._walk(path, step, as_it_came=as_it_came)[0]
        return self._array(written, path.name, path.type)

    def _array(self, written: str, name: str, type: plan.Type) -> str:
        """Return the Python for an array that items are read of.

        Of arrays of one kind or another, type checkers know no more than that they hold objects.
        """
        if self.variables[name].is_declared and is_one_of_arrays(type.schema):
            return f"cast(Sequence[Any], {written})"
        return written

    def _walk(
        self, path: plan.Path, step: str, *, as_it_came: bool | None = None
    ) -> tuple[str, list[str]]:
        """Return Python for a path, and the conditions under which its parts on the way exist."""
        variable = self.variables[path.name]
        written, guards, of_step = variable.python, [], self._quoted(step)
        is_kept = variable.is_kept(path) if as_it_came is None else as_it_came
        if is_kept:
            self.uses.outputs = True
            name = self._quoted(variable.kept_as)
            if path.root.absent and not path.accesses:
                default = "" if variable.absence == "None" else f", {variable.absence}"
                return f"{variable.kept_in}.get({name}{default})", []
            written = f"{variable.kept_in}[{name}]"
        if path.root.absent and path.accesses:
            guards.append(f"{variable.python} is not {variable.absence}")
        for position, access in enumerate(path.accesses, 1):
            attribute = variable.attribute(path.accesses[:position])
            key = self._quoted(access.key)
            if isinstance(access.key, int):
                self.uses.item = True
                array = written if is_kept else self._array(written, path.name, access.before)
                written = f"{self.run}.item({of_step}, {array}, {key})"
            elif attribute is not None and not is_kept:
                written += f".{attribute}"
            elif variable.has_keys and position == 1 and not access.optional:
                written += f"[{key}]"
            elif access.optional:
                self.uses.optional_field = self.uses.absent = True
                written = f"{self.run}.optional_field({of_step}, {written}, {key})"
            else:
                self.uses.field = True
                written = f"{self.run}.field({of_step}, {written}, {key})"
            is_last = position == len(path.accesses)
            if access.after.absent and not is_last:
                guards.append(f"{written} is not ABSENT")
            if attribute is not None and not (is_kept or (access.after.absent and is_last)):
                written = self._not_absent(written, access)
        return written, guards

    def _not_absent(self, written: str, access: plan.Access) -> str:
        """Return the Python for a field that has been found to be there.

        Type checkers remember that of a name and its attributes, and not of what is called.
        """
        if not (access.optional and "(" in written):
            return written
        self.uses.not_absent = self.uses.absent = True
        return f"not_absent({written})"

    def _is_models(self, path: plan.Path) -> bool:
        """Whether the value holds models of an argument, to be turned back into JSON."""
        variable = self.variables[path.name]
        return (
            variable.kept_in is None
            and variable.has_models
            and bool(schema.types(path.type.schema) & {"object", "array"})
        )

    def f_string(self, expression: plan.Expression, step: str, *, encode: str | None = None) -> str:
        """Return the Python for an f-string; booleans are written as in JSON.

        `encode` is a function of the generated module that each value goes through, but for one
        at the start: that is no part of a URI but has its scheme.
        """
        if not isinstance(expression, plan.Interpolation):
            return self.value(expression, step).python

        def parts_in(quoted: Quoted) -> list[tuple[bool, str]]:
            self._quoted = quoted
            found = [
                self._part(part, step, encode if position else None)
                for position, part in enumerate(expression.parts)
            ]
            self._quoted = literal
            return found

        return f_string(parts_in)

    def _part(self, part: str | plan.Path, step: str, encode: str | None) -> tuple[bool, str]:
        if isinstance(part, str):
            return False, part
        written = self.path(part, step).python
        if encode is not None:
            return True, f"{encode}({written})"
        is_boolean = "boolean" in schema.types(part.type.schema)
        return True, f"to_text({written})" if is_boolean else written

    # --- Conditions

    def condition(self, condition: plan.Condition, step: str) -> str:
        """Return the Python for a condition."""
        match condition:
            case plan.Present(path):
                return " and ".join(self._presence(path, step)) or "True"
            case plan.Comparison():
                return self._comparison(condition, step)
            case plan.Not(inner):
                return self._negated(inner, step)
            case plan.AllOf(conditions):
                return " and ".join(self._operand(each, step) for each in conditions)
            case plan.AnyOf(conditions):
                return " or ".join(self._operand(each, step) for each in conditions)

    def is_there(self, path: plan.Path, step: str) -> str:
        """Return the Python for whether a value is not absent; an array too short fails it."""
        variable = self.variables[path.name]
        if not path.accesses:
            return f"{variable.python} is not {variable.absence}"
        in_model = variable.attribute(path.accesses) is not None
        written, guards = self._walk(path, step, as_it_came=False if in_model else None)
        if path.accesses[-1].after.absent:
            guards.append(f"{written} is not ABSENT")
        self.uses.absent = True
        return " and ".join(guards)

    def _presence(self, path: plan.Path, step: str) -> list[str]:
        """Return what has to hold for a path to lead to something: nothing where it always does.

        It is asked of a model where there is one, so that type checkers follow.
        """
        variable = self.variables[path.name]
        written, conditions = variable.python, []
        if path.root.absent:
            conditions.append(f"{written} is not {variable.absence}")
            self.uses.absent |= variable.absence == "ABSENT"
        if not may_lack(path):
            return conditions
        for position, access in enumerate(path.accesses, 1):
            rest = [each.key for each in path.accesses[position - 1 :]]
            in_model = any(
                variable.attribute(path.accesses[: position + ahead]) is not None
                for ahead in range(len(rest))
            )
            if (not in_model and rest != [access.key]) or not is_made_for(access):
                self.uses.presence = True
                return [*conditions, f"has({written}, {', '.join(map(literal, rest))})"]
            if isinstance(access.key, int):
                if access.optional:
                    conditions.append(f"len({written}) > {access.key}")
                if position < len(path.accesses):
                    self.uses.item = True
                    written = f"{self.run}.item({literal(step)}, {written}, {access.key})"
            elif not in_model:
                conditions.append(f"{literal(access.key)} in {written}")
            else:
                written += f".{variable.attribute(path.accesses[:position])}"
                if access.optional:
                    self.uses.absent = True
                    conditions.append(f"{written} is not ABSENT")
                    written = self._not_absent(written, access)
        return conditions

    def _operand(self, condition: plan.Condition, step: str) -> str:
        written = self.condition(condition, step)
        return f"({written})" if isinstance(condition, plan.AllOf | plan.AnyOf) else written

    def _negated(self, condition: plan.Condition, step: str) -> str:
        match condition:
            case plan.Present(path):
                match self._presence(path, step):
                    case []:
                        return "False"
                    case [test] if " is not " in test:
                        return test.replace(" is not ", " is ")
            case plan.Not(inner):
                return self.condition(inner, step)
            case plan.Comparison(operator=operator) if operator in _OPPOSITES:
                return self._comparison(replace(condition, operator=_OPPOSITES[operator]), step)
        return f"not ({self.condition(condition, step)})"

    def _comparison(self, comparison: plan.Comparison, step: str) -> str:
        left = self.value(comparison.left, step).python
        right = self.value(comparison.right, step).python
        if not isinstance(comparison.right, plan.Constant):
            pattern = f"{self.run}.pattern({literal(step)}, {right})"
        else:
            pattern = right
        match comparison.operator:
            case "contains" | "does not contain" if _differ_from_python(comparison):
                self.uses.equality = True
                written = f"any(equal(each, {right}) for each in {left})"
                return written if comparison.operator == "contains" else f"not {written}"
            case "contains":
                return f"{right} in {left}"
            case "does not contain":
                return f"{right} not in {left}"
            case "matches" | "does not match":
                self.uses.pattern |= pattern != right
                found = "is not" if comparison.operator == "matches" else "is"
                return f"re.search({pattern}, {left}) {found} None"
            case "==" | "!=" if right in ("None", "True", "False"):
                return f"{left} {'is' if comparison.operator == '==' else 'is not'} {right}"
            case "==" | "!=" if _differ_from_python(comparison):
                self.uses.equality = True
                return f"{'' if comparison.operator == '==' else 'not '}equal({left}, {right})"
            case operator:
                return f"{left} {operator} {right}"

    # --- Arguments

    def arguments(
        self, call: plan.ToolCall | plan.WorkflowCall, step: str
    ) -> tuple[str, list[str], bool]:
        """Return the Python of a call's arguments as a dictionary's text.

        With it come the parameters that are left out where their value is None, and whether any
        may be `ABSENT`.
        """
        values = [(argument.name, self.value(argument.value, step)) for argument in call.arguments]
        optional = [name for name, value in values if value.none]
        written = dictionary([(name, value.python) for name, value in values])
        return written, optional, any(value.absent for _, value in values)


def dictionary(values: list[tuple[str, str]]) -> str:
    """Return the Python for a dictionary, whose values are Python already."""
    return bracketed("{", [f"{literal(key)}: {value}" for key, value in values], "}")


def set_of(names: Iterable[str]) -> str:
    """Return the Python for a set of names."""
    return "{" + ", ".join(map(literal, names)) + "}"


def _differ_from_python(comparison: plan.Comparison) -> bool:
    """Whether two values may be equal in Python and not in JSON, where true is not 1."""
    left, right = comparison.left.type.schema, comparison.right.type.schema
    if comparison.operator.endswith(("contains", "contain")):
        item = schema.item(left, None) if schema.types(left) == {"array"} else None
        if not isinstance(item, schema.Access):
            return False
        left = item.schema
    kinds, others = schema.types(left), schema.types(right)
    return bool(kinds & others & {"array", "object"}) or any(
        "boolean" in some and more & {"integer", "number"}
        for some, more in ((kinds, others), (others, kinds))
    )


def absence_of(type: plan.Type) -> str:
    """Return what an argument or a binding of a type is where it is absent."""
    return "ABSENT" if "null" in schema.types(type.schema) else "None"


def _is_nullable(path: plan.Path) -> bool:
    return "null" in schema.types(path.type.schema)


def attribute_of_reads(reads: Reads) -> Callable[[tuple[plan.Access, ...]], str | None]:
    """Return what names the attribute at the end of a path through a model of what is read."""

    def attribute(accesses: tuple[plan.Access, ...]) -> str | None:
        current = reads
        name: str | None = None
        for access in accesses:
            is_field = isinstance(access.key, str) and not current.is_raw
            name = attribute_names(current.fields)[str(access.key)] if is_field else None
            raw = current.is_raw
            current = current.at((access,))
            current.is_raw |= raw
        return name

    return attribute


def attribute_of_declared(accesses: tuple[plan.Access, ...]) -> str | None:
    """Return the attribute at the end of a path through a model of a declared type."""
    last = accesses[-1]
    if isinstance(last.key, int):
        return None
    known: dict[str, Any] = schema.properties(last.before.schema)
    return attribute_names(known)[last.key] if last.key in known else None
