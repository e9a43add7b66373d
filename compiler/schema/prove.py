"""Containment where the library alone cannot tell: recursion, large schemas, parts of parts.

The library compares a reference only with itself, and some keywords only part by part. Both are
overcome by one sound step, enlarging. If every value of a part X of the source is valid for the
part Y that stands in the same place of the target, X may be replaced by Y in the source: that can
only add values. When the library sees that even the enlarged source is contained, so is the source.

Whether X is contained in Y is asked in the same way. A question that comes up again while it is
being answered may be taken as answered: it is then about a part of the value, and values are
finite, so this is induction on their size. Should the answer turn out not to be yes, everything
is done again without that assumption.

What is too large to hand over as a whole is taken apart first where that is plainly right: a union
into its branches, an object of nothing but fields into its fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .compose import renamed
from .engine import contained, text
from .json_value import Schema
from .keywords import ANNOTATIONS, definition_name, definitions, with_definitions
from .regular import Strings, included, one_of

MAX_QUESTIONS = 150
"""How often one proof may ask the library."""

_ANYTHING = {
    "anyOf": [
        {"type": ["null", "boolean", "number", "string"]},
        {"type": "array", "items": True},
        {"type": "object", "additionalProperties": True},
    ]
}
"""`true` spelled out, so that its parts can be compared."""

_ABOUT_STRINGS = ("type", "pattern", "minLength", "maxLength", "enum", "const", "allOf")

_BESIDE = frozenset({"$ref", "$defs", "title", "description", "default", "examples"})
"""Keywords beside which a reference still says everything."""


def proved(source: Schema, target: Schema) -> bool:
    """Say whether it can be shown that `target` admits every value of `source`."""
    own, others = definitions(source), definitions(target)
    available = {
        **{f"s.{name}": _prefixed(schema, "s.", own) for name, schema in own.items()},
        **{f"t.{name}": _prefixed(schema, "t.", others) for name, schema in others.items()},
    }
    proof = _Proof(available)
    within, outer = _prefixed(source, "s.", own), _prefixed(target, "t.", others)
    while proof.questions < MAX_QUESTIONS:
        refuted = len(proof.refuted)
        proof.assumed.clear()
        if not proof.part(within, outer):
            return False
        if len(proof.refuted) == refuted:
            return True
    return False


def _prefixed(schema: Any, prefix: str, names: Iterable[str]) -> Any:
    bare = schema
    if isinstance(schema, dict):
        bare = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    return renamed(bare, {name: prefix + name for name in names})


class _Proof:
    """One attempt: what is assumed, and what has been found not to hold."""

    def __init__(self, available: dict[str, Any]) -> None:
        self._available = available
        self.assumed: set[tuple[str, str]] = set()
        self.refuted: set[tuple[str, str]] = set()
        self.questions = 0

    def part(self, source: Any, target: Any) -> bool:
        """Say whether `source` is contained in `target`, given what is assumed."""
        key = (text(source), text(target))
        if key[0] == key[1] or target is True or target == {} or source is False:
            return True
        if key in self.refuted:
            return False
        if key in self.assumed:
            return True
        if self.questions >= MAX_QUESTIONS:
            return False
        self.assumed.add(key)
        if self._ask(source, target):
            return True
        inner, outer = self._unfolded(source), self._unfolded(target)
        if self._whole(_ANYTHING if _says_nothing(inner) else inner, outer):
            return True
        self.refuted.add(key)
        return False

    def _whole(self, source: Any, target: Any) -> bool:
        """Say whether one unfolded schema is contained in another, taking it apart if need be.

        This is about one and the same value, so here nothing may be assumed.
        """
        if self.questions >= MAX_QUESTIONS or not isinstance(target, dict):
            return target is True
        if self._ask(self._enlarged(source, [*self._alternatives(target)]), target):
            return True
        for keyword in ("anyOf", "oneOf"):
            if isinstance(source, dict) and keyword in source:
                return all(self._whole(branch, target) for branch in source[keyword])
        if "anyOf" in target and target.keys() == {"anyOf"}:
            return any(self._whole(source, branch) for branch in target["anyOf"])
        return _strings(source, target) or self._fields(source, target)

    def _fields(self, source: Any, target: dict[str, Any]) -> bool:
        """Compare two objects of which only the fields are said, field by field."""
        if not (_is_record(source) and _is_record(target)):
            return False
        own, others = source.get("properties", {}), target.get("properties", {})
        if not set(target.get("required", ())) <= set(source.get("required", ())):
            return False
        rest, other_rest = (s.get("additionalProperties", True) for s in (source, target))
        return self.part(rest, other_rest) and all(
            self.part(own.get(name, rest), others.get(name, other_rest))
            for name in dict.fromkeys([*own, *others])
        )

    def _ask(self, source: Any, target: Any) -> bool:
        self.questions += 1
        # Both bring every definition of either: one name must mean one thing.
        needed = with_definitions({"allOf": [source, target]}, self._available).get("$defs")
        if not needed:
            return contained(source, target) == "yes"
        wrapped = [
            {**part, "$defs": needed} if isinstance(part, dict) else {"allOf": [part]}
            for part in (source, target)
        ]
        return contained(wrapped[0], wrapped[1]) == "yes"

    def _unfolded(self, schema: Any, opened: frozenset[str] = frozenset()) -> Any:
        """Return `schema` with the references about the value itself written out."""
        if not isinstance(schema, dict):
            return schema
        result = {
            keyword: [self._unfolded(child, opened) for child in value]
            if keyword in ("allOf", "anyOf", "oneOf")
            else value
            for keyword, value in schema.items()
        }
        name = definition_name(schema)
        if name is None or name in opened or name not in self._available:
            return result
        meant = self._unfolded(self._available[name], opened | {name})
        rest = {keyword: value for keyword, value in result.items() if keyword not in _BESIDE}
        return {"allOf": [meant, rest]} if rest else meant

    def _alternatives(self, schema: Any) -> Iterable[dict[str, Any]]:
        """Yield the plain schemas that an unfolded schema is made of."""
        if isinstance(schema, dict):
            yield schema
            for keyword in ("allOf", "anyOf", "oneOf"):
                for child in schema.get(keyword, ()):
                    yield from self._alternatives(child)

    def _enlarged(self, source: Any, targets: list[dict[str, Any]]) -> Any:
        """Return `source` with each part replaced by a part of the target that contains it.

        Only where more values of the part mean more values of the whole: not under ``not``,
        ``if`` and ``oneOf``, where they may mean fewer.
        """
        if not isinstance(source, dict):
            return source
        result = dict(source)
        for keyword in ("allOf", "anyOf"):
            if keyword in source:
                result[keyword] = [self._enlarged(child, targets) for child in source[keyword]]
        if "properties" in source:
            result["properties"] = {
                name: self._replaced(child, [_field(target, name) for target in targets])
                for name, child in source["properties"].items()
            }
        if "prefixItems" in source:
            result["prefixItems"] = [
                self._replaced(child, [_item(target, index) for target in targets])
                for index, child in enumerate(source["prefixItems"])
            ]
        for keyword in ("items", "additionalProperties"):
            if keyword in source:
                parts = [target.get(keyword) for target in targets]
                result[keyword] = self._replaced(source[keyword], parts)
        if "patternProperties" in source:
            result["patternProperties"] = {
                pattern: self._replaced(
                    child,
                    [target.get("patternProperties", {}).get(pattern) for target in targets],
                )
                for pattern, child in source["patternProperties"].items()
            }
        return result

    def _replaced(self, source: Any, targets: list[Any]) -> Any:
        """Return what `source` may be replaced by: every target that contains it, at once."""
        if source is False:
            return source
        holding: list[Any] = []
        for target in targets:
            plain = target is None or target is True or target == {} or target in holding
            if not plain and self.part(source, target):
                holding.append(target)
        if not holding:
            return source
        return holding[0] if len(holding) == 1 else {"allOf": holding}


def _strings(source: Any, target: dict[str, Any]) -> bool:
    """Say whether the patterns and lengths of one string schema imply those of another."""
    if not isinstance(source, dict) or source.get("type") != "string":
        return False
    own, wanted = _as_strings(source), _as_strings(target)
    return own is not None and wanted is not None and included(own, wanted)


def _as_strings(schema: dict[str, Any]) -> Strings | None:
    """Return which strings a schema allows, if it says nothing of them but in plain words."""
    kinds = schema.get("type", "string")
    if not schema.keys() <= {*_ABOUT_STRINGS, *ANNOTATIONS} or "string" not in kinds:
        return None
    patterns = [schema["pattern"]] if "pattern" in schema else []
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    lists = [[schema["const"]]] if "const" in schema else []
    lists += [schema["enum"]] if "enum" in schema else []
    for listed in lists:
        strings = [value for value in listed if isinstance(value, str)]
        if not strings:
            return None
        patterns.append(one_of(strings))
    for child in schema.get("allOf", ()):
        inner = _as_strings(child) if isinstance(child, dict) else None
        if inner is None:
            return None
        patterns += inner.patterns
        least = max(least, inner.least)
        most = inner.most if most is None else most if inner.most is None else min(most, inner.most)
    return Strings(tuple(patterns), least, most)


def _is_record(schema: Any) -> bool:
    """Say whether a schema is about objects only and says nothing but what its fields are."""
    return (
        isinstance(schema, dict)
        and schema.get("type") == "object"
        and schema.keys()
        <= {"type", "properties", "required", "additionalProperties", *ANNOTATIONS}
    )


def _says_nothing(schema: Any) -> bool:
    """Say whether an unfolded schema plainly allows every value."""
    if not isinstance(schema, dict):
        return schema is True
    return all(
        keyword in ANNOTATIONS or (keyword == "allOf" and all(map(_says_nothing, value)))
        for keyword, value in schema.items()
    )


def _field(schema: dict[str, Any], name: str) -> Any:
    """Return what a schema says of a field, where that is plain to see."""
    if name in schema.get("properties", {}):
        return schema["properties"][name]
    return None if "patternProperties" in schema else schema.get("additionalProperties")


def _item(schema: dict[str, Any], index: int) -> Any:
    first = schema.get("prefixItems", ())
    return first[index] if index < len(first) else schema.get("items")
