"""What a step gives: by its tool's schema, by what it declares, or as a text.

In: steps as they are written. Out: the types of their outputs, where those come from in words, and
the declarations that would mend their uses; WF408 where a declared type contradicts the schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from .. import schema
from ..diagnostics import Diagnostic, Related
from ..language import syntax
from ..plan import Type
from . import wanted
from .calls import Calls
from .declared import BASE_TYPES
from .expressions import Declare, PathKey
from .signatures import in_lock

if TYPE_CHECKING:
    from .check import FileChecker


class Outputs:
    """The outputs of the steps of one workflow."""

    def __init__(self, file: FileChecker, workflow: syntax.Workflow, calls: Calls) -> None:
        self.file = file
        self.workflow = workflow
        self.calls = calls

    def declared(self, written: syntax.Step, output: Type | None) -> Type | None:
        """The type of one output: what `as x: T` declares, or else what the action gives.

        None where it cannot be told, which has been reported.
        """
        if written.declared is None:
            return output
        declared = self.file.types.known(written.declared)
        if declared is None:
            return None
        if self._is_text(written):
            # `string` is what it is anyway; any other type is that of the JSON in the text.
            return output if declared == BASE_TYPES["string"] else Type(declared)
        if output is not None and schema.disjoint(declared, output.schema) == "yes":
            self.calls.report(
                Diagnostic(
                    "WF408",
                    f"{_called(written.action)} never returns {schema.describe(declared)}",
                    written.declared.span,
                    label=f"it returns {schema.describe(output.schema)}",
                    help="declare a part of what it returns, or leave the type out",
                    related=self._output_place(written.action),
                )
            )
            return None
        if output is not None and isinstance(written.action, syntax.WorkflowCall):
            return self._ascribed(written, output, declared)
        return Type(declared)

    def _ascribed(self, written: syntax.Step, output: Type, declared: schema.Schema) -> Type | None:
        """What a workflow returns, where it is proved to be what is declared of it.

        Nothing is left to check when it runs: its own steps have done that.
        """
        assert written.declared is not None
        verdict = schema.assignable(output.schema, declared)
        gap = schema.format_gap(output.schema, declared)
        if verdict.answer == "yes" and gap is None:
            return output
        self.calls.report(
            Diagnostic(
                "WF408",
                f"{_called(written.action)} does not always return {schema.describe(declared)}",
                written.declared.span,
                label=f"it returns {schema.describe(output.schema)}",
                notes=(gap or verdict.reason,),
                help="declare it where it comes from: at the step of that workflow",
                related=self._output_place(written.action),
            )
        )
        return None

    def _is_text(self, written: syntax.Step) -> bool:
        """Whether a step gives a text, of which nothing is declared but by the step itself."""
        if isinstance(written.action, syntax.ToolCall):
            tool = self.file.known_tool(written.action)
            return tool is not None and tool.output_schema is None
        return isinstance(written.action, syntax.Read)

    def _returned(self, written: syntax.Step) -> schema.Schema | None:
        """What the schema of a tool says that it returns."""
        if not isinstance(written.action, syntax.ToolCall):
            return None
        tool = self.file.known_tool(written.action)
        return None if tool is None else self.file.signatures.of(tool).output

    def is_undeclared_text(self, written: syntax.Step) -> bool:
        """Whether a step gives a text, and does not say what is in it."""
        return written.declared is None and self._is_text(written)

    def _output_place(self, action: syntax.Action) -> tuple[Related, ...]:
        """Where it is declared what an action returns."""
        match action:
            case syntax.ToolCall():
                tool = self.file.known_tool(action)
                assert tool is not None
                return (in_lock(self.file.unit.catalog, tool, "outputSchema"),)
            case syntax.WorkflowCall(workflow=workflow):
                return (Related(self.file.written[workflow.text].name.span, "declared here"),)
            case _:
                return ()

    def declaration(self, written: syntax.Step, output: Type | None) -> Declare | None:
        """What gives the `as x: T` that all uses of a binding ask for; None where no T helps."""
        binding = written.binding
        if binding is None or output is None or isinstance(written.action, syntax.WorkflowCall):
            return None
        known = None if self.is_undeclared_text(written) else output.schema

        def declare(place: PathKey, is_present: bool) -> wanted.Declaration | None:
            found = wanted.declaration(
                self.workflow, written, known, self.calls.taken, place, is_present=is_present
            )
            returned = self._returned(written)
            if returned is not None and schema.disjoint(found.schema, returned) == "yes":
                return None
            return replace(found, text=f"as {binding.text}: {found.text}")

        return declare

    def of_item(self, declare: Declare | None) -> Declare | None:
        """What gives the declaration where the binding is the array of the outputs."""
        return declare and (lambda place, is_present: declare(place[1:], is_present))

    def origin(self, written: syntax.Step) -> str:
        """Say where the type of a step's output comes from, for messages."""
        if written.declared is not None and written.binding is not None:
            return f"declared by `as {written.binding.text}`"
        match written.action:
            case syntax.ToolCall(server=server, tool=tool):
                found = self.file.known_tool(written.action)
                if found is not None and found.output_schema is None:
                    return f"the text that {server.text}.{tool.text} returns"
                return f"by the output schema of {server.text}.{tool.text}"
            case syntax.WorkflowCall(workflow=workflow):
                return f"by the `return` of {workflow.text}"
            case syntax.Read(server=server):
                return f"the text of a resource of {server.text}"


def _called(action: syntax.Action) -> str:
    """What an action calls, as it is written."""
    match action:
        case syntax.ToolCall(server=server, tool=tool):
            return f"{server.text}.{tool.text}"
        case syntax.WorkflowCall(workflow=workflow):
            return workflow.text
        case syntax.Read(server=server):
            return f"a resource of {server.text}"
