"""Calls: whether a tool, a workflow or a resource is there and takes what it is given.

In: an action as it is written, and the names that it can use. Out: the plan's action and the type
of what it gives; diagnostics for unknown tools and parameters (WF3xx), and through `wiring` for
values that do not fit (WF4xx).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import plan, schema
from ..diagnostics import Diagnostic, Fix, Related, Severity, replace_fix
from ..diagnostics.suggest import as_label, is_word, nearest, note_of, only_near, spelling_fix
from ..language import syntax
from ..plan import Type
from ..servers.catalog import Tool
from .declared import BASE_TYPES
from .expressions import Expressions
from .narrowing import both_of
from .signatures import Signature, in_lock
from .wiring import Target, in_short, missing, pass_value

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
        given = {argument.name.text for argument in written.arguments}
        if isinstance(written, syntax.WorkflowCall):
            call, _ = self._workflow_call(written, may_lack=True)
            arguments = self.file.parameters.get(written.workflow.text, {})
            required = [name for name, each in arguments.items() if each.required]
            return call, tuple(name for name in required if name not in given)
        found = self.file.tool(written)
        if found is None:
            self._arguments_of_nothing(written.arguments)
            return None, ()
        parameters = found[1].parameters
        required = [name for name, each in parameters.items() if each.required]
        return (
            self.tool_call(written, *found, may_lack=True),
            tuple(name for name in required if name not in given),
        )

    def taken(self, call: syntax.Call, name: str) -> schema.Access | None:
        """What the parameter of a name takes; None, without a report, where there is none."""
        if isinstance(call, syntax.WorkflowCall):
            argument = self.file.parameters.get(call.workflow.text, {}).get(name)
            if argument is None:
                return None
            return schema.Access(argument.type.schema, argument.required)
        tool = self.file.known_tool(call)
        parameter = self.file.signatures.of(tool).parameter(name) if tool else None
        return parameter if isinstance(parameter, schema.Access) else None

    def text(self, written: syntax.Text | syntax.FString) -> Any:
        """Return the plan of a text that may be an f-string; None where it is wrong."""
        if isinstance(written, syntax.Text):
            self.expressions.advise(written)
            return plan.Constant(written.value, Type({"const": written.value}))
        return self.expressions.fstring(written)

    def _passed(self, argument: syntax.Argument, target: Target) -> plan.Argument | None:
        """Return the plan of an argument that there is; None where its value is wrong."""
        scope = self.expressions.scope
        scope.parameter = argument.name if _is_short(argument) else None
        passed = pass_value(self.expressions, argument.name.text, argument.value, target)
        scope.parameter = None
        return passed

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
        required = {name: each.required for name, each in signature.parameters.items()}
        unknown = [name for name in given if isinstance(signature.parameter(name), schema.NoAccess)]
        meant = _meant(given, unknown, required)
        arguments: list[plan.Argument | None] = []
        for name, argument in given.items():
            parameter = signature.parameter(name)
            if isinstance(parameter, schema.NoAccess):
                if not self._is_unknown_name(argument):
                    close = meant[name]
                    fix = _parameter_fix(argument, close, given, required)
                    self.report(self._unknown_parameter(written, argument, signature, close, fix))
                self.expressions.expression(argument.value)
                arguments.append(None)
                continue
            target = self._parameter_target(written, tool, name, parameter)
            arguments.append(self._passed(argument, target))
        if not may_lack:
            for name, parameter in signature.parameters.items():
                if parameter.required and name not in meant.values():
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
            return (in_lock(self.file.unit.catalog, tool, "inputSchema", "properties", name),)

        return Target(
            name,
            f"{call.server.text}.{call.tool.text}",
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
        verdict = schema.assignable(_all_of(arguments), signature.input)
        if verdict.answer == "yes":
            return None
        # What is wrong only with a value that is checked when the step runs is told already.
        is_told = any(argument.check is not None for argument in arguments)
        if is_told and verdict.answer == "unknown":
            return signature.input
        called = f"{written.server.text}.{written.tool.text}"
        related = in_lock(self.file.unit.catalog, signature.tool, "inputSchema")
        if verdict.answer == "no":
            self.report(
                Diagnostic(
                    "WF401",
                    f"{called} does not take these arguments together",
                    written.tool.span,
                    label=verdict.reason.replace("is not declared", "is not given"),
                    notes=(f"it refuses {in_short(verdict.counterexample)}, which may be given",),
                    related=(related,),
                )
            )
        else:
            self.report(
                Diagnostic(
                    "WF405",
                    f"whether {called} takes these arguments together cannot be told before it "
                    "runs",
                    written.tool.span,
                    Severity.WARNING,
                    notes=(
                        verdict.reason,
                        "the server checks the arguments before it calls the tool",
                    ),
                    related=(related,),
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
        self,
        call: syntax.ToolCall,
        argument: syntax.Argument,
        signature: Signature,
        close: str | None,
        fix: Fix | None,
    ) -> Diagnostic:
        from ..language.recover import CLAUSES

        name = argument.name.text
        known = signature.parameters
        tool = signature.tool
        notes = note_of("its parameters are", known, close) if known else ("it takes none",)
        help = f"did you mean `{close}`?" if close else None
        if help is None and name in CLAUSES:
            help = f"`{name}` is a clause of the step, which stands behind the call"
        return Diagnostic(
            "WF303",
            f"{call.server.text}.{call.tool.text} has no parameter `{name}`",
            argument.name.span,
            label=as_label(notes, "unknown parameter"),
            notes=notes,
            help=help,
            related=(in_lock(self.file.unit.catalog, tool, "inputSchema", "properties"),),
            fix=fix,
        )

    def _workflow_call(
        self, written: syntax.WorkflowCall, *, may_lack: bool = False
    ) -> tuple[plan.WorkflowCall | None, Type | None]:
        name = written.workflow.text
        if name not in self.file.written:
            unknown = ("workflow", name, "")
            self.file.report_once(unknown, lambda: self._unknown_workflow(written.workflow))
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
        required = {key: each.required for key, each in parameters.items()}
        meant = _meant(given, [key for key in given if key not in parameters], required)
        arguments: list[plan.Argument | None] = []
        for key, argument in given.items():
            if key not in parameters:
                if not self._is_unknown_name(argument):
                    fix = _parameter_fix(argument, meant[key], given, required)
                    self.report(
                        _unknown_argument(argument, definition, parameters, meant[key], fix)
                    )
                self.expressions.expression(argument.value)
                arguments.append(None)
                continue
            target = self._argument_target(definition, parameters[key])
            arguments.append(self._passed(argument, target))
        for key, parameter in parameters.items():
            if parameter.required and key not in meant.values() and not may_lack:
                target = self._argument_target(definition, parameter)
                self.report(missing(written.workflow.span, key, target))
                arguments.append(None)
        found = tuple(argument for argument in arguments if argument is not None)
        result = self.file.results[name]
        if len(found) < len(arguments) or result is None:
            return None, result
        return plan.WorkflowCall(name, found), result

    def _is_unknown_name(self, argument: syntax.Argument) -> bool:
        """Whether it is a name alone, `nmae` for `name = name`, that is wrong as a value too."""
        return _is_short(argument) and argument.name.text not in self.expressions.scope.variables

    def _argument_target(self, workflow: syntax.Workflow, parameter: plan.Parameter) -> Target:
        def place() -> tuple[Related, ...]:
            for each in workflow.statements:
                if isinstance(each, syntax.Arg) and each.name.text == parameter.name:
                    return (Related(each.span, "declared here"),)
            return ()

        return Target(
            parameter.name,
            workflow.name.text,
            parameter.type.schema,
            parameter.required,
            place,
        )

    def _unknown_workflow(self, name: syntax.Name) -> Diagnostic:
        close = nearest(name.text, self.file.written)
        notes = note_of("its workflows are", self.file.written, close)
        fix = spelling_fix(name.span, name.text, self.file.written)
        with_tool = [
            f"{alias}.{name.text}"
            for alias, used in self.file.servers.items()
            if (locked := self.file.unit.catalog.servers.get(used.wire_name))
            and name.text in locked.tools
        ]
        if close:
            help: str | None = f"did you mean `{close}`?"
        elif with_tool:
            notes = ()
            help = f"the tool of that name is called as `{with_tool[0]}(…)`"
            fix = replace_fix(name.span, with_tool[0]) if len(with_tool) == 1 else None
        elif name.text in self.file.servers:
            help = f"`{name.text}` is a server: call a tool of it, as `{name.text}.tool(…)`"
        else:
            help = "a tool is called with its server, as `server.tool(…)`"
        return Diagnostic(
            "WF201",
            f"there is no workflow `{name.text}` in this file",
            name.span,
            label=as_label(notes, "unknown workflow"),
            notes=notes,
            help=help,
            fix=fix,
        )

    def _read(self, written: syntax.Read) -> plan.Read | None:
        downstream = self.file.server(written.server)
        uri = self.text(written.uri)
        if downstream is None or uri is None:
            return None
        return plan.Read(downstream, uri)


def _unknown_argument(
    argument: syntax.Argument,
    workflow: syntax.Workflow,
    parameters: Iterable[str],
    close: str | None,
    fix: Fix | None,
) -> Diagnostic:
    known = list(parameters)
    notes = note_of("its arguments are", known, close) if known else ("it takes none",)
    return Diagnostic(
        "WF303",
        f"the workflow `{workflow.name.text}` has no argument `{argument.name.text}`",
        argument.name.span,
        label=as_label(notes, "unknown argument"),
        notes=notes,
        help=f"did you mean `{close}`?" if close else None,
        related=(Related(workflow.name.span, "declared here"),),
        fix=fix,
    )


def _is_short(argument: syntax.Argument) -> bool:
    """Whether it is a name alone, that of the parameter and of what it is given."""
    return argument.value.span == argument.name.span


def _parameter_fix(
    argument: syntax.Argument, meant: str | None, given: Iterable[str], parameters: Iterable[str]
) -> Fix | None:
    """The fix that writes the one parameter, not given yet, that an argument's name misspells."""
    left = [name for name in parameters if name not in given]
    if meant is None or only_near(argument.name.text, left) != meant:
        return None
    name = meant if is_word(meant) else json.dumps(meant, ensure_ascii=False)
    value = f" = {argument.name.text}" if _is_short(argument) else ""
    return replace_fix(argument.name.span, name + value)


def _meant(
    given: Iterable[str], unknown: list[str], parameters: Mapping[str, bool]
) -> dict[str, str | None]:
    """Return which parameter each name that is given stands for: itself, or the one it misspells.

    `parameters` says of each whether it is required. An unknown name is that of the parameter that
    it is near to; where just one of each is left, the unknown one is meant for the missing one.
    """
    meant: dict[str, str | None] = {name: name for name in given}
    for name in unknown:
        meant[name] = nearest(name, [each for each in parameters if each not in meant.values()])
    unclear = [name for name in unknown if meant[name] is None]
    missing = [
        name for name, required in parameters.items() if required and name not in meant.values()
    ]
    if len(unclear) == 1 and len(missing) == 1:
        meant[unclear[0]] = missing[0]
    return meant


def _all_of(arguments: tuple[plan.Argument, ...]) -> schema.Schema:
    """The type of all the arguments of a call as one object, where they pass their checks."""
    return schema.object_of(
        {
            argument.name: schema.Access(
                argument.value.type.schema
                if argument.check is None
                else both_of(argument.value.type.schema, argument.check),
                required=not argument.value.type.absent,
            )
            for argument in arguments
        }
    )
