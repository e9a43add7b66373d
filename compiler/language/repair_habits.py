"""Habits of other languages that have one likely repair here: a rule for each.

In: the place where the parser stopped. Out: the repair, or None where it is another mistake. The
rules of this language itself are in `repair_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec.structs import replace

from ..diagnostics import replace_fix
from .problem import BASE_TYPE_NAMES, FOREIGN_VALUES, TEXTS, problem
from .recover import CLOSING, just_before
from .repair_place import Place, Repair
from .syntax_errors import never_closed

_TERMINALS = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}

# Comparisons as others write them, or as a hand slips.
_COMPARISONS = {"=>": ">=", "=<": "<=", "=!": "!=", "=": "=="}


# --- Marks


def _comparison(place: Place) -> Repair | None:
    """`=`, `=>` and the like between two values."""
    if not place.rest.startswith("=") or "OPERATOR" not in place.accepts:
        return None
    if place.found not in ("=", "=>", "=<", "=!"):
        return None
    mark = place.rest[:2] if place.rest[:2] in _COMPARISONS else "="
    meant = _COMPARISONS[mark]
    return place.replace(
        f"values are compared with `{meant}`", meant, (("OPERATOR", meant),), length=len(mark),
        label="a comparison has two" if mark == "=" else "",
    )  # fmt: skip


def _rest_of_comparison(place: Place) -> Repair | None:
    """`===`, `!==` and `<>`, of which the first part has been read."""
    if place.previous_end != place.start or "NAME" not in place.accepts or place.opening == "(":
        return None
    read = place.text[: place.start]
    if place.found == "=" and read.endswith(("==", "!=")):
        return place.replace(f"`{read[-2:]}=` is written `{read[-2:]}`", "", label="one too many")
    if place.found == ">" and read.endswith("<"):
        span = place.source.span(place.start - 1, place.end)
        fix = replace_fix(span, "!=", is_safe=True)
        return Repair(problem("`<>` is written `!=`", span, fix=fix), (), place.end)
    return None


def _argument_arrow(place: Place) -> Repair | None:
    """`query -> name`."""
    if not place.rest.startswith("->") or "EQUAL" not in place.accepts or not place.opening:
        return None
    return place.replace(
        "an argument is given with `=`, not with `->`", "=", (("EQUAL", "="),), length=2
    )


def _field_mark(place: Place) -> Repair | None:
    """`employee->email`, `employee?.email`."""
    mark = re.match(r"(?:->|\?\.|::)(?=[A-Za-z_])", place.rest)
    if mark is None or not {"DOT", "LSQB"} <= place.accepts or place.previous_end != place.start:
        return None
    help = None
    if mark[0] == "?.":
        help = "a field of a value that is absent is absent as well"
    return place.replace(
        "a field is read with `.`", ".", (("DOT", "."),), length=mark.end(), help=help
    )


def _second_dot(place: Place) -> Repair | None:
    if place.found != "." or place.accepts != {"NAME"} or place.previous_end != place.start:
        return None
    return place.replace("a field is read with a single `.`", "", label="one too many")


def _second_bar(place: Place) -> Repair | None:
    """`string || integer`, of which the first `|` has been read."""
    if place.found != "|" or place.previous_end != place.start or "NAME" not in place.accepts:
        return None
    return place.replace("types are alternatives with a single `|`", "", label="one too many")


def _alternative(place: Place) -> Repair | None:
    """`"a" or "b"` and `("a", "b")` as a type."""
    if "VBAR" not in place.accepts or "COMMA" in place.accepts:
        return None
    mark = re.match(r'or\b|[,/](?=\s*")', place.rest)
    if mark is None or place.is_first_on_line:
        return None
    gap = "" if place.text[place.start - 1].isspace() else " "
    are_texts = place.text[place.previous_end - 1] == '"'
    return place.replace(
        "alternatives stand between `|`", f"{gap}|", (("VBAR", "|"),), length=mark.end(),
        is_safe=False, help='write `"a" | "b"`' if are_texts else None,
    )  # fmt: skip


def other_bracket(place: Place) -> Repair | None:
    """A bracket of another kind than the one that it is to close."""
    if place.bracket is None or place.found not in _TERMINALS:
        return None
    wanted = CLOSING[place.opening]
    if _TERMINALS[wanted] not in place.accepts:
        return None
    opening = place.source.span(place.bracket, place.bracket + 1)
    if place.closes_outer(place.found):
        at = place.source.span(place.previous_end, place.previous_end)
        found = never_closed(place.source, place.bracket)
        fix = replace_fix(at, wanted, title=f"add `{wanted}`")
        return Repair(
            problem(found.message, opening, code=found.code, label=found.label, fix=fix),
            ((_TERMINALS[wanted], wanted),),
            place.start,
            is_certain=False,
        )
    span = place.span()
    found = problem(
        f"this `{place.found}` closes no `{place.opening}`",
        span,
        label=f"`{wanted}` is expected here",
        related=((opening, "opened here"),),
        fix=replace_fix(span, wanted),
    )
    return Repair(found, ((_TERMINALS[wanted], wanted),), place.end)


# --- Words


def _listed_alternatives(place: Place) -> Repair | None:
    """`"a", "b"` as a type, which has been taken for whole with the first of them."""
    if place.found != "," or place.opening or place.first_word not in ("arg", "type"):
        return None
    listed = re.match(r'(?:,\s*"(?:[^"\\\n]|\\.)*"(?=\s*,))*,\s*"(?:[^"\\\n]|\\.)*"', place.rest)
    mark = ":" if place.first_word == "arg" else "="
    first = just_before(rf'[{mark}|]\s*"[^"]*"\Z', place.text, place.previous_end)
    if listed is None or first is None:
        return None
    span = place.span(listed.end())
    new = re.sub(r',\s*(?=")', " | ", listed[0])
    found = problem(
        "alternatives stand between `|`, not `,`", place.span(1), fix=replace_fix(span, new)
    )
    return Repair(found, (), span.end, is_certain=False)


def _from(place: Place) -> Repair | None:
    """`use hr "mcp.json"`, `use hr in "mcp.json"`, `use hr and finance from …`."""
    if "_FROM" not in place.accepts:
        return None
    if place.rest.startswith('"') and place.previous_word != "from":
        return place.insert(
            "`from` is missing in front of the file", " from", (("_FROM", "from"),), is_safe=True
        )
    word = re.match(r'(?:in|of|at|on)\b(?=\s*")', place.rest)
    if word is not None:
        return place.replace(
            "the file follows `from`", "from", (("_FROM", "from"),), length=word.end()
        )
    if re.match(r"and\b", place.rest) and "COMMA" in place.accepts:
        return place.replace(
            "a `,` stands between two servers", ",", (("COMMA", ","),), length=3, is_safe=False
        )
    return None


def _equal_of_type(place: Place) -> Repair | None:
    """`type Month string`, `type Person {…}`."""
    if place.accepts != {"EQUAL"} or place.first_word != "type" or place.opening:
        return None
    if not re.match(r"[A-Za-z_\"{(]", place.rest):
        return None
    return place.insert("a type follows its name after `=`", " =", (("EQUAL", "="),))


# --- Values


def _number(place: Place) -> Repair | None:
    """`.5` and `+5`."""
    if "NUMBER" not in place.accepts:
        return None
    fraction = re.match(r"\.\d+", place.rest)
    if fraction is not None:
        value = f"0{fraction[0]}"
        return place.replace(
            "a number starts with a digit", value, (("NUMBER", value),), length=fraction.end()
        )
    positive = re.match(r"\+(\d+(?:\.\d+)?)", place.rest)
    if positive is None:
        return None
    return place.replace(
        "a number has no `+`", positive[1], (("NUMBER", positive[1]),), length=positive.end()
    )


def _bare_default(place: Place) -> Repair | None:
    """`arg month = January`."""
    word = re.match(r"[A-Za-z_]\w*", place.rest)
    if word is None or "STRING" not in place.accepts or "NAME" in place.accepts:
        return None
    if word[0] in FOREIGN_VALUES or word[0] in BASE_TYPE_NAMES:
        return None
    is_default = place.text[place.previous_end - 1] == "=" and not place.opening
    if not is_default or place.first_word != "arg" or place.is_first_on_line:
        return None
    if re.match(r"\s*[.(]", place.rest[word.end() :]):
        return None  # more than a text
    repair = place.replace(
        "a default is a constant; a text stands in double quotes", f'"{word[0]}"',
        (("STRING", f'"{word[0]}"'),), length=word.end(), is_safe=False,
        help=f'write `"{word[0]}"`',
    )  # fmt: skip
    return replace(repair, is_certain=False)


def _bare_digits(place: Place) -> Repair | None:
    """`version 1.0.0` and `= 2024-05-01`: texts of digits without their quotes."""
    start = place.start
    while start and (place.text[start - 1].isdigit() or place.text[start - 1] in ".-"):
        start -= 1
    digits = re.match(r"\d[\w.:-]*", place.text[start : place.piece.end])
    if digits is None:
        return None
    value = f'"{digits[0]}"'
    span = place.source.span(start, start + digits.end())
    fix = replace_fix(span, value)
    if start == place.start and place.accepts <= TEXTS:
        tokens: tuple[tuple[str, str], ...] = (("STRING", value),)
    elif re.fullmatch(r"\d{4}-\d\d(?:-\d\d)?", digits[0]) and start < place.start:
        tokens = ()
    else:
        return None
    found = problem("a text stands in double quotes", span, help=f"write `{value}`", fix=fix)
    return Repair(found, tokens, span.end, is_certain=False)


HABITS: tuple[Callable[[Place], Repair | None], ...] = (
    _comparison, _rest_of_comparison, _argument_arrow, _field_mark, _second_dot, _second_bar,
    _alternative, _listed_alternatives, _from, _equal_of_type,
    _number, _bare_default, _bare_digits,
)  # fmt: skip
