"""From syntax to plan: every name, argument and type of the files of one server.

In: parsed files, each with its configurations and its catalogue. Out: the `plan.Server`, or
None where anything is wrong, and all the diagnostics (WF2xx to WF5xx). Nothing is read or
connected here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from .. import plan
from ..diagnostics import Diagnostic, Related, in_order
from ..diagnostics.suggest import as_label, nearest, note_of, spelling_fix
from ..language import syntax
from ..plan import Type
from ..servers.catalog import Catalog, Tool
from ..servers.configuration import Connection
from ..servers.json_text import TextError
from ..source import Span
from .declared import BASE_TYPES, DeclaredTypes
from .repeated import report_repeated
from .signatures import Signature, Signatures
from .workflow import WorkflowChecker

Report = Callable[[Diagnostic], None]


class Unit(Struct, frozen=True):
    """A file to check, with what it refers to.

    `folder` is the folder of the `.wf` file as the command was given it. `configurations` holds,
    by the path after `from`, the servers that are configured there; a path that is not in it
    could not be read, which has been reported.
    """

    file: syntax.File
    folder: str
    configurations: Mapping[str, Mapping[str, Connection]]
    catalog: Catalog


def check(units: Sequence[Unit]) -> tuple[plan.Server | None, list[Diagnostic]]:
    """Check the files that make one server.

    Returns the plan, None if there is an error in any of them, and the diagnostics in order.
    """
    diagnostics: list[Diagnostic] = []
    report = diagnostics.append
    header = _header(units, report)
    report_repeated(
        [workflow.name for unit in units for workflow in unit.file.of_kind(syntax.Workflow)],
        "WF206",
        "workflow",
        report,
    )
    workflows: list[plan.Workflow] = []
    downstreams: dict[tuple[str, str, str], plan.Downstream] = {}
    for unit in units:
        checker = FileChecker(unit, report)
        workflows += checker.workflows()
        for downstream in checker.called:
            key = (downstream.folder, downstream.origin, downstream.server)
            downstreams.setdefault(key, downstream)
    ordered = in_order(diagnostics)
    if any(diagnostic.is_error for diagnostic in ordered):
        return None, ordered
    stem = units[0].file.source.path.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".wf")
    server = plan.Server(
        name=header.name.value if header else stem,
        version=header.version.value if header and header.version else None,
        instructions=header.instructions.value if header and header.instructions else None,
        files=tuple(unit.file.source.path for unit in units),
        workflows=tuple(workflows),
        downstreams=tuple(downstreams.values()),
    )
    return server, ordered


def unusable_servers(units: Sequence[Unit]) -> list[Diagnostic]:
    """Return what is wrong with the servers that the files name (WF301), and nothing else."""
    found: list[Diagnostic] = []
    for unit in units:
        FileChecker(unit, found.append)
    return [each for each in found if each.code == "WF301"]


def _header(units: Sequence[Unit], report: Report) -> syntax.Server | None:
    """The one `server` declaration of all the files."""
    headers = [header for unit in units for header in unit.file.of_kind(syntax.Server)]
    for extra in headers[1:]:
        report(
            Diagnostic(
                "WF210",
                "the server is declared twice",
                extra.span,
                related=(Related(headers[0].span, "first here"),),
                help="remove one of them",
            )
        )
    return headers[0] if headers else None


_A_SERVER = (
    'a server is {"command": "…", "args": ["…"], "env": {"NAME": "…"}}, or '
    '{"url": "https://…", "headers": {"NAME": "…"}}'
)


class _UsedServer(Struct):
    """A server that a `use` names; `downstream` is None where its configuration is wrong."""

    name: syntax.Name
    wire_name: str
    downstream: plan.Downstream | None


class FileChecker:
    """Checks one file, its workflows as they call each other."""

    def __init__(self, unit: Unit, report: Report) -> None:
        self.unit = unit
        self.report = report
        self.called: list[plan.Downstream] = []
        self.unknown: set[tuple[str, ...]] = set()
        """Servers, tools and workflows that were reported as unknown: once is enough."""
        self.misspelt: set[str] = set()
        """Servers that a `use` names in another spelling, which has been reported."""
        self.servers = self._servers()
        declarations = unit.file.of_kind(syntax.TypeDeclaration)
        report_repeated([each.name for each in declarations], "WF210", "type", report)
        for each in declarations:
            if each.name.text in BASE_TYPES:
                report(
                    Diagnostic(
                        "WF210",
                        f"`{each.name.text}` is a type of the language",
                        each.name.span,
                        help="choose another name",
                    )
                )
        self.types = DeclaredTypes({each.name.text: each for each in declarations}, report)
        self.types.check_all()
        self.signatures = Signatures(unit.catalog, report)
        self.written: dict[str, syntax.Workflow] = {}
        for workflow in unit.file.of_kind(syntax.Workflow):
            self.written.setdefault(workflow.name.text, workflow)
        self.parameters: dict[str, dict[str, plan.Parameter]] = {}
        self.results: dict[str, Type | None] = {}
        self.under_way: list[str] = []
        self.finished: dict[str, plan.Workflow | None] = {}
        self._check_order()

    def workflows(self) -> list[plan.Workflow]:
        """Check every workflow; return those that are right, callees before their callers."""
        for workflow in self.unit.file.of_kind(syntax.Workflow):
            if self.written[workflow.name.text] is workflow:
                self.workflow(workflow.name.text)
            else:
                checker = WorkflowChecker(self, workflow)
                checker.check(checker.parameters())
        return [workflow for workflow in self.finished.values() if workflow is not None]

    def workflow(self, name: str) -> None:
        """Check a workflow and those that it calls, each once."""
        if name not in self.results:
            self.under_way.append(name)
            checker = WorkflowChecker(self, self.written[name])
            self.parameters[name] = checker.parameters()
            result = checker.check(self.parameters[name])
            self.finished[name] = result
            self.results[name] = None if result is None else _result_type(result)
            self.under_way.pop()

    def _check_order(self) -> None:
        first_workflow: syntax.Workflow | None = None
        for declaration in self.unit.file.declarations:
            if isinstance(declaration, syntax.Workflow):
                first_workflow = first_workflow or declaration
            elif first_workflow is not None:
                word = declaration.span.text.split(None, 1)[0]
                self.report(
                    Diagnostic(
                        "WF211",
                        f"`{word}` comes before the workflows",
                        declaration.span,
                        related=(Related(first_workflow.name.span, "the first workflow"),),
                        help="move it to the top of the file",
                    )
                )

    def _servers(self) -> dict[str, _UsedServer]:
        uses = self.unit.file.of_kind(syntax.Use)
        sources = [source for use in uses for source in use.sources]
        report_repeated([source.alias for source in sources], "WF210", "server", self.report)
        found: dict[str, _UsedServer] = {}
        for use in uses:
            for source in use.sources:
                used = _UsedServer(source.alias, source.server.text, self._downstream(use, source))
                found.setdefault(source.alias.text, used)
        return found

    def _downstream(self, use: syntax.Use, source: syntax.Source) -> plan.Downstream | None:
        configured = self.unit.configurations.get(use.origin.value)
        if configured is None:
            return None
        name = source.server.text
        if name not in configured:
            close = nearest(name, configured)
            if close is not None:
                self.misspelt.add(close)
            notes = note_of("there are", configured, close)
            self.report(
                Diagnostic(
                    "WF301",
                    f"there is no server `{name}` in {use.origin.value}",
                    source.server.span,
                    label=as_label(notes, "not configured"),
                    notes=notes,
                    help=f"did you mean `{close}`?" if close else f"add it to {use.origin.value}",
                    fix=spelling_fix(source.server.span, name, configured),
                )
            )
            return None
        try:
            connection = configured[name]
        except TextError as error:
            self.report(
                Diagnostic(
                    "WF301",
                    f"the {error.message}",
                    source.server.span,
                    related=(Related(error.span, "configured here"),),
                    help=error.help or _A_SERVER,
                )
            )
            return None
        return plan.Downstream(
            source.alias.text, name, use.origin.value, self.unit.folder, connection
        )

    # --- What steps call

    def tool(self, call: syntax.ToolCall) -> tuple[plan.Downstream, Signature] | None:
        """Return the server and the signature of a call; None, reported, where there is none."""
        used = self.servers.get(call.server.text)
        if used is None:
            self._report_unknown_server(call.server, call.tool.text)
            return None
        if used.downstream is None:
            return None
        locked = self.unit.catalog.servers.get(used.wire_name)
        if locked is None:
            return None
        tool = locked.tools.get(call.tool.text)
        if tool is None:
            name = (call.server.text, call.tool.text)
            self.report_once(name, lambda: self._unknown_tool(call, locked.tools))
            return None
        if used.downstream not in self.called:
            self.called.append(used.downstream)
        return used.downstream, self.signatures.of(tool)

    def report_once(self, unknown: tuple[str, ...], diagnostic: Callable[[], Diagnostic]) -> None:
        """Report an unknown server, tool or workflow, the first time that it is used."""
        if unknown not in self.unknown:
            self.unknown.add(unknown)
            self.report(diagnostic())

    def known_tool(self, call: syntax.ToolCall) -> Tool | None:
        """Return the tool of a call, None, without a report, where there is none."""
        used = self.servers.get(call.server.text)
        locked = used and self.unit.catalog.servers.get(used.wire_name)
        return locked.tools.get(call.tool.text) if locked else None

    def server(self, name: syntax.Name) -> plan.Downstream | None:
        """Return the server of a `read`; None, reported, where there is none."""
        used = self.servers.get(name.text)
        if used is None:
            self._report_unknown_server(name)
            return None
        if used.downstream is not None and used.downstream not in self.called:
            self.called.append(used.downstream)
        return used.downstream

    def _report_unknown_server(self, name: syntax.Name, called: str = "") -> None:
        if name.text not in self.misspelt:
            self.report_once((name.text,), lambda: self._unknown_server(name, called))

    def _unknown_server(self, name: syntax.Name, called: str) -> Diagnostic:
        close = nearest(name.text, self.servers)
        if name.text in self.written:
            help = f"`{name.text}` is a workflow: call it as `{name.text}(…)`"
        elif close:
            help = f"did you mean `{close}`?"
        elif called in self.written:
            help = f"`{called}` is a workflow of this file: call it as `{called}(…)`"
        else:
            help = f'say where it is: `use {name.text} from "mcp.json"`'
        none = ("no server is used in this file",)
        notes = note_of("the servers here are", self.servers, close) if self.servers else none
        return Diagnostic(
            "WF301",
            f"there is no server `{name.text}`",
            name.span,
            label=as_label(notes, "unknown server"),
            notes=notes,
            help=help,
            fix=spelling_fix(name.span, name.text, self.servers),
        )

    def _unknown_tool(self, call: syntax.ToolCall, tools: Mapping[str, Tool]) -> Diagnostic:
        name = call.tool.text
        close = nearest(name, tools)
        help = f"did you mean `{close}`?" if close else None
        if close is None:
            for other, used in self.servers.items():
                locked = self.unit.catalog.servers.get(used.wire_name)
                found = locked and (name if name in locked.tools else nearest(name, locked.tools))
                if found:
                    help = f"the server `{other}` has `{found}`"
                    break
        import shlex

        upgrade = shlex.join(["wfc", "lock", self.unit.file.source.path, "--upgrade"])
        notes = note_of("its tools are", tools, close) if tools else ("it has no tools",)
        return Diagnostic(
            "WF302",
            f"the server `{call.server.text}` has no tool `{name}`",
            call.tool.span,
            label=as_label(notes, "unknown tool"),
            notes=notes,
            help=help or f"if the server has it by now, run `{upgrade}`",
            fix=spelling_fix(call.tool.span, name, tools),
        )

    def comments(
        self, statements: Sequence[Any], body: Span
    ) -> Iterator[tuple[Any, tuple[str, ...]]]:
        """Pair each statement with the comments from the end of the one before to its own end."""
        source = self.unit.file.source
        comments = deque(
            comment
            for comment in self.unit.file.comments
            if body.start < comment.span.start < body.end
        )
        for statement in statements:
            line_end = source.text.find("\n", statement.span.end)
            end = line_end if line_end != -1 else len(source.text)
            taken: list[syntax.Comment] = []
            while comments and comments[0].span.start < end:
                taken.append(comments.popleft())
            if isinstance(statement, syntax.Parallel):  # what is in it belongs to its steps
                taken = [each for each in taken if each.span.start < statement.span.start]
            yield statement, tuple(comment.text.lstrip("#").strip() for comment in taken)


def _result_type(workflow: plan.Workflow) -> Type:
    if workflow.result is None:
        return Type({"type": "object"})  # a handoff
    return workflow.result.type
