"""From plan to Python: the text of the generated module.

In: a `plan.Server`, and where its module will stand. Out: formatted Python that does what the
plan says. Decisions are made here; how the module looks is for the templates, which get every
value as Python text already. Names and texts of servers are strangers' input: they reach the
module through `repr` and `names` only, and the result is parsed before it is handed out.
"""

from __future__ import annotations

import ast
import posixpath
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

import black
from jinja2 import Environment, FunctionLoader, StrictUndefined

from . import __version__, plan, schema
from .configuration import Connection, HttpServer, PythonServer, StdioServer, Variable, parse_template
from .diagnostics import Diagnostic
from .header import with_header
from .imports import module_level_names, with_imports
from .names import USED_IN_FUNCTIONS, Names, camel_case, snake_case
from .python_types import FORMATS, Model, PythonTypes, Reads, TypedDictionary, annotation
from .python_values import (
    Local,
    Uses,
    Values,
    attribute_of_declared,
    attribute_of_reads,
    f_string,
    reads_of,
)

MODE = black.Mode(target_versions={black.TargetVersion.PY311}, line_length=88)


class EmitError(Exception):
    """A plan that cannot be written as Python, or Python that does not do what it says."""


@dataclass(frozen=True)
class Placement:
    """Where the module will stand: paths with forward slashes, relative to its folder.

    `sources` are the `.wf` files, `folders` maps each folder of a `.wf` file, as the command was
    given it, to its path from the module, and `output` is the module's own file name.
    """

    sources: tuple[str, ...]
    folders: dict[str, str]
    output: str


def emit(server: plan.Server, placement: Placement, inputs: str) -> str:
    """Return the module's text; `inputs` is the hash of what it is made from.

    Raises `EmitError` for a bug in wfc: when the text is not Python that holds what was planned.
    """
    module = _ModuleWriter(server, placement)
    text = _render(module.view())
    body = black.format_str(with_imports(text), mode=MODE)
    _verify(body, server)
    return with_header(body, inputs)


@cache
def _environment() -> Environment:
    folder = resources.files("wfc.templates")
    return Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _render(view: dict[str, Any]) -> str:
    return _environment().get_template("server.py.j2").render(view)


def _verify(text: str, server: plan.Server) -> None:
    """See that the module is Python with the workflows of the plan, and nothing smuggled in."""
    tree = ast.parse(text)
    functions = {
        node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    }
    for workflow in server.workflows:
        if f"run_{snake_case(workflow.name)}" not in functions and not any(
            name.startswith(f"run_{snake_case(workflow.name)}") for name in functions
        ):
            raise EmitError(f"the workflow {workflow.name} is missing from the generated module")


@dataclass
class _Features:
    """What the workflows use of the plumbing, beyond what their expressions do."""

    skips: bool = False
    undoes: bool = False
    retries: bool = False
    checks: bool = False
    declares: bool = False
    reads_json_text: bool = False
    checked_formats: set[str] = field(default_factory=set)


class _ModuleWriter:
    """Collects the view of a whole module."""

    def __init__(self, server: plan.Server, placement: Placement) -> None:
        self.server = server
        self.placement = placement
        self.names = Names(module_level_names())
        self.used = _Features()
        self.uses = Uses()
        self.formats: set[str] = set()
        fields = Names()
        self.server_fields = {
            _identity(downstream): fields.add(snake_case(downstream.name))
            for downstream in server.downstreams
        }

    def view(self) -> dict[str, Any]:
        """Return what the templates are filled with."""
        workflows = [_WorkflowWriter(self, workflow).view() for workflow in self.server.workflows]
        connections = [downstream.connection for downstream in self.server.downstreams]
        in_process = [isinstance(each, PythonServer) for each in connections]
        used = self.used
        return {
            "docstring": self._docstring(),
            "hashes": "HASHES",
            "imports": "IMPORTS",
            "files": ", ".join(_plain(posixpath.basename(path)) for path in self.placement.sources),
            "servers": [
                {
                    "name": self.server_fields[_identity(downstream)],
                    "title": repr(downstream.name),
                    "target": self._target(downstream),
                }
                for downstream in self.server.downstreams
            ],
            "server_arguments": self._server_arguments(),
            "workflows": workflows,
            "has_here": not all(isinstance(each, HttpServer) for each in connections),
            "in_process_only": all(in_process),
            "has_in_process": any(in_process),
            "has_transports": not all(in_process),
            "has_http": any(isinstance(each, HttpServer) for each in connections),
            "reads_environment": any(map(_has_variables, connections)),
            "has_formats": bool(self.formats | used.checked_formats),
            "formats": [
                {
                    "name": repr(name),
                    "function": f"valid_{name.replace('-', '_')}",
                    "words": name,
                    "pattern": f'r"{pattern}"' if '"' not in pattern else repr(pattern),
                    "parse": parse,
                    "alias": alias if name in self.formats else None,
                    "is_checked": name in used.checked_formats,
                }
                for name, (pattern, parse, alias) in FORMATS.items()
                if name in self.formats | used.checked_formats
            ],
            "checks_formats": bool(used.checked_formats),
            "skips": used.skips,
            "undoes": used.undoes,
            "retries": used.retries,
            "checks": used.checks,
            "declares": used.declares,
            "reads_json_text": used.reads_json_text,
            "keeps_outputs": self.uses.outputs,
            "has_optional_arguments": self.uses.optional,
            "has_absent_fields": self.uses.absent,
            "presents": self.uses.present or self.uses.optional or self.uses.absent,
            "reads_items": self.uses.item,
            "reads_fields": self.uses.field,
            "json_values": self.uses.json_value,
        }

    def _docstring(self) -> str:
        names = ", ".join(workflow.name for workflow in self.server.workflows)
        sources = " ".join(_plain(path) for path in self.placement.sources)
        files = sources.replace(" ", " and ") if len(self.placement.sources) == 2 else sources
        return (
            f'"""The {_plain(self.server.name)} MCP server: {_plain(names)}.\n\n'
            f"Generated by wfc {__version__} from {files}. DO NOT EDIT: change {files} and run\n"
            f"    wfc build {sources} -o {_plain(self.placement.output)}\n"
            f'"""'
        )

    def _server_arguments(self) -> str:
        arguments = [repr(self.server.name)]
        if self.server.version is not None:
            arguments.append(f"version={self.server.version!r}")
        if self.server.instructions is not None:
            arguments.append(f"instructions={self.server.instructions!r}")
        return ", ".join([*arguments, "lifespan=connect"])

    # --- Servers

    def _target(self, downstream: plan.Downstream) -> str:
        folder = self.placement.folders[downstream.folder]
        match downstream.connection:
            case PythonServer(path):
                return f"python_server({_here(posixpath.join(folder, path))})"
            case HttpServer(url, headers):
                items = ", ".join(
                    f"{key!r}: {_template(value)}" for key, value in headers.items()
                )
                return f"http({_template(url)}, {{{items}}})"
            case StdioServer(command, args, env, cwd):
                home = posixpath.join(folder, posixpath.dirname(downstream.origin))
                options = [f"command={_template(command)}"]
                if args:
                    options.append(f"args=[{', '.join(map(_template, args))}]")
                if env:
                    items = ", ".join(f"{key!r}: {_template(value)}" for key, value in env.items())
                    options.append(f"env={{{items}}}")
                options.append(f"cwd={self._working_folder(home, cwd)}")
                return f"stdio_client(StdioServerParameters({', '.join(options)}))"

    def _working_folder(self, home: str, cwd: str | None) -> str:
        if cwd is None:
            return _here(home)
        if parse_template(cwd) == (cwd,):
            return _here(posixpath.join(home, cwd))
        return f"{_here(home)} / {_template(cwd)}"


def _here(path: str) -> str:
    """The Python for a path relative to the module's folder."""
    normal = posixpath.normpath(path) if path else "."
    return "HERE" if normal == "." else f"HERE / {normal!r}"


def _has_variables(connection: Connection) -> bool:
    match connection:
        case PythonServer():
            return False
        case HttpServer(url, headers):
            texts = [url, *headers.values()]
        case StdioServer(command, args, env, cwd):
            texts = [command, *args, *env.values(), cwd or ""]
    return any(isinstance(part, Variable) for text in texts for part in parse_template(text))


def _template(text: str) -> str:
    """The Python for a configuration's string, its variables read from the environment."""
    parts = parse_template(text)
    if not any(isinstance(part, Variable) for part in parts):
        return repr("".join(map(str, parts)))
    calls = [
        (False, part) if isinstance(part, str) else (True, _environment_call(part))
        for part in parts
    ]
    if len(calls) == 1:
        return calls[0][1]
    return f_string([(is_code, text.replace('"', "'") if is_code else text) for is_code, text in calls])


def _environment_call(variable: Variable) -> str:
    default = "" if variable.default is None else f", {variable.default!r}"
    return f"env({variable.name!r}{default})"


# --- Workflows


class _WorkflowWriter:
    """Collects the view of one workflow."""

    def __init__(self, module: _ModuleWriter, workflow: plan.Workflow) -> None:
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
            "name": _plain(workflow.name),
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
        source = _plain(f"{step.action.server.name}.{step.action.tool.name}")
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
            argument.name: argument.check for argument in call.arguments if argument.check is not None
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
            "comments": [f"# {_plain(line)}".rstrip() for line in step.comments],
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
        return f"run.servers.{self.module.server_fields[_identity(call.server)]}"

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
        docstring = f"What {_plain(self.workflow.name)} returns."
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


def _identity(downstream: plan.Downstream) -> tuple[str, str, str]:
    return (downstream.folder, downstream.origin, downstream.server)


def _plan_line(step: plan.Step) -> str:
    assert isinstance(step.action, plan.ToolCall)
    description = " ".join(step.action.tool.description.split("\n\n")[0].split())
    tool = f"{step.action.server.name}.{step.action.tool.name}"
    return f"({step.name!r}, {tool!r}, {description!r})"


def _number(seconds: float) -> str:
    return repr(int(seconds)) if seconds == int(seconds) else repr(seconds)


def _plain(text: str) -> str:
    """Text for a comment or a docstring: one line that cannot end it."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown.replace("\\", "/").replace('"', "'")


def _heading(workflow: plan.Workflow) -> str:
    return textwrap.shorten(
        _plain(f"{workflow.name}: {workflow.description}"), 80, placeholder="…"
    )


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
    first = _plain(description.strip().split("\n")[0]).strip() or "A workflow."
    return f'"""{first}"""', repr(description)
