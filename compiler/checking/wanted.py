"""The declaration that the uses of a binding ask for: `as x: {id: string, tags: string[]}`.

In: a workflow as it is written, one of its bindings, and what the tools that it flows into take.
Out: a type of the language that covers every use in the workflow, ready to be pasted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from .. import schema
from ..diagnostics import Diagnostic
from ..language import syntax
from ..language.parse import parse
from ..schema import Access, Schema
from ..source import SourceFile
from .declared import DeclaredTypes, opened

Taken = Callable[[syntax.Call, str], Access | None]
"""What the parameter of a name takes in a call; None where that is not known."""

Key = str | int

_TEXT = Access({"type": "string"}, required=True)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SIMPLE = {"string", "integer", "number", "boolean"}
_MOST_VALUES = 12
_MOST_NESTING = 6
_SCALARS = ("string", "integer", "number", "boolean", "null")


class Declaration(Struct, frozen=True):
    """A type to declare, as it is written and as the schema that this gives."""

    text: str
    schema: Schema
    part: Schema | None
    """The type of the part that it was asked for; None where it does not know of that."""


def declaration(
    workflow: syntax.Workflow,
    step: syntax.Step,
    known: Schema | None,
    taken: Taken,
    place: Sequence[Key],
    *,
    is_present: bool,
) -> Declaration:
    """Return the type to declare for one output of a step, by all the uses of its binding.

    `known` is its type so far, which stands where no use asks for more; None for a text. It is
    asked for because of the part that `place` leads to; `is_present` declares that as always there.
    """
    need = _Need()
    _Uses(step, need, taken).of_workflow(workflow)
    if is_present:
        need.force(place)
    text = written_type(need.type(known))
    # What is written may say less than was meant.
    declared = _declared(text)
    assert declared is not None
    part: Schema | None = declared
    for key in place:
        part = _part(part, key)
    return Declaration(text, declared, part)


class _Need(Struct):
    """What is asked of a value: to be valid for schemas, to have fields, to have items."""

    schemas: list[Schema] = field(default_factory=list)
    fields: dict[str, _Need] = field(default_factory=dict)
    items: _Need | None = None
    is_tested: bool = False
    """Whether its presence is tested somewhere."""
    is_needed: bool = False
    """Whether it has to be there somewhere."""
    in_text: bool = False
    """Whether it stands in an f-string."""

    def item(self) -> _Need:
        self.items = self.items or _Need()
        return self.items

    def part(self, key: Key) -> _Need:
        return self.item() if isinstance(key, int) else self.fields.setdefault(key, _Need())

    def at(self, accessors: Iterable[syntax.Accessor]) -> _Need:
        current = self
        for each in accessors:
            current = current.part(each.position if isinstance(each, syntax.Index) else each.name)
        return current

    def force(self, present: Sequence[Key]) -> None:
        current = self
        for key in present:
            current = current.part(key)
            current.is_needed, current.is_tested = True, False

    def has_to_be_there(self, known: Access | None) -> bool:
        """Whether a field with this need is to be declared as required."""
        if known is None or known.required:
            return not self.is_tested
        return not self.is_tested and self._is_needed_within()

    def _is_needed_within(self) -> bool:
        parts = [*self.fields.values(), *([] if self.items is None else [self.items])]
        return self.is_needed or any(part._is_needed_within() for part in parts)

    def type(self, known: Schema | None) -> Schema:
        """Return the type that has all that is asked for."""
        asked = _narrowest([*([] if known is None else [known]), *self.schemas])
        if self.fields:
            whole = schema.properties(asked) if self.schemas and asked is not None else {}
            fields = {
                name: Access(
                    need.type(_part(known, name)), need.has_to_be_there(_access(known, name))
                )
                for name, need in self.fields.items()
            }
            required = {name: each for name, each in whole.items() if each.required}
            return opened(schema.object_of({**required, **fields}))
        if self.items is not None:
            return schema.array_of(self.items.type(_part(asked, None)))
        if asked is None:
            asked = True
        return _simple(asked) if self.in_text else asked


class _Uses:
    """Notes what one workflow does with the output of one of its steps."""

    def __init__(self, step: syntax.Step, need: _Need, taken: Taken) -> None:
        self.step = step
        self.need = need
        self.taken = taken
        self.names: dict[str, _Need] = {}

    def of_workflow(self, workflow: syntax.Workflow) -> None:
        for statement in workflow.statements:
            match statement:
                case syntax.Step():
                    self.of_step(statement)
                case syntax.Parallel(steps=steps):
                    for step in steps:
                        self.of_step(step)
                case syntax.Return(value=value):
                    self.flow(value, None)
                case syntax.Handoff(call=call, text=text):
                    self.flow(text, None)
                    if call is not None:
                        self.call(call)

    def of_step(self, step: syntax.Step) -> None:
        before = dict(self.names)
        if step is self.step and step.binding is not None:
            self.names[step.binding.text] = self.need  # in its own clauses: one output
        for clause in step.clauses:
            if isinstance(clause, syntax.For):
                self.loop(clause)
        self.action(step.action)
        for clause in step.clauses:
            self.clause(clause)
        self.names = before
        if step is self.step and step.binding is not None:
            is_repeated = any(isinstance(clause, syntax.For) for clause in step.clauses)
            self.names[step.binding.text] = _Need(items=self.need) if is_repeated else self.need

    def loop(self, clause: syntax.For) -> None:
        array = self.node(clause.items)
        if array is not None:
            array.is_needed = True
            self.names[clause.name.text] = array.item()
        else:
            self.flow(clause.items, None)
            self.names.pop(clause.name.text, None)

    def action(self, action: syntax.Action) -> None:
        if isinstance(action, syntax.Read):
            self.flow(action.uri, None)
        else:
            self.call(action)

    def call(self, call: syntax.Call) -> None:
        for argument in call.arguments:
            self.flow(argument.value, self.taken(call, argument.name.text))

    def clause(self, clause: syntax.Clause) -> None:
        match clause:
            case syntax.Undo(call=call):
                self.call(call)
            case syntax.When(condition=condition):
                self.condition(condition)
            case syntax.Require(condition=condition, message=message):
                self.condition(condition)
                if message is not None:
                    self.flow(message, None)
            case syntax.Guidance(text=text):
                self.flow(text, None)

    def node(self, written: syntax.Expression) -> _Need | None:
        if isinstance(written, syntax.Path) and written.head.text in self.names:
            return self.names[written.head.text].at(written.accessors)
        return None

    def flow(self, written: syntax.Expression | syntax.Text, asked: Access | None) -> None:
        match written:
            case syntax.Path():
                need = self.node(written)
                if need is not None and asked is not None:
                    need.schemas.append(asked.schema)
                    need.is_needed |= asked.required
            case syntax.FString(parts=parts):
                for part in parts:
                    need = None if isinstance(part, str) else self.node(part)
                    if need is not None:
                        need.is_needed = True
                        need.in_text = True
            case syntax.Array(items=items):
                for index, item in enumerate(items):
                    inner = _inside(asked, index)
                    self.flow(item, Access(inner.schema if inner else True, required=True))
            case syntax.Object(entries=entries):
                for entry in entries:
                    self.flow(entry.value, _inside(asked, entry.key.text))

    def condition(self, written: syntax.Condition) -> None:
        match written:
            case syntax.Present(value=value):
                need = self.node(value)
                if need is not None:
                    need.is_tested = True
            case syntax.Comparison(left=left, operator=operator, right=right):
                is_text = operator in ("contains", "matches")
                self.flow(left, _TEXT if is_text else _kind_of(right))
                self.flow(right, _TEXT if is_text else _kind_of(left))
            case syntax.Not(condition=condition):
                self.condition(condition)
            case syntax.AllOf(conditions=conditions) | syntax.AnyOf(conditions=conditions):
                for each in conditions:
                    self.condition(each)


def _kind_of(written: syntax.Expression) -> Access:
    """What a value must be to be compared with another."""
    match written:
        case syntax.Constant(value=bool()):
            return Access({"type": "boolean"}, required=True)
        case syntax.Constant(value=int() | float()):
            return Access({"type": "number"}, required=True)
        case syntax.Constant(value=str()) | syntax.FString():
            return _TEXT
    return Access(True, required=True)


def _narrowest(schemas: list[Schema]) -> Schema | None:
    """Return the schema that asks for most; what contradicts the first is left aside."""
    schemas = [each for each in schemas if each is not True and each != {}] or schemas[:1]
    if not schemas:
        return None
    narrowest, *others = schemas
    for each in others:
        is_wider = schema.assignable(narrowest, each).answer == "yes"
        keeps = is_wider and schema.format_gap(narrowest, each) is None
        if not keeps and schema.disjoint(narrowest, each) != "yes":
            narrowest = each
    return narrowest


def _simple(asked: Schema) -> Schema:
    """Return what of a type may stand in an f-string."""
    kinds = schema.types(asked)
    simple = sorted(kinds & _SIMPLE)
    if kinds <= _SIMPLE or not simple:
        return asked
    return {"type": simple[0]} if len(simple) == 1 else _TEXT.schema


def _access(whole: Schema | None, key: Key | None) -> Access | None:
    if whole is None or schema.assignable(True, whole).answer == "yes":
        return None  # nothing is said of it
    access = schema.field(whole, key) if isinstance(key, str) else schema.item(whole, key)
    return access if isinstance(access, Access) else None


def _inside(asked: Access | None, key: Key) -> Access | None:
    return None if asked is None else _access(asked.schema, key)


def _part(whole: Schema | None, key: Key | None) -> Schema | None:
    access = _access(whole, key)
    return None if access is None else access.schema


# --- Schemas as they are written in a `.wf`


def written_type(given: Schema, depth: int = 0) -> str:
    """Return a schema as a type of the language: `any` where the language has no words for it."""
    if depth > _MOST_NESTING or schema.assignable(True, given).answer == "yes":
        return "any"
    values = schema.enumeration(given)
    if values and len(values) <= _MOST_VALUES:
        literals = " | ".join(json.dumps(value, ensure_ascii=False) for value in values)
        if _declared(literals) is not None:
            return literals
    kinds = schema.types(given)
    if kinds == {"object"}:
        return _object(given, depth)
    if kinds == {"array"}:
        item = schema.item(given, None)
        return _array(written_type(item.schema, depth + 1) if isinstance(item, Access) else "any")
    if not kinds or not kinds <= set(_SCALARS):
        return "any"
    # There are no words for 1.5 as a type, nor for a pattern that Python cannot read: a value of
    # `any` is looked at when it comes, while one of `number` would be refused now.
    alone: list[str] = list(kinds) if len(kinds) == 1 else []
    for text in [schema.describe(given, limit=200), *alone]:
        declared = _declared(text)
        if declared is not None and schema.assignable(declared, given).answer != "no":
            return text
    return "any"


def _object(given: Schema, depth: int) -> str:
    fields = [
        _field(name, written_type(each.schema, depth + 1), is_optional=not each.required)
        for name, each in schema.properties(given).items()
    ]
    return "{" + ", ".join(fields) + "}" if fields else "any"


def _field(name: str, type: str, *, is_optional: bool) -> str:
    written = name if _WORD.match(name) else json.dumps(name, ensure_ascii=False)
    return f"{written}{'?' if is_optional else ''}: {type}"


def _array(item: str) -> str:
    written = _read(item)
    return f"({item})[]" if isinstance(written, syntax.UnionType) else f"{item}[]"


def _declared(text: str) -> Schema | None:
    """Return the schema of a type that is written in the language; None where it is none."""
    written = _read(text)
    problems: list[Diagnostic] = []
    declared = None if written is None else DeclaredTypes({}, problems.append).schema(written)
    return None if problems else declared


def _read(text: str) -> syntax.Type | None:
    """Return a type that is written in the language; None where it has no such words."""
    source = SourceFile("", f"type Written = {text}")
    declared: list[syntax.TypeDeclaration] = parse(source)[0].of_kind(syntax.TypeDeclaration)
    is_whole = bool(declared) and declared[0].span.end == len(source.text)
    return declared[0].type if is_whole else None
