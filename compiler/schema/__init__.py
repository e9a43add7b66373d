"""JSON Schema as types: what a value is, what its fields are, and what may be passed where.

Every function here takes schemas in the form that `normalize` returns. Containment itself is
decided by jsonschema-rs; no other package of the compiler knows of it.
"""

from .access import Access, NoAccess, field, item, properties
from .assignable import assignable, disjoint, satisfiable
from .compose import array_of, object_of, tuple_of, union_of
from .describe import describe
from .dialect import SchemaError, normalize
from .ecma import checked_in_python, is_checked_whole, pydantic_pattern, python_pattern
from .engine import bare, is_pattern
from .json_value import Json, Schema
from .kinds import enumeration, types
from .policy import format_gap, undeclared_only
from .validate import Violation, errors
from .verdict import NO_COUNTEREXAMPLE, NoCounterexample, Verdict

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
    "checked_in_python",
    "describe",
    "disjoint",
    "enumeration",
    "errors",
    "field",
    "format_gap",
    "is_checked_whole",
    "is_pattern",
    "item",
    "normalize",
    "object_of",
    "properties",
    "pydantic_pattern",
    "python_pattern",
    "satisfiable",
    "tuple_of",
    "types",
    "undeclared_only",
    "union_of",
]
