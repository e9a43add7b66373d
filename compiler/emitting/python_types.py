"""JSON Schemas as Python annotations.

In: the schema of a value and, for outputs, the paths that are read in it. Out: the text of an
annotation, and the pydantic models that it names, before those that use them.

Two kinds of model are made. Of an output, a model has just the fields that are read, and is
validated strictly: what a server promised, at the step that relied on it. Of an argument or a
declared type, it has every field, with its constraints, and lets others through.
"""

from __future__ import annotations

import ast
import json
import keyword
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from .. import schema
from ..schema import Schema, ecma
from .literals import literal
from .names import Names, camel_case, snake_case
from .reads import Reads

# What pydantic's own models have; a field of the same name would hide it.
_OF_MODELS = frozenset(
    {
        "construct", "copy", "dict", "from_orm", "json", "model_computed_fields", "model_config",
        "model_construct", "model_copy", "model_dump", "model_dump_json", "model_extra",
        "model_fields", "model_fields_set", "model_json_schema", "model_parametrized_name",
        "model_post_init", "model_rebuild", "model_validate", "model_validate_json",
        "model_validate_strings", "parse_file", "parse_obj", "parse_raw", "schema", "schema_json",
        "update_forward_refs", "validate", "str", "int", "bool", "list", "float", "re",
    }
)  # fmt: skip
_KEPT_FOR_MODELS = (
    "model_computed_fields", "model_config", "model_dump", "model_extra", "model_fields",
    "model_validate",
)  # fmt: skip

_SCALARS = {"string": "str", "integer": "Integer", "boolean": "bool", "null": "None"}
ANY_JSON = "dict[str, Any] | list[Any] | str | bool | int | float | None"
"""Any value, as the annotation of what a tool returns: `Any` would say that it has no structure."""
BUILT_IN = frozenset({"str", "bool", "int", "float", "object"})
"""The annotations that are classes: others are aliases, which no type checker takes for one."""
_ORDER = ("boolean", "integer", "number", "string", "array", "object", "null")
_LONGEST_SCHEMA = 800

FORMATS = {
    "date": (r"\d{4}-\d\d-\d\d", "date.fromisoformat", "Date"),
    "date-time": (
        r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
        "datetime.fromisoformat",
        "DateTime",
    ),
    "time": (r"\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", "time.fromisoformat", "Time"),
    "duration": (
        r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)",
        "",
        "Duration",
    ),
    "email": (r"[^@\s]+@[^@\s]+", "", "Email"),
    "uri": (r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*", "urlsplit", "Uri"),
    "uuid": (
        r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
        "UUID",
        "Uuid",
    ),
}
"""JSON Schema's formats: a pattern, what reads the text beyond it, and the alias in Python."""


class Model(Struct):
    """A class of the generated module: its fields are whole lines of Python."""

    name: str
    bases: str
    docstring: str
    fields: list[str]

    @property
    def python(self) -> str:
        """The class as Python."""
        lines = [f"class {self.name}({self.bases}):", f'    """{self.docstring}"""', ""]
        return "\n".join([*lines, *(f"    {line}" for line in self.fields)])


class TypedDictionary(Struct):
    """A `TypedDict` of the generated module: annotations by the keys of the wire."""

    name: str
    docstring: str
    keys: dict[str, str]

    @property
    def python(self) -> str:
        """The class as Python; as a call where a key cannot be an annotation in a class."""
        if all(map(_is_plain_attribute, self.keys)) and not self.keys.keys() & self._names():
            fields = [f"{key}: {kind}" for key, kind in self.keys.items()]
            return Model(self.name, "TypedDict", self.docstring, fields).python
        items = ", ".join(f"{literal(key)}: {kind}" for key, kind in self.keys.items())
        return f"{self.name} = TypedDict({literal(self.name)}, {{{items}}})"

    def _names(self) -> set[str]:
        """The names that the annotations use, which a key would hide from type checkers."""
        trees = [ast.parse(kind, mode="eval") for kind in self.keys.values()]
        return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _is_plain_attribute(key: str) -> bool:
    """Whether Python takes a name in a class as it is, as it does not `__x` or what is no ASCII."""
    return (
        key.isidentifier()
        and key.isascii()
        and not keyword.iskeyword(key)
        and not key.startswith("__")
    )


class Definition(Struct):
    """A line of the generated module that defines a name."""

    python: str


class PythonTypes:
    """Makes annotations for the values of one workflow."""

    def __init__(self, module: Names, used_formats: set[str]) -> None:
        self.models: list[Model | TypedDictionary | Definition] = []
        self.classes = {*BUILT_IN}
        """The annotations that are classes, so far."""
        self.uses_absent = False
        self.uses_integers = False
        self.uses_numbers = False
        self.uses_enumerations = False
        self._module = module
        self._used_formats = used_formats

    # --- What is read of an output

    def of_output(self, value: Schema, reads: Reads, name: str, docstring: str) -> str:
        """Return the annotation of an output, of which just what is read is looked at."""
        if reads.inside and schema.types(value) == schema.types({}):
            # Nothing is promised of it: it need not be an object unless a part is asked for.
            reads.is_raw = True
        if reads.is_raw:
            return self.annotation(value)
        if reads.fields:
            return self._model_of_reads(value, reads, name, docstring)
        if reads.items is not None:
            item = schema.item(value, None)
            assert isinstance(item, schema.Access)
            inner = self.of_output(
                item.schema, reads.items, f"{name}Item", "What later steps read from its items."
            )
            return f"list[{inner}]"
        return self.annotation(value)

    def _model_of_reads(self, value: Schema, reads: Reads, name: str, docstring: str) -> str:
        name = self._module.add(camel_case(name))
        fields: list[str] = []
        attributes = attribute_names(reads.fields)
        for key, inner in reads.fields.items():
            access = schema.field(value, key)
            assert isinstance(access, schema.Access)
            kind = self.of_output(
                access.schema,
                inner,
                f"{name}{camel_case(key)}",
                f"What later steps read from its {snake_case(key)}.",
            )
            fields.append(self._field(attributes[key], key, kind, optional=key in reads.optional))
        self.classes.add(name)
        self.models.append(Model(name, "BaseModel", docstring, fields))
        return name

    def _field(self, attribute: str, key: str, kind: str, *, optional: bool) -> str:
        alias = attribute != key
        if optional:
            self.uses_absent = True
            kind = f"{kind} | Absent"
            if alias:
                return f"{attribute}: {kind} = Field(default=ABSENT, alias={literal(key)})"
            return f"{attribute}: {kind} = ABSENT"
        default = f" = Field(alias={literal(key)})" if alias else ""
        return f"{attribute}: {kind}{default}"

    # --- Every part of a declared type

    def of_declared(self, value: Schema, name: str, *, strict: bool) -> str:
        """Return the annotation of a type that a `.wf` declares, with all that it asks for.

        `strict` is for outputs; arguments come from people and models, who write `"5"` for 5.
        """
        if not isinstance(value, dict) or not value:
            return "Any"
        if "$ref" in value or "$defs" in value:
            value = _resolved(value)
        if schema.enumeration(value) is not None:
            return self.annotation(value)
        if "anyOf" in value:
            parts = [
                self.of_declared(_with_definitions(part, value), f"{name}{number}", strict=strict)
                for number, part in enumerate(value["anyOf"], 1)
            ]
            return " | ".join(dict.fromkeys(each for part in parts for each in _members(part)))
        kind = value.get("type")
        if kind == "array":
            inner = self.of_declared(
                _with_definitions(value.get("items", {}), value), f"{name}Item", strict=strict
            )
            return self._constrained(
                f"list[{inner}]", value, {"minItems": "min_length", "maxItems": "max_length"}
            )
        if kind == "object":
            return self._declared_model(value, name, strict=strict)
        if kind == "string":
            return self._text(value)
        if kind in ("integer", "number"):
            # JSON has one kind of number: 1 stays 1, also where 1.5 would be as good.
            self.uses_integers |= kind == "integer"
            self.uses_numbers |= kind == "number" and not strict
            limits = {"minimum": "ge", "maximum": "le"}
            if kind == "integer":
                # Behind the validator of `Integer`, callers would be told of `ge`: no JSON Schema.
                plain = self._constrained("int", value, limits).removesuffix("]")
                return "Integer" if plain == "int" else f"{plain}, BeforeValidator(whole)]"
            python = "int | float" if strict else "Number"
            plain = self._constrained(python, value, limits)
            if python != "Number" or plain == python:
                return plain
            return f"{plain.removesuffix(']')}, WithJsonSchema({literal(value)})]"
        return self.annotation(value)

    def _text(self, value: dict[str, Any]) -> str:
        known = value.get("format")
        base = "str"
        if known in FORMATS:
            self._used_formats.add(known)
            base = FORMATS[known][2]
        return self._constrained(
            base,
            value,
            {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"},
        )

    def _constrained(self, base: str, value: dict[str, Any], keywords: dict[str, str]) -> str:
        given = ", ".join(
            _constraint(option, keyword, value[keyword])
            for keyword, option in keywords.items()
            if keyword in value
        )
        return f"Annotated[{base}, Field({given})]" if given else base

    def _declared_model(self, value: dict[str, Any], name: str, *, strict: bool) -> str:
        fields = schema.properties(value)
        if not fields:
            return "dict[str, Any]"
        name = self._module.add(camel_case(name))
        attributes = attribute_names(fields)
        lines: list[str] = []
        for key, access in fields.items():
            kind = self.of_declared(access.schema, f"{name}{camel_case(key)}", strict=strict)
            alias = f"alias={literal(key)}" if attributes[key] != key else ""
            if access.required:
                line = f"{attributes[key]}: {kind}" + (f" = Field({alias})" if alias else "")
            elif strict:
                line = self._field(attributes[key], key, kind, optional=True)
            else:
                self.uses_absent = True
                options = ", ".join(filter(None, ["default_factory=lambda: ABSENT", alias]))
                line = f"{attributes[key]}: {kind} | SkipJsonSchema[Absent] = Field({options})"
            lines.append(line)
        self.classes.add(name)
        self.models.append(
            Model(
                name,
                'BaseModel, extra="allow"',
                "What a caller gives; further fields are kept.",
                lines,
            )
            if not strict
            else Model(
                name,
                "BaseModel",
                "What is declared of an output, and checked when it comes.",
                lines,
            )
        )
        return name

    # --- What is not looked into

    def annotation(self, value: Schema) -> str:
        """Return the annotation of a value that is not looked into."""
        values = schema.enumeration(value)
        if not values:
            return self._of_kinds(schema.types(value), values)
        if all(each is None or isinstance(each, str | int) for each in values):
            kind = _literal(values)
        else:
            kind = self._of_kinds(schema.types(value), values)
        if all(each is None or isinstance(each, str) for each in values):
            return kind
        self.uses_enumerations = True
        return f"Annotated[{kind}, one_of({', '.join(map(literal, values))})]"

    def _of_kinds(self, kinds: frozenset[str], values: list[Any] | None) -> str:
        if not kinds or {"array", "object", "string", "number", "boolean", "null"} <= kinds:
            return "Any"
        found: list[str] = []
        for kind in _ORDER:
            if kind not in kinds:
                continue
            if kind == "number" or (kind == "integer" and _has_floats(values)):
                found += ["int", "float"]
            elif kind == "array":
                found.append("list[Any]")
            elif kind == "object":
                found.append("dict[str, Any]")
            else:
                self.uses_integers |= kind == "integer"
                found.append(_SCALARS[kind])
        return " | ".join(found)

    def published(self, value: Schema, python: str | None = None) -> str:
        """Return the annotation of a part of a result, with its schema for those who call.

        An object or an array that is passed on is just that in Python; what its fields are is
        told in the tool's output schema, as long as that stays short and needs no definitions.
        `python` is the annotation to take instead of the schema's own.
        """
        python = python or self.annotation(value)
        told = schema_told(value)
        return python if told is None else f"Annotated[{python}, WithJsonSchema({literal(told)})]"


def _constraint(option: str, keyword: str, value: Any) -> str:
    """What a keyword asks for, as options of a field."""
    if keyword != "pattern":
        return f"{option}={literal(value)}"
    written = ecma.pydantic_pattern(value)
    if written is not None:
        found = f"pattern={literal(written)}"
    else:
        written = ecma.python_pattern(value)
        found = f"pattern=re.compile({literal(written)})"  # which pydantic leaves to Python
    # Callers are told it as it was written, which ECMA-262 reads as these engines read the other.
    told = literal({"pattern": value})
    return found if written == value else f"{found}, json_schema_extra={told}"


def attribute_names(keys: Iterable[str]) -> Mapping[str, str]:
    """Return the Python attribute for each field, by its name on the wire."""
    return _attribute_names(tuple(keys))


@cache
def _attribute_names(keys: tuple[str, ...]) -> Mapping[str, str]:
    names = Names(_OF_MODELS)
    found: dict[str, str] = {}
    for key in keys:
        name = snake_case(key).lstrip("_")
        if not name.isidentifier():
            name = f"field_{name}".rstrip("_")
        # Pydantic keeps names that start so for itself.
        found[key] = names.add(f"field_{name}" if name.startswith("model_") else name)
    return found


def schema_held_to(value: Schema) -> Any:
    """Return what a value is held to that is returned as it comes, None where there is nothing."""
    return None if _says_all(value) else ecma.checked_in_python(value)


def is_union(annotation: str) -> bool:
    """Whether an annotation is `A | B`, and not one whose parts have unions."""
    return isinstance(ast.parse(annotation, mode="eval").body, ast.BinOp)


def _members(annotation: str) -> list[str]:
    """Return what an annotation is a union of, itself alone where it is none."""
    nodes = [ast.parse(annotation, mode="eval").body]
    while isinstance(first := nodes[0], ast.BinOp):
        nodes[:1] = [first.left, first.right]
    return [ast.get_source_segment(annotation, node) or annotation for node in nodes]


def is_one_of_arrays(value: Schema) -> bool:
    """Whether the annotation of a declared type is a union that has several arrays."""
    if not isinstance(value, dict):
        return False
    value = _resolved(value)
    parts = [_with_definitions(part, value) for part in value.get("anyOf", ())]
    arrays = [part for part in parts if schema.types(part) == {"array"}]
    return len(arrays) > 1 or any(map(is_one_of_arrays, parts))


def is_of_models(name: str, wire_name: str) -> bool:
    """Whether an argument of a tool cannot have a name in Python, since models have it.

    The SDK makes a model of a tool's arguments, and looks after the names of its methods itself
    where they are those of the wire.
    """
    return name.startswith(_KEPT_FOR_MODELS) or (name in _OF_MODELS and name != wire_name)


def schema_told(value: Schema) -> Any:
    """Return the schema that callers are told of a value, None where it is not told."""
    told = schema.bare(value)
    if _says_all(value) or is_long(told) or "$ref" in json.dumps(told):
        return None
    # Clients in Python would refuse the whole tool for a pattern that they cannot read.
    return told if _are_python_patterns(told) else None


def _says_all(value: Schema) -> bool:
    """Whether the annotation of a value says all that its schema does."""
    is_plain = schema.bare(value) in ({"type": "object"}, {"type": "array"}, {}, True)
    return is_plain or not schema.types(value) & {"array", "object"}


def is_long(value: Schema) -> bool:
    """Whether a schema is too long to be read where it is used."""
    return len(json.dumps(value)) > _LONGEST_SCHEMA


def _literal(values: list[Any]) -> str:
    """The annotation of one of these values; null stands apart, as people write it."""
    written = ", ".join(literal(value) for value in values if value is not None)
    if None not in values:
        return f"Literal[{written}]"
    return f"Literal[{written}] | None" if written else "None"


def _are_python_patterns(given: Any) -> bool:
    """Whether all regular expressions in a schema are ones for Python too."""
    if isinstance(given, list):
        return all(map(_are_python_patterns, given))
    if not isinstance(given, dict):
        return True
    patterns = [*given.get("patternProperties", ()), given.get("pattern", "")]
    try:
        for pattern in patterns:
            re.compile(pattern if isinstance(pattern, str) else "")
    except re.error:
        return False
    return all(map(_are_python_patterns, given.values()))


def _has_floats(values: list[Any] | None) -> bool:
    """Whether a number is listed that is written with a point, 1.0 being an integer as well."""
    return any(isinstance(value, float) for value in values or ())


def _with_definitions(part: Schema, whole: dict[str, Any]) -> Schema:
    if isinstance(part, dict) and "$defs" in whole:
        return {**part, "$defs": whole["$defs"]}
    return part


def _resolved(value: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference at the root, which declared types have only through composition."""
    reference = value.get("$ref")
    definitions = value.get("$defs", {})
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        return {**definitions[reference.removeprefix("#/$defs/")], "$defs": definitions}
    return value
