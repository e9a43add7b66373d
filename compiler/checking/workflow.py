"""One workflow: its statements in order, from what is written to the plan.

In: the syntax of a workflow, and the file that it stands in. Out: the `plan.Workflow`, None where
it has an error, and diagnostics for its names and structure (WF2xx) and its flow (WF404, WF406,
WF408). What is called is for `calls`, what is merely unwise for `advice`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace

from .. import plan, schema
from ..diagnostics import Diagnostic, Related
from ..language import syntax
from ..plan import Type
from . import advice
from .calls import Calls
from .conditions import Conditions
from .declared import BASE_TYPES
from .expressions import Expressions, Scope, Variable
from .loops import Loops
from .outputs import Outputs
from .repeated import report_repeated
from .wiring import part_at, said_of

if TYPE_CHECKING:
    from .check import FileChecker


class _Checked(Struct, frozen=True):
    """A step after checking: `plan` is None where anything is wrong with it.

    `output` is the type of one output, which is known although an argument is wrong.
    """

    written: syntax.Step
    output: Type | None
    plan: plan.Step | None
    reads_itself: bool


class WorkflowChecker:
    """Checks one workflow, statement by statement."""

    def __init__(self, file: FileChecker, written: syntax.Workflow) -> None:
        self.file = file
        self.written = written
        self.problems = 0
        """How much is wrong, which need not all have been told here."""
        self.scope = Scope(self.report)
        self.expressions = Expressions(self.scope)
        self.conditions = Conditions(self.expressions)
        self.calls = Calls(file, self.expressions, self.report)
        self.loops = Loops(self.expressions)
        self.outputs = Outputs(file, written, self.calls)
        self.unknown: set[str] = set()
        """Arguments whose types are wrong."""
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
            declared = self._argument_type(written)
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

    def _argument_type(self, written: syntax.Arg) -> schema.Schema:
        if written.type is None:
            return BASE_TYPES["string"]
        known = self.file.types.known(written.type)
        if known is None:
            self.unknown.add(written.name.text)
        return True if known is None else known

    def _default(self, written: syntax.Arg, declared: schema.Schema) -> Any:
        if written.default is None:
            return None
        constant = self.expressions.expression(written.default)
        assert isinstance(constant, plan.Constant)
        for violation in schema.errors(constant.value, declared, formats=True):
            self.report(
                Diagnostic(
                    "WF402",
                    f"the default of `{written.name.text}` is not of its type",
                    part_at(written.default, violation.path).span,
                    label=said_of(violation, declared),
                    notes=(f"`{written.name.text}` is {schema.describe(declared)}",),
                )
            )
        return constant.value

    def check(self, parameters: Mapping[str, plan.Parameter]) -> plan.Workflow | None:
        """Check the workflow, whose `parameters` these are; None where it has an error."""
        name = self.written.name.text
        self._check_order()
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
        bindings = [cast(syntax.Name, step.binding) for step in bound]
        first = report_repeated(bindings, "WF203", "binding", self.report)
        self.scope.repeated += len(bindings) - len(first)
        for step in bound:
            self.scope.later.setdefault(cast(syntax.Name, step.binding).text, step)
        self.scope.steps = {
            step.name.text: step.binding.text if step.binding else None for step in steps
        }
        statements: list[plan.Step | plan.Parallel] = []
        result: plan.Expression | None = None
        handoff: plan.Handoff | None = None
        # What stands out of order, which has been told, is looked at as if it stood in order.
        in_order = sorted(self.written.statements, key=_rank)
        for written, comments in self.file.comments(in_order, self.written.span):
            match written:
                case syntax.Step():
                    checked = self._step(written, comments)
                    if checked.plan is not None:
                        statements.append(checked.plan)
                    self.problems += checked.plan is None
                    self._bind(checked)
                case syntax.Parallel():
                    statements.append(self._parallel(written, comments))
                case syntax.Return():
                    result = self._return(written)
                    self.problems += result is None
                case syntax.Handoff():
                    handoff = self._handoff(written, comments)
                    self.problems += handoff is None
        self._advise()
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
            yield from syntax.steps_of(statement)

    def _check_order(self) -> None:
        """`arg` and `instruction`, then steps, then one `handoff` or `return`.

        Of several in a row that stand out of order the first one is told.
        """
        statements = self.written.statements
        ends = [each for each in statements if _rank(each) == 2]
        followed = [
            (end, after)
            for end, after in pairwise(statements)
            if _rank(end) == 2 and _rank(after) < 2
        ]
        for end, after in followed:
            is_last = end is ends[-1]
            self._report_order(
                end,
                "ends the workflow, and more of it follows",
                Related(after.span, "this comes after it"),
                "move it to the end" if is_last else "remove it: there is another one further on",
            )
        if not followed:
            for extra in ends[1:]:
                self._report_order(
                    extra,
                    "ends the workflow, and only once",
                    Related(ends[0].span, "it ends here"),
                    "keep one `return` or `handoff`",
                )
        for before, late in pairwise(statements):
            if _rank(before) == 1 and _rank(late) == 0:
                self._report_order(
                    late,
                    "comes before the steps",
                    Related(before.span, "this stands in front of it"),
                    "move it to the top of the workflow",
                )

    def _report_order(self, statement: Any, rule: str, related: Related, help: str) -> None:
        span = statement.span
        word = re.match(r"\w+", span.text)
        assert word is not None
        self.report(
            Diagnostic(
                "WF211",
                f"`{word[0]}` {rule}",
                span.source.span(span.start, span.start + word.end()),
                related=(related,),
                help=help,
            )
        )

    def _declare(self, written: syntax.Arg, parameter: plan.Parameter) -> None:
        name = written.name.text
        if name in self.scope.variables:
            self.scope.variables[name].type = None  # which of the two is meant, nobody knows
            self.scope.repeated += 1
            return
        self.scope.variables[name] = Variable(
            name,
            None if name in self.unknown else parameter.type,
            f"by `arg {name}`",
            written.name.span,
            why_absent=f"the argument `{name}` is optional",
            is_argument=True,
        )

    # --- Steps

    def _step(self, written: syntax.Step, comments: tuple[str, ...]) -> _Checked:
        """Check a step."""
        self.scope.step = written
        clauses = {type(clause): clause for clause in written.clauses}
        for_clause = cast("syntax.For | None", clauses.get(syntax.For))
        when = cast("syntax.When | None", clauses.get(syntax.When))
        if for_clause is None:
            checked = self._step_body(written, comments, when)
        else:
            checked = self._repeated(written, comments, for_clause, when)
        self.scope.step = None
        return checked

    def _repeated(
        self,
        written: syntax.Step,
        comments: tuple[str, ...],
        for_clause: syntax.For,
        when: syntax.When | None,
    ) -> _Checked:
        loop = self.loops.loop(for_clause)
        item = Variable(
            for_clause.name.text,
            None if loop is None else loop.item,
            f"as an item of `{for_clause.items.span.text}`",
            for_clause.name.span,
            declaration=self.loops.declaration_of_item(for_clause.items),
        )
        with self.scope.with_variable(item):
            checked = self._step_body(written, comments, when)
        if not item.used and checked.plan is not None:
            advice.unused(for_clause.name, "WF502", "item", self.report)
        if checked.plan is None or loop is None:
            return replace(checked, plan=None)
        return replace(checked, plan=replace(checked.plan, loop=loop))

    def _step_body(
        self, written: syntax.Step, comments: tuple[str, ...], when: syntax.When | None
    ) -> _Checked:
        condition = None if when is None else self.conditions.condition(when.condition)
        self.scope.is_lenient = when is not None and condition is None
        with self.scope.narrowed([] if when is None else [when.condition]):
            action, output = self.calls.action(written.action)
            own = self.outputs.declared(written, output)
            reads_itself, clauses = self._clauses(written, own)
        self.scope.is_lenient = False
        checked = _Checked(written, own, None, reads_itself)
        if action is None or own is None or clauses is None:
            return checked
        if when is not None and condition is None:
            return checked
        step = plan.Step(
            name=written.name.text,
            action=action,
            binding=written.binding.text if written.binding else None,
            output=own,
            declared=own is not output,
            when=condition,
            comments=comments,
            **clauses,
        )
        return replace(checked, plan=step)

    def _clauses(
        self, written: syntax.Step, output: Type | None
    ) -> tuple[bool, dict[str, Any] | None]:
        """Return the values of the clauses that stand for themselves; None if one is wrong.

        The first of the pair is whether any of them reads the step's own output.
        """
        found: dict[str, Any] = {}
        own = self._own_binding(written, output)
        requirements: list[plan.Requirement] = []
        is_right = True
        for clause in written.clauses:
            match clause:
                case syntax.Timeout(seconds=seconds):
                    found["timeout"] = seconds
                case syntax.Retry():
                    found["attempts"], found["every"] = clause.attempts, clause.every
                    found["is_unsafe"] = clause.unsafe
                    advice.repeated_effect(
                        written, clause, self.file.known_tool, self.file.written, self.report
                    )
                case syntax.Guidance():
                    found["guidance"] = self.calls.text(clause.text)
                    is_right &= found["guidance"] is not None
                case syntax.Undo():
                    with self._with_own(own):
                        undo, _ = self.calls.action(clause.call)
                    found["undo"] = undo
                    is_right &= undo is not None
                case syntax.Require():
                    with self._with_own(own):
                        condition = self.conditions.condition(clause.condition)
                        message = self.calls.text(clause.message or _not_met(clause))
                    if condition is None or message is None:
                        is_right = False
                        continue
                    is_worded = clause.message is not None
                    requirements.append(plan.Requirement(condition, message, is_worded))
        found["requirements"] = tuple(requirements)
        return own is not None and own.used, found if is_right else None

    def _own_binding(self, written: syntax.Step, output: Type | None) -> Variable | None:
        """The step's binding as its own clauses read it: one output, also under `for`."""
        if written.binding is None:
            return None
        return Variable(
            written.binding.text,
            output,
            self.outputs.origin(written),
            written.binding.span,
            declaration=self.outputs.declaration(written, output),
            is_text=self.outputs.is_undeclared_text(written),
            is_own=True,
        )

    @contextmanager
    def _with_own(self, own: Variable | None) -> Iterator[None]:
        if own is None:
            yield
            return
        with self.scope.with_variable(own):
            yield

    def _bind(self, checked: _Checked) -> None:
        """From here on the binding of a step is known, as unknown where that cannot be told."""
        written = checked.written
        if written.binding is None:
            return
        name = written.binding.text
        taken = self.scope.variables.get(name)
        if taken is not None:
            if self.scope.later.get(name) is written:
                self.report(self._already_an_argument(written.binding, taken))
                del self.scope.later[name]
                self.scope.repeated += 1
            taken.type = None  # which of the two is meant, nobody knows
            return
        del self.scope.later[name]
        clauses = {type(clause) for clause in written.clauses}
        is_repeated = syntax.For in clauses
        is_skipped = syntax.When in clauses and not is_repeated
        of_output = self.outputs.declaration(written, checked.output)
        bound: Type | None = None
        if checked.output is not None:
            output = checked.output.schema
            bound = (
                Type(schema.array_of(output)) if is_repeated else Type(output, absent=is_skipped)
            )
            if checked.plan is not None:
                self.bindings.append((name, bound, written))
        self.scope.variables[name] = Variable(
            name,
            bound,
            self.outputs.origin(written),
            written.binding.span,
            why_absent=f"`{name}` is absent when the step {written.name.text} is skipped"
            if is_skipped
            else "",
            used=checked.reads_itself,
            declaration=self.outputs.of_item(of_output) if is_repeated else of_output,
            is_text=self.outputs.is_undeclared_text(written) and not is_repeated,
        )

    def _already_an_argument(self, binding: syntax.Name, argument: Variable) -> Diagnostic:
        return Diagnostic(
            "WF203",
            f"`{binding.text}` is already an argument",
            binding.span,
            label="a second time",
            related=(Related(argument.definition, "declared here"),),
            help="choose another name for the binding",
        )

    def _parallel(self, written: syntax.Parallel, comments: tuple[str, ...]) -> plan.Parallel:
        self.scope.beside = written.steps
        # Bindings are made after the block: none of its steps may read another's.
        steps = [
            self._step(step, own) for step, own in self.file.comments(written.steps, written.span)
        ]
        self.scope.beside = ()
        for checked in steps:
            self.problems += checked.plan is None
            self._bind(checked)
        return plan.Parallel(
            tuple(checked.plan for checked in steps if checked.plan is not None), comments
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

    def _advise(self) -> None:
        if not self.scope.is_unclear:
            self._advise_unused()
        advice.destructive(self.written.statements, self.file.known_tool, self.report)

    def _advise_unused(self) -> None:
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


def _rank(statement: Any) -> int:
    """Where in a workflow a statement belongs: at its top, among its steps, or at its end."""
    match statement:
        case syntax.Arg() | syntax.Instruction():
            return 0
        case syntax.Step() | syntax.Parallel():
            return 1
        case _:
            return 2


def _not_met(clause: syntax.Require) -> syntax.Text:
    """What to say when a condition without a message does not hold."""
    return syntax.Text(f"`{clause.condition.span.text}` does not hold", clause.span)


def _with_use(parameter: plan.Parameter, variable: Variable | None) -> plan.Parameter:
    return replace(parameter, used=variable is None or variable.used)
