"""The file as written: one frozen dataclass for each construct, with its span.

Out of the parser, into the checker and the formatter. Nothing here is resolved: a name is
only a word at a place. Above each class stands the form that it takes in a `.wf` file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ..source import SourceFile, Span

# --- Words and values


@dataclass(frozen=True, slots=True)
class Name:
    """A word or a quoted name: `employee`, or `"delete employee"` where that is allowed."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A string as a part of a declaration, its escapes resolved: `"Full name"`."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Field:
    """`.email`."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Key:
    """`["post code"]`: the same as a field, for names that are no words."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`[0]`."""

    position: int
    span: Span


Accessor: TypeAlias = Field | Key | Index


@dataclass(frozen=True, slots=True)
class Path:
    """`employee.addresses[0]["post code"]`."""

    head: Name
    accessors: tuple[Accessor, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Constant:
    """`"light"`, `2`, `1.0`, `true`, `null`: the JSON value that was written."""

    value: Any
    span: Span


@dataclass(frozen=True, slots=True)
class FString:
    """`f"Welcome, {employee_name}!"`: texts and paths in turn."""

    parts: tuple[str | Path, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Array:
    """`["security", focus]`."""

    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """`id: employee.employee_id` in an object."""

    key: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Object:
    """`{id: employee.employee_id}`."""

    entries: tuple[Entry, ...]
    span: Span


Expression: TypeAlias = Path | Constant | FString | Array | Object

# --- Conditions


@dataclass(frozen=True, slots=True)
class Present:
    """`laptop`: the value is there."""

    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """`level > 3`, `log matches "^Error"`."""

    left: Expression
    operator: str
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class AllOf:
    """`a and b`."""

    conditions: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`a or b`."""

    conditions: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`."""

    condition: Condition
    span: Span


Condition: TypeAlias = Present | Comparison | AllOf | AnyOf | Not

# --- Types


@dataclass(frozen=True, slots=True)
class NamedType:
    """`string`, `date`, or the name of a `type` declaration."""

    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class LiteralType:
    """`"light"`, `3`: just this value."""

    value: str | int
    span: Span


@dataclass(frozen=True, slots=True)
class TypeField:
    """`tags?: string[]` in an object type."""

    name: Name
    optional: bool
    type: Type


@dataclass(frozen=True, slots=True)
class ObjectType:
    """`{name: string, tags?: string[]}`."""

    fields: tuple[TypeField, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Constraint:
    """`min = 1` in a constrained type."""

    name: Name
    value: Constant | Array | Object


@dataclass(frozen=True, slots=True)
class ConstrainedType:
    """`integer(min = 1, max = 9)`."""

    base: Type
    constraints: tuple[Constraint, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ArrayType:
    """`string[]`."""

    item: Type
    span: Span


@dataclass(frozen=True, slots=True)
class UnionType:
    """`"light" | "powerful"`."""

    members: tuple[Type, ...]
    span: Span


Type: TypeAlias = NamedType | LiteralType | ObjectType | ConstrainedType | ArrayType | UnionType

# --- Actions of a step


@dataclass(frozen=True, slots=True)
class Argument:
    """`name = employee_name`; `department` alone is `department = department`."""

    name: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`hr.create_employee(name = employee_name)`."""

    server: Name
    tool: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class WorkflowCall:
    """`welcome(employee_name)`: another workflow of this file."""

    workflow: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Read:
    """`read files "file:///notes.md"`."""

    server: Name
    uri: Text | FString
    span: Span


Call: TypeAlias = ToolCall | WorkflowCall
Action: TypeAlias = ToolCall | WorkflowCall | Read

# --- Clauses of a step


@dataclass(frozen=True, slots=True)
class When:
    """`when laptop`."""

    condition: Condition
    span: Span


@dataclass(frozen=True, slots=True)
class For:
    """`for member in team.members`."""

    name: Name
    items: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Timeout:
    """`timeout 10s`, in seconds."""

    seconds: float
    span: Span


@dataclass(frozen=True, slots=True)
class Retry:
    """`retry 3 every 2s unsafe`: attempts in all, seconds between them."""

    attempts: int
    every: float
    unsafe: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Undo:
    """`undo hr.delete_employee(employee_id = employee.employee_id)`."""

    call: Call
    span: Span


@dataclass(frozen=True, slots=True)
class Require:
    """`require not log matches "^Error" "the log cannot be read"`."""

    condition: Condition
    message: Text | FString | None
    span: Span


@dataclass(frozen=True, slots=True)
class Guidance:
    """`guidance "Match the name with one of these."`."""

    text: Text | FString
    span: Span


Clause: TypeAlias = When | For | Timeout | Retry | Undo | Require | Guidance

# --- Statements of a workflow


@dataclass(frozen=True, slots=True)
class Arg:
    """`arg laptop?: "light" | "powerful" = "light" "The laptop's model"`."""

    name: Name
    optional: bool
    type: Type | None
    default: Constant | Array | Object | None
    description: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Instruction:
    """`instruction "All steps are mandatory."`."""

    text: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """`step pay: finance.create_payroll(department) as payroll: {id: string}` and its clauses."""

    name: Name
    action: Action
    binding: Name | None
    declared: Type | None
    clauses: tuple[Clause, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Parallel:
    """`parallel { step … step … }`."""

    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Handoff:
    """`handoff tasks.create_task(project_id = project.id) "Ask for the rest."`."""

    call: Call | None
    text: Text | FString
    span: Span


@dataclass(frozen=True, slots=True)
class Return:
    """`return {id: employee.id}`."""

    value: Expression
    span: Span


Statement: TypeAlias = Arg | Instruction | Step | Parallel | Handoff | Return

# --- Declarations of a file


@dataclass(frozen=True, slots=True)
class Server:
    """`server "onboarding" version "1.0.0" "What clients are told"`."""

    name: Text
    version: Text | None
    instructions: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Source:
    """`"git-cyanheads" as git` in a `use`: the server's own name and the file's name for it."""

    server: Name
    alias: Name


@dataclass(frozen=True, slots=True)
class Use:
    """`use hr, finance from "mcp.json"`."""

    sources: tuple[Source, ...]
    origin: Text
    span: Span


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    """`type Person = {name: string}`."""

    name: Name
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Workflow:
    """`workflow onboard_employee "Complete onboarding" { … }`, in the order of the file."""

    name: Name
    description: Text
    statements: tuple[Statement, ...]
    span: Span


Declaration: TypeAlias = Server | Use | TypeDeclaration | Workflow


@dataclass(frozen=True, slots=True)
class Comment:
    """`# Payroll is busy at the end of the month.`, from the `#` to the end of the line."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class File:
    """A whole `.wf` file: its declarations and, beside them, its comments in order."""

    source: SourceFile
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]

    def of_kind(self, kind: type[Any]) -> list[Any]:
        """Return the declarations of one kind, in order."""
        return [each for each in self.declarations if isinstance(each, kind)]
