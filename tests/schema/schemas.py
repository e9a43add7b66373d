"""Random schemas and values that have something to do with each other."""

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c"])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 6),
    st.sampled_from([0.5, 1.0, -1.5, 2.25, 10**18]),
    st.sampled_from(["", "a", "b", "ab", "aa", "2024-02-29", "é", "x y"]),
)

VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)

_COUNTS = st.integers(0, 3)
_BOUNDS = st.sampled_from([-1, 0, 1, 2, 0.5, 5])

_TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]

_LEAVES: list[st.SearchStrategy[Any]] = [
    st.booleans(),
    st.just({}),
    st.fixed_dictionaries({"type": st.sampled_from(_TYPES)}),
    st.fixed_dictionaries(
        {"type": st.lists(st.sampled_from(_TYPES), min_size=1, max_size=3, unique=True)}
    ),
    st.fixed_dictionaries({"const": VALUES}),
    st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": _BOUNDS,
            "exclusiveMaximum": _BOUNDS,
            "maximum": _BOUNDS,
            "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": _COUNTS,
            "maxLength": _COUNTS,
            "pattern": st.sampled_from(
                ["^a", "a$", "^[ab]+$", "^(a|b)$", "^$", "b|^a", "^a{2,3}$"]
            ),
            "format": st.sampled_from(["date", "uri", "made-up"]),
        },
    ),
    st.builds(lambda name: {"$ref": f"#/$defs/{name}"}, NAMES),
]


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(NAMES, inner, max_size=3),
                "required": st.lists(NAMES, max_size=2, unique=True),
                "additionalProperties": inner,
                "patternProperties": st.dictionaries(
                    st.sampled_from(["^a", "b"]), inner, max_size=1
                ),
                "minProperties": _COUNTS,
                "maxProperties": _COUNTS,
                "propertyNames": inner,
                "dependentRequired": st.dictionaries(
                    NAMES, st.lists(NAMES, max_size=1), max_size=1
                ),
                "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=3)},
            optional={
                "required": st.lists(NAMES, max_size=2, unique=True),
                "additionalProperties": st.booleans(),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "prefixItems": some,
                "minItems": _COUNTS,
                "maxItems": _COUNTS,
                "uniqueItems": st.booleans(),
                "contains": inner,
                "minContains": _COUNTS,
                "maxContains": _COUNTS,
            },
        ),
        st.fixed_dictionaries({"anyOf": some}),
        st.fixed_dictionaries({"oneOf": some}),
        st.fixed_dictionaries({"allOf": some}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner}),
        st.fixed_dictionaries({"allOf": some, "unevaluatedProperties": inner}),
        st.fixed_dictionaries({"anyOf": some, "unevaluatedItems": inner}),
    )


_BODIES = st.recursive(st.one_of(_LEAVES), _composed, max_leaves=7)


def _guarded(schema: Any) -> Any:
    """Return a definition that is not just another reference: a loop of those means nothing."""
    return {
        "type": "object",
        "properties": {"a": schema, "b": {"type": "string"}},
        "required": ["b"],
    }


@st.composite
def schemas(draw: st.DrawFn) -> Any:
    """Draw a schema, its references resolved, in draft 2020-12 as an author may write it."""
    body = draw(_BODIES)
    if not isinstance(body, dict):
        return body
    definitions = {name: _guarded(draw(_BODIES)) for name in ("a", "b", "c")}
    return {**body, "$defs": definitions}
