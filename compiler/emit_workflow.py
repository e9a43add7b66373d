"""One workflow as its template sees it.

In: a `plan.Workflow` and the module that it goes into. Out: the view of its template, every value
Python text; and a note of what it uses of the plumbing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import plan, schema
from .names import USED_IN_FUNCTIONS, Names, camel_case, plain, snake_case
from .python_types import FORMATS, Model, PythonTypes, Reads, TypedDictionary, annotation
from .python_values import Local, Values, attribute_of_declared, attribute_of_reads, reads_of

if TYPE_CHECKING:
    from .emit import ModuleWriter


@dataclass
class Features:
    """What the workflows use of the plumbing, beyond what their expressions do."""

    skips: bool = False
    undoes: bool = False
    retries: bool = False
    checks: bool = False
    declares: bool = False
    reads_json_text: bool = False
    checked_formats: set[str] = field(default_factory=set)


class WorkflowWriter:
    """Collects the view of one workflow."""

    def __init__(self, module: ModuleWriter, workflow: plan.Workflow) -> None:
        self.module = module
        self.workflow = workflow
        self.used = module.used
        identifier = snake_case(workflow.name).strip("_") or "workflow"
        self.runner = module.names.add(f"run_{identifier}")
        self.function = module.names.add(identifier)
        self.prompt_function = module.names.add(f"{identifier}_prompt")
        self.types = PythonTypes(module.names, module.formats)
        self.locals = Names(USED_IN_FUNCTIONS | {self.runner, self.function})
        self.values = Values(module.uses)
        self.reads = reads_of(_paths(workflow))
        self.annotations: dict[str, str] = {}

    def view(self) -> dict[str, Any]:
        """Return what the template of a workflow is filled with."""
        workflow = self.workflow
        parameters = [self._parameter(parameter) for parameter in workflow.parameters]
        for step in workflow.steps:
            self._bind(step)
        steps = [self._step(step) for step in workflow.steps]
        returns, return_lines = self._result()
        self.module.uses.absent |= self.types.uses_absent
        docstring, description = _function_docstring(workflow.description)
        required_first = sorted(parameters, key=lambda each: not each["required"])
        return {
            "heading": _heading(workflow),
            "name": plain(workflow.name),
            "wire_name": repr(workflow.name),
            "aliases": [each["alias_line"] for each in parameters],
            "models": [model.python for model in self.types.models],
            "runner": self.runner,
            "function": self.function,
            "prompt_function": self.prompt_function,
            "parameters": "".join(f"{each['name']}: {each['alias']}, " for each in parameters),
            "parameters_with_defaults": "".join(
                f"{each['name']}: {each['alias']}{each['default']}, " for each in required_first
            ),
            "arguments": "".join(f", {each['name']}" for each in parameters),
            "intent": "".join(f"{each['key']}: {each['shown']}, " for each in parameters),
            "returns": returns,
            "statements": steps,
            "return_lines": return_lines,
            "step_count": len(steps),
            "docstring": docstring,
            "description": repr(workflow.description),
            "tool_options": ", ".join(
                [
                    *([f"name={workflow.name!r}"] if self.function != workflow.name else []),
                    *([f"description={description}"] if description else []),
                    f"annotations=ToolAnnotations({self._hints()})",
                ]
            ),
            "prompt_options": ", ".join(
                [
                    f"name={workflow.name!r}",
                    *([f"description={description}"] if description else []),
                ]
            ),
            "instructions": [repr(text) for text in workflow.instructions],
            "plan": [_plan_line(step) for step in workflow.steps],
        }

    def _hints(self) -> str:
        """What the tool tells about itself, derived from the tools that it calls."""
        tools = [
            action.tool
            for step in self.workflow.steps
            for action in (step.action, step.undo)
            if isinstance(action, plan.ToolCall)
        ]
        if all(tool.read_only for tool in tools):
            return "read_only_hint=True"
        hints = [f"destructive_hint={any(tool.destructive for tool in tools)}"]
        if all(tool.idempotent for tool in tools):
            hints.append("idempotent_hint=True")
        return ", ".join(hints)

    # --- Arguments and bindings

    def _parameter(self, parameter: plan.Parameter) -> dict[str, Any]:
        name = self.locals.add(snake_case(parameter.name).strip("_") or "argument")
        prefixed = f"{camel_case(self.workflow.name)}{camel_case(parameter.name)}"
        alias = self.module.names.add(camel_case(parameter.name), prefixed)
        models_before = len(self.types.models)
        kind = self.types.of_declared(parameter.type.schema, prefixed, strict=False)
        has_models = len(self.types.models) > models_before
        self.values.variables[parameter.name] = Local(
            name,
            attribute_of_declared,
            has_models=has_models,
            reads=self.reads.get(parameter.name, Reads()),
        )
        if parameter.type.absent and "None" not in kind.split(" | "):
            kind += " | None"
        options = [f"description={parameter.description!r}"] if parameter.description else []
        if name != parameter.name:
            options.append(f"validation_alias={parameter.name!r}")
        metadata = [f"Field({', '.join(options)})"] if options else []
        if _comes_as_json(parameter.type.schema):
            self.used.reads_json_text = True
            metadata.insert(0, "BeforeValidator(lambda value: from_text(value))")
        default = ""
        if parameter.has_default:
            default = f" = {self._default(parameter.default)}"
        elif parameter.type.absent:
            default = " = None"
        if has_models:
            self.module.uses.json_value = True
        return {
            "key": repr(parameter.name),
            "name": name,
            "alias": alias,
            "alias_line": f"{alias} = "
            + (f"Annotated[{kind}, {', '.join(metadata)}]" if metadata else kind),
            "required": parameter.required,
            "default": default,
            "shown": f"json_value({name})" if has_models else name,
        }

    def _default(self, value: Any) -> str:
        # A list or an object as a default is one object for all calls; nothing changes it.
        return repr(value)

    def _bind(self, step: plan.Step) -> None:
        """Settle how the output of a step is taken, and what its binding is in Python."""
        models_before = len(self.types.models)
        annotated = self._annotation_of_output(step)
        has_models = step.declared and len(self.types.models) > models_before
        self.annotations[step.name] = annotated
        if step.binding is None:
            return
        reads = self.reads.setdefault(step.binding, Reads())
        self.values.variables[step.binding] = Local(
            self.locals.add(snake_case(step.binding).strip("_") or "output"),
            attribute_of_declared if has_models else attribute_of_reads(reads),
            step=step.name,
            has_models=has_models,
            reads=reads,
        )

    def _annotation_of_output(self, step: plan.Step) -> str:
        reads = self.reads.get(step.binding or "", Reads())
        name = camel_case(step.binding or step.name)
        if name in self.module.names:
            name = camel_case(self.workflow.name) + name
        assert isinstance(step.action, plan.ToolCall)
        source = plain(f"{step.action.server.name}.{step.action.tool.name}")
        if step.declared and schema.types(step.output.schema) != schema.types({}):
            return self.types.of_declared(step.output.schema, name, strict=True)
        if step.action.tool.output_schema is None and not step.declared:
            return "str"
        if reads.inside:
            docstring = f"What later steps read from {source}."
            return self.types.of_output(step.output.schema, reads, name, docstring)
        # Nothing of it is looked at: it is passed on, or returned, as it comes.
        roots = {"object": "dict[str, Any]", "array": "list[Any]"}
        kinds = schema.types(step.output.schema)
        return roots.get(next(iter(kinds)), "object") if len(kinds) == 1 else "object"

    def _output_type(self, step: plan.Step) -> tuple[str, bool]:
        """Return what is handed over as an output type, and whether it is a wrapper.

        Only a class can be handed over so that type checkers follow; a union gets one.
        """
        annotated = self.annotations[step.name]
        if annotated.isidentifier() or annotated.startswith(("list[", "dict[")):
            return annotated, False
        name = self.module.names.add(f"{camel_case(step.binding or step.name)}Value")
        self.types.models.append(Model(name, f"RootModel[{annotated}]", "A declared output.", []))
        return name, True

    # --- Steps

    def _step(self, step: plan.Step) -> dict[str, Any]:
        call = step.action
        assert isinstance(call, plan.ToolCall)
        arguments, options = self._arguments(call, step.name)
        checks = {
            argument.name: argument.check
            for argument in call.arguments
            if argument.check is not None
        }
        if call.check is not None:
            checks[""] = call.check
        if checks:
            self.used.checks = True
            self.used.checked_formats |= _formats_in(checks)
            options.append(f"checks={checks!r}")
        output, is_wrapped = self._output_type(step)
        if step.declared:
            self.used.declares = True
            options.append("declared=True")
        if step.timeout is not None:
            options.append(f"timeout={_number(step.timeout)}")
        if step.attempts > 1:
            self.used.retries = True
            options.append(f"attempts={step.attempts}")
            if step.every:
                options.append(f"every={_number(step.every)}")
        if step.when is not None:
            self.used.skips = True
        is_read = step.binding is not None and self._is_used(step.binding)
        return {
            "name": repr(step.name),
            "comments": [f"# {plain(line)}".rstrip() for line in step.comments],
            "condition": step.when and self.values.condition(step.when, step.name),
            "target": self.values.variables[step.binding].python
            if is_read and step.binding
            else None,
            "annotation": self.annotations[step.name],
            "is_wrapped": is_wrapped,
            "server": self._server(call),
            "tool": repr(call.tool.name),
            "arguments": arguments,
            "output": output,
            "options": options,
            "undo": self._undo(step),
        }

    def _server(self, call: plan.ToolCall) -> str:
        return f"run.servers.{self.module.server_field(call.server)}"

    def _arguments(self, call: plan.ToolCall, step: str) -> tuple[str, list[str]]:
        arguments, optional, _ = self.values.arguments(call, step)
        if not optional:
            return arguments, []
        self.module.uses.optional = True
        return arguments, [f"optional={{{', '.join(map(repr, optional))}}}"]

    def _is_used(self, binding: str) -> bool:
        """Whether the variable of a binding is read, and not only its output as it came."""
        variable = self.values.variables[binding]
        reads = self.reads[binding]
        if variable.has_models:
            return reads.inside
        return reads.inside or reads.whole

    def _undo(self, step: plan.Step) -> dict[str, Any] | None:
        if step.undo is None:
            return None
        assert isinstance(step.undo, plan.ToolCall)
        self.used.undoes = True
        arguments, optional, absent = self.values.arguments(step.undo, step.name)
        if optional or absent:
            self.module.uses.present = True
            self.module.uses.optional |= bool(optional)
            names = f", {{{', '.join(map(repr, optional))}}}" if optional else ""
            arguments = f"present({arguments}{names})"
        return {
            "server": self._server(step.undo),
            "tool": repr(step.undo.tool.name),
            "arguments": arguments,
            "options": [] if step.timeout is None else [f"timeout={_number(step.timeout)}"],
        }

    # --- The result

    def _result(self) -> tuple[str, list[str]]:
        """Return the annotation of what the workflow returns, and the lines that return it."""
        result = self.workflow.result
        assert result is not None
        if not isinstance(result, plan.Object):
            written = self.values.value(result, "return").python
            return annotation(result.type.schema), [f"return {written}"]
        name = self.module.names.add(f"{camel_case(self.workflow.name)}Result")
        keys: dict[str, str] = {}
        given: list[str] = []
        later: list[str] = []
        for key, value in result.entries:
            kind = annotation(value.type.schema)
            if not value.type.absent:
                keys[key] = kind
                given.append(f"{key!r}: {self.values.value(value, 'return').python}, ")
                continue
            assert isinstance(value, plan.Path)
            keys[key] = f"NotRequired[{kind}]"
            condition = self.values.condition(plan.Present(value), "return")
            there = self.values.value(_as_present(value), "return").python
            later += [f"if {condition}:", f"    result[{key!r}] = {there}"]
        docstring = f"What {plain(self.workflow.name)} returns."
        self.types.models.append(TypedDictionary(name, docstring, keys))
        literal = "{" + "".join(given) + "}"
        if not later:
            return name, [f"return {literal}"]
        return name, [f"result: {name} = {literal}", *later, "return result"]


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


def _paths(workflow: plan.Workflow) -> Iterator[plan.Path]:
    """Every path that a workflow reads."""
    for step in workflow.steps:
        for call in (step.action, step.undo):
            if isinstance(call, plan.ToolCall | plan.WorkflowCall):
                for argument in call.arguments:
                    yield from plan.paths(argument.value)
        if step.when is not None:
            # Whether a binding is there at all is asked without reading anything of it.
            yield from (path for path in plan.condition_paths(step.when) if path.accesses)
    if workflow.result is not None:
        yield from plan.paths(workflow.result)


def _comes_as_json(value: schema.Schema) -> bool:
    """Whether the text of a prompt's argument is the JSON of its value."""
    kinds = schema.types(value)
    if "string" in kinds:
        return False
    is_enumeration = schema.enumeration(value) is not None
    return bool(kinds & {"array", "object"}) or is_enumeration or len(kinds) > 2


def _formats_in(schemas: Any) -> set[str]:
    if isinstance(schemas, dict):
        own = {schemas["format"]} if schemas.get("format") in FORMATS else set()
        return own.union(*map(_formats_in, schemas.values()))
    if isinstance(schemas, list):
        return set().union(*map(_formats_in, schemas))
    return set()


def _plan_line(step: plan.Step) -> str:
    assert isinstance(step.action, plan.ToolCall)
    description = " ".join(step.action.tool.description.split("\n\n")[0].split())
    tool = f"{step.action.server.name}.{step.action.tool.name}"
    return f"({step.name!r}, {tool!r}, {description!r})"


def _number(seconds: float) -> str:
    return repr(int(seconds)) if seconds == int(seconds) else repr(seconds)


def _heading(workflow: plan.Workflow) -> str:
    return textwrap.shorten(plain(f"{workflow.name}: {workflow.description}"), 80, placeholder="…")


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
    return f'"""{first}"""', repr(description)
