"""One workflow: its statements in order, from what is written to the plan.

In: the syntax of a workflow, and the file that it stands in. Out: the `plan.Workflow`, None where
it has an error, and diagnostics for its names and structure (WF2xx) and its flow (WF404, WF406,
WF408). What is called is for `calls`, what is merely unwise for `advice`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from . import advice, plan, schema, syntax
from .calls import Calls
from .catalog import Tool
from .declared import BASE_TYPES
from .diagnostics import Diagnostic, Related
from .expressions import Expressions, Scope, Variable
from .plan import Type
from .repeated import report_repeated

if TYPE_CHECKING:
    from .check import FileChecker


class WorkflowChecker:
    """Checks one workflow, statement by statement."""

    def __init__(self, file: FileChecker, written: syntax.Workflow) -> None:
        self.file = file
        self.written = written
        self.problems = 0
        self.scope = Scope(self.report)
        self.expressions = Expressions(self.scope)
        self.calls = Calls(file, self.expressions, self.report)
        self.bindings: list[tuple[str, Type, syntax.Step]] = []

    def report(self, diagnostic: Diagnostic) -> None:
        """Report a diagnostic, counting the errors of this workflow."""
        self.problems += diagnostic.is_error
        self.file.report(diagnostic)

    def parameters(self) -> dict[str, plan.Parameter]:
        """The arguments of the workflow, as a caller sees them."""
        arguments = [each for each in self.written.statements if isinstance(each, syntax.Arg)]
        report_repeated([each.name for each in arguments], "WF205", "argument", self.report)
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
        report_repeated([step.name for step in steps], "WF204", "step", self.report)
        bound = [step for step in steps if step.binding is not None]
        report_repeated(
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
        self._advise(steps)
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
                None if loop is None else loop.item,
                f"an item of `{for_clause.items.span.text}`",
                for_clause.name.span,
            )
            with self.scope.with_variable(item):
                step = self._step_body(written, comments, when)
            if not item.used and step is not None:
                advice.unused(for_clause.name, "WF502", "item", self.report)
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
            action, output = self.calls.action(written.action)
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
                    advice.repeated_effect(written, clause, self.file.known_tool, self.report)
                case syntax.Guidance():
                    found["guidance"] = self.calls.text(clause.text)
                    is_right &= found["guidance"] is not None
                case syntax.Undo():
                    with self._own_binding(written, output):
                        undo, _ = self.calls.action(clause.call)
                    found["undo"] = undo
                    is_right &= undo is not None
                case syntax.Require():
                    with self._own_binding(written, output):
                        condition = self.expressions.condition(clause.condition)
                        message = self.calls.text(clause.message or _not_met(clause))
                    if condition is None or message is None:
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
                found = self.file.known_tool(written.action)
                if found is not None and found.output_schema is None:
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
        text = self.calls.text(written.text)
        if written.call is None:
            return None if text is None else plan.Handoff(text, None, (), comments)
        call, lacking = self.calls.known_part(written.call)
        if text is None or call is None:
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

    def _advise(self, steps: list[syntax.Step]) -> None:
        for each in self.written.statements:
            if isinstance(each, syntax.Arg):
                variable = self.scope.variables.get(each.name.text)
                if variable is not None and not variable.used:
                    advice.unused(each.name, "WF501", "argument", self.report)
        # Without a `return` or `handoff` every binding is returned.
        if any(
            isinstance(each, syntax.Return | syntax.Handoff) for each in self.written.statements
        ):
            for name, _, step in self.bindings:
                if not self.scope.variables[name].used and step.binding is not None:
                    advice.unused(step.binding, "WF502", "binding", self.report)
        advice.destructive(steps, self.file.known_tool, self.report)


def _not_met(clause: syntax.Require) -> syntax.Text:
    """What to say when a condition without a message does not hold."""
    return syntax.Text(f"`{clause.condition.span.text}` does not hold", clause.span)


def _with_use(parameter: plan.Parameter, variable: Variable | None) -> plan.Parameter:
    return replace(parameter, used=variable is None or variable.used)
