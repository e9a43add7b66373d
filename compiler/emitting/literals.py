"""Constants, and what is listed, as Python that is laid out as Black lays it out.

In: JSON, or texts that are Python already. Out: Python text. Black has the last word on all of a
module; what looks as Black wants it already takes it half the time.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..schema import Json
from .formatting import LINE_LENGTH


def bracketed(opening: str, items: Sequence[str], closing: str) -> str:
    """Give each of several items a line of its own, as Black does after a comma behind the last."""
    if len(items) < 2:
        return opening + "".join(items) + closing
    return "\n".join([opening, *(f"{_indented(item)}," for item in items), closing])


def _indented(text: str) -> str:
    return "    " + text.replace("\n", "\n    ")


def literal(value: Json) -> str:
    """Return the Python for a constant, with the quotes that Black prefers.

    What may stand within an f-string, such as a key in a path, is left to `repr`, which prefers
    single quotes: Python 3.11 takes no double ones there.
    """
    match value:
        case str() if '"' not in value:
            # repr chooses its quotes by what is in the text: a single one makes it choose others.
            return '"' + repr("'" + value)[2:]
        case dict():
            entries = (f"{literal(key)}: {literal(each)}" for key, each in value.items())
            return "{" + ", ".join(entries) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def laid_out(value: Json, taken: int, depth: int = 1) -> str:
    """Return the Python for a constant as Black has it: on several lines where one has no room.

    `taken` is how much of its first line is taken, `depth` how deep its parts are indented.
    """
    line = literal(value)
    if not isinstance(value, dict | list) or not value or taken + len(line) <= LINE_LENGTH:
        return line
    if isinstance(value, dict):
        parts = [(f"{literal(key)}: ", each) for key, each in value.items()]
    else:
        parts = [("", each) for each in value]
    items = [key + laid_out(each, 4 * depth + len(f"{key},"), depth + 1) for key, each in parts]
    if len(items) == 1:
        return "\n".join([line[0], _indented(items[0]), line[-1]])
    return bracketed(line[0], items, line[-1])
