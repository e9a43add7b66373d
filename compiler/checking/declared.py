"""Types as they are written in a `.wf`, as JSON Schemas.

In: `syntax.Type`s and the file's `type` declarations. Out: schemas, and diagnostics for unknown
names (WF208) and for constraints that a type does not take (WF212).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..diagnostics import Diagnostic, Related, replace_fix
from ..diagnostics.suggest import as_label, nearest, note_of, only_near
from ..language import syntax
from ..schema import (
    Access,
    Schema,
    SchemaError,
    array_of,
    is_pattern,
    normalize,
    object_of,
    types,
    union_of,
)

BASE_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "any": {},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "duration": {"type": "string", "format": "duration"},
    "email": {"type": "string", "format": "email"},
    "uri": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
}

# The keywords of JSON Schema that a constraint stands for, by the type that it constrains.
_CONSTRAINTS = {
    "string": {"min": "minLength", "max": "maxLength", "pattern": "pattern"},
    "integer": {"min": "minimum", "max": "maximum"},
    "number": {"min": "minimum", "max": "maximum"},
    "array": {"min": "minItems", "max": "maxItems"},
    "object": {"min": "minProperties", "max": "maxProperties"},
}


class DeclaredTypes:
    """The types of one file: turns what is written into schemas, each alias once."""

    def __init__(
        self,
        declarations: Mapping[str, syntax.TypeDeclaration],
        report: Callable[[Diagnostic], None],
    ) -> None:
        self._declarations = declarations
        self._report = report
        self._known: dict[str, Schema] = {}
        self._under_way: list[str] = []
        self._wrongly_constrained: list[syntax.ConstrainedType] = []
        self._told: set[str] = set()
        self._wrong: set[str] = set()
        """Aliases that are made of themselves."""

    def check_all(self) -> None:
        """Look at every alias, used or not, so that a mistake in it is told."""
        for name in self._declarations:
            self._alias(name, self._declarations[name].name)

    def schema(self, written: syntax.Type) -> Schema:
        """Return the schema of a type; `any`, with the problem reported, for a wrong part."""
        match written:
            case syntax.NamedType():
                return self._named(written.name)
            case syntax.LiteralType():
                return {"const": written.value}
            case syntax.ArrayType():
                return array_of(self.schema(written.item))
            case syntax.ObjectType(fields=fields):
                types = {
                    each.name.text: Access(self.schema(each.type), not each.optional)
                    for each in fields
                }
                return opened(object_of(types))
            case syntax.UnionType():
                return self._union(written)
            case syntax.ConstrainedType():
                return self._constrained(written)

    def known(self, written: syntax.Type) -> Schema | None:
        """Return the schema of a type; None, with the problem reported, where a name is wrong."""
        schema = self.schema(written)
        return schema if self._is_known(written) else None

    def _is_known(self, written: syntax.Type) -> bool:
        match written:
            case syntax.NamedType(name=name) if name.text in self._declarations:
                is_known = name.text not in self._wrong
                return is_known and self._is_known(self._declarations[name.text].type)
            case syntax.NamedType(name=name):
                return name.text in BASE_TYPES
            case syntax.ArrayType(item=inner):
                return self._is_known(inner)
            case syntax.ConstrainedType(base=inner):
                return written not in self._wrongly_constrained and self._is_known(inner)
            case syntax.ObjectType(fields=fields):
                return all(self._is_known(field.type) for field in fields)
            case syntax.UnionType(members=members):
                return all(self._is_known(member) for member in members)
            case syntax.LiteralType():
                return True

    def _named(self, name: syntax.Name) -> Schema:
        if name.text in self._declarations:
            return self._alias(name.text, name)
        if name.text in BASE_TYPES:
            return BASE_TYPES[name.text]
        candidates = [*self._declarations, *BASE_TYPES]
        from ..language.problem import FOREIGN_TYPES

        foreign = FOREIGN_TYPES.get(name.text.lower())
        close = foreign or nearest(name.text, candidates)
        meant = foreign or only_near(name.text, candidates)
        if name.text in self._told:
            return {}
        self._told.add(name.text)
        self._report(
            Diagnostic(
                "WF208",
                f"there is no type `{name.text}`",
                name.span,
                label="not a type",
                notes=note_of("types are", candidates, close, most=20),
                help=f"did you mean `{close}`?" if close else None,
                fix=replace_fix(name.span, meant) if meant else None,
            )
        )
        return {}

    def _alias(self, name: str, use: syntax.Name) -> Schema:
        if name in self._known:
            return self._known[name]
        declaration = self._declarations[name]
        if name in self._under_way:
            self._report(
                Diagnostic(
                    "WF208",
                    f"the type `{name}` is made of itself",
                    use.span,
                    related=(Related(declaration.name.span, "declared here"),),
                    help="a declared type cannot be recursive; use `any` for the inner part",
                )
            )
            self._known[name] = {}
            self._wrong.update(self._under_way)
            return {}
        self._under_way.append(name)
        schema = self.schema(declaration.type)
        self._under_way.pop()
        return self._known.setdefault(name, schema)

    def _union(self, written: syntax.UnionType) -> Schema:
        members = [self.schema(member) for member in written.members]
        constants = [
            member["const"] for member in members if isinstance(member, dict) and "const" in member
        ]
        if len(constants) == len(members):
            return {"enum": list(dict.fromkeys(constants))}
        return union_of(members)

    def _constrained(self, written: syntax.ConstrainedType) -> Schema:
        base = self.schema(written.base)
        if not self._is_known(written.base):
            return base
        kinds = types(base)
        kind = "number" if kinds == {"integer", "number"} else next(iter(kinds), "")
        allowed = _CONSTRAINTS.get(kind, {}) if len(kinds) == 1 or kind == "number" else {}
        if not isinstance(base, dict) or "const" in base or "enum" in base:
            allowed = {}
        added: dict[str, Any] = {}
        for constraint in written.constraints:
            name = constraint.name.text
            if name not in allowed:
                self._wrongly_constrained.append(written)
                self._report(_not_taken(written, constraint.name, allowed))
                continue
            if not self._fits(constraint, allowed[name]):
                self._wrongly_constrained.append(written)
                continue
            value = constraint.value
            assert isinstance(value, syntax.Constant)
            added[allowed[name]] = value.value
        keywords = list(allowed.values())
        low, high = (added.get(keyword) for keyword in keywords[:2]) if added else (None, None)
        if low is not None and high is not None and low > high:
            self._wrongly_constrained.append(written)
            self._report(
                Diagnostic(
                    "WF212",
                    f"no value is both at least {low} and at most {high}",
                    written.span,
                    help="swap `min` and `max`",
                )
            )
            return base
        return {**base, **added} if isinstance(base, dict) else base

    def _fits(self, constraint: syntax.Constraint, keyword: str) -> bool:
        """Whether JSON Schema takes the value for the keyword; reports where it does not."""
        written = constraint.value
        why: str | None = None
        if isinstance(written, syntax.Constant):
            try:
                normalize({keyword: written.value})
            except SchemaError:
                pass
            else:
                why = _why_no_pattern(written.value) if keyword == "pattern" else None
                if why is None:
                    return True
        wanted = {
            "pattern": "a regular expression",
            "minimum": "a number",
            "maximum": "a number",
        }.get(keyword, "a whole number from 0 on")
        self._report(
            Diagnostic(
                "WF212",
                f"`{constraint.name.text}` takes {wanted}",
                written.span,
                label=why or f"not {wanted}",
            )
        )
        return False


def _why_no_pattern(text: str) -> str | None:
    """Say what is wrong with a regular expression; None for one that the server can check."""
    from ..schema.ecma import pydantic_pattern, python_pattern

    if is_pattern(text) and (pydantic_pattern(text) or python_pattern(text)) is not None:
        return None
    try:
        re.compile(text)
    except re.error as error:
        return str(error)
    return "not a regular expression of ECMA-262, or one that Python cannot check"


def _not_taken(
    written: syntax.ConstrainedType, name: syntax.Name, allowed: Mapping[str, str]
) -> Diagnostic:
    """The diagnostic for a constraint that a type does not take; `allowed` are those it does."""
    by_keyword = {keyword: constraint for constraint, keyword in allowed.items()}
    meant = by_keyword.get(name.text) or only_near(name.text, allowed)
    help = (
        "`min` and `max` constrain texts, numbers, arrays and objects, `pattern` constrains texts"
    )
    takes = note_of("it takes", allowed, meant)
    if allowed:
        help = f"did you mean `{meant}`?" if meant else takes[0]
    return Diagnostic(
        "WF212",
        f"`{written.base.span.text}` takes no constraint `{name.text}`",
        name.span,
        label=as_label(takes, "does not apply here"),
        notes=takes if meant else (),
        help=help,
        fix=replace_fix(name.span, meant) if meant else None,
    )


def opened(schema: Schema) -> Schema:
    """Return an object schema that lets further fields through, as JSON Schema's own do."""
    assert isinstance(schema, dict)
    return {
        keyword: value for keyword, value in schema.items() if keyword != "additionalProperties"
    }
