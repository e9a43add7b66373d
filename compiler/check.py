"""From syntax to plan: every name, argument and type of the files of one server.

In: parsed files, each with its configurations and its catalogue. Out: the `plan.Server`, or
None where anything is wrong, and all the diagnostics (WF2xx to WF5xx). Nothing is read or
connected here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from . import plan, schema, syntax
from .catalog import Catalog, Tool
from .configuration import Connection
from .declared import BASE_TYPES, DeclaredTypes
from .diagnostics import Diagnostic, Related, Severity, in_order
from .expressions import Expressions, Scope, Variable
from .json_text import TextError
from .plan import Type
from .signatures import Signature, Signatures
from .source import Span
from .suggest import listing, nearest
from .wiring import Target, missing, pass_value

Report = Callable[[Diagnostic], None]


@dataclass(frozen=True)
class Unit:
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
    _report_repeated(
        [workflow.name for unit in units for workflow in unit.file.of_kind(syntax.Workflow)],
        "WF206",
        "workflow",
        report,
    )
    workflows: list[plan.Workflow] = []
    downstreams: dict[tuple[str, str, str], plan.Downstream] = {}
    for unit in units:
        checker = _FileChecker(unit, report)
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


def _report_repeated(
    names: Iterable[syntax.Name], code: str, kind: str, report: Report
) -> dict[str, syntax.Name]:
    """Report each name that was there before; return the first of each."""
    first: dict[str, syntax.Name] = {}
    for name in names:
        if name.text in first:
            report(
                Diagnostic(
                    code,
                    f"there are two {kind}s called `{name.text}`",
                    name.span,
                    label="a second time",
                    related=(Related(first[name.text].span, "first here"),),
                    help="rename one of them",
                )
            )
        first.setdefault(name.text, name)
    return first


@dataclass
class _UsedServer:
    """A server that a `use` names; `downstream` is None where its configuration is wrong."""

    name: syntax.Name
    wire_name: str
    downstream: plan.Downstream | None


class _FileChecker:
    """Checks one file, its workflows as they call each other."""

    def __init__(self, unit: Unit, report: Report) -> None:
        self.unit = unit
        self.report = report
        self.called: list[plan.Downstream] = []
        self.servers = self._servers()
        declarations = unit.file.of_kind(syntax.TypeDeclaration)
        _report_repeated([each.name for each in declarations], "WF210", "type", report)
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
                _WorkflowChecker(self, workflow).check()
        return [workflow for workflow in self.finished.values() if workflow is not None]

    def workflow(self, name: str) -> None:
        """Check a workflow and those that it calls, each once."""
        if name not in self.results:
            self.under_way.append(name)
            checker = _WorkflowChecker(self, self.written[name])
            self.parameters[name] = checker.parameters()
            result = checker.check()
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
        _report_repeated([source.alias for source in sources], "WF210", "server", self.report)
        found: dict[str, _UsedServer] = {}
        for use in uses:
            for source in use.sources:
                used = _UsedServer(
                    source.alias, source.server.text, self._downstream(use, source)
                )
                found.setdefault(source.alias.text, used)
        return found

    def _downstream(self, use: syntax.Use, source: syntax.Source) -> plan.Downstream | None:
        configured = self.unit.configurations.get(use.origin.value)
        if configured is None:
            return None
        name = source.server.text
        if name not in configured:
            close = nearest(name, configured)
            self.report(
                Diagnostic(
                    "WF301",
                    f"there is no server `{name}` in {use.origin.value}",
                    source.server.span,
                    label="not configured",
                    notes=(f"it has {listing(configured)}",) if configured else (),
                    help=f"did you mean `{close}`?" if close else f"add it to {use.origin.value}",
                )
            )
            return None
        try:
            connection = configured[name]
        except TextError as error:
            self.report(
                Diagnostic(
                    "WF301",
                    f"the server `{name}` cannot be used: {error.message}",
                    source.server.span,
                    related=(Related(error.span, "configured here"),),
                    help=error.help,
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
            self.report(self._unknown_server(call.server))
            return None
        if used.downstream is None:
            return None
        locked = self.unit.catalog.servers.get(used.wire_name)
        if locked is None:
            return None
        tool = locked.tools.get(call.tool.text)
        if tool is None:
            self.report(self._unknown_tool(call, locked.tools))
            return None
        if used.downstream not in self.called:
            self.called.append(used.downstream)
        return used.downstream, self.signatures.of(tool)

    def server(self, name: syntax.Name) -> plan.Downstream | None:
        """Return the server of a `read`; None, reported, where there is none."""
        used = self.servers.get(name.text)
        if used is None:
            self.report(self._unknown_server(name))
            return None
        if used.downstream is not None and used.downstream not in self.called:
            self.called.append(used.downstream)
        return used.downstream

    def _unknown_server(self, name: syntax.Name) -> Diagnostic:
        if name.text in self.written:
            help = f"`{name.text}` is a workflow: call it as `{name.text}(…)`"
        elif close := nearest(name.text, self.servers):
            help = f"did you mean `{close}`?"
        else:
            help = f'say where it is: `use {name.text} from "mcp.json"`'
        known = f"the servers here are {listing(self.servers)}"
        return Diagnostic(
            "WF301",
            f"there is no server `{name.text}`",
            name.span,
            label="unknown server",
            notes=(known,) if self.servers else ("no server is used in this file",),
            help=help,
        )

    def _unknown_tool(self, call: syntax.ToolCall, tools: Mapping[str, Tool]) -> Diagnostic:
        name = call.tool.text
        close = nearest(name, tools)
        help = f"did you mean `{close}`?" if close else None
        if close is None:
            for other, used in self.servers.items():
                locked = self.unit.catalog.servers.get(used.wire_name)
                found = locked and (
                    name if name in locked.tools else nearest(name, locked.tools)
                )
                if found:
                    help = f"the server `{other}` has `{found}`"
                    break
        notes = (f"its tools are {listing(tools)}",) if tools else ("it has no tools",)
        return Diagnostic(
            "WF302",
            f"the server `{call.server.text}` has no tool `{name}`",
            call.tool.span,
            label="unknown tool",
            notes=notes,
            help=help or "if the server has it by now, run `wfc lock --upgrade`",
        )

    def comments(self, statements: Sequence[Any], body: Span) -> Iterator[tuple[Any, tuple[str, ...]]]:
        """Pair each statement with the comments from the end of the one before to its own end."""
        source = self.unit.file.source
        comments = [
            comment
            for comment in self.unit.file.comments
            if body.start < comment.span.start < body.end
        ]
        for statement in statements:
            line_end = source.text.find("\n", statement.span.end)
            end = line_end if line_end != -1 else len(source.text)
            taken = [comment for comment in comments if comment.span.start < end]
            comments = comments[len(taken) :]
            yield statement, tuple(comment.text.lstrip("#").strip() for comment in taken)


class _WorkflowChecker:
    """Checks one workflow, statement by statement."""

    def __init__(self, file: _FileChecker, written: syntax.Workflow) -> None:
        self.file = file
        self.written = written
        self.problems = 0
        self.scope = Scope(self.report)
        self.expressions = Expressions(self.scope)
        self.bindings: list[tuple[str, Type, syntax.Step]] = []

    def report(self, diagnostic: Diagnostic) -> None:
        """Report a diagnostic, counting the errors of this workflow."""
        self.problems += diagnostic.is_error
        self.file.report(diagnostic)

    def parameters(self) -> dict[str, plan.Parameter]:
        """The arguments of the workflow, as a caller sees them."""
        arguments = [each for each in self.written.statements if isinstance(each, syntax.Arg)]
        _report_repeated([each.name for each in arguments], "WF205", "argument", self.report)
        found: dict[str, plan.Parameter] = {}
        for written in arguments:
            declared = (
                BASE_TYPES["string"]
                if written.type is None
                else self.file.types.schema(written.type)
            )
            default = self._default(written, declared)
            absent = written.optional and written.default is None
            found.setdefault(
                written.name.text,
                plan.Parameter(
                    written.name.text,
                    Type(declared, absent),
                    written.description.value if written.description else "",
                    default,
                    has_default=written.default is not None,
                ),
            )
        return found

    def _default(self, written: syntax.Arg, declared: schema.Schema) -> Any:
        if written.default is None:
            return None
        constant = self.expressions.expression(written.default)
        assert isinstance(constant, plan.Constant)
        violations = schema.errors(constant.value, declared, formats=True)
        if violations:
            self.report(
                Diagnostic(
                    "WF402",
                    f"the default of `{written.name.text}` is not of its type",
                    written.default.span,
                    label=violations[0].message,
                    notes=(f"`{written.name.text}` is {schema.describe(declared)}",),
                )
            )
        return constant.value

    def check(self) -> plan.Workflow | None:
        """Check the workflow; None where it has an error."""
        name = self.written.name.text
        self._check_order()
        parameters = self.file.parameters.get(name) or self.parameters()
        for each in self.written.statements:
            if isinstance(each, syntax.Arg):
                self._declare(each, parameters[each.name.text])
        steps = list(self._all_steps())
        if not steps:
            self.report(
                Diagnostic(
                    "WF207",
                    f"the workflow `{name}` has no steps",
                    self.written.name.span,
                    help="add a step: `step NAME: server.tool(…)`",
                )
            )
        _report_repeated([step.name for step in steps], "WF204", "step", self.report)
        bound = [step for step in steps if step.binding is not None]
        _report_repeated(
            [cast(syntax.Name, step.binding) for step in bound], "WF203", "binding", self.report
        )
        self.scope.later = {cast(syntax.Name, step.binding).text: step for step in bound}
        self.scope.steps = {
            step.name.text: step.binding.text if step.binding else None for step in steps
        }
        statements: list[plan.Step | plan.Parallel] = []
        result: plan.Expression | None = None
        handoff: plan.Handoff | None = None
        for written, comments in self.file.comments(self.written.statements, self.written.span):
            match written:
                case syntax.Step():
                    step = self._step(written, comments)
                    if step is not None:
                        statements.append(step)
                    self._bind(written, step)
                case syntax.Parallel():
                    statements.append(self._parallel(written, comments))
                case syntax.Return():
                    result = self._return(written)
                case syntax.Handoff():
                    handoff = self._handoff(written, comments)
        self._advise(steps, has_return=any(
            isinstance(each, syntax.Return) for each in self.written.statements
        ))
        if self.problems:
            return None
        if result is None and handoff is None:
            result = self._all_bindings()
        return plan.Workflow(
            name,
            self.written.description.value,
            tuple(
                _with_use(parameter, self.scope.variables.get(parameter.name))
                for parameter in parameters.values()
            ),
            tuple(
                each.text.value
                for each in self.written.statements
                if isinstance(each, syntax.Instruction)
            ),
            tuple(statements),
            result,
            handoff,
        )

    def _all_steps(self) -> Iterator[syntax.Step]:
        for statement in self.written.statements:
            if isinstance(statement, syntax.Step):
                yield statement
            elif isinstance(statement, syntax.Parallel):
                yield from statement.steps

    def _check_order(self) -> None:
        """`arg` and `instruction`, then steps, then one `handoff` or `return`."""
        reached = 0
        last: Any = None
        for statement in self.written.statements:
            match statement:
                case syntax.Arg() | syntax.Instruction():
                    rank, rule = 0, "comes before the steps"
                case syntax.Step() | syntax.Parallel():
                    rank, rule = 1, "comes before the workflow's end"
                case _:
                    rank, rule = 2, "ends the workflow, and only once"
            if rank < reached or (rank == 2 and reached == 2):
                word = statement.span.text.split(None, 1)[0]
                self.report(
                    Diagnostic(
                        "WF211",
                        f"`{word}` {rule}",
                        statement.span.source.span(
                            statement.span.start, statement.span.start + len(word)
                        ),
                        related=(Related(last.span, "this stands in front of it"),),
                        help="move it" if rank < 2 else "keep one `return` or `handoff`",
                    )
                )
            else:
                last = statement
            reached = max(reached, rank)

    def _declare(self, written: syntax.Arg, parameter: plan.Parameter) -> None:
        name = written.name.text
        self.scope.variables.setdefault(
            name,
            Variable(
                name,
                parameter.type,
                f"by `arg {name}`",
                written.name.span,
                why_absent=f"the argument `{name}` is optional",
            ),
        )

    # --- Steps

    def _step(self, written: syntax.Step, comments: tuple[str, ...]) -> plan.Step | None:
        """Check a step; None where its action is wrong."""
        clauses = {type(clause): clause for clause in written.clauses}
        for_clause = cast("syntax.For | None", clauses.get(syntax.For))
        when = cast("syntax.When | None", clauses.get(syntax.When))
        if for_clause is not None:
            loop = self._loop(for_clause)
            item = Variable(
                for_clause.name.text,
                loop and loop.item,
                f"an item of `{for_clause.items.span.text}`",
                for_clause.name.span,
            )
            with self.scope.with_variable(item):
                step = self._step_body(written, comments, when)
            if not item.used and step is not None:
                self._unused(for_clause.name, "WF502", "item")
            if step is None or loop is None:
                return None
            return replace(step, loop=loop)
        return self._step_body(written, comments, when)

    def _loop(self, written: syntax.For) -> plan.Loop | None:
        name = written.name
        if name.text in self.scope.variables or name.text in self.scope.later:
            self.report(
                Diagnostic(
                    "WF203",
                    f"`{name.text}` is already the name of something else",
                    name.span,
                    help="choose another name for the item",
                )
            )
        items = self.expressions.expression(written.items)
        if items is None:
            return None
        if items.type.absent:
            self.report(
                Diagnostic(
                    "WF404",
                    f"`{written.items.span.text}` may be absent",
                    written.items.span,
                    label=self.expressions.why_absent(items),
                    help="a `for` needs an array that is there",
                )
            )
            return None
        item = schema.item(items.type.schema, None)
        if isinstance(item, schema.NoAccess):
            self.report(
                Diagnostic(
                    "WF406",
                    f"`{written.items.span.text}` has no items: {item.reason}",
                    written.items.span,
                    label=f"this is {schema.describe(items.type.schema)}",
                    help="a `for` runs over an array",
                )
            )
            return None
        return plan.Loop(name.text, items, Type(item.schema))

    def _step_body(
        self, written: syntax.Step, comments: tuple[str, ...], when: syntax.When | None
    ) -> plan.Step | None:
        condition = None if when is None else self.expressions.condition(when.condition)
        with self.scope.narrowed([] if condition is None else [condition]):
            action, output = self._action(written.action)
            declared = self._declared(written, action, output)
            own = declared or output
            clauses = self._clauses(written, own)
        if action is None or own is None or clauses is None:
            return None
        if when is not None and condition is None:
            return None
        return plan.Step(
            name=written.name.text,
            action=action,
            binding=written.binding.text if written.binding else None,
            output=own,
            declared=declared is not None,
            when=condition,
            comments=comments,
            **clauses,
        )

    def _declared(
        self, written: syntax.Step, action: plan.Action | None, output: Type | None
    ) -> Type | None:
        """The type that `as x: T` declares; None without one."""
        if written.declared is None:
            return None
        declared = self.file.types.schema(written.declared)
        if isinstance(action, plan.ToolCall) and output is not None:
            has_schema = action.tool.output_schema is not None
            if not has_schema and declared == BASE_TYPES["string"]:
                return None  # what it is anyway: the text that the tool returned
            if has_schema and schema.disjoint(declared, output.schema) == "yes":
                self.report(
                    Diagnostic(
                        "WF408",
                        f"{action.tool.server}.{action.tool.name} never returns "
                        f"{schema.describe(declared)}",
                        written.declared.span,
                        label="contradicts the tool's output schema",
                        notes=(f"it returns {schema.describe(output.schema)}",),
                        related=self._output_place(action.tool),
                    )
                )
        return Type(declared)

    def _output_place(self, tool: Tool) -> tuple[Related, ...]:
        span = self.file.unit.catalog.span(tool.server, tool.name, "outputSchema")
        return (Related(span, f"{tool.server} › {tool.name} › outputSchema"),)

    def _action(self, written: syntax.Action) -> tuple[plan.Action | None, Type | None]:
        """Return the plan of an action and the type of what it gives."""
        match written:
            case syntax.ToolCall():
                found = self.file.tool(written)
                if found is None:
                    self._arguments_of_nothing(written.arguments)
                    return None, None
                _, signature = found
                output = BASE_TYPES["string"] if signature.output is None else signature.output
                return self._tool_call(written, *found), Type(output)
            case syntax.WorkflowCall():
                return self._workflow_call(written)
            case syntax.Read():
                return self._read(written), Type(BASE_TYPES["string"])

    def _arguments_of_nothing(self, arguments: tuple[syntax.Argument, ...]) -> None:
        """Look at the values of a call that is wrong itself: they may be wrong as well."""
        for argument in arguments:
            self.expressions.expression(argument.value)

    def _tool_call(
        self,
        written: syntax.ToolCall,
        downstream: plan.Downstream,
        signature: Signature,
        *,
        may_lack: bool = False,
    ) -> plan.ToolCall | None:
        tool = signature.tool
        given = self._unique_arguments(written.arguments)
        arguments: list[plan.Argument | None] = []
        for name, argument in given.items():
            parameter = signature.parameter(name)
            if isinstance(parameter, schema.NoAccess):
                self.report(self._unknown_parameter(argument, signature))
                self.expressions.expression(argument.value)
                arguments.append(None)
                continue
            target = self._parameter_target(written, tool, name, parameter)
            arguments.append(pass_value(self.expressions, name, argument.value, target))
        if not may_lack:
            for name, parameter in signature.parameters.items():
                if parameter.required and name not in given:
                    target = self._parameter_target(written, tool, name, parameter)
                    self.report(missing(written.tool.span, name, target, given))
                    arguments.append(None)
        found = tuple(argument for argument in arguments if argument is not None)
        if len(found) < len(arguments):
            return None
        check = None
        if not signature.is_of_parameters_only and not may_lack:
            check = self._together(written, signature, found)
        return plan.ToolCall(downstream, tool, found, check)

    def _parameter_target(
        self, call: syntax.ToolCall, tool: Tool, name: str, parameter: schema.Access
    ) -> Target:
        def place() -> tuple[Related, ...]:
            span = self.file.unit.catalog.span(
                tool.server, tool.name, "inputSchema", "properties", name
            )
            return (Related(span, f"{tool.server} › {tool.name} › {name}"),)

        return Target(
            f"`{name}` of {call.server.text}.{call.tool.text}",
            parameter.schema,
            parameter.required,
            place,
        )

    def _together(
        self,
        written: syntax.ToolCall,
        signature: Signature,
        arguments: tuple[plan.Argument, ...],
    ) -> schema.Schema | None:
        """Check the arguments against what the input schema says of them all together.

        Returns the schema to check when the step runs, None where it is proved.
        """
        source = schema.object_of(
            {
                argument.name: schema.Access(
                    argument.value.type.schema, required=not argument.value.type.absent
                )
                for argument in arguments
            }
        )
        verdict = schema.assignable(source, signature.input)
        if verdict.answer == "yes":
            return None
        if any(argument.check is not None for argument in arguments):
            return signature.input
        is_wrong = verdict.answer == "no"
        self.report(
            Diagnostic(
                "WF401" if is_wrong else "WF405",
                f"{written.server.text}.{written.tool.text} does not take these arguments together"
                if is_wrong
                else f"whether {written.server.text}.{written.tool.text} takes these arguments "
                "together cannot be told before it runs",
                written.tool.span,
                Severity.ERROR if is_wrong else Severity.WARNING,
                notes=(verdict.reason,) if verdict.reason else (),
                related=(
                    Related(
                        self.file.unit.catalog.span(
                            signature.tool.server, signature.tool.name, "inputSchema"
                        ),
                        f"{signature.tool.server} › {signature.tool.name} › inputSchema",
                    ),
                ),
            )
        )
        return signature.input

    def _unique_arguments(
        self, arguments: tuple[syntax.Argument, ...]
    ) -> dict[str, syntax.Argument]:
        given: dict[str, syntax.Argument] = {}
        for argument in arguments:
            name = argument.name
            if name.text in given:
                self.report(
                    Diagnostic(
                        "WF305",
                        f"the parameter `{name.text}` is given twice",
                        name.span,
                        label="a second time",
                        related=(Related(given[name.text].name.span, "first here"),),
                        help="remove one of them",
                    )
                )
                self.expressions.expression(argument.value)
                continue
            given[name.text] = argument
        return given

    def _unknown_parameter(self, argument: syntax.Argument, signature: Signature) -> Diagnostic:
        name = argument.name.text
        known = signature.parameters
        close = nearest(name, known)
        tool = signature.tool
        return Diagnostic(
            "WF303",
            f"{tool.server}.{tool.name} has no parameter `{name}`",
            argument.name.span,
            label="unknown parameter",
            notes=(f"its parameters are {listing(known)}",) if known else ("it takes none",),
            help=f"did you mean `{close}`?" if close else None,
            related=(
                Related(
                    self.file.unit.catalog.span(
                        tool.server, tool.name, "inputSchema", "properties"
                    ),
                    f"{tool.server} › {tool.name}",
                ),
            ),
        )

    def _workflow_call(
        self, written: syntax.WorkflowCall
    ) -> tuple[plan.WorkflowCall | None, Type | None]:
        name = written.workflow.text
        if name not in self.file.written:
            self.report(self._unknown_workflow(written.workflow))
            self._arguments_of_nothing(written.arguments)
            return None, None
        if name in self.file.under_way:
            cycle = [*self.file.under_way[self.file.under_way.index(name) :], name]
            self.report(
                Diagnostic(
                    "WF209",
                    "these workflows call each other without end: " + " → ".join(cycle),
                    written.workflow.span,
                    label="comes back to where it started"
                    if len(cycle) > 2
                    else "a workflow cannot call itself",
                    related=(Related(self.file.written[name].name.span, "called from here"),),
                )
            )
            self._arguments_of_nothing(written.arguments)
            return None, None
        self.file.workflow(name)
        definition = self.file.written[name]
        parameters = self.file.parameters[name]
        given = self._unique_arguments(written.arguments)
        arguments: list[plan.Argument | None] = []
        for key, argument in given.items():
            if key not in parameters:
                close = nearest(key, parameters)
                self.report(
                    Diagnostic(
                        "WF303",
                        f"the workflow `{name}` has no argument `{key}`",
                        argument.name.span,
                        label="unknown argument",
                        notes=(f"its arguments are {listing(parameters)}",) if parameters else (),
                        help=f"did you mean `{close}`?" if close else None,
                        related=(Related(definition.name.span, "declared here"),),
                    )
                )
                arguments.append(None)
                continue
            target = self._argument_target(definition, parameters[key])
            arguments.append(pass_value(self.expressions, key, argument.value, target))
        for key, parameter in parameters.items():
            if parameter.required and key not in given:
                target = self._argument_target(definition, parameter)
                self.report(missing(written.workflow.span, key, target, given))
                arguments.append(None)
        found = tuple(argument for argument in arguments if argument is not None)
        result = self.file.results[name]
        if len(found) < len(arguments) or result is None:
            return None, result
        return plan.WorkflowCall(name, found), result

    def _argument_target(self, workflow: syntax.Workflow, parameter: plan.Parameter) -> Target:
        def place() -> tuple[Related, ...]:
            for each in workflow.statements:
                if isinstance(each, syntax.Arg) and each.name.text == parameter.name:
                    return (Related(each.span, "declared here"),)
            return ()

        return Target(
            f"`{parameter.name}` of {workflow.name.text}",
            parameter.type.schema,
            parameter.required,
            place,
        )

    def _unknown_workflow(self, name: syntax.Name) -> Diagnostic:
        close = nearest(name.text, self.file.written)
        with_tool = [
            f"{alias}.{name.text}"
            for alias, used in self.file.servers.items()
            if (locked := self.file.unit.catalog.servers.get(used.wire_name))
            and name.text in locked.tools
        ]
        if close:
            help: str | None = f"did you mean `{close}`?"
        elif with_tool:
            help = f"the tool of that name is called as `{with_tool[0]}(…)`"
        else:
            help = "a tool is called with its server, as `server.tool(…)`"
        return Diagnostic(
            "WF201",
            f"there is no workflow `{name.text}` in this file",
            name.span,
            label="unknown workflow",
            notes=(f"its workflows are {listing(self.file.written)}",),
            help=help,
        )

    def _read(self, written: syntax.Read) -> plan.Read | None:
        downstream = self.file.server(written.server)
        uri = self._text(written.uri)
        if downstream is None or uri is None:
            return None
        return plan.Read(downstream, uri)

    def _text(self, written: syntax.Text | syntax.FString) -> Any:
        """The plan of a text that may be an f-string."""
        if isinstance(written, syntax.Text):
            return plan.Constant(written.value, Type({"const": written.value}))
        return self.expressions.fstring(written)

    def _clauses(self, written: syntax.Step, output: Type | None) -> dict[str, Any] | None:
        """Return the values of the clauses that stand for themselves; None if one is wrong."""
        found: dict[str, Any] = {}
        requirements: list[plan.Requirement] = []
        is_right = True
        for clause in written.clauses:
            match clause:
                case syntax.Timeout(seconds=seconds):
                    found["timeout"] = seconds
                case syntax.Retry():
                    found["attempts"], found["every"] = clause.attempts, clause.every
                    self._advise_retry(written, clause)
                case syntax.Guidance():
                    found["guidance"] = self._text(clause.text)
                    is_right &= found["guidance"] is not None
                case syntax.Undo():
                    with self._own_binding(written, output):
                        undo, _ = self._action(clause.call)
                    found["undo"] = undo
                    is_right &= undo is not None
                case syntax.Require():
                    with self._own_binding(written, output):
                        condition = self.expressions.condition(clause.condition)
                        message = None if clause.message is None else self._text(clause.message)
                    if condition is None or (clause.message is not None and message is None):
                        is_right = False
                        continue
                    requirements.append(plan.Requirement(condition, message))
        found["requirements"] = tuple(requirements)
        return found if is_right else None

    def _own_binding(self, written: syntax.Step, output: Type | None) -> Any:
        """A scope in which the step's own binding is known: one output, also under `for`."""
        assert self.scope is not None
        name = written.binding.text if written.binding else ""
        own = Variable(
            name,
            output,
            self._origin(written),
            (written.binding or written.name).span,
            declare=name,
        )
        if written.binding is None:
            return self.scope.narrowed([])
        return self.scope.with_variable(own)

    def _origin(self, written: syntax.Step) -> str:
        if written.declared is not None and written.binding is not None:
            return f"declared by `as {written.binding.text}`"
        match written.action:
            case syntax.ToolCall(server=server, tool=tool):
                used = self.file.servers.get(server.text)
                locked = used and self.file.unit.catalog.servers.get(used.wire_name)
                found = locked and locked.tools.get(tool.text)
                if found and found.output_schema is None:
                    return f"the text that {server.text}.{tool.text} returns"
                return f"by the output schema of {server.text}.{tool.text}"
            case syntax.WorkflowCall(workflow=workflow):
                return f"by the `return` of {workflow.text}"
            case syntax.Read(server=server):
                return f"the text of a resource of {server.text}"

    def _bind(self, written: syntax.Step, step: plan.Step | None) -> None:
        """From here on the binding of a step is known, as unknown where the step is wrong."""
        if written.binding is None:
            return
        name = written.binding.text
        if self.scope.later.get(name) is not written:
            return  # a second one of that name, which has been reported
        del self.scope.later[name]
        if name in self.scope.variables:
            self.report(
                Diagnostic(
                    "WF203",
                    f"`{name}` is already an argument",
                    written.binding.span,
                    label="a second time",
                    related=(Related(self.scope.variables[name].definition, "declared here"),),
                    help="choose another name for the binding",
                )
            )
            return
        bound: Type | None = None
        if step is not None:
            output = step.output.schema
            bound = (
                Type(schema.array_of(output))
                if step.loop
                else Type(output, absent=step.when is not None)
            )
            self.bindings.append((name, bound, written))
        is_skipped = any(isinstance(clause, syntax.When) for clause in written.clauses)
        self.scope.variables[name] = Variable(
            name,
            bound,
            self._origin(written),
            written.binding.span,
            why_absent=f"`{name}` is absent when the step {written.name.text} is skipped"
            if is_skipped
            else "",
            declare=name if isinstance(written.action, syntax.ToolCall) else "",
        )

    def _parallel(self, written: syntax.Parallel, comments: tuple[str, ...]) -> plan.Parallel:
        steps: list[tuple[syntax.Step, plan.Step | None]] = []
        body = written.span
        # Bindings are made after the block: none of its steps may read another's.
        for step, own in self.file.comments(written.steps, body):
            steps.append((step, self._step(step, own)))
        for step, checked in steps:
            self._bind(step, checked)
        return plan.Parallel(
            tuple(checked for _, checked in steps if checked is not None), comments
        )

    # --- The end of a workflow

    def _return(self, written: syntax.Return) -> plan.Expression | None:
        result = self.expressions.expression(written.value)
        if result is not None and result.type.absent:
            self.report(
                Diagnostic(
                    "WF404",
                    f"`{written.value.span.text}` may be absent, and is all that is returned",
                    written.value.span,
                    label=self.expressions.why_absent(result),
                    help="return an object: an absent value leaves its key out",
                )
            )
        return result

    def _handoff(self, written: syntax.Handoff, comments: tuple[str, ...]) -> plan.Handoff | None:
        text = self._text(written.text)
        call: plan.ToolCall | plan.WorkflowCall | None = None
        lacking: tuple[str, ...] = ()
        if isinstance(written.call, syntax.ToolCall):
            found = self.file.tool(written.call)
            if found is None:
                self._arguments_of_nothing(written.call.arguments)
                return None
            call = self._tool_call(written.call, *found, may_lack=True)
            given = {argument.name.text for argument in written.call.arguments}
            lacking = tuple(
                name
                for name, parameter in found[1].parameters.items()
                if parameter.required and name not in given
            )
        elif isinstance(written.call, syntax.WorkflowCall):
            call, _ = self._workflow_call(written.call)
        if text is None or (written.call is not None and call is None):
            return None
        return plan.Handoff(text, call, lacking, comments)

    def _all_bindings(self) -> plan.Expression:
        """Without a `return`: the object of all the bindings."""
        entries: list[tuple[str, plan.Expression]] = []
        for name, bound, _ in self.bindings:
            entries.append((name, plan.Path(name, (), bound, bound)))
        fields = {
            name: schema.Access(bound.schema, required=not bound.absent)
            for name, bound, _ in self.bindings
        }
        return plan.Object(tuple(entries), Type(schema.object_of(fields)))

    # --- Advice

    def _advise(self, steps: list[syntax.Step], has_return: bool) -> None:
        for each in self.written.statements:
            if isinstance(each, syntax.Arg):
                variable = self.scope.variables.get(each.name.text)
                if variable is not None and not variable.used:
                    self._unused(each.name, "WF501", "argument")
        if has_return:
            for name, _, step in self.bindings:
                if not self.scope.variables[name].used and step.binding is not None:
                    self._unused(step.binding, "WF502", "binding")
        self._advise_destructive(steps)

    def _unused(self, name: syntax.Name, code: str, kind: str) -> None:
        if name.text.startswith("_"):
            return
        self.report(
            Diagnostic(
                code,
                f"the {kind} `{name.text}` is never used",
                name.span,
                Severity.WARNING,
                help="use it, or remove it",
            )
        )

    def _advise_destructive(self, steps: list[syntax.Step]) -> None:
        for step in steps[:-1]:
            if not isinstance(step.action, syntax.ToolCall):
                continue
            tool = self._known_tool(step.action)
            if tool is None or tool.annotations.get("destructiveHint") is not True:
                continue
            if tool.read_only or any(isinstance(each, syntax.Undo) for each in step.clauses):
                continue
            self.report(
                Diagnostic(
                    "WF504",
                    f"{step.action.server.text}.{step.action.tool.text} destroys something, and "
                    "nothing undoes it when a later step fails",
                    step.action.tool.span,
                    Severity.WARNING,
                    label="marked as destructive by its server",
                    help="add an `undo`, or move the step to the end",
                )
            )

    def _advise_retry(self, step: syntax.Step, clause: syntax.Retry) -> None:
        if clause.unsafe or clause.attempts == 1 or not isinstance(step.action, syntax.ToolCall):
            return
        tool = self._known_tool(step.action)
        if tool is None or tool.idempotent:
            return
        self.report(
            Diagnostic(
                "WF503",
                f"`retry` may repeat the effect of {step.action.server.text}."
                f"{step.action.tool.text}",
                clause.span,
                Severity.WARNING,
                label="the tool is not marked idempotent or read-only",
                notes=("an attempt that timed out or lost its connection may have had its effect",),
                help=f"if repeating it does no harm, write `{clause.span.text} unsafe`",
            )
        )

    def _known_tool(self, call: syntax.ToolCall) -> Tool | None:
        used = self.file.servers.get(call.server.text)
        locked = used and self.file.unit.catalog.servers.get(used.wire_name)
        return locked.tools.get(call.tool.text) if locked else None


def _result_type(workflow: plan.Workflow) -> Type:
    if workflow.result is None:
        return Type({"type": "object"})  # a handoff
    return workflow.result.type


def _with_use(parameter: plan.Parameter, variable: Variable | None) -> plan.Parameter:
    return replace(parameter, used=variable is None or variable.used)

