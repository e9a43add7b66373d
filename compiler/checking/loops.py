"""What a `for` runs over.

In: a `for` as it is written, and the expressions of its workflow. Out: the plan's loop; None for
one that is wrong, after its diagnostic (WF203, WF404, WF406).
"""

from __future__ import annotations

from .. import plan, schema
from ..diagnostics import Diagnostic
from ..language import syntax
from ..plan import Type
from .expressions import Declare, Expressions, path_key


class Loops:
    """Checks the loops of one workflow."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions = expressions
        self.scope = expressions.scope

    def loop(self, written: syntax.For) -> plan.Loop | None:
        """Return the plan of a `for`; None where it is wrong."""
        name = written.name
        if name.text in self.scope.variables or name.text in self.scope.later:
            self.scope.report(
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
            self.scope.report(
                Diagnostic(
                    "WF404",
                    f"`{written.items.span.text}` may be absent",
                    written.items.span,
                    label=self.expressions.why_absent(items),
                    notes=("a `when` beside a `for` is asked for each item, not before",),
                    help=self._array_help(items),
                )
            )
            return None
        item = schema.item(items.type.schema, None)
        if isinstance(item, schema.NoAccess):
            self.scope.report(
                Diagnostic(
                    "WF406",
                    f"`{written.items.span.text}` has no items: {item.reason}",
                    written.items.span,
                    label=self._described(items),
                    help=self._items_help(items, item.obstacle),
                )
            )
            return None
        if isinstance(items, plan.Path) and schema.types(items.type.schema) != {"array"}:
            place = (items.name, *(access.key for access in items.accesses))
            variable = self.scope.variables[items.name]
            self.expressions.unsure("array", written.items.span, variable, place)
        return plan.Loop(name.text, items, Type(item.schema))

    def declaration_of_item(self, items: syntax.Expression) -> Declare | None:
        """What gives the type to declare so that items of an array are as they are used."""
        if not isinstance(items, syntax.Path) or items.head.text not in self.scope.variables:
            return None
        declare = self.scope.variables[items.head.text].declaration
        _, *keys = path_key(items)
        return declare and (lambda place, is_present: declare((*keys, 0, *place), is_present))

    def _described(self, items: plan.Expression) -> str:
        described = schema.describe(items.type.schema)
        if not isinstance(items, plan.Path):
            return described
        return f"{described}, {self.scope.variables[items.name].origin}"

    def _items_help(self, items: plan.Expression, obstacle: str) -> str | None:
        """Say how to see to it that what a `for` runs over is an array."""
        if not isinstance(items, plan.Path):
            return "a `for` runs over an array"
        variable = self.scope.variables[items.name]
        help: str | None = None
        if variable.is_text:
            help = self.expressions.declaration_help(variable, "where the text is JSON", ())
            variable.type = None  # what else is read of it is wrong for the same reason
        elif obstacle == "may be null":
            keys = tuple(access.key for access in items.accesses)
            help = self.expressions.declaration_help(variable, "if it is never null", keys)
        return help or "a `for` runs over an array"

    def _array_help(self, items: plan.Expression) -> str | None:
        """Say how to see to it that there is an array to run over."""
        path = next(plan.paths(items))
        variable = self.scope.variables[path.name]
        if path.root.absent:
            return "give the argument a default: `= []`" if variable.is_argument else None
        keys = tuple(access.key for access in path.accesses)
        return self.expressions.declaration_help(
            variable, "if it always comes", keys, is_present=True
        )
