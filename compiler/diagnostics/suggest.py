"""Did-you-mean: the name that was probably meant.

In: a name that is not there, and the names that are. Out: the nearest, if one is near enough
to be a slip of the hand. Case, `_` and `-` do not count; beyond that, an edit distance of at
most a quarter of the length, which finds typing errors and leaves unrelated names alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..source import Span
from . import Fix, replace_fix

_LONGEST_LABEL = 80
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` is probably a misspelling of, or None."""
    close = _near(name, candidates)
    return close[0][1] if close else None


def only_near(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` misspells, None too where it could be one of several.

    One that differs in nothing but case, `_` and `-` is meant before any other.
    """
    close = _near(name, candidates)
    same = [candidate for distance, candidate in close if distance == 0]
    certain = same or [candidate for _, candidate in close]
    return certain[0] if len(certain) == 1 else None


def spelling_fix(span: Span, name: str, candidates: Iterable[str]) -> Fix | None:
    """Return the fix, a guess, that writes the one word which `name`, at a span, misspells."""
    meant = only_near(name, candidates)
    return replace_fix(span, meant) if meant is not None and is_word(meant) else None


def is_word(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return _WORD.fullmatch(name) is not None


def _near(name: str, candidates: Iterable[str]) -> list[tuple[int, str]]:
    """Return the candidates that are near a name with their distances, the nearest first."""
    wanted = _folded(name)
    close: list[tuple[int, str]] = []
    for candidate in set(candidates):
        length = max(len(name), len(candidate))
        # One slip is allowed in a word of three letters; in a shorter one it makes another word.
        limit = max(length // 4, 1 if length > 2 else 0)
        distance = _distance(wanted, _folded(candidate), limit)
        if distance <= limit:
            close.append((distance, candidate))
    return sorted(close)


def listing(names: Iterable[str], most: int = 8) -> str:
    """Return names for a message, in their order: "`a`, `b` and `c`", at most `most` of them."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > most:
        quoted = [*quoted[:most], f"{len(quoted) - most} more"]
    if len(quoted) <= 1:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]


def note_of(
    said: str, names: Iterable[str], suggested: str | None, most: int = 8
) -> tuple[str, ...]:
    """Return the note that lists the names there are; none where the only one is suggested."""
    known = list(names)
    return () if not known or known == [suggested] else (f"{said} {listing(known, most)}",)


def as_label(notes: tuple[str, ...], otherwise: str) -> str:
    """Return the note that is to stand beside the mark, or what else does where it is too long.

    A label starts somewhere in the middle of a line.
    """
    return notes[0] if notes and len(notes[0]) <= _LONGEST_LABEL else otherwise


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def _distance(left: str, right: str, limit: int) -> int:
    """The optimal string alignment distance, or more than `limit` when it is more than that.

    Insertions, deletions, substitutions and swaps of neighbours count one each (Damerau 1964,
    in the restricted form).
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if before and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1]
