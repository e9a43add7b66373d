"""One workflow as its template sees it.

In: a `plan.Workflow` and the module that it goes into. Out: the view of its template, every value
Python text; and a note of what it uses of the plumbing. Its steps are written by `emit_step`.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from .. import plan, schema
from .formatting import laid_out_if_short
from .literals import bracketed, enclosed, literal
from .names import USED_IN_FUNCTIONS, Names, camel_case, plain, variable_name
from .python_types import ANY_JSON, PythonTypes, TypedDictionary, is_of_models
from .python_values import Local, Values, absence_of, attribute_of_declared, dictionary
from .reads import read_elsewhere, reads_of
from .step import StepWriter

if TYPE_CHECKING:
    from .emit import ModuleWriter


class Features(Struct):
    """What the workflows use of the plumbing, beyond what their expressions do."""

    skips: bool = False
    undoes_by_tools: bool = False
    undoes_by_workflows: bool = False
    retries: bool = False
    checks: bool = False
    checks_undos: bool = False
    declares: bool = False
    promises: bool = False
    requires: bool = False
    requires_of_items: bool = False
    loops: bool = False
    parallels: bool = False
    calls_tools: bool = False
    calls_workflows: bool = False
    checks_workflow_arguments: bool = False
    reads_resources: bool = False
    hands_off: bool = False
    reads_integers: bool = False
    reads_numbers: bool = False
    enumerates: bool = False
    reads_json_text: bool = False
    checked_formats: set[str] = field(default_factory=set)

    @property
    def undoes(self) -> bool:
        """Whether anything is undone."""
        return self.undoes_by_tools or self.undoes_by_workflows

    @property
    def has_parts(self) -> bool:
        """Whether a run has parts, which tell their steps as parts of one of its own."""
        return self.loops or self.parallels or self.calls_workflows


class Parameter(Struct, frozen=True):
    """An argument of a workflow in Python."""

    parameter: plan.Parameter
    name: str
    alias: str
    python_type: str
    """The type alone, without what an alias says of it as an argument of a tool."""
    definition: str
    has_models: bool
    default_name: str | None = None
    """The constant that holds a default which is an array or an object."""
    comes_as_json: bool = False
    """Whether a prompt is given it as the text of JSON."""

    @property
    def default(self) -> str:
        """What stands after the annotation in a signature."""
        if self.default_name is not None:
            return f" = {self.default_name}"
        if self.parameter.has_default:
            return f" = {literal(self.parameter.default)}"
        return " = None" if self.is_optional else ""

    @property
    def absence(self) -> str:
        """What it is where it is absent: a default that its annotation gives is `ABSENT`."""
        return absence_of(self.parameter.type)

    @property
    def is_optional(self) -> bool:
        """Whether it is None where it is left out."""
        return self.parameter.type.absent and self.absence == "None"

    @property
    def alias_for_prompt(self) -> str:
        """The annotation in the prompt's signature."""
        return f"Annotated[{self.alias}, FromText]" if self.comes_as_json else self.alias

    @property
    def shown(self) -> str:
        """The Python for its value as JSON."""
        return f"json_value({self.name})" if self.has_models else self.name


class Callee(Struct, frozen=True):
    """A workflow as others call it."""

    runner: str
    parameters: tuple[Parameter, ...]
    step_count: int
    returns: str


class WorkflowWriter:
    """Collects the view of one workflow."""

    def __init__(self, module: ModuleWriter, workflow: plan.Workflow) -> None:
        self.module = module
        self.workflow = workflow
        self.used = module.used
        identifier = variable_name(workflow.name)
        self.runner = module.names.add(f"run_{identifier}")
        self.function = module.names.add(identifier)
        self.prompt_function = module.names.add(f"{identifier}_prompt")
        self.types = PythonTypes(module.names, module.formats)
        self.locals = Names(
            USED_IN_FUNCTIONS | {self.function} | {each.runner for each in module.callees.values()}
        )
        self.values = Values(module.uses)
        self.reads = reads_of(workflow)
        self.read_elsewhere = read_elsewhere(workflow)

    def view(self) -> dict[str, Any]:
        """Return what the template of a workflow is filled with."""
        workflow = self.workflow
        parameters = [self._parameter(parameter) for parameter in workflow.parameters]
        argument_models = [model.python for model in self.types.models]
        writer = StepWriter(self)
        statements = [writer.statement(statement) for statement in workflow.statements]
        returns, return_lines = self._result(writer)
        self.module.uses.absent |= self.types.uses_absent
        self.used.reads_integers |= self.types.uses_integers
        self.used.reads_numbers |= self.types.uses_numbers
        self.used.enumerates |= self.types.uses_enumerations
        self.module.uses.json_value |= any(each.has_models for each in parameters)
        step_count = len(list(workflow.steps))
        self.module.callees[workflow.name] = Callee(
            self.runner, tuple(parameters), step_count, returns
        )
        docstring, description = _function_docstring(workflow.description)
        in_order = sorted(
            parameters, key=lambda each: (not each.parameter.required, bool(each.default))
        )
        # The SDK hands the context over under its name, where an argument must not be.
        is_taken = any(each.name == "ctx" for each in workflow.parameters)
        context = "context" if is_taken else "ctx"
        described = [f"description={description}"] if description else []
        is_renamed = self.function != workflow.name
        passed = ["run", *(each.name for each in parameters)]
        return {
            "heading": _heading(workflow),
            "name": plain(workflow.name),
            "wire_name": literal(workflow.name),
            "argument_models": argument_models,
            "aliases": [each.definition for each in parameters],
            "models": [
                laid_out_if_short(model.python)
                for model in self.types.models[len(argument_models) :]
            ],
            "runner": self.runner,
            "function": self.function,
            "prompt_function": self.prompt_function,
            "takes": _signature(
                'run: "Run"', [f"{each.name}: {each.alias}" for each in parameters]
            ),
            "tool_takes": _signature(
                f"{context}: Context",
                [f"{each.name}: {each.alias}{each.default}" for each in in_order],
            ),
            "prompt_takes": _signature(
                f"{context}: Context",
                [f"{each.name}: {each.alias_for_prompt}{each.default}" for each in in_order],
            ),
            "context": context,
            "run": enclosed(f"await {self.runner}(", passed, ")", indent=12),
            "run_and_return": enclosed(f"return await {self.runner}(", passed, ")", indent=8),
            "returns": returns,
            "statements": statements,
            "return_lines": return_lines,
            "step_count": step_count,
            "docstring": docstring,
            "intent": enclosed(
                "run.intent(",
                [literal(workflow.description or workflow.name), self._shown(parameters)],
                ")",
                indent=4,
            ),
            "as_tool": enclosed(
                "@mcp.tool(",
                [
                    *([f"name={literal(workflow.name)}"] if is_renamed else []),
                    *described,
                    f"annotations=ToolAnnotations({self._hints()})",
                ],
                ")",
            ),
            "as_prompt": enclosed(
                "@mcp.prompt(", [f"name={literal(workflow.name)}", *described], ")"
            ),
            "instructions": [
                enclosed("run.user(", [literal(text)], ")", indent=4)
                for text in workflow.instructions
            ],
            "plan": bracketed("run.plan(", [*map(_planned, workflow.steps)], ")"),
        }

    def local_name(self, name: str) -> str:
        """Take a name for an argument, a binding or an item."""
        return self.locals.add(variable_name(name))

    def _hints(self) -> str:
        """What the tool tells about itself, derived from the tools that it calls."""
        tools = list(_tools(self.workflow, self.module.server))
        if all(tool.read_only for tool in tools):
            return "read_only_hint=True"
        hints = [f"destructive_hint={any(tool.destructive for tool in tools)}"]
        if all(tool.idempotent for tool in tools):
            hints.append("idempotent_hint=True")
        return ", ".join(hints)

    def _parameter(self, parameter: plan.Parameter) -> Parameter:
        name = variable_name(parameter.name)
        name = self.locals.add(f"value_{name}" if is_of_models(name, parameter.name) else name)
        prefixed = f"{camel_case(self.workflow.name)}{camel_case(parameter.name)}"
        alias = self.module.names.add(camel_case(parameter.name), prefixed)
        models_before = len(self.types.models)
        kind = self.types.of_declared(parameter.type.schema, prefixed, strict=False)
        has_models = len(self.types.models) > models_before
        absence = absence_of(parameter.type)
        if parameter.type.absent:
            kind += " | None" if absence == "None" else " | SkipJsonSchema[Absent]"
        if _may_lose_text(parameter.type.schema, kind):
            # The SDK reads JSON in texts, but knows an argument only by the name that it has here.
            name = self.locals.add(f"{name}_")
        self.values.variables[parameter.name] = Local(
            name,
            attribute_of_declared,
            has_models=has_models,
            is_declared=True,
            absence=absence,
        )
        options = [f"description={literal(parameter.description)}"] if parameter.description else []
        if parameter.type.absent and absence != "None":
            self.types.uses_absent = True
            options.append("default_factory=lambda: ABSENT")
        if name != parameter.name:
            options.append(f"validation_alias={literal(parameter.name)}")
        if has_models and parameter.has_default:
            # Pydantic would tell clients of fields that the default leaves out.
            told = {"default": parameter.default}
            options.append(f"json_schema_extra={literal(told)}")
        # `None` alone would be a value for type checkers.
        is_bare = not options and kind != "None"
        definition = f"{alias} = {kind}"
        if not is_bare:
            field = enclosed("Field(", options, ")", indent=4)
            definition = enclosed(f"{alias} = Annotated[", [kind, field], "]")
        comes_as_json = _comes_as_json(parameter.type.schema)
        self.used.reads_json_text |= comes_as_json
        default_name = None
        if isinstance(parameter.default, list | dict):
            default_name = self.module.names.add(
                f"DEFAULT_{name.upper()}", f"DEFAULT_{self.function.upper()}_{name.upper()}"
            )
            value = literal(parameter.default)
            if has_models:
                value = f"TypeAdapter({kind}).validate_python({value})"
            definition += f"\n{default_name}: {alias} = {value}"
        return Parameter(
            parameter, name, alias, kind, definition, has_models, default_name, comes_as_json
        )

    def _shown(self, parameters: list[Parameter]) -> str:
        """Return the Python for the arguments that are given, as JSON."""
        shown = dictionary([(each.parameter.name, each.shown) for each in parameters])
        if not any(each.parameter.type.absent for each in parameters):
            return shown
        optional = [each.parameter.name for each in parameters if each.is_optional]
        return self.values.present(shown, optional, indent=8)

    # --- The result

    def _result(self, writer: StepWriter) -> tuple[str, list[str]]:
        """Return the annotation of what the workflow returns, and the lines that return it."""
        if self.workflow.handoff is not None:
            return "Handoff", writer.handoff(self.workflow.handoff)
        result = self.workflow.result
        assert result is not None
        if not isinstance(result, plan.Object):
            written = self.values.value(result, "return").python
            returned = self._returned(result)
            may_be_any = written.startswith(("run.", "json_value(")) or (
                isinstance(result, plan.Path) and self.values.variables[result.name].is_any
            )
            if returned in (ANY_JSON, "None") or (may_be_any and returned != "Any"):
                # Type checkers want to be told what a value is that may be any.
                return returned, [f"result: {returned} = {written}", "return result"]
            return returned, [f"return {written}"]
        name = self.module.names.add(f"{camel_case(self.workflow.name)}Result")
        keys: dict[str, str] = {}
        given: list[tuple[str, str]] = []
        later: list[str] = []
        for key, value in result.entries:
            kind = self._returned(value, is_part=True)
            if not value.type.absent:
                keys[key] = kind
                given.append((key, self.values.value(value, "return").python))
                continue
            assert isinstance(value, plan.Path)
            keys[key] = f"NotRequired[{kind}]"
            read = self.values.value(value, "return")
            if read.absent and not read.none and "(" in read.python:
                # What is called is called once, and type checkers see what it returned.
                local = self.local_name(key)
                later += [f"{local} = {read.python}", f"if {local} is not ABSENT:"]
                later += [f"    result[{literal(key)}] = {local}"]
                self.module.uses.absent = True
                continue
            there = self.values.value(_as_present(value), "return").python
            condition = self.values.is_there(value, "return")
            later += [f"if {condition}:", f"    result[{literal(key)}] = {there}"]
        docstring = f"What {plain(self.workflow.name)} returns."
        self.types.models.append(TypedDictionary(name, docstring, keys))
        written = dictionary(given)
        if not later:
            return name, [f"return {written}"]
        return name, [f"result: {name} = {written}", *later, "return result"]

    def _returned(self, value: plan.Expression, *, is_part: bool = False) -> str:
        """Return the annotation of a value that is returned, alone or as a part of an object."""
        if isinstance(value, plan.Path) and not value.accesses:
            annotated = self.values.variables[value.name].annotated
            if annotated is not None and not is_part:
                return annotated
            if annotated is not None:
                # Below Python 3.12 pydantic does not read one TypedDict within another.
                return self.types.published(value.type.schema, python="Any")
        if schema.types(value.type.schema) == schema.types({}) and not is_part:
            return ANY_JSON
        return self.types.published(value.type.schema)


def _signature(first: str, others: list[str]) -> str:
    """Return what a function takes: where that is several things beside its first, each apart."""
    parameters = [first, *others]
    if len(others) < 2:
        return f"({', '.join(parameters)})"
    return bracketed("(", parameters, ")")


def _tools(workflow: plan.Workflow, server: plan.Server) -> Any:
    """Every tool that a workflow may call, through others too."""
    for step in workflow.steps:
        for action in (step.action, step.undo):
            if isinstance(action, plan.ToolCall):
                yield action.tool
            elif isinstance(action, plan.WorkflowCall):
                called = [each for each in server.workflows if each.name == action.workflow]
                yield from _tools(called[0], server)


def _as_present(path: plan.Path) -> plan.Path:
    """The same path where all of it is known to be there."""
    accesses = tuple(
        replace(
            access,
            before=plan.Type(access.before.schema),
            after=plan.Type(access.after.schema),
        )
        for access in path.accesses
    )
    return plan.Path(path.name, accesses, plan.Type(path.root.schema), plan.Type(path.type.schema))


def _may_lose_text(value: schema.Schema, kind: str) -> bool:
    """Whether the SDK would take a text for the JSON in it: it does where the type is not `str`."""
    values = schema.enumeration(value)
    if values is not None:
        return any(isinstance(each, str) and _is_read_as_json(each) for each in values)
    kinds = schema.types(value)
    return "string" in kinds and (len(kinds) > 1 or " | " in kind)


def _is_read_as_json(text: str) -> bool:
    try:
        return not isinstance(json.loads(text), str | int | float)
    except ValueError:
        return False


def _comes_as_json(value: schema.Schema) -> bool:
    """Whether the text of a prompt's argument is the JSON of its value."""
    values = schema.enumeration(value)
    if values is not None:
        return not all(isinstance(each, str) for each in values)
    # Pydantic reads numbers and booleans from texts itself; free text is what it is.
    kinds = schema.types(value)
    if kinds <= {"string", "null"}:
        return "string" not in kinds
    return "string" in kinds or bool(kinds & {"array", "object", "null"})


def _planned(step: plan.Step) -> str:
    """Return the Python for what the plan says of a step: its name, tool and what that does."""
    match step.action:
        case plan.ToolCall(server=server, tool=tool):
            what = f"{server.name}.{tool.name}"
            about = " ".join(tool.description.split("\n\n")[0].split())
        case plan.WorkflowCall(workflow=workflow):
            what, about = f"workflow {workflow}", ""
        case plan.Read(server=server):
            what, about = f"a resource of {server.name}", ""
    return literal(f"{step.name}: {what}{about and f', {about}'}")


def _heading(workflow: plan.Workflow) -> str:
    about = f": {workflow.description}" if workflow.description else ""
    return textwrap.shorten(plain(f"{workflow.name}{about}"), 80, placeholder="…")


def _function_docstring(description: str) -> tuple[str, str]:
    """Return a docstring, and the description where the docstring cannot hold it as it is."""
    simple = (
        description.isprintable()
        and "\\" not in description
        and '"' not in description
        and description == description.strip()
        and description
    )
    if simple:
        return f'"""{description}"""', ""
    first = plain(description.strip().split("\n")[0]).strip() or "A workflow."
    return f'"""{first}"""', literal(description)
