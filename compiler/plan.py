"""The checked workflows: what emitting needs, and nothing else.

Out of the checker, into the emitter. Whoever holds a `plan.Server` holds a program whose
names, arguments and types are right: every expression carries its type, every clause its
value. How any of it looks in Python is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct, field

from .conventions import DEFAULT_DRIFT, DriftMode
from .schema import Schema
from .servers.catalog import Tool
from .servers.configuration import Connection


class Type(Struct, frozen=True):
    """A JSON Schema (2020-12, self-contained), and whether the value may be absent."""

    schema: Schema
    absent: bool = False


# --- Expressions


class Access(Struct, frozen=True):
    """One step of a path: a field's name or an item's position.

    `before` is the type of the value that is read from, `after` the type of what was read
    when that was there. `optional` says that the schema does not require the field or that
    many items, even where a `when` has found it.
    """

    key: str | int
    before: Type
    after: Type
    optional: bool


class Path(Struct, frozen=True):
    """An argument or a binding, and the way to a value in it."""

    name: str
    accesses: tuple[Access, ...]
    root: Type
    type: Type


class Constant(Struct, frozen=True):
    """A JSON value, as it was written."""

    value: Any
    type: Type


class Interpolation(Struct, frozen=True):
    """An f-string: texts and values in turn."""

    parts: tuple[str | Path, ...]
    type: Type


class Array(Struct, frozen=True):
    """An array of expressions, not all of them constant."""

    items: tuple[Expression, ...]
    type: Type


class Object(Struct, frozen=True):
    """An object of expressions, not all of them constant; an absent one leaves its key out."""

    entries: tuple[tuple[str, Expression], ...]
    type: Type


Expression: TypeAlias = Path | Constant | Interpolation | Array | Object


def paths(expression: Expression) -> Iterator[Path]:
    """Yield the paths that an expression reads."""
    match expression:
        case Path():
            yield expression
        case Interpolation():
            yield from (part for part in expression.parts if isinstance(part, Path))
        case Array():
            for item in expression.items:
                yield from paths(item)
        case Object():
            for _, value in expression.entries:
                yield from paths(value)


# --- Conditions


class Present(Struct, frozen=True):
    """The value at a path is there."""

    path: Path


class Comparison(Struct, frozen=True):
    """Two values compared by `==`, `!=`, `<`, `<=`, `>`, `>=`, `contains` or `matches`."""

    left: Expression
    operator: str
    right: Expression


class AllOf(Struct, frozen=True):
    """Every one of the conditions holds."""

    conditions: tuple[Condition, ...]


class AnyOf(Struct, frozen=True):
    """At least one of the conditions holds."""

    conditions: tuple[Condition, ...]


class Not(Struct, frozen=True):
    """The condition does not hold."""

    condition: Condition


Condition: TypeAlias = Present | Comparison | AllOf | AnyOf | Not


def tested_paths(condition: Condition) -> Iterator[Path]:
    """Yield the paths of which a condition asks whether anything is there."""
    match condition:
        case Present(path):
            yield path
        case AllOf(conditions) | AnyOf(conditions):
            for each in conditions:
                yield from tested_paths(each)
        case Not(inner):
            yield from tested_paths(inner)


def condition_paths(condition: Condition) -> Iterator[Path]:
    """Yield the paths that a condition reads."""
    match condition:
        case Present():
            yield condition.path
        case Comparison():
            yield from paths(condition.left)
            yield from paths(condition.right)
        case AllOf() | AnyOf():
            for each in condition.conditions:
                yield from condition_paths(each)
        case Not():
            yield from condition_paths(condition.condition)


# --- Steps


class Downstream(Struct, frozen=True):
    """A server whose tools the workflows call: its name in the files, and how to reach it.

    `origin` is the path of the configuration or Python file, relative to the `.wf` file, and
    `folder` the folder of that `.wf` file as the command was given it.
    """

    name: str
    server: str
    origin: str
    folder: str
    connection: Connection


class Argument(Struct, frozen=True):
    """A tool's parameter and the value for it.

    `check` is the schema that the value is checked against when the step runs, for what could
    not be proved; None where it was.
    """

    name: str
    value: Expression
    check: Schema | None = None


class ToolCall(Struct, frozen=True):
    """A call of a tool; `check` is for all of its arguments together, as in `Argument`."""

    server: Downstream
    tool: Tool
    arguments: tuple[Argument, ...]
    check: Schema | None = None


class WorkflowCall(Struct, frozen=True):
    """A call of another workflow of the same file."""

    workflow: str
    arguments: tuple[Argument, ...]


class Read(Struct, frozen=True):
    """A read of a server's resource."""

    server: Downstream
    uri: Constant | Interpolation


Action: TypeAlias = ToolCall | WorkflowCall | Read


class Requirement(Struct, frozen=True):
    """A condition on a step's own output, and what to say when it does not hold.

    `is_worded` says that the `.wf` has these words.
    """

    condition: Condition
    message: Expression
    is_worded: bool


class Loop(Struct, frozen=True):
    """Runs a step for each item: its name, the items, and the type of an item."""

    name: str
    items: Expression
    item: Type


class Step(Struct, frozen=True):
    """One step: what it does, what it is bound to, and its clauses.

    `output` is the type of one output of the action; `declared` says that the `.wf` declared
    it, so that it is to be validated. Under `loop` the binding is the array of the outputs.
    `is_unsafe` is what a `retry` says of repeating its effect.
    """

    name: str
    action: Action
    binding: str | None
    output: Type
    declared: bool = False
    when: Condition | None = None
    loop: Loop | None = None
    timeout: float | None = None
    attempts: int = 1
    every: float = 0.0
    is_unsafe: bool = False
    undo: ToolCall | WorkflowCall | None = None
    requirements: tuple[Requirement, ...] = ()
    guidance: Expression | None = None
    comments: tuple[str, ...] = ()


class Parallel(Struct, frozen=True):
    """Steps that run at the same time."""

    steps: tuple[Step, ...]
    comments: tuple[str, ...] = ()


class Handoff(Struct, frozen=True):
    """What is left to the model: the guidance, and the call with what is known of it."""

    text: Expression
    call: ToolCall | WorkflowCall | None
    missing: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


# --- Workflows


class Parameter(Struct, frozen=True):
    """An argument of a workflow."""

    name: str
    type: Type
    description: str
    default: Any = None
    has_default: bool = False
    used: bool = True

    @property
    def required(self) -> bool:
        """Whether a caller has to give it."""
        return not (self.type.absent or self.has_default)


class Workflow(Struct, frozen=True):
    """A workflow; `result` is its `return`, or without one the object of all its bindings."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    instructions: tuple[str, ...]
    statements: tuple[Step | Parallel, ...]
    result: Expression | None
    handoff: Handoff | None = None
    comments: tuple[str, ...] = ()

    @property
    def steps(self) -> Iterator[Step]:
        """The steps, in the order of the file, those in `parallel` among them."""
        for statement in self.statements:
            if isinstance(statement, Parallel):
                yield from statement.steps
            else:
                yield statement


class Server(Struct, frozen=True):
    """The MCP server to write."""

    name: str
    version: str | None
    instructions: str | None
    files: tuple[str, ...]
    workflows: tuple[Workflow, ...]
    downstreams: tuple[Downstream, ...] = field(default=())


class Placement(Struct, frozen=True):
    """Where the module will stand: paths with forward slashes, relative to its folder.

    `sources` are the `.wf` files, `folders` maps each folder of a `.wf` file, as the command was
    given it, to its path from the module, and `output` is the module's own file name. `drift` is
    what the module does when a server's tools are not what they were when it was built.
    """

    sources: tuple[str, ...]
    folders: dict[str, str]
    output: str
    drift: DriftMode = DEFAULT_DRIFT
