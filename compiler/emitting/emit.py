"""From plan to Python: the text of the generated module.

In: a `plan.Server`, and where its module will stand. Out: formatted Python that does what the
plan says. Decisions are made here; how the module looks is for the templates, which get every
value as Python text already. Names and texts of servers are strangers' input: they reach the
module through `literals` and `names` only, and the result is parsed before it is handed out.
"""

from __future__ import annotations

import inspect
import json
import os
import posixpath
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from importlib.util import cache_from_source
from symtable import SymbolTable, symtable
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FunctionLoader, StrictUndefined
from jinja2.bccache import Bucket

from .. import __version__, plan
from ..cache import this_wfc
from ..conventions import DEFAULT_DRIFT
from ..plan import Placement
from ..schema import Schema
from ..servers.configuration import (
    Connection,
    HttpServer,
    PythonServer,
    StdioServer,
    Variable,
    parse_template,
)
from . import comparison
from .formatting import CUT, LAID_OUT, formatted
from .header import Fingerprint, in_command, with_header
from .imports import module_level_names, with_imports
from .literals import Quoted, f_string, laid_out, literal
from .names import Names, plain, snake_case, variable_name
from .python_types import FORMATS, is_long
from .python_values import Uses
from .relied_on import relied_on
from .staleness import used_tools
from .workflow import Callee, Features, WorkflowWriter


class EmitError(Exception):
    """A plan that cannot be written as Python, or Python that does not do what it says."""


def emit(server: plan.Server, placement: Placement, fingerprint: Fingerprint) -> str:
    """Return the module's text; `fingerprint` is of what it is made from.

    Raises `EmitError` for a bug in wfc: when the text is not Python that holds what was planned.
    """
    module = ModuleWriter(server, placement)
    text = formatted(_render(module.view()))
    names = symtable(text, module.placement.output, "exec")
    _verify(names, module)
    return with_header(with_imports(text, names), fingerprint)


class _CompiledTemplates(FileSystemBytecodeCache):
    """What Jinja makes of the templates, where Python keeps what it makes of the modules there.

    Compiling them takes a quarter of a build. It is code that is run, so it stands where wfc is
    installed, and not in the user's cache directory; beside the package and not in it, for a
    folder that is left when wfc is uninstalled would be a package of that name.
    """

    def __init__(self) -> None:
        module = cache_from_source(f"{resources.files('wfc')}.py")
        super().__init__(os.path.dirname(module), "wfc-%s.jinja")

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(source + this_wfc())

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with suppress(OSError):  # who builds need not be who installed
                os.makedirs(self.directory, exist_ok=True)
                super().dump_bytecode(bucket)


@cache
def _environment() -> Environment:
    folder = resources.files("wfc.templates")
    return Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        bytecode_cache=_CompiledTemplates(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _render(view: dict[str, Any]) -> str:
    return _environment().get_template("server.py.j2").render(view)


def _comparison() -> str:
    """The functions of `comparison`, which the module is to carry."""
    return inspect.getsource(comparison).partition("# --- What generated servers carry\n\n\n")[2]


def _verify(names: SymbolTable, module: ModuleWriter) -> None:
    """See that a module, which is Python if it has names, has the workflows of the plan."""
    functions = {each.get_name() for each in names.get_children() if each.get_type() == "function"}
    for workflow in module.server.workflows:
        if module.callees[workflow.name].runner not in functions:
            raise EmitError(f"the workflow {workflow.name} is missing from the generated module")


class ModuleWriter:
    """Collects the view of a whole module."""

    def __init__(self, server: plan.Server, placement: Placement) -> None:
        self.server = server
        self.placement = placement
        self.names = Names(module_level_names())
        self.used = Features()
        self.uses = Uses()
        self.formats: set[str] = set()
        fields = Names(frozenset({"runs"}))
        self.callees: dict[str, Callee] = {}
        self._schemas: dict[str, str] = {}
        self._server_fields = {
            _identity(downstream): fields.add(variable_name(downstream.name))
            for downstream in server.downstreams
        }

    def view(self) -> dict[str, Any]:
        """Return what the templates are filled with."""
        workflows = [WorkflowWriter(self, workflow).view() for workflow in self.server.workflows]
        connections = [downstream.connection for downstream in self.server.downstreams]
        in_process = [isinstance(each, PythonServer) for each in connections]
        used = self.used
        tools = {} if self.placement.drift == "ignore" else relied_on(self.server)
        guards = any(tools.values())
        return {
            "docstring": self._docstring(),
            "hashes": "HASHES",
            "imports": "IMPORTS",
            "files": ", ".join(plain(posixpath.basename(path)) for path in self.placement.sources),
            "servers": [
                {
                    "name": self.server_field(downstream),
                    "title": literal(downstream.name),
                    "target": self._target(downstream),
                    "guarded": f', TOOLS["{self.server_field(downstream)}"]' if guards else "",
                }
                for downstream in self.server.downstreams
            ],
            "cut": CUT,
            "laid_out": LAID_OUT,
            "guards": guards,
            "drift": self.placement.drift,
            "fails_on_drift": guards and self.placement.drift == "fail",
            "lists_tools": guards or self._fills_headers(),
            "comparison": _comparison() if guards else "",
            "tools": laid_out(
                {
                    self.server_field(downstream): tools.get(_identity(downstream), {})
                    for downstream in self.server.downstreams
                },
                taken=len("TOOLS: dict[str, dict[str, Any]] = "),
            ),
            "schemas": self._schemas,
            "server_arguments": self._server_arguments(),
            "workflows": workflows,
            "has_here": not all(isinstance(each, HttpServer) for each in connections),
            "in_process_only": all(in_process),
            "has_in_process": any(in_process),
            "has_transports": not all(in_process),
            "has_http": any(isinstance(each, HttpServer) for each in connections),
            "reads_environment": any(map(_has_variables, connections)),
            "has_variable_urls": any(
                isinstance(each, HttpServer) and _has_variables(HttpServer(each.url))
                for each in connections
            ),
            "has_formats": bool(self.formats | used.checked_formats),
            "formats": [
                {
                    "name": literal(name),
                    "function": f"valid_{name.replace('-', '_')}",
                    "words": name,
                    "pattern": f'r"{pattern}"' if '"' not in pattern else literal(pattern),
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
            "undoes_by_tools": used.undoes_by_tools,
            "undoes_by_workflows": used.undoes_by_workflows,
            "retries": used.retries,
            "checks": used.checks,
            "checks_undos": used.checks_undos,
            "declares": used.declares,
            "promises": used.promises,
            "requires": used.requires,
            "requires_of_items": used.requires_of_items,
            "loops": used.loops,
            "parallels": used.parallels,
            "calls_tools": used.calls_tools,
            "calls_workflows": used.calls_workflows,
            "reads_resources": used.reads_resources,
            "hands_off": used.hands_off,
            "has_parts": used.has_parts,
            "undoes_apart": used.undoes and used.retries and used.calls_workflows,
            "checks_workflow_arguments": used.checks_workflow_arguments,
            "reads_integers": used.reads_integers,
            "reads_numbers": used.reads_numbers,
            "enumerates": used.enumerates,
            "reads_json_text": used.reads_json_text,
            "keeps_outputs": self.uses.outputs,
            "has_optional_arguments": self.uses.optional,
            "has_absent_fields": self.uses.absent,
            "presents": self.uses.present or self.uses.optional or self.uses.absent,
            "reads_items": self.uses.item,
            "reads_fields": self.uses.field,
            "reads_optional_fields": self.uses.optional_field,
            "asks_for_presence": self.uses.presence,
            "compares": self.uses.equality or used.enumerates,
            "reads_found_fields": self.uses.not_absent,
            "reads_patterns": self.uses.pattern,
            "gives_defaults": self.uses.given,
            "json_values": self.uses.json_value,
        }

    def server_field(self, downstream: plan.Downstream) -> str:
        """Return the name of a server in the generated `Servers`."""
        return self._server_fields[_identity(downstream)]

    def schema_of(self, name: str, value: Schema) -> str:
        """Return the Python for a schema, of what has a name: a long one stands apart."""
        if not is_long(value):
            return literal(value)
        constant = self.names.add(f"{snake_case(name).upper()}_SCHEMA")
        self._schemas[constant] = laid_out(value, taken=len(f"{constant}: dict[str, Any] = "))
        return constant

    def _fills_headers(self) -> bool:
        """Whether a server over HTTP wants arguments in headers as well, as its tools say."""
        return any(
            isinstance(downstream.connection, HttpServer)
            and '"x-mcp-header"' in json.dumps(tool.input_schema)
            for downstream, tool in used_tools(self.server)
        )

    def _docstring(self) -> str:
        names = ", ".join(workflow.name for workflow in self.server.workflows)
        sources = self.placement.sources
        files = (" and " if len(sources) == 2 else " ").join(map(plain, sources))
        mode = self.placement.drift
        drift = "" if mode == DEFAULT_DRIFT else f" --drift {mode}"
        return (
            f'"""{_subject(self.server.name)} MCP server: {plain(names)}.\n\n'
            f"Generated by wfc {__version__} from {files}. DO NOT EDIT: change {files} and run\n"
            f"    wfc build {in_command(sources)} -o {in_command([self.placement.output])}{drift}\n"
            f'"""'
        )

    def _server_arguments(self) -> str:
        arguments = [literal(self.server.name)]
        if self.server.version is not None:
            arguments.append(f"version={literal(self.server.version)}")
        if self.server.instructions is not None:
            arguments.append(f"instructions={literal(self.server.instructions)}")
        return ", ".join([*arguments, "lifespan=connect"])

    # --- Servers

    def _target(self, downstream: plan.Downstream) -> str:
        folder = self.placement.folders[downstream.folder]
        match downstream.connection:
            case PythonServer(path):
                return f"python_server({_here(posixpath.join(folder, path))})"
            case HttpServer(url, headers):
                return f"http({_template(url)}, {_templates(headers)})"
            case StdioServer(command, args, env, cwd):
                home = posixpath.join(folder, posixpath.dirname(downstream.origin))
                options = [f"command={_template(command)}"]
                if args:
                    options.append(f"args=[{', '.join(map(_template, args))}]")
                if env:
                    options.append(f"env={_templates(env)}")
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
    return "HERE" if normal == "." else f"HERE / {literal(normal)}"


def _has_variables(connection: Connection) -> bool:
    match connection:
        case PythonServer():
            return False
        case HttpServer(url, headers):
            texts = [url, *headers.values()]
        case StdioServer(command, args, env, cwd):
            texts = [command, *args, *env.values(), cwd or ""]
    return any(isinstance(part, Variable) for text in texts for part in parse_template(text))


def _templates(texts: Mapping[str, str]) -> str:
    items = ", ".join(f"{literal(key)}: {_template(text)}" for key, text in texts.items())
    return f"{{{items}}}"


def _template(text: str) -> str:
    """The Python for a configuration's string, its variables read from the environment."""
    parts = parse_template(text)
    if not any(isinstance(part, Variable) for part in parts):
        return literal("".join(map(str, parts)))

    def parts_in(quoted: Quoted) -> list[tuple[bool, str]]:
        return [
            (False, part) if isinstance(part, str) else (True, _environment_call(part, quoted))
            for part in parts
        ]

    return parts_in(literal)[0][1] if len(parts) == 1 else f_string(parts_in)


def _subject(name: str) -> str:
    """Begin a sentence with a server's name, which may have its article already."""
    shown = plain(name)
    has_article = shown.lower().startswith(("the ", "a ", "an "))
    return shown[0].upper() + shown[1:] if has_article else f"The {shown}"


def _environment_call(variable: Variable, quoted: Quoted) -> str:
    default = "" if variable.default is None else f", {quoted(variable.default)}"
    return f"env({quoted(variable.name)}{default})"


def _identity(downstream: plan.Downstream) -> tuple[str, str, str]:
    return (downstream.folder, downstream.origin, downstream.server)
