"""What a workflow reads of each value: the whole, or which parts of it.

In: a `plan.Workflow`. Out: a tree for each name, from which the emitter makes models of just
these parts. What is read of an item of a `for` is read of the array that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from .. import plan, schema

ITEM = plan.Access(0, plan.Type({}), plan.Type({}), optional=False)
"""An access to an item of an array, whichever."""
_EACH = replace(ITEM)
"""An access to the items of an array that is gone through; that alone reads nothing of them."""
_THERE = replace(ITEM)
"""A look at whether a value is there, which reads nothing of it."""


class Reads(Struct):
    """What is read of a value: the value as a whole, fields of it, items of it.

    `is_raw` says that it has to stay the JSON that it is. Items of a `for` are read both whole
    and in part, and a model of the parts could not be passed on as the whole; or the items of an
    array are of several types, so that no model of one is right for all.
    """

    whole: bool = False
    fields: dict[str, Reads] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    items: Reads | None = None
    is_raw: bool = False
    is_tested: bool = False
    """Whether it is asked whether it is there."""

    def add(self, accesses: tuple[plan.Access, ...]) -> None:
        """Note one path."""
        if not accesses:
            self.whole = True
            return
        first, *rest = accesses
        if first is _EACH:
            self.items = self.items or Reads()
            return
        if first is _THERE:
            self.is_tested = True
            return
        if isinstance(first.key, str):
            inner = self.fields.setdefault(first.key, Reads())
            if first.optional:
                self.optional.add(first.key)
        else:
            self.items = self.items or Reads()
            inner = self.items
            if rest and first is not ITEM and not _is_as_all_items(first):
                self.is_raw = True
        inner.add(tuple(rest))

    def at(self, accesses: tuple[plan.Access, ...]) -> Reads:
        """Return what is read of the value at the end of a path."""
        current = self
        for access in accesses:
            inner = current.fields.get(access.key) if isinstance(access.key, str) else current.items
            if inner is None:
                return Reads()
            current = inner
        return current

    @property
    def inside(self) -> bool:
        """Whether a part of the value is read."""
        return bool(self.fields) or self.items is not None


def reads_of(workflow: plan.Workflow) -> dict[str, Reads]:
    """Return what is read of each argument and binding of a workflow."""
    found: dict[str, Reads] = {}
    for path in _paths(workflow):
        found.setdefault(path.name, Reads()).add(path.accesses)
    for step in workflow.steps:
        if step.loop is not None and isinstance(step.loop.items, plan.Path):
            items = step.loop.items
            read = found.setdefault(items.name, Reads()).at((*items.accesses, ITEM))
            read.is_raw = read.whole and read.inside
    return found


def _is_as_all_items(access: plan.Access) -> bool:
    """Whether an item is of the type that every item of its array is of."""
    every = schema.item(access.before.schema, None)
    return isinstance(every, schema.Access) and every.schema == access.after.schema


def read_elsewhere(workflow: plan.Workflow) -> dict[str, list[plan.Path]]:
    """Return the paths that begin with each name, beside those of what its own step requires."""
    found: dict[str, list[plan.Path]] = {}
    for path in _paths(workflow, requirements_of_own=False):
        found.setdefault(path.name, []).append(path)
    return found


def is_test(path: plan.Path) -> bool:
    """Whether it is only asked whether there is something, or how much."""
    return bool(path.accesses) and any(path.accesses[-1] is each for each in (_EACH, _THERE))


def is_gone_through(path: plan.Path) -> bool:
    """Whether a path leads to the items of an array that is gone through."""
    return bool(path.accesses) and path.accesses[-1] is _EACH


def may_lack(path: plan.Path) -> bool:
    """Whether a part on a path may not be there, in a value that is."""
    return any(access.optional or not is_made_for(access) for access in path.accesses)


def is_made_for(access: plan.Access) -> bool:
    """Whether what is read from is certainly an array for an item, and an object for a field."""
    kind = "array" if isinstance(access.key, int) else "object"
    return schema.types(access.before.schema) == {kind}


def _paths(workflow: plan.Workflow, *, requirements_of_own: bool = True) -> Iterator[plan.Path]:
    for step in workflow.steps:
        required = [
            path
            for path in _paths_of_requirements(step)
            if requirements_of_own or path.name != step.binding
        ]
        yield from (_of_array(path, step) for path in [*_paths_of_step(step), *required])
        if step.loop is not None:
            if isinstance(step.loop.items, plan.Path):
                items = step.loop.items
                yield replace(items, accesses=(*items.accesses, _EACH))
            else:
                yield from plan.paths(step.loop.items)
    if workflow.result is not None:
        yield from plan.paths(workflow.result)
    if workflow.handoff is not None:
        yield from plan.paths(workflow.handoff.text)
        if workflow.handoff.call is not None:
            yield from _paths_of_call(workflow.handoff.call)


def _paths_of_step(step: plan.Step) -> Iterator[plan.Path]:
    """Yield what a step reads, beside what it requires."""
    yield from _paths_of_call(step.action)
    if step.when is not None:
        yield from _paths_of_condition(step.when)
    if step.guidance is not None:
        yield from plan.paths(step.guidance)
    if step.undo is not None:
        yield from _paths_of_call(step.undo)


def _paths_of_condition(condition: plan.Condition) -> Iterator[plan.Path]:
    """Whether something is there is asked without reading what it is, and not if it always is."""
    tested = {id(path) for path in plan.tested_paths(condition)}
    for path in plan.condition_paths(condition):
        if id(path) not in tested:
            yield path
        elif path.root.absent or may_lack(path):
            yield replace(path, accesses=(*path.accesses, _THERE))


def _paths_of_requirements(step: plan.Step) -> Iterator[plan.Path]:
    for requirement in step.requirements:
        yield from plan.condition_paths(requirement.condition)
        yield from plan.paths(requirement.message)


def _paths_of_call(action: plan.Action) -> Iterator[plan.Path]:
    if isinstance(action, plan.Read):
        yield from plan.paths(action.uri)
        return
    for argument in action.arguments:
        yield from plan.paths(argument.value)


def _of_array(path: plan.Path, step: plan.Step) -> plan.Path:
    """In a `for`, turn a path from an item into one from the array it is an item of."""
    if step.loop is None:
        return path
    if path.name == step.binding:
        return replace(path, accesses=(ITEM, *path.accesses))
    if path.name == step.loop.name and isinstance(step.loop.items, plan.Path):
        items = step.loop.items
        return replace(items, accesses=(*items.accesses, ITEM, *path.accesses))
    return path
