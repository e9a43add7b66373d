"""The file as written: one immutable `Struct` for each construct, with its span.

Out of the parser, into the checker and the formatter. Nothing here is resolved: a name is
only a word at a place. Above each class stands the form that it takes in a `.wf` file.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from ..source import SourceFile, Span

# --- Words and values


class Name(Struct, frozen=True):
    """A word or a quoted name: `employee`, or `"delete employee"` where that is allowed."""

    text: str
    span: Span


class Text(Struct, frozen=True):
    """A string as a part of a declaration, its escapes resolved: `"Full name"`."""

    value: str
    span: Span


class Field(Struct, frozen=True):
    """`.email`."""

    name: str
    span: Span


class Key(Struct, frozen=True):
    """`["post code"]`: the same as a field, for names that are no words."""

    name: str
    span: Span


class Index(Struct, frozen=True):
    """`[0]`."""

    position: int
    span: Span


Accessor: TypeAlias = Field | Key | Index


class Path(Struct, frozen=True):
    """`employee.addresses[0]["post code"]`."""

    head: Name
    accessors: tuple[Accessor, ...]
    span: Span


class Constant(Struct, frozen=True):
    """`"light"`, `2`, `1.0`, `true`, `null`: the JSON value that was written."""

    value: Any
    span: Span


class FString(Struct, frozen=True):
    """`f"Welcome, {employee_name}!"`: texts and paths in turn."""

    parts: tuple[str | Path, ...]
    span: Span


class Array(Struct, frozen=True):
    """`["security", focus]`."""

    items: tuple[Expression, ...]
    span: Span


class Entry(Struct, frozen=True):
    """`id: employee.employee_id` in an object."""

    key: Name
    value: Expression


class Object(Struct, frozen=True):
    """`{id: employee.employee_id}`."""

    entries: tuple[Entry, ...]
    span: Span


Expression: TypeAlias = Path | Constant | FString | Array | Object

# --- Conditions


class Present(Struct, frozen=True):
    """`laptop`: the value is there."""

    value: Expression
    span: Span


class Comparison(Struct, frozen=True):
    """`level > 3`, `log matches "^Error"`."""

    left: Expression
    operator: str
    right: Expression
    span: Span


class AllOf(Struct, frozen=True):
    """`a and b`."""

    conditions: tuple[Condition, ...]
    span: Span


class AnyOf(Struct, frozen=True):
    """`a or b`."""

    conditions: tuple[Condition, ...]
    span: Span


class Not(Struct, frozen=True):
    """`not a`."""

    condition: Condition
    span: Span


Condition: TypeAlias = Present | Comparison | AllOf | AnyOf | Not

# --- Types


class NamedType(Struct, frozen=True):
    """`string`, `date`, or the name of a `type` declaration."""

    name: Name
    span: Span


class LiteralType(Struct, frozen=True):
    """`"light"`, `3`: just this value."""

    value: str | int
    span: Span


class TypeField(Struct, frozen=True):
    """`tags?: string[]` in an object type."""

    name: Name
    optional: bool
    type: Type


class ObjectType(Struct, frozen=True):
    """`{name: string, tags?: string[]}`."""

    fields: tuple[TypeField, ...]
    span: Span


class Constraint(Struct, frozen=True):
    """`min = 1` in a constrained type."""

    name: Name
    value: Constant | Array | Object


class ConstrainedType(Struct, frozen=True):
    """`integer(min = 1, max = 9)`."""

    base: Type
    constraints: tuple[Constraint, ...]
    span: Span


class ArrayType(Struct, frozen=True):
    """`string[]`."""

    item: Type
    span: Span


class UnionType(Struct, frozen=True):
    """`"light" | "powerful"`."""

    members: tuple[Type, ...]
    span: Span


Type: TypeAlias = NamedType | LiteralType | ObjectType | ConstrainedType | ArrayType | UnionType

# --- Actions of a step


class Argument(Struct, frozen=True):
    """`name = employee_name`; `department` alone is `department = department`."""

    name: Name
    value: Expression
    span: Span


class ToolCall(Struct, frozen=True):
    """`hr.create_employee(name = employee_name)`."""

    server: Name
    tool: Name
    arguments: tuple[Argument, ...]
    span: Span


class WorkflowCall(Struct, frozen=True):
    """`welcome(employee_name)`: another workflow of this file."""

    workflow: Name
    arguments: tuple[Argument, ...]
    span: Span


class Read(Struct, frozen=True):
    """`read files "file:///notes.md"`."""

    server: Name
    uri: Text | FString
    span: Span


Call: TypeAlias = ToolCall | WorkflowCall
Action: TypeAlias = ToolCall | WorkflowCall | Read

# --- Clauses of a step


class When(Struct, frozen=True):
    """`when laptop`."""

    condition: Condition
    span: Span


class For(Struct, frozen=True):
    """`for member in team.members`."""

    name: Name
    items: Expression
    span: Span


class Timeout(Struct, frozen=True):
    """`timeout 10s`, in seconds."""

    seconds: float
    span: Span


class Retry(Struct, frozen=True):
    """`retry 3 every 2s unsafe`: attempts in all, seconds between them."""

    attempts: int
    every: float
    unsafe: bool
    span: Span


class Undo(Struct, frozen=True):
    """`undo hr.delete_employee(employee_id = employee.employee_id)`."""

    call: Call
    span: Span


class Require(Struct, frozen=True):
    """`require not log matches "^Error" "the log cannot be read"`."""

    condition: Condition
    message: Text | FString | None
    span: Span


class Guidance(Struct, frozen=True):
    """`guidance "Match the name with one of these."`."""

    text: Text | FString
    span: Span


Clause: TypeAlias = When | For | Timeout | Retry | Undo | Require | Guidance

# --- Statements of a workflow


class Arg(Struct, frozen=True):
    """`arg laptop?: "light" | "powerful" = "light" "The laptop's model"`."""

    name: Name
    optional: bool
    type: Type | None
    default: Constant | Array | Object | None
    description: Text | None
    span: Span


class Instruction(Struct, frozen=True):
    """`instruction "All steps are mandatory."`."""

    text: Text
    span: Span


class Step(Struct, frozen=True):
    """`step pay: finance.create_payroll(department) as payroll: {id: string}` and its clauses."""

    name: Name
    action: Action
    binding: Name | None
    declared: Type | None
    clauses: tuple[Clause, ...]
    span: Span


class Parallel(Struct, frozen=True):
    """`parallel { step … step … }`."""

    steps: tuple[Step, ...]
    span: Span


class Handoff(Struct, frozen=True):
    """`handoff tasks.create_task(project_id = project.id) "Ask for the rest."`."""

    call: Call | None
    text: Text | FString
    span: Span


class Return(Struct, frozen=True):
    """`return {id: employee.id}`."""

    value: Expression
    span: Span


Statement: TypeAlias = Arg | Instruction | Step | Parallel | Handoff | Return


def steps_of(statement: Statement) -> tuple[Step, ...]:
    """Return the steps of a statement: its own, those of a `parallel`, or none."""
    if isinstance(statement, Parallel):
        return statement.steps
    return (statement,) if isinstance(statement, Step) else ()


# --- Declarations of a file


class Server(Struct, frozen=True):
    """`server "onboarding" version "1.0.0" "What clients are told"`."""

    name: Text
    version: Text | None
    instructions: Text | None
    span: Span


class Source(Struct, frozen=True):
    """`"git-cyanheads" as git` in a `use`: the server's own name and the file's name for it."""

    server: Name
    alias: Name


class Use(Struct, frozen=True):
    """`use hr, finance from "mcp.json"`."""

    sources: tuple[Source, ...]
    origin: Text
    span: Span


class TypeDeclaration(Struct, frozen=True):
    """`type Person = {name: string}`."""

    name: Name
    type: Type
    span: Span


class Workflow(Struct, frozen=True):
    """`workflow onboard_employee "Complete onboarding" { … }`, in the order of the file."""

    name: Name
    description: Text
    statements: tuple[Statement, ...]
    span: Span


Declaration: TypeAlias = Server | Use | TypeDeclaration | Workflow


class Comment(Struct, frozen=True):
    """`# Payroll is busy at the end of the month.`, from the `#` to the end of the line."""

    text: str
    span: Span


class File(Struct, frozen=True):
    """A whole `.wf` file: its declarations and, beside them, its comments in order."""

    source: SourceFile
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]

    def of_kind(self, kind: type[Any]) -> list[Any]:
        """Return the declarations of one kind, in order."""
        return [each for each in self.declarations if isinstance(each, kind)]
