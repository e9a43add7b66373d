"""Constants, and what is listed, as Python that is laid out as Black lays it out.

In: JSON, or texts that are Python already. Out: Python text. Black has the last word on all of a
module but the quotes, which are chosen here; what looks as it wants it already takes it half the
time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..schema import Json
from .formatting import LINE_LENGTH


def bracketed(opening: str, items: Sequence[str], closing: str) -> str:
    """Give each of several items a line of its own, as Black does after a comma behind the last."""
    if len(items) < 2:
        return opening + "".join(items) + closing
    return "\n".join([opening, *(f"{_indented(item)}," for item in items), closing])


def enclosed(opening: str, items: Sequence[str], closing: str, *, indent: int = 0) -> str:
    """Write items between brackets as Black does: in the line, in one of their own, each in one.

    `indent` is how deep the text will stand.
    """
    line = ", ".join(items)
    if "\n" not in line and indent + len(f"{opening}{line}{closing}") <= LINE_LENGTH:
        return f"{opening}{line}{closing}"
    if len(items) == 1 or ("\n" not in line and indent + 4 + len(line) <= LINE_LENGTH):
        return "\n".join([opening, _indented(line), closing])
    return bracketed(opening, items, closing)


def _indented(text: str) -> str:
    return "    " + text.replace("\n", "\n    ")


def literal(value: Json) -> str:
    """Return the Python for a constant, as Black writes it where there is room in the line."""
    match value:
        case str():
            # Double quotes, but where more of them than of single ones had to be escaped.
            return repr(value) if value.count('"') > value.count("'") else f'"{_within(value)}"'
        case dict():
            entries = (f"{literal(key)}: {literal(each)}" for key, each in value.items())
            return "{" + ", ".join(entries) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case float():
            return repr(value).replace("e+", "e")
    return repr(value)


Quoted = Callable[[str | int], str]
"""Gives the Python for a constant: `literal`, or `repr`, whose quotes fit into an f-string."""


def f_string(parts_in: Callable[[Quoted], list[tuple[bool, str]]]) -> str:
    """Return the Python for texts, and for code where the flag is set, one after the other.

    `parts_in` gives them with the constants of the code written in one way or the other: within an
    f-string they cannot have its quotes. Python before 3.12 allows no backslash there either; such
    code is added to the texts around it instead.
    """
    parts = parts_in(repr)
    codes = "".join(text for is_code, text in parts if is_code)
    if "\\" in codes or '"' in codes:
        pieces = parts_in(literal)
        return " + ".join(f"str({text})" if is_code else literal(text) for is_code, text in pieces)
    texts = "".join(text for is_code, text in parts if not is_code)
    quote = "'" if texts.count('"') > texts.count("'") and "'" not in codes else '"'
    written = [
        f"{{{text}}}" if is_code else _within(text, quote).replace("{", "{{").replace("}", "}}")
        for is_code, text in parts
    ]
    return f"f{quote}{''.join(written)}{quote}"


def _within(text: str, quote: str = '"') -> str:
    """Return a text as it stands between quotes of a kind."""
    # repr chooses the quotes by what is in the text: with both kinds of them, single ones.
    escaped = repr(f"{text}'\"")[1:-4]
    return escaped if quote == "'" else escaped.replace("\\'", "'").replace('"', '\\"')


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
