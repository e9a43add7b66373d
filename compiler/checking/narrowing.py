"""Types that further checks make narrower, and what is wrong only where nothing is known.

In: schemas in the form of `wfc.schema`. Out: what both of two allow, and whether a `no` could only
come of a place of which the source says nothing.
"""

from __future__ import annotations

from .. import schema
from ..schema import Schema, Verdict
from ..schema.compose import both_of

__all__ = ["both_of", "unsaid_only"]

Path = tuple[str | int, ...]

_MOST_PLACES = 8


def unsaid_only(source: Schema, target: Schema, verdict: Verdict) -> bool:
    """Whether a `no` could only come of a part of the source that may be anything (`any`).

    `verdict` is what `schema.assignable` said of the two. Each such part is taken to be what the
    target asks for there; if nothing is wrong then, nothing else was wrong.
    """
    filled: set[Path] = set()
    while verdict.answer == "no" and len(filled) < _MOST_PLACES:
        place = _unsaid_place(source, verdict.path, filled)
        if place is None:
            return False
        asked = _at(target, place)
        if asked is None:
            return False
        filled.add(place)
        source = both_of(source, _inside(place, asked))
        verdict = schema.assignable(source, target)
    return verdict.answer == "yes"


def _unsaid_place(source: Schema, path: Path, filled: set[Path]) -> Path | None:
    """The outermost part on the way to a place of which nothing is said."""
    for end in range(len(path) + 1):
        found = _at(source, path[:end])
        if found is None:
            return None
        if schema.assignable(True, found).answer == "yes":
            return None if path[:end] in filled else path[:end]
    return None


def _at(whole: Schema, path: Path) -> Schema | None:
    """The schema of a part, None where there is no such part or it is not declared."""
    for key in path:
        if isinstance(key, int):
            access = schema.item(whole, None)
        elif schema.properties(whole):
            access = schema.field(whole, key)
        else:
            return None
        if not isinstance(access, schema.Access):
            return None
        whole = access.schema
    return whole


def _inside(path: Path, inner: Schema) -> Schema:
    """A schema that asks for `inner` at the end of a path, and for nothing else."""
    for key in reversed(path):
        inner = (
            schema.array_of(inner)
            if isinstance(key, int)
            else schema.object_of({key: schema.Access(inner, required=False)})
        )
        assert isinstance(inner, dict)
        inner = {
            keyword: value
            for keyword, value in inner.items()
            if keyword not in ("type", "additionalProperties")
        }
    return inner
