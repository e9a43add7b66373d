"""Calls: whether a tool, a workflow or a resource is there and takes what it is given.

In: an action as it is written, and the names that it can use. Out: the plan's action and the type
of what it gives; diagnostics for unknown tools and parameters (WF3xx), and through `wiring` for
values that do not fit (WF4xx).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import plan, schema, syntax
from .catalog import Tool
from .declared import BASE_TYPES
from .diagnostics import Diagnostic, Related, Severity
from .expressions import Expressions
from .plan import Type
from .signatures import Signature
from .suggest import listing, nearest
from .wiring import Target, missing, pass_value

if TYPE_CHECKING:
    from .check import FileChecker

TEXT = Type(BASE_TYPES["string"])


class Calls:
    """Checks the calls of one workflow."""

    def __init__(
        self,
        file: FileChecker,
        expressions: Expressions,
        report: Callable[[Diagnostic], None],
    ) -> None:
        self.file = file
        self.expressions = expressions
        self.report = report

    def action(self, written: syntax.Action) -> tuple[plan.Action | None, Type | None]:
        """Return the plan of an action and the type of what it gives; None for what is wrong."""
        match written:
            case syntax.ToolCall():
                found = self.file.tool(written)
                if found is None:
                    self._arguments_of_nothing(written.arguments)
                    return None, None
                _, signature = found
                output = TEXT if signature.output is None else Type(signature.output)
                return self.tool_call(written, *found), output
            case syntax.WorkflowCall():
                return self._workflow_call(written)
            case syntax.Read():
                return self._read(written), TEXT

    def known_part(
        self, written: syntax.Call
    ) -> tuple[plan.ToolCall | plan.WorkflowCall | None, tuple[str, ...]]:
        """Return the plan of a call that may lack parameters, and those that it lacks."""
        if isinstance(written, syntax.WorkflowCall):
            call, _ = self._workflow_call(written)
            return call, ()
        found = self.file.tool(written)
        if found is None:
            self._arguments_of_nothing(written.arguments)
            return None, ()
        given = {argument.name.text for argument in written.arguments}
        lacking = tuple(
            name
            for name, parameter in found[1].parameters.items()
            if parameter.required and name not in given
        )
        return self.tool_call(written, *found, may_lack=True), lacking

    def text(self, written: syntax.Text | syntax.FString) -> Any:
        """Return the plan of a text that may be an f-string; None where it is wrong."""
        if isinstance(written, syntax.Text):
            return plan.Constant(written.value, Type({"const": written.value}))
        return self.expressions.fstring(written)

    def _arguments_of_nothing(self, arguments: tuple[syntax.Argument, ...]) -> None:
        """Look at the values of a call that is wrong itself: they may be wrong as well."""
        for argument in arguments:
            self.expressions.expression(argument.value)

    def tool_call(
        self,
        written: syntax.ToolCall,
        downstream: plan.Downstream,
        signature: Signature,
        *,
        may_lack: bool = False,
    ) -> plan.ToolCall | None:
        """Return the plan of a call of a tool; None where an argument is wrong."""
        tool = signature.tool
        given = self._unique_arguments(written.arguments)
        meant = set(given)
        arguments: list[plan.Argument | None] = []
        for name, argument in given.items():
            parameter = signature.parameter(name)
            if isinstance(parameter, schema.NoAccess):
                close = nearest(name, [each for each in signature.parameters if each not in meant])
                if close is not None:
                    meant.add(close)
                self.report(self._unknown_parameter(argument, signature, close))
                self.expressions.expression(argument.value)
                arguments.append(None)
                continue
            target = self._parameter_target(written, tool, name, parameter)
            arguments.append(pass_value(self.expressions, name, argument.value, target))
        if not may_lack:
            for name, parameter in signature.parameters.items():
                if parameter.required and name not in meant:
                    target = self._parameter_target(written, tool, name, parameter)
                    self.report(missing(written.tool.span, name, target))
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

    def _unknown_parameter(
        self, argument: syntax.Argument, signature: Signature, close: str | None
    ) -> Diagnostic:
        name = argument.name.text
        known = signature.parameters
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
        meant = set(given)
        arguments: list[plan.Argument | None] = []
        for key, argument in given.items():
            if key not in parameters:
                close = nearest(key, [each for each in parameters if each not in meant])
                if close is not None:
                    meant.add(close)
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
            if parameter.required and key not in meant:
                target = self._argument_target(definition, parameter)
                self.report(missing(written.workflow.span, key, target))
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
        uri = self.text(written.uri)
        if downstream is None or uri is None:
            return None
        return plan.Read(downstream, uri)
