"""What tools take and return, as types.

In: tools of the catalogue, with the schemas their servers sent. Out: their parameters and
output in the form that `wfc.schema` works on, each looked at once. A schema that makes no sense
is reported as a warning at its place in the lock, and counts as `any`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .catalog import Catalog, Tool
from .diagnostics import Diagnostic, Severity
from .schema import Access, NoAccess, Schema, SchemaError, field, normalize, properties

# What an input schema may say at its root that is said of each parameter alone.
_OF_PARAMETERS = {
    "type", "properties", "required", "additionalProperties", "$defs", "$schema", "$id", "title",
    "description", "examples", "default", "$comment", "deprecated",
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
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
            if name not in found and isinstance(access, Access):
                found[name] = access
        return found

    def parameter(self, name: str) -> Access | NoAccess:
        """What the parameter of a name takes; `required` says whether it has to be given."""
        return self.parameters.get(name) or field(self.input, name)

    @cached_property
    def is_of_parameters_only(self) -> bool:
        """Whether right parameters are all that the input schema asks for."""
        return isinstance(self.input, bool) or self.input.keys() <= _OF_PARAMETERS


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
            return normalize(schema)
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
