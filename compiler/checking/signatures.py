"""What tools take and return, as types.

In: tools of the catalogue, with the schemas their servers sent. Out: their parameters and
output in the form that `wfc.schema` works on, each looked at once. A schema that makes no sense
is reported as a warning at its place in the lock, and counts as `any`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from msgspec import Struct

from ..diagnostics import Diagnostic, Related, Severity
from ..diagnostics.suggest import nearest
from ..schema import (
    Access,
    NoAccess,
    Schema,
    SchemaError,
    field,
    normalize,
    properties,
    satisfiable,
)
from ..servers.catalog import Catalog, Tool

# What an input schema may say at its root that is said of each parameter alone.
_OF_PARAMETERS = {
    "type", "properties", "required", "additionalProperties", "$defs", "$schema", "$id", "title",
    "description", "examples", "default", "$comment", "deprecated",
}  # fmt: skip


class Signature(Struct, frozen=True, dict=True):
    """A tool's parameters and output."""

    tool: Tool
    input: Schema
    output: Schema | None
    """None where the tool declares none: it returns text."""

    @cached_property
    def parameters(self) -> dict[str, Access]:
        """The declared parameters, in the order of the schema, and those it just requires."""
        found = properties(self.input)
        required = self.input.get("required", []) if isinstance(self.input, dict) else []
        for name in required:
            access = field(self.input, name)
            if isinstance(access, Access):
                found.setdefault(name, access)
            elif not self._is_closed:
                found.setdefault(name, Access(True, required=True))
        return found

    def parameter(self, name: str) -> Access | NoAccess:
        """What the parameter of a name takes; `required` says whether it has to be given."""
        known = self.parameters.get(name)
        if known is not None:
            return known
        if self._takes_others and nearest(name, self.parameters) is None:
            return Access(True, required=False)
        if self._takes_none:
            return NoAccess("unknown field", "it takes no parameters")
        return field(self.input, name)

    @property
    def _is_closed(self) -> bool:
        """Whether parameters that are not declared are refused."""
        return self.tool.input_schema.get("additionalProperties") is False

    @property
    def _takes_others(self) -> bool:
        """Whether the server says that there may be parameters that it does not declare."""
        return self.tool.input_schema.get("additionalProperties") in (True, {})

    @property
    def _takes_none(self) -> bool:
        """Whether the server says that there are no parameters: it could have said nothing."""
        return self.tool.input_schema.get("properties") == {} and not self.parameters

    @cached_property
    def is_of_parameters_only(self) -> bool:
        """Whether right parameters are all that the input schema asks for."""
        if isinstance(self.input, bool):
            return True
        are_known = self.parameters.keys() >= set(self.input.get("required", ()))
        return are_known and self.input.keys() <= _OF_PARAMETERS


def in_lock(catalog: Catalog, tool: Tool, *pointer: str) -> Related:
    """Return where a part of a tool stands in the lock, named by its server, tool and last key."""
    place = catalog.span(tool.server, tool.name, *pointer)
    return Related(place, f"{tool.server} › {tool.name} › {pointer[-1]}", is_quoted=False)


class Signatures:
    """The signatures of a catalogue's tools."""

    def __init__(self, catalog: Catalog, report: Callable[[Diagnostic], None]) -> None:
        self._catalog = catalog
        self._report = report
        self._known: dict[tuple[str, str], Signature] = {}

    def of(self, tool: Tool) -> Signature:
        """Return the signature of a tool of the catalogue."""
        key = (tool.server, tool.name)
        if key not in self._known:
            # A tool's arguments are always an object, said or not.
            given = {"type": "object", **tool.input_schema}
            output = tool.output_schema
            self._known[key] = Signature(
                tool,
                self._normalized(tool, "inputSchema", given),
                None if output is None else self._normalized(tool, "outputSchema", dict(output)),
            )
        return self._known[key]

    def _normalized(self, tool: Tool, key: str, schema: dict[str, Any]) -> Schema:
        try:
            normalized = normalize(schema)
        except SchemaError as error:
            steps = [step for step in error.pointer.split("/")[1:] if step]
            self._report(
                Diagnostic(
                    "WF306",
                    f"the {key} of {tool.server}.{tool.name} makes no sense: {error}",
                    self._catalog.span(tool.server, tool.name, key, *steps),
                    Severity.WARNING,
                    notes=("nothing that flows through it can be checked before it runs",),
                    help="tell the authors of the server",
                )
            )
            return {"type": "object"}
        self._report_impossible(tool, key, normalized)
        return normalized

    def _report_impossible(self, tool: Tool, key: str, schema: Schema) -> None:
        """Report a schema that no value is valid for, or a declared part of it that is one."""
        places: list[tuple[tuple[str, ...], Schema]] = [((key,), schema)]
        places += [
            ((key, "properties", name), access.schema)
            for name, access in properties(schema).items()
            if access.schema is not False  # said outright, so meant
        ]
        for place, part in places:
            if satisfiable(part) != "no":
                continue
            what = f"the {key}" if len(place) == 1 else f"`{place[-1]}` in the {key}"
            self._report(
                Diagnostic(
                    "WF306",
                    f"{what} of {tool.server}.{tool.name} allows no value at all",
                    self._catalog.span(tool.server, tool.name, *place),
                    Severity.WARNING,
                    help="tell the authors of the server",
                )
            )
            return
