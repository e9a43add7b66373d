"""JSON Schema as types: what a value is, what its fields are, and what may be passed where.

Every function here takes schemas in the form that `normalize` returns. Containment itself is
decided by jsonschema-rs; no other package of the compiler knows of it. What it is asked, and only
asked once, is in `questions`; `ecma`, which only a few files need, is imported by its name.
"""

from .access import Access, NoAccess, field, item, properties
from .answers import remembered
from .compose import array_of, object_of, tuple_of, union_of
from .describe import describe
from .json_value import Json, Schema
from .keywords import bare
from .kinds import types
from .questions import (
    assignable,
    disjoint,
    enumeration,
    errors,
    format_gap,
    is_pattern,
    normalize,
    satisfiable,
    undeclared_only,
)
from .verdict import NO_COUNTEREXAMPLE, NoCounterexample, SchemaError, Verdict, Violation

__all__ = [
    "NO_COUNTEREXAMPLE",
    "Access",
    "Json",
    "NoAccess",
    "NoCounterexample",
    "Schema",
    "SchemaError",
    "Verdict",
    "Violation",
    "array_of",
    "assignable",
    "bare",
    "describe",
    "disjoint",
    "enumeration",
    "errors",
    "field",
    "format_gap",
    "is_pattern",
    "item",
    "normalize",
    "object_of",
    "properties",
    "remembered",
    "satisfiable",
    "tuple_of",
    "types",
    "undeclared_only",
    "union_of",
]
