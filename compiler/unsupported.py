"""What the language has and the emitter does not write yet: a clear error, never wrong code."""

from __future__ import annotations

from collections.abc import Callable

from . import syntax
from .diagnostics import Diagnostic

_CLAUSES = {
    syntax.For: "`for`",
    syntax.Require: "`require`",
    syntax.Guidance: "`guidance`",
}


def report_unsupported(workflow: syntax.Workflow, report: Callable[[Diagnostic], None]) -> None:
    """Report the statements and clauses of a workflow that cannot be written as Python yet."""

    def cannot(what: str, part: syntax.Statement | syntax.Clause | syntax.Action) -> None:
        report(
            Diagnostic(
                "WF213",
                f"{what} cannot be built yet",
                part.span,
                label="checked, but not supported by this version of wfc",
                help="leave it out, or use a newer wfc",
            )
        )

    for statement in workflow.statements:
        match statement:
            case syntax.Parallel():
                cannot("`parallel`", statement)
            case syntax.Handoff():
                cannot("`handoff`", statement)
            case syntax.Step():
                if isinstance(statement.action, syntax.Read):
                    cannot("`read`", statement.action)
                if isinstance(statement.action, syntax.WorkflowCall):
                    cannot("a call of another workflow", statement.action)
                for clause in statement.clauses:
                    if type(clause) in _CLAUSES:
                        cannot(_CLAUSES[type(clause)], clause)
                    if isinstance(clause, syntax.Undo) and isinstance(
                        clause.call, syntax.WorkflowCall
                    ):
                        cannot("an `undo` by a workflow", clause)
