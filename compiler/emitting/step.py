"""The steps of one workflow as their template sees them.

In: statements of the plan, and the writer of the workflow that they belong to. Out: views of the
template `step.py.j2`, every value Python text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from .. import plan, schema
from ..schema import ecma
from .literals import enclosed, literal
from .names import camel_case, plain, snake_case
from .python_types import FORMATS, Definition, is_union, schema_held_to
from .python_values import (
    Local,
    absence_of,
    attribute_of_declared,
    attribute_of_reads,
    dictionary,
    set_of,
)
from .reads import ITEM, Reads, is_gone_through, is_test

if TYPE_CHECKING:
    from .workflow import Parameter, WorkflowWriter


class Output(Struct, frozen=True):
    """How the output of a step is taken.

    `python` is what is handed to the plumbing and `annotated` what the binding is then: the same
    for a class; what is no class, such as a union, is handed over as a `TypeAdapter`.
    """

    python: str
    annotated: str
    has_models: bool = False


class StepWriter:
    """Collects the views of the steps of one workflow, in order."""

    def __init__(self, workflow: WorkflowWriter) -> None:
        self.workflow = workflow
        self.module = workflow.module
        self.used = workflow.used
        self.values = workflow.values
        self.types = workflow.types
        self.locals = workflow.locals

    def statement(self, statement: plan.Step | plan.Parallel) -> dict[str, Any]:
        """Return the view of a step, or of steps that run at the same time."""
        if isinstance(statement, plan.Step):
            return {"is_parallel": False, **self._step(statement)}
        self.used.parallels = True
        steps = [
            {"function": self.workflow.local_name(step.name), **self._step(step)}
            for step in statement.steps
        ]
        targets = [step["target"] for step in steps]
        bound = f"{', '.join(each or '_' for each in targets)} = " if any(targets) else ""
        return {
            "is_parallel": True,
            "comments": _comments(statement.comments),
            "steps": steps,
            "together": enclosed(
                f"{bound}await run.parallel(", [step["function"] for step in steps], ")", indent=4
            ),
        }

    def handoff(self, handoff: plan.Handoff) -> list[str]:
        """Return the lines that end a workflow in a handoff."""
        self.used.hands_off = True
        arguments = [self.values.f_string(handoff.text, "handoff")]
        match handoff.call:
            case plan.ToolCall() as call:
                arguments.append(literal(f"{call.server.name}.{call.tool.name}"))
            case plan.WorkflowCall() as call:
                arguments.append(literal(call.workflow))
        lines = _comments(handoff.comments)
        if handoff.call is not None:
            known = self._whole_arguments(handoff.call, "handoff")
            if isinstance(handoff.call, plan.ToolCall) and (checks := self._checks(handoff.call)):
                name = self.locals.add("known")
                lines += [f"{name} = {known}", f"check({name}, {literal(checks)})"]
                known = name
            arguments += [known, literal(list(handoff.missing))]
        return [*lines, enclosed("return run.handoff(", arguments, ")", indent=4)]

    # --- One step

    def _step(self, step: plan.Step) -> dict[str, Any]:
        reads = self.workflow.reads.get(step.binding or "", Reads())
        own_reads = reads if step.loop is None else reads.at((ITEM,))
        with self._loop(step) as loop:
            condition = step.when and self.values.condition(step.when, step.name)
            output = self._output(step, own_reads)
            may_skip = condition is not None and step.loop is None
            is_read = step.binding is not None and (
                reads.inside
                or (reads.whole and not output.has_models)
                or ((reads.whole or reads.is_tested) and may_skip)
            )
            name = self.workflow.local_name(step.binding or "output") if is_read else "_"
            own_name = self.locals.add(f"{name}_item") if is_read and loop is not None else name
            own = self._local(step, own_name, own_reads, output)
            action = self._action(step, output)
            options = [*action["options"], *self._options(step, own)]
            guidance = step.guidance and self.values.f_string(step.guidance, step.name)
            with self._bound(step, own):
                undo = self._undo(step)
        self.used.skips |= condition is not None
        if step.binding is not None:
            self.values.variables[step.binding] = self._local(step, name, reads, output)
        is_used = is_read and step.binding is not None and self._is_used(step.binding)
        annotated = output.annotated if loop is None else f"list[{output.annotated}]"
        absent = self.values.variables[step.binding].absence if may_skip and step.binding else None
        self.module.uses.absent |= absent == "ABSENT"
        return {
            **action,
            "name": literal(step.name),
            "comments": _comments(step.comments),
            "run": "run" if loop is None else "each",
            "loop": loop,
            "condition": condition,
            "guidance": guidance,
            "target": name if is_used else None,
            "single": own_name if is_used else None,
            # mypy lets nobody assign what a function returns that only ever returns None.
            "is_null": isinstance(step.action, plan.WorkflowCall) and output.annotated == "None",
            "annotation": annotated,
            "absent": absent,
            "options": options,
            "undo": undo,
        }

    def _is_used(self, binding: str) -> bool:
        """Whether anything reads the variable of a binding, after what its own step requires."""
        local = self.values.variables[binding]
        result = self.workflow.workflow.result
        returned = [value for _, value in result.entries] if isinstance(result, plan.Object) else []

        def is_variable(path: plan.Path) -> bool:
            if is_gone_through(path):
                return not self._is_as_it_came(replace(path, accesses=path.accesses[:-1]))
            if is_test(path) or not local.is_kept(path):
                return True
            # Whether a step was skipped is seen by its variable.
            is_asked = bool(path.accesses) or any(path is value for value in returned)
            return path.root.absent and is_asked

        return any(map(is_variable, self.workflow.read_elsewhere.get(binding, [])))

    @contextmanager
    def _loop(self, step: plan.Step) -> Iterator[dict[str, str] | None]:
        """Within the block, the item of a `for` has a name, and its part of the run one too."""
        if step.loop is None:
            yield None
            return
        self.used.loops = True
        items = step.loop.items
        name = self.workflow.local_name(step.loop.name)
        local = Local(name, lambda accesses: None)
        written = ""
        if isinstance(items, plan.Path):
            base = self.values.variables[items.name]
            keeps = self._is_as_it_came(items)
            written = self.values.source(items, step.name, as_it_came=keeps)
            if not keeps:
                prefix = (*items.accesses, ITEM)
                attribute = base.attribute
                local = Local(
                    name,
                    lambda accesses: attribute((*prefix, *accesses)),
                    has_models=base.has_models,
                    is_declared=base.is_declared,
                )
        else:
            written = self.values.value(items, step.name).python
        self.values.variables[step.loop.name] = local
        self.values.run = "each"
        self.values.in_loop = ("each", name)
        yield {"item": name, "array": written}
        self.values.run = "run"
        self.values.in_loop = ()

    def _is_as_it_came(self, items: plan.Path) -> bool:
        """Whether an array is gone through as it came: its items are passed on whole."""
        base = self.values.variables[items.name]
        reads = self.workflow.reads[items.name].at((*items.accesses, ITEM))
        return base.has_models and base.kept_in is not None and reads.whole

    def _local(self, step: plan.Step, name: str, reads: Reads, output: Output) -> Local:
        """What the binding of a step is in Python."""
        if isinstance(step.action, plan.WorkflowCall):
            is_one = step.loop is None
            kind = output.annotated if is_one else f"list[{output.annotated}]"
            return Local(
                name,
                lambda accesses: None,
                reads=reads,
                has_keys=is_one,
                annotated=kind,
                absence=absence_of(step.output),
            )
        return Local(
            name,
            attribute_of_declared if output.has_models else attribute_of_reads(reads),
            kept_in=f"{self.values.run}.outputs",
            kept_as=step.name,
            has_models=output.has_models,
            is_declared=step.declared,
            is_any=output.annotated == "Any",
            reads=reads,
            absence=absence_of(step.output),
        )

    @contextmanager
    def _bound(self, step: plan.Step, own: Local) -> Iterator[None]:
        """Within the block, the binding of a step is its own output, one of a `for` too."""
        if step.binding is not None:
            self.values.variables[step.binding] = own
        yield

    def _action(self, step: plan.Step, output: Output) -> dict[str, Any]:
        """Return the method of the run that makes the step, and what it is given."""
        match step.action:
            case plan.ToolCall() as call:
                self.used.calls_tools = True
                arguments, optional, _ = self.values.arguments(call, step.name)
                options = [f"optional={set_of(optional)}"] if optional else []
                self.module.uses.optional |= bool(optional)
                if checks := self._checks(call):
                    options.append(f"checks={literal(checks)}")
                if step.declared:
                    self.used.declares = True
                    options.append("declared=True")
                elif promised := self._promised(step):
                    self.used.promises = True
                    options.append(f"promised={promised}")
                called = [self._server(call.server), literal(call.tool.name)]
                given = [*called, arguments, output.python]
                return {"method": "step", "given": given, "options": options}
            case plan.Read(server=server, uri=uri):
                self.used.reads_resources = True
                written = self.values.f_string(uri, step.name, encode="in_uri")
                given = [self._server(server), written, output.python]
                return {"method": "read", "given": given, "options": []}
            case plan.WorkflowCall() as call:
                self.used.calls_workflows = True
                callee = self.module.callees[call.workflow]
                arguments = self._values_for(call, step.name)
                given = [literal(call.workflow), callee.runner, str(callee.step_count), arguments]
                optional = [each.parameter.name for each in callee.parameters if each.is_optional]
                self.module.uses.optional |= bool(optional)
                options = [f"optional={set_of(optional)}"] if optional else []
                return {"method": "call", "given": given, "options": options}

    def _promised(self, step: plan.Step) -> str:
        """The Python for the schema of what the workflow returns of an output just as it comes.

        Callers are told it, and check it: what is wrong there has to fail the step, and be undone.
        """
        result = self.workflow.workflow.result
        found: list[Any] = []
        definitions: dict[str, Any] = {}
        for path in [] if result is None else plan.paths(result):
            keys = [access.key for access in path.accesses]
            is_array = step.loop is not None and not keys
            value = step.output.schema if is_array else path.type.schema
            if path.name != step.binding or (held := schema_held_to(value)) is None:
                continue
            definitions |= held.get("$defs", {})
            held = {keyword: part for keyword, part in held.items() if keyword != "$defs"}
            keys = keys if step.loop is None else keys[1:]
            if not keys:
                found = [held]  # it says all that the others could
                break
            for key in reversed(keys):
                held = {"properties": {key: held}} if isinstance(key, str) else _item(key, held)
            if held not in found:
                found.append(held)
        if not found:
            return ""
        promised = {**_all_of(found), **({"$defs": definitions} if definitions else {})}
        return self.module.schema_of(step.binding or step.name, promised)

    def _server(self, downstream: plan.Downstream) -> str:
        return f"run.servers.{self.module.server_field(downstream)}"

    def _values_for(self, call: plan.WorkflowCall, step: str) -> str:
        """The Python for the arguments of a called workflow: all of them, in its order."""
        given = {argument.name: argument for argument in call.arguments}
        values = [
            (each.parameter.name, self._value_for(given.get(each.parameter.name), each, step))
            for each in self.module.callees[call.workflow].parameters
        ]
        return dictionary(values)

    def _value_for(self, argument: plan.Argument | None, parameter: Parameter, step: str) -> str:
        if argument is None:
            return self._left_out(parameter)
        value = self.values.value(argument.value, step)
        written = value.python
        marks = [
            mark for mark, may_be in (("None", value.none), ("ABSENT", value.absent)) if may_be
        ]
        left_out = self._left_out(parameter) if marks else ""
        if marks and marks != [left_out]:
            self.module.uses.given = True
            written = f"given({written}, {left_out}, {', '.join(marks)})"
        if parameter.has_models or argument.check is not None:
            self.used.checks_workflow_arguments = True
            given = [literal(step), literal(parameter.parameter.name), written]
            return f"{self.values.run}.argument({', '.join([*given, parameter.python_type])})"
        return written

    def _left_out(self, parameter: Parameter) -> str:
        """The Python for an argument that is not given: its default, or that it is absent."""
        if parameter.parameter.has_default:
            return literal(parameter.parameter.default)
        self.module.uses.absent |= parameter.absence == "ABSENT"
        return parameter.absence

    def _checks(self, call: plan.ToolCall) -> dict[str, Any]:
        """The schemas to check arguments against, by name; all together under the empty one."""
        unproved = {argument.name: argument.check for argument in call.arguments}
        checks = {
            name: checked
            for name, check in {**unproved, "": call.check}.items()
            if check is not None and (checked := ecma.checked_in_python(check)) is not None
        }
        self.used.checks |= bool(checks)
        self.used.checked_formats |= _formats_in(checks)
        return checks

    def _options(self, step: plan.Step, own: Local) -> list[str]:
        options: list[str] = []
        if step.requirements:
            self.used.requires = True
            with self._bound(step, own):
                problems = [self._requirement(step, own, each) for each in step.requirements]
            options.append(f"requires=[{', '.join(problems)}]")
        if step.timeout is not None:
            options.append(f"timeout={_number(step.timeout)}")
        if step.attempts > 1:
            self.used.retries = True
            options.append(f"attempts={step.attempts}")
            if step.every:
                options.append(f"every={_number(step.every)}")
        return options

    def _requirement(self, step: plan.Step, own: Local, requirement: plan.Requirement) -> str:
        condition = self.values.condition(requirement.condition, step.name)
        message = self.values.f_string(requirement.message, step.name)
        body = f"None if {condition} else {message}"
        # A function that is made in a loop has to hold on to what changes with each item.
        kept = [each for each in self.values.in_loop if re.search(rf"\b{each}\b", body)]
        self.used.requires_of_items |= bool(kept)
        return f"lambda {', '.join([own.python, *(f'{each}={each}' for each in kept)])}: {body}"

    def _undo(self, step: plan.Step) -> dict[str, Any] | None:
        if step.undo is None:
            return None
        timeout = [] if step.timeout is None else [f"timeout={_number(step.timeout)}"]
        if isinstance(step.undo, plan.WorkflowCall):
            self.used.undoes_by_workflows = True
            callee = self.module.callees[step.undo.workflow]
            arguments = self._values_for(step.undo, step.name)
            given = [literal(step.undo.workflow), callee.runner, str(callee.step_count)]
            given += [arguments, *timeout]
            return {"method": "undo_by", "given": given}
        self.used.undoes_by_tools = True
        given = [
            self._server(step.undo.server),
            literal(step.undo.tool.name),
            self._whole_arguments(step.undo, step.name),
            *timeout,
        ]
        if checks := self._checks(step.undo):
            self.used.checks_undos = True
            given.append(f"checks={literal(checks)}")
        return {"method": "undo_with", "given": given}

    def _whole_arguments(self, call: plan.ToolCall | plan.WorkflowCall, step: str) -> str:
        """The Python for a call's arguments without those that are absent."""
        arguments, optional, absent = self.values.arguments(call, step)
        if not (optional or absent):
            return arguments
        return self.values.present(arguments, optional, indent=8)

    # --- Outputs

    def _output(self, step: plan.Step, reads: Reads) -> Output:
        models_before = len(self.types.models)
        annotated = self._annotation_of_output(step, reads)
        has_models = step.declared and len(self.types.models) > models_before
        is_generic = annotated.startswith(("list[", "dict[")) and not is_union(annotated)
        returned = self.workflow.workflow.result
        is_alone = isinstance(returned, plan.Path) and returned.name == step.binding
        is_class = annotated in self.types.classes and not (is_alone and annotated == "object")
        if is_class or is_generic:
            return Output(annotated, annotated, has_models=has_models)
        if isinstance(step.action, plan.WorkflowCall):
            return Output(annotated, annotated)
        name = self.module.names.add(f"{snake_case(step.binding or step.name).upper()}_TYPE")
        # mypy lets nobody assign what is only ever None, nor return an `object` as what it is.
        kind = "Any" if annotated in ("None", "object") else annotated
        definition = f"{name}: TypeAdapter[{kind}] = TypeAdapter({annotated})"
        self.types.models.append(Definition(definition))
        return Output(name, kind, has_models=has_models)

    def _annotation_of_output(self, step: plan.Step, reads: Reads) -> str:
        if isinstance(step.action, plan.WorkflowCall):
            return self.module.callees[step.action.workflow].returns
        name = camel_case(step.binding or step.name)
        if name in self.module.names:
            name = camel_case(self.workflow.workflow.name) + name
        if step.declared and schema.types(step.output.schema) != schema.types({}):
            return self.types.of_declared(step.output.schema, name, strict=True)
        if not step.declared and (
            isinstance(step.action, plan.Read) or step.action.tool.output_schema is None
        ):
            return "str"
        if reads.inside:
            docstring = f"What later steps read from {_source(step.action)}."
            return self.types.of_output(step.output.schema, reads, name, docstring)
        # Nothing of it is looked at: it is passed on, or returned, as it comes.
        roots = {"object": "dict[str, Any]", "array": "list[Any]"}
        kinds = schema.types(step.output.schema)
        return roots.get(next(iter(kinds)), "object") if len(kinds) == 1 else "object"


def _item(index: int, held: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an array of which an item has a schema."""
    return {"prefixItems": [*[True] * index, held]}


def _all_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one schema for several; those of different fields become one object."""
    if len(schemas) == 1:
        return schemas[0]
    fields = [field for each in schemas for field in each.get("properties", {}).items()]
    if len(dict(fields)) == len(schemas):
        return {"properties": dict(fields)}
    return {"allOf": schemas}


def _source(action: plan.ToolCall | plan.Read) -> str:
    if isinstance(action, plan.Read):
        return plain(action.server.name)
    return plain(f"{action.server.name}.{action.tool.name}")


def _comments(lines: tuple[str, ...]) -> list[str]:
    return [f"# {plain(line)}".rstrip() for line in lines]


def _number(seconds: float) -> str:
    return repr(int(seconds)) if seconds == int(seconds) else repr(seconds)


def _formats_in(schemas: Any) -> set[str]:
    if isinstance(schemas, dict):
        own = {schemas["format"]} if schemas.get("format") in list(FORMATS) else set()
        return own.union(*map(_formats_in, schemas.values()))
    if isinstance(schemas, list):
        return set().union(*map(_formats_in, schemas))
    return set()
