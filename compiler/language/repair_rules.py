"""The mistakes that have one likely repair: a rule for each.

In: the place where the parser stopped. Out: the repair, or None where it is another mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec.structs import replace

from ..diagnostics import Diagnostic, Edit, Fix, Silence, replace_fix
from ..diagnostics.suggest import nearest
from ..source import Span
from .problem import BASE_TYPE_NAMES, FOREIGN_VALUES, TEXTS, problem
from .recover import CLAUSES, CLOSING, KEYWORD_OF, KEYWORDS, Piece, before, just_before
from .repair_habits import HABITS, other_bracket
from .repair_place import Place, Repair
from .repair_steps import STEPS
from .syntax_errors import (
    is_keyword,
    is_of_another_language,
    keyword_of,
    never_closed,
    terminal_of,
)

_WORD = re.compile(r"[A-Za-z_]\w*")
_ITEM = re.compile(r'[A-Za-z_"0-9\[{-]')
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE_TEXT = re.compile(r"[A-Za-z_./][^\s\"'{}()\[\],;#]*(?:[ \t]+[A-Za-z][^\s\"'{}()\[\],;#=:]*)*")
_DURATION = re.compile(r'"?(\d+(?:\.\d+)?)[ \t]*([A-Za-z]*)"?')
_UNITS = {
    "ms": "ms msec msecs millis millisecond milliseconds",
    "s": "s sec secs second seconds",
    "m": "m min mins minute minutes",
    "h": "h hr hrs hour hours",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}


# --- Marks


def _colon_for_equal(place: Place) -> Repair | None:
    if place.found != ":" or "EQUAL" not in place.accepts:
        return None
    length = 2 if place.rest.startswith(":=") else 1
    before_it = "" if place.text[place.start - 1 : place.start].isspace() else " "
    after_it = "" if place.rest[length : length + 1].isspace() else " "
    what = "an argument" if place.opening else "a default"
    if place.first_word == "type" or (place.first_word == "arg" and place.opening):
        what = "a constraint" if place.opening else "a type"
    return place.replace(
        f"{what} is given with `=`, not with `:`",
        f"{before_it}={after_it}",
        (("EQUAL", "="),),
        length=length,
        label="`=` belongs here",
    )  # fmt: skip


def _equal_for_colon(place: Place) -> Repair | None:
    if place.found != "=" or "COLON" not in place.accepts or "EQUAL" in place.accepts:
        return None
    what = "the value of a key" if place.opening == "{" else f"what the {place.first_word} does"
    if place.first_word == "type" or place.previous_word == "arg":
        what = "a type"
    blank = " " if place.text[place.start - 1 : place.start].isspace() else ""
    repair = place.replace(
        f"{what} follows `:`, not `=`", ":", (("COLON", ":"),), label="`:` belongs here"
    )
    span = place.source.span(place.start - len(blank), place.end)
    gap = "" if place.rest[1:2].isspace() else " "
    fix = replace_fix(span, ":" + gap, is_safe=True)
    return Repair(replace(repair.problem, fix=fix), repair.tokens, repair.resume)


def _two_equal_signs(place: Place) -> Repair | None:
    if place.found != "==" or "EQUAL" not in place.accepts:
        return None
    return place.replace(
        "an argument is given with a single `=`", "=", (("EQUAL", "="),), label="one is enough"
    )


def _second_mark(place: Place) -> Repair | None:
    """`name == x` and `name => x`, of which the first `=` has been read."""
    if place.found not in ("=", ">") or not place.opening or place.previous_end != place.start:
        return None
    if place.text[place.start - 1] != "=" or "NAME" not in place.accepts:
        return None
    return place.replace("an argument is given with a single `=`", "", label="one too many")


def _boolean_operator(place: Place) -> Repair | None:
    for mark, keyword in (("&&", "and"), ("||", "or"), ("!", "not"), ("&", "and"), ("|", "or")):
        terminal = terminal_of(keyword)
        if place.rest.startswith(mark) and terminal in place.accepts:
            new = keyword + ("" if place.rest[len(mark) : len(mark) + 1].isspace() else " ")
            return place.replace(
                f"`{mark}` is written `{keyword}`", new, ((terminal, keyword),), length=len(mark)
            )
    return None


def _colon_too_many(place: Place) -> Repair | None:
    """`timeout: 10s`, as in YAML."""
    if place.found not in (":", "=") or place.opening or "COLON" in place.accepts:
        return None
    if place.piece.rule == "workflow_header" and place.accepts <= TEXTS:
        return place.replace(f"no `{place.found}` follows the name of a workflow", "")
    if place.previous_word == "parallel":
        return None  # the brace is missing as well
    if place.previous_word not in KEYWORDS or place.previous[0] != place.previous_word:
        return None
    if "NAME" in place.accepts and not re.match(r".\s*\w+\s*\??\s*[:.(]", place.rest):
        return None  # more likely the name is missing
    repair = place.replace(f"no `{place.found}` follows `{place.previous_word}`", "")
    if place.rest[1:2].isspace():
        return repair
    return replace(
        repair, problem=replace(repair.problem, fix=replace_fix(place.span(), " ", is_safe=True))
    )


def _comma_too_many(place: Place) -> Repair | None:
    if place.found != "," or place.is_at_start:
        return None
    if "COMMA" in place.accepts or (
        place.opening and place.text[place.previous_end - 1] not in ",([{"
    ):
        return None
    where = "between two items" if place.opening else "here"
    is_safe = re.match(
        r",\s*(?:[,)\]}#\n]|\Z|(?:as|version|every|unsafe)\b)", place.rest
    ) is not None or (place.text[place.previous_end - 1] in ",([{")
    repair = place.replace(
        f"a `,` too many: none belongs {where}", "", label="not expected here", is_safe=is_safe
    )
    if place.first_word == "return" and not is_safe:
        help = "return an object: `{a: a, b: b}`"
        repair = replace(repair, problem=replace(repair.problem, help=help, fix=None))
    # A name or an argument may be missing, rather than the comma one too many.
    piece = place.source.span(place.piece.start, place.piece.end)
    silences = (
        Silence(frozenset({"WF301"}), _everywhere(place))
        if place.first_word == "use"
        else Silence(frozenset({"WF304"}), piece),
    )
    return replace(repair, problem=replace(repair.problem, silences=silences))


def _bracket_too_many(place: Place) -> Repair | None:
    if place.found not in (")", "]", "}") or len(place.found) != 1 or place.is_at_start:
        return None
    _, brackets = before(place.text, place.piece.start, place.start)
    if any(CLOSING[place.text[position]] == place.found for position in brackets):
        return None
    repair = place.replace(
        f"this `{place.found}` closes nothing", "", label="no bracket is open for it", is_safe=False
    )
    return replace(repair, is_certain=False)


def _missing_comma(place: Place) -> Repair | None:
    if "COMMA" not in place.accepts or not _ITEM.match(place.rest):
        return None
    if place.previous_end == place.start:
        return None  # `01`, or `f"` with braces that do not match
    are_texts = place.text[place.previous_end - 1] == '"' and not place.is_first_on_line
    if are_texts and re.match(r'"(?:[^"\\\n]|\\.)*"\s*(?!=)', place.rest) and place.opening == "(":
        return None  # two texts that are to be one
    if place.opening == "[" and re.match(r"for\b", place.rest) and not place.is_first_on_line:
        return None  # an array that is to be made
    follows = {
        "(": r'(?:\w+|"(?:[^"\\\n]|\\.)*")\s*(?:=(?!=)|[,)])',
        "{": r'(?:\w+|"(?:[^"\\\n]|\\.)*")\s*\??\s*:',
        "[": "",
        "": r"\w+\s*(?:,|from\b)" if "_FROM" in place.accepts else r"(?!)",
    }[place.opening]
    stands_alone = place.opening == "(" and re.match(r"[A-Za-z_]\w*[ \t]*(?:#|\n)", place.rest)
    is_item = place.is_first_on_line and stands_alone and place.found not in (*CLAUSES, "as")
    if re.match(follows, place.rest) is None and not is_item:
        return None
    end = place.source.span(place.previous_end - 1, place.previous_end)
    repair = place.insert(
        "a `,` is missing after this", ",", (("COMMA", ","),), span=end,
        label=f"`,` belongs between this and `{_short(place)}`",
    )  # fmt: skip
    is_named = re.match(r'(?:\w+|"[^"\n]*")\s*\??\s*[=:]', place.rest) is not None
    so_far = re.split(r"[,({\[]", place.text[place.piece.start : place.previous_end])[-1]
    is_certain = place.is_first_on_line or (is_named and re.search("[=:]", so_far) is not None)
    return replace(repair, is_certain=is_certain)


def _list_item(place: Place) -> Repair | None:
    if not (place.is_at_start and place.rest.startswith("-")) or place.rest[1:2].isdigit():
        return None
    return place.replace(
        "statements are not items of a list", "", length=1, help="leave out the `-`"
    )


# --- Brackets


def _never_closed(place: Place) -> Repair | None:
    """A statement ends, or a clause begins, while a bracket is open."""
    if place.bracket is None or re.match(r"\w+\s*[=,:)\]}]", place.rest):
        return None
    is_at_end = place.kind == "$END" and place.open_brackets == 1
    closing = CLOSING[place.opening]
    terminal = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}[closing]
    if place.opening == "[" and place.found == "for" and not place.is_first_on_line:
        return None  # more likely it is meant to make an array
    if terminal not in place.accepts or not (is_at_end or place.found in (*CLAUSES, "as")):
        return None
    at = place.source.span(place.previous_end, place.previous_end)
    found = never_closed(place.source, place.bracket)
    fix = replace_fix(at, closing, title=f"add `{closing}`")
    # What was to stand in it may be what follows.
    piece = place.source.span(place.piece.start, place.piece.end)
    silence = Silence(frozenset({"WF304"}), piece)
    found = replace(found, fix=fix, silences=(silence,))
    return Repair(found, ((terminal, closing),), place.start)


def _no_parentheses(place: Place) -> Repair | None:
    if place.accepts != {"LPAR"} or place.found in ("{", "[", ":", "="):
        return None
    if place.previous_end == place.start and place.rest[:1] in ("-", "."):
        return None  # a name that has to be quoted
    name = place.source.span(place.previous_end - len(place.previous_word), place.previous_end)
    if re.match(r"\w+\s*(?:=(?!=)|,)", place.rest):
        return place.insert(
            "the `(` of this call is missing", "(", (("LPAR", "("),), span=name,
            label="`(` belongs after this", is_safe=False,
        )  # fmt: skip
    return place.insert(
        "a call needs its parentheses", "()", (("LPAR", "("), ("RPAR", ")")), span=name,
        label="`(…)` belongs after this", is_safe=False,
    )  # fmt: skip


# --- Words


def _keyword(place: Place) -> Repair | None:
    """A keyword that is misspelt, or another language's."""
    word = _WORD.match(place.rest)
    if word is None or (is_keyword(place.kind) and place.found in place.accepts):
        return None
    keywords = {keyword_of(each): each for each in place.accepts if is_keyword(each)}
    if place.opening or not keywords:
        return None
    meant = KEYWORD_OF.get(word[0].lower())
    is_foreign = meant in keywords
    if not is_foreign:
        if is_of_another_language(word[0]):
            return None
        meant = nearest(word[0], keywords)
        # What could as well be a name is only a keyword where nothing but keywords can stand.
        if meant is None:
            return None
        if len(word[0]) < 4 and not place.is_at_start and word[0].lower() != meant:
            return None
    assert meant is not None
    if re.match(r'\s*(?:"[^"\n]*"\s*)?[({]', place.rest[word.end() :]) and is_foreign:
        return None
    if place.is_at_start and re.match(r"\s*:", place.rest[word.end() :]):
        return None
    if word[0].lower() == meant:
        return place.replace(
            "keywords are written small", meant, ((keywords[meant], meant),), length=word.end()
        )
    return place.replace(
        f"`{word[0]}` is written `{meant}` here" if is_foreign else f"there is no `{word[0]}` here",
        meant,
        ((keywords[meant], meant),),
        length=word.end(),
        is_safe=False,
        help=None if is_foreign else f"did you mean `{meant}`?",
    )


def _foreign_value(place: Place) -> Repair | None:
    """`True` where only a constant can stand."""
    word = _WORD.match(place.rest)
    value = FOREIGN_VALUES.get(word[0]) if word else None
    if value is None or terminal_of(value) not in place.accepts:
        return None
    assert word is not None
    if value == "null" and (optional := _absent_default(place, word)):
        return optional
    return place.replace(
        f"`{word[0]}` is written `{value}`",
        value,
        ((terminal_of(value), value),),
        length=word.end(),
    )


def _absent_default(place: Place, word: re.Match[str]) -> Repair | None:
    """`arg note: string = None`: an argument that may be left out."""
    declared = re.fullmatch(
        r"arg\s+(?P<name>\w+)\s*(?P<optional>\?)?(?P<type>[^=]*?)\s*=\s*",
        place.text[place.piece.start : place.start],
    )
    if declared is None or re.search(r"\b(?:null|any)\b", declared["type"]):
        return None
    start = place.piece.start
    name_end, type_end = start + declared.end("name"), start + declared.end("type")
    value = place.source.span(type_end, place.start + word.end())
    edits = [Edit(value, "")]
    if declared["optional"] is None:
        edits.insert(0, Edit(place.source.span(name_end, name_end), "?"))
    found = problem(
        "an argument that may be left out has a `?` after its name, and no default",
        place.span(word.end()),
        help=f"write `{declared['name']}?{declared['type']}`",
        fix=Fix(tuple(edits), title="make it optional"),
        silences=(Silence(frozenset({"WF402"}), value),),
    )
    return Repair(found, (("_NULL", "null"),), place.start + word.end())


def _quoted_name(place: Place) -> Repair | None:
    string = _STRING.match(place.rest)
    if string is None or "NAME" not in place.accepts or "STRING" in place.accepts:
        return None
    if place.opening == "(" and place.first_word in ("arg", "type"):
        return None
    if place.first_word in ("arg", "step") and re.match(r"\s*\{", place.rest[string.end() :]):
        return None  # a block, as in Terraform
    if place.previous[0] in ("step", "workflow") and not _IDENTIFIER.fullmatch(string[1]):
        return _name_of_words(place, string)
    parts = string[1].split(".")
    if len(parts) > 2 or not all(_IDENTIFIER.fullmatch(part) for part in parts):
        return None
    tokens: tuple[tuple[str, str], ...] = (("NAME", parts[0]),)
    if len(parts) == 2:
        if "_READ" not in place.accepts:
            return None
        tokens = (*tokens, ("DOT", "."), ("NAME", parts[1]))
    return place.replace(
        "a name stands without quotes", string[1], tokens, length=string.end(),
        help=f"write `{string[1]}`",
    )  # fmt: skip


def _name_of_words(place: Place, string: re.Match[str]) -> Repair | None:
    """`step "Create it": …`: a name that is no word."""
    word = re.sub(r"\W+", "_", string[1]).strip("_").lower()
    if not _IDENTIFIER.fullmatch(word):
        return None
    return place.replace(
        "a name is a word, without quotes", word, (("NAME", word),), length=string.end(),
        is_safe=False, help=f"write `{word}`",
    )  # fmt: skip


def _quoted_source(place: Place) -> Repair | None:
    """`use "hr" from …`: a quoted server needs a name."""
    if place.accepts != {"_AS"} or place.first_word != "use":
        return None
    quoted = just_before(r'"([A-Za-z_]\w*)"\s*\Z', place.text, place.previous_end)
    if quoted is None:
        return None
    span = place.source.span(quoted.start(), place.previous_end)
    found = problem(
        "a server whose name is a word stands without quotes",
        span,
        help=f'write `{quoted[1]}`; other names are given one: `"my-{quoted[1]}" as {quoted[1]}`',
        fix=replace_fix(span, quoted[1], is_safe=True),
    )
    return Repair(found, (("_AS", "as"), ("NAME", quoted[1])), place.start)


def _f_string(place: Place) -> Repair | None:
    """`instruction f"Do {a}."`: an f-string where a text is the same in every run."""
    if "STRING" not in place.accepts or "FSTRING" in place.accepts or place.rest[:2] != 'f"':
        return None
    return place.replace(
        "no values are put into this text: it is the same in every run", "", length=1,
        is_safe=False, help="write it without the `f`",
    )  # fmt: skip


def _bare_text(place: Place) -> Repair | None:
    """`from mcp.json`: a text without its quotes."""
    if "STRING" not in place.accepts or "NAME" in place.accepts or place.kind == "$END":
        return None
    bare = _BARE_TEXT.match(place.rest)
    if bare is None or "_TRUE" in place.accepts or place.accepts - TEXTS - {"LPAR"}:
        return None
    text = re.split(r"[ \t]+(?:version|as|from)\b", bare[0])[0].rstrip()
    return place.replace(
        "a text stands in double quotes", f'"{text}"', (("STRING", f'"{text}"'),),
        length=len(text), is_safe=" " not in text, help=f'write `"{text}"`',
    )  # fmt: skip


# The brace of a body and a text that it starts with, as in Python.
_TEXT_INSIDE = re.compile(
    r'\{(?:\s|#[^\n]*\n)*("""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\.)*")', re.DOTALL
)


def _description_inside(piece: Piece, name: Span) -> Diagnostic | None:
    """The diagnostic for a workflow whose description is the first thing in its body."""
    source = name.source
    inside = _TEXT_INSIDE.match(source.text, piece.body_start) if piece.body_start != -1 else None
    if inside is None:
        return None
    text = source.span(*inside.span(1))
    before_it = len(source.text[: text.start].rstrip())
    edits = (
        Edit(source.span(name.end, name.end), f" {text.text}"),
        Edit(source.span(before_it, text.end), ""),
    )
    return problem(
        "the description of a workflow stands in front of its `{`",
        name,
        label="it belongs after this",
        fix=Fix(edits, is_safe=True, title="move it"),
        silences=(Silence(frozenset({"WF101"}), text),),
    )


def _missing_description(place: Place) -> Repair | None:
    if place.piece.rule != "workflow_header" or place.kind != "$END":
        return None
    if not place.accepts <= TEXTS:
        return None
    name = place.source.span(place.previous_end - len(place.previous_word), place.previous_end)
    if found := _description_inside(place.piece, name):
        return Repair(found, (("STRING", '""'),), place.start)
    found = problem(
        "this workflow has no description",
        name,
        label="a text belongs after this",
        help=f'say what it does, for the model that is to use it: `workflow {name.text} "…"`',
    )
    return Repair(found, (("STRING", '""'),), place.start)


def _type_without_colon(place: Place) -> Repair | None:
    """`arg name string`."""
    if "COLON" not in place.accepts or place.is_first_on_line:
        return None
    word = _WORD.match(place.rest)
    if word is None or not (place.first_word == "arg" or word[0] in BASE_TYPE_NAMES):
        return None
    if place.opening and place.opening != "{":
        return None
    return place.insert(
        "a type follows `:`", ":", (("COLON", ":"),), label="`:` belongs in front of this"
    )


def _question_mark_after_type(place: Place) -> Repair | None:
    if place.found != "?":
        return None
    declared = just_before(r"(\w+\"?)\s*:[^:=.(]*\Z", place.text, place.start)
    if declared is None:
        return None
    name = declared.end(1)
    edits = (
        Edit(place.source.span(name, name), "?"),
        Edit(place.source.span(place.start, place.end), ""),
    )
    found = problem(
        "the `?` of an optional name stands after the name",
        place.span(),
        help=f"write `{declared[1]}?: …`",
        fix=Fix(edits, is_safe=True, title="move the `?`"),
        silences=(Silence(frozenset({"WF505"}), _everywhere(place), frozenset({declared[1]})),),
    )
    return Repair(found, (), place.end)


def _everywhere(place: Place) -> Span:
    return place.source.span(0, len(place.source.text))


def _arrow(place: Place) -> Repair | None:
    arrow = re.match(r"[-=]>", place.rest)
    if arrow is None or "_AS" not in place.accepts:
        return None
    return place.replace(
        "the result of a step is named with `as`", "as", (("_AS", "as"),), length=2
    )


def _member_mark(place: Place) -> Repair | None:
    """`hr:create(…)`, `hr/create(…)`."""
    mark = re.match(r"::|->|[:/]", place.rest)
    if mark is None or not {"DOT", "LPAR"} <= place.accepts or "COLON" in place.accepts:
        return None
    if not re.match(r"\w+\s*\(", place.rest[mark.end() :]):
        return None
    return place.replace(
        "a tool follows its server after `.`", ".", (("DOT", "."),), length=mark.end()
    )


# --- Numbers


def _duration(place: Place) -> Repair | None:
    if "DURATION" not in place.accepts:
        return None
    written = _DURATION.match(place.rest)
    if written is None:
        return None
    unit = _UNIT_OF.get(written[2].lower())
    if unit is None and (written[2] in CLAUSES or place.rest[written.end(1) :][:1].isspace()):
        length, value = written.end(1), f"{written[1]}s"
    elif unit is None and written[2]:
        return None
    else:
        length, value = written.end(), f"{written[1]}{unit or 's'}"
    if unit is None:
        return place.replace(
            f"a duration needs a unit: {written[1]} what?", value, (("DURATION", value),),
            length=length, is_safe=False, help="write `ms`, `s`, `m` or `h` after the number, "
            f"like `{value}`",
        )  # fmt: skip
    return place.replace(
        f"this duration is written `{value}`", value, (("DURATION", value),), length=length
    )


def _rest_of_duration(place: Place) -> Repair | None:
    """`10seconds`, of which `10s` has been read."""
    written = just_before(r"(\d+(?:\.\d+)?)([A-Za-z]+)\Z", place.text, place.start)
    tail = re.match(r"[A-Za-z]+", place.rest)
    if written is None or tail is None or place.previous_end != place.start:
        return None
    unit = _UNIT_OF.get((written[2] + tail[0]).lower())
    if unit is None:
        return None
    value = written[1] + unit
    span = place.source.span(written.start(), place.start + tail.end())
    found = problem(
        f"this duration is written `{value}`", span, fix=replace_fix(span, value, is_safe=True)
    )
    return Repair(found, (), span.end)


def _times(place: Place) -> Repair | None:
    if "_EVERY" not in place.accepts:
        return None
    if re.match(r"\d+(?:\.\d+)?(?:ms|[smh])\b", place.rest):
        return place.insert(
            "the time between two attempts follows `every`", " every", (("_EVERY", "every"),)
        )
    word = re.match(r"(?:times?|attempts?)\b", place.rest)
    if word is None:
        return None
    return place.replace(f"no `{word[0]}` follows the number of attempts", "", length=word.end())


def _short(place: Place) -> str:
    word = re.match(r'\w+|"[^"\n]*"|.', place.rest)
    text = word[0] if word else place.found
    return text if len(text) <= 30 else text[:29] + "…"


# In this order: a rule may rely on those before it having had their turn.
RULES: tuple[Callable[[Place], Repair | None], ...] = (
    _list_item, *STEPS, *HABITS, _colon_for_equal, _member_mark, _equal_for_colon, _two_equal_signs,
    _second_mark, _boolean_operator, _duration, _rest_of_duration, _times,
    _never_closed, _missing_comma, _foreign_value, _quoted_name, _quoted_source, _keyword,
    _type_without_colon, _question_mark_after_type, _arrow, _f_string, _bare_text,
    _missing_description,
    _no_parentheses, _colon_too_many, _comma_too_many, other_bracket,
    _bracket_too_many,
)  # fmt: skip
