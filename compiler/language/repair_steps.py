"""Steps as other languages write calls, blocks and clauses: a rule for each.

In: the place where the parser stopped. Out: the repair, or None where it is another mistake. The
other habits are in `repair_habits`, the rules of this language itself in `repair_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..diagnostics import Diagnostic, Edit, Fix, Silence, replace_fix
from ..source import SourceFile, Span
from .problem import problem
from .recover import CLAUSES, Piece, brace_of_clauses, closing_of, just_before
from .repair_place import Place, Repair
from .syntax_errors import is_of_another_language

_CLAUSES = {f"_{word.upper()}" for word in CLAUSES}
_VERBS = r"(?:(?:await|async|call|run|do|exec|execute|invoke|step)\s+)*"
_CALL = re.compile(
    r"(?:(?:let|var|const|val|set)\s+)?"
    r"(?:(?P<name>[A-Za-z_]\w*)\s*(?::\s*[A-Za-z_]\w*\s*(?==))?(?P<mark>:=|<-|=(?!=)|:)\s*)?"
    rf"{_VERBS}(?P<callee>[A-Za-z_]\w*\.(?P<tool>[A-Za-z_]\w*)\s*)\("
)
_DURATION = r'"?(?P<time>\d+(?:\.\d+)?)\s*(?P<unit>ms|[smh]?)"?'
_IN_PARENTHESES = {
    "timeout": re.compile(rf"\(\s*{_DURATION}\s*\)"),
    "retry": re.compile(
        r"\(\s*(?:\w+\s*[=:]\s*)?(?P<attempts>[1-9]\d*)\s*"
        rf"(?:,\s*(?:\w+\s*[=:]?\s*)?{_DURATION}\s*)?\)"
    ),
}


# --- Calls


def _bare_call(place: Place) -> Repair | None:
    """`hr.create(…)`, `employee = hr.create(…)`, `create: hr.create(…)`, without `step`."""
    if not place.is_at_start or "_STEP" not in place.accepts:
        return None
    call = _CALL.match(place.rest)
    if call is None:
        return None
    if call["name"] and is_of_another_language(call["name"]):
        return None
    callee = place.start + call.start("callee")
    is_named = call["mark"] == ":"
    name = call["name"] if is_named else _new_name(place, call["tool"])
    edits = [Edit(place.source.span(place.start, callee), f"step {name}: ")]
    binding = "" if is_named or not call["name"] else f" as {call['name']}"
    end = closing_of(place.text, callee + len(call["callee"]), place.piece.end)
    if binding and end is not None:
        edits.append(Edit(place.source.span(end, end), binding))
    found = problem(
        "a call stands in a step",
        place.source.span(place.start, callee + len(call["callee"].rstrip())),
        label="`step` and a name belong in front of this",
        help=f"write `step {name}: {call['callee'].rstrip()}(…){binding}`",
        fix=Fix(tuple(edits), title="make it a step"),
        silences=(_of_name(place, call["name"]),) if binding else (),
    )
    return Repair(found, (("_STEP", "step"), ("NAME", name), ("COLON", ":")), callee)


def _new_name(place: Place, tool: str) -> str:
    """A name for a step, like the tool that it calls, which no other step has."""
    text = place.source.text
    number = len(re.findall(rf"\.{tool}\s*\(", text[: place.start])) + 1
    while True:
        name = tool if number == 1 else f"{tool}_{number}"
        if not re.search(rf"\bstep\s+{name}\b", text):
            return name
        number += 1


def _of_name(place: Place, name: str) -> Silence:
    """What is said of a name whose binding has not been read."""
    everywhere = place.source.span(0, len(place.source.text))
    return Silence(frozenset({"WF201", "WF202"}), everywhere, frozenset({name}))


def _bare_binding(place: Place) -> Repair | None:
    """`hr.create(…) employee`, without `as`."""
    if "_AS" not in place.accepts or place.first_word != "step" or place.is_first_on_line:
        return None
    name = re.match(r"([A-Za-z_]\w*)[ \t]*(?:#[^\n]*)?(?:\n|\Z)", place.rest)
    if name is None or place.text[place.previous_end - 1 : place.previous_end] not in (")", '"'):
        return None
    return place.insert(
        "the result of a step is named with `as`", " as", (("_AS", "as"),), is_safe=False,
        label="`as` belongs in front of this",
    )  # fmt: skip


def _nameless_step(place: Place) -> Repair | None:
    """`step hr.create(…)`."""
    called = re.match(r"\.(\w+)\s*\(", place.rest)
    words = place.text[place.piece.start : place.start].split()
    if called is None or "COLON" not in place.accepts or words[:1] != ["step"] or len(words) != 2:
        return None
    start = place.previous_end - len(words[1])
    return _named_step(
        place, called[1], start, place.previous_end, (("COLON", ":"), ("NAME", words[1]))
    )


def _step_and_colon(place: Place) -> Repair | None:
    """`step: hr.create(…)`."""
    called = re.match(r":\s*(?:\w+\.)?(\w+)\s*\(", place.rest)
    if called is None or place.accepts != {"NAME"} or place.previous != ["step"]:
        return None
    return _named_step(place, called[1], place.start, place.start + 1, (("NAME", called[1]),))


def _named_step(
    place: Place, name: str, start: int, end: int, tokens: tuple[tuple[str, str], ...]
) -> Repair:
    """Name a step like the tool that it calls, in front of what is marked."""
    new = f" {name}" if place.text[start] == ":" else f"{name}: "
    at = place.source.span(start, start)
    found = problem(
        "this step has no name",
        place.source.span(start, end),
        label="a name belongs in front of this",
        help=f"write `step {name}: …`",
        fix=replace_fix(at, new, title=f"add `{new.strip()}`"),
    )
    return Repair(found, tokens, place.start, is_certain=False)


def _colon_of_step(place: Place) -> Repair | None:
    """`step create -> hr.create(…)`, and `:=`, of which the `:` has been read."""
    if place.first_word != "step" or place.opening:
        return None
    if place.found == "=" and place.text[place.start - 1] == ":" and "_READ" in place.accepts:
        return place.replace("what the step does follows `:` alone", "", label="one too many")
    arrow = re.match(r"(?:->|=>|<-)(?=\s*\w+\.\w+\s*\()", place.rest)
    if arrow is None or "COLON" not in place.accepts:
        return None
    span = _with_blanks(place.source, place.start, len(arrow[0]))
    found = problem(
        f"what the step does follows `:`, not `{arrow[0]}`",
        place.span(2),
        fix=replace_fix(span, ":", is_safe=True),
    )
    return Repair(found, (("COLON", ":"),), span.end)


def _missing_colon(place: Place) -> Repair | None:
    """`step create hr.create(…)`."""
    is_call = re.match(r"(?:\w+\.\w+\s*\(|read\b)", place.rest) is not None
    if place.first_word != "step" or place.opening or "COLON" not in place.accepts or not is_call:
        return None
    return place.insert(
        "what the step does follows `:`",
        ":",
        (("COLON", ":"),),
        label="`:` belongs in front of this",
    )


def _early_binding(place: Place) -> Repair | None:
    """`step create as employee: hr.create(…)`."""
    binding = re.match(r"as\s+([A-Za-z_]\w*)(?=\s*:)", place.rest)
    if binding is None or place.first_word != "step" or "COLON" not in place.accepts:
        return None
    call = re.compile(r"[^(#\"]*").match(place.text, place.start)
    end = closing_of(place.text, call.end(), place.piece.end) if call is not None else None
    if end is None:
        return None
    away = place.source.span(place.previous_end, place.start + binding.end())
    edits = (Edit(away, ""), Edit(place.source.span(end, end), f" as {binding[1]}"))
    found = problem(
        "the name of a result stands behind the call",
        place.span(binding.end()),
        label="belongs after the call",
        help=f"write `step NAME: server.tool(…) as {binding[1]}`",
        fix=Fix(edits, is_safe=True, title="move it"),
        silences=(_of_name(place, binding[1]),),
    )
    return Repair(found, (), place.start + binding.end())


# --- Clauses


def without_braces(source: SourceFile, text: str, piece: Piece) -> tuple[str, Diagnostic | None]:
    """Return the text of a piece without the braces around the clauses of a step.

    `step create: hr.create(…) as employee { undo … }`: both are taken for blanks, and told once.
    """
    opening = brace_of_clauses(text, piece)
    if opening is None:
        return text, None
    edits = [Edit(_with_blanks(source, opening), "")]
    text = f"{text[:opening]} {text[opening + 1 :]}"
    end = closing_of(source.text, opening, piece.end)
    if end is not None:
        edits.append(Edit(_with_blanks(source, end - 1), ""))
        text = f"{text[: end - 1]} {text[end:]}"
    found = problem(
        "the clauses of a step stand without braces",
        source.span(opening, opening + 1),
        help="each follows the call on a line of its own",
        fix=Fix(tuple(edits), is_safe=end is not None, title="remove the braces"),
    )
    return text, found


def _with_blanks(source: SourceFile, offset: int, length: int = 1) -> Span:
    """The span of a mark or word, with the blanks in front of it."""
    start = offset
    while source.text[start - 1] in " \t":
        start -= 1
    return source.span(start, offset + length)


def _late_binding(place: Place) -> Repair | None:
    """`as employee` behind a clause."""
    if place.found != "as" or place.first_word != "step" or place.opening:
        return None
    binding = re.match(r"as\s+([A-Za-z_]\w*)(?!\s*:)", place.rest)
    call = re.compile(r"[^(#\"]*").match(place.text, place.piece.start)
    if binding is None or call is None or "_AS" in place.accepts or not place.accepts >= _CLAUSES:
        return None
    end = closing_of(place.text, call.end(), place.piece.end)
    fix = None
    if end is not None:
        away = place.source.span(place.previous_end, place.start + binding.end())
        edits = (Edit(place.source.span(end, end), f" as {binding[1]}"), Edit(away, ""))
        fix = Fix(edits, is_safe=True, title="move it")
    found = problem(
        "the name of a result stands in front of the clauses",
        place.span(binding.end()),
        label="belongs after the call",
        help=f"write `step NAME: server.tool(…) as {binding[1]}`, then the clauses",
        fix=fix,
        silences=(_of_name(place, binding[1]),),
    )
    return Repair(found, (), place.start + binding.end())


def _call_of_clause(place: Place) -> Repair | None:
    """`timeout(10s)` and `retry(3, 2s)`."""
    word = place.previous_word
    pattern = _IN_PARENTHESES.get(word)
    values = pattern.match(place.rest) if pattern is not None else None
    if values is None or place.opening or not place.accepts & {"DURATION", "INTEGER"}:
        return None
    time = f"{values['time']}{values['unit'] or 's'}" if values["time"] else ""
    duration: tuple[tuple[str, str], ...] = (("DURATION", time),) if time else ()
    if word == "retry":
        new = values["attempts"] + (f" every {time}" if time else "")
        every = (("_EVERY", "every"), *duration) if time else ()
        tokens = (("INTEGER", values["attempts"]), *every)
    else:
        new, tokens = time, duration
    return place.replace(
        f"`{word}` is a clause, without parentheses", f" {new}", tokens, length=values.end(),
        is_safe=not time or bool(values["unit"]), help=f"write `{word} {new}`",
    )  # fmt: skip


def _loop(place: Place) -> Repair | None:
    """`for n of names` and `for each n in names`."""
    if place.opening or "_IN" not in place.accepts:
        return None
    if re.match(r"of\b", place.rest):
        return place.replace("`of` is written `in`", "in", (("_IN", "in"),), length=2)
    return None


def _second_of_loop(place: Place) -> Repair | None:
    """`for i, n in names`."""
    second = re.match(r",\s*(\w+)(?=\s+(?:in|of)\b)", place.rest)
    first = just_before(r"\bfor\s+(\w+)\s*\Z", place.text, place.start)
    if second is None or first is None:
        return None
    found = problem(
        "a step runs for the items alone, which have no numbers",
        place.source.span(first.start(1), place.start + second.end()),
        help=f"write `for {second[1]} in …`",
        fix=replace_fix(
            place.source.span(first.start(1), place.start + second.start(1)), "", title="remove it"
        ),
        silences=(_of_name(place, second[1]),),
    )
    return Repair(found, (), place.start + second.end(), is_certain=False)


# --- What is returned


_PATH = r'[A-Za-z_]\w*(?:\.\w+|\[(?:\d+|"[^"\n]*")\])*'
_RETURNED = re.compile(rf"return\s+({_PATH}(?:\s*,\s*{_PATH})+)\s*\Z")


def _several_returned(place: Place) -> Repair | None:
    """`return a, b`."""
    if place.found != "," or place.first_word != "return" or place.opening:
        return None
    returned = _RETURNED.match(place.text[place.piece.start : place.piece.end])
    if returned is None:
        return None
    paths = re.split(r"\s*,\s*", returned[1])
    names = [re.findall(r"[A-Za-z_]\w*", path)[-1] for path in paths]
    if len(set(names)) < len(names):
        return None
    new = "{" + ", ".join(f"{name}: {path}" for name, path in zip(names, paths, strict=True)) + "}"
    start = place.piece.start + returned.start(1)
    value = place.source.span(start, place.piece.start + returned.end(1))
    found = problem(
        "a workflow returns one value", value, help=f"return an object: `{new}`",
        fix=replace_fix(value, new),
    )  # fmt: skip
    return Repair(found, (), value.end)


def _entry_returned(place: Place) -> Repair | None:
    """`return id = employee.id`, and more of it on the lines after."""
    if place.found not in ("=", ":") or place.first_word != "return" or place.opening:
        return None
    name = place.previous_word
    if place.text[place.piece.start : place.previous_end].split() != ["return", name]:
        return None
    found = problem(
        "a workflow returns one value",
        place.span(),
        label="not expected here",
        help=f"return an object: `{{{name}: …}}`",
    )
    return Repair(found, (), place.piece.end, is_certain=False)


# --- Arguments


_ARGUMENT_WORD = re.compile(r"(required|mandatory|optional|defaults?(?:\s+to)?)\b\s*[=:]?")


def _word_of_argument(place: Place) -> Repair | None:
    """`arg level: integer required`, `optional` and `default 3`."""
    if place.first_word != "arg" or place.opening or "EQUAL" not in place.accepts:
        return None
    word = _ARGUMENT_WORD.match(place.rest)
    name = re.compile(r"arg\s+(\w+)(\s*\?)?").match(place.text, place.piece.start)
    if word is None or name is None:
        return None
    length = len(word[0].rstrip())
    if word[1].startswith("default"):
        return place.replace("a default is given with `=`", "=", (("EQUAL", "="),), length=length)
    if word[1] in ("required", "mandatory"):
        message = "an argument is required unless its name has a `?`"
        return place.replace(message, "", length=length)
    edits = [Edit(_with_blanks(place.source, place.start, length), "")]
    if not name[2]:
        edits.append(Edit(place.source.span(name.end(1), name.end(1)), "?"))
    found = problem(
        "an optional argument has a `?` after its name",
        place.span(length),
        help=f"write `arg {name[1]}?`",
        fix=Fix(tuple(edits), is_safe=True, title="move it to the name"),
    )
    return Repair(found, (), place.start + length)


_CONSTANT = re.compile(r'=\s*("(?:[^"\\\n]|\\.)*"|-?\d[\d.]*|true|false|null|\[\s*\]|\{\s*\})')


def _late_default(place: Place) -> Repair | None:
    """`arg level: integer "The level" = 3`."""
    if place.found != "=" or place.first_word != "arg" or place.opening:
        return None
    constant = _CONSTANT.match(place.rest)
    described = just_before(r'\s*"(?:[^"\\\n]|\\.)*"\Z', place.text, place.previous_end)
    if constant is None or described is None:
        return None
    at = place.source.span(described.start(), described.start())
    away = place.source.span(place.previous_end, place.start + constant.end())
    found = problem(
        "a default stands in front of the description",
        place.span(constant.end()),
        help=f'`arg x = {constant[1]} "description"`',
        fix=Fix((Edit(at, f" = {constant[1]}"), Edit(away, "")), is_safe=True, title="move it"),
    )
    return Repair(found, (), place.start + constant.end())


def _bare_key(place: Place) -> Repair | None:
    """`{ found, name }`, as a short form of `{found: found, name: name}`."""
    if place.opening != "{" or place.found not in (",", "}") or place.first_word in ("arg", "type"):
        return None
    name = just_before(r"[{,]\s*([A-Za-z_]\w*)\Z", place.text, place.previous_end)
    if name is None or "COLON" not in place.accepts:
        return None
    found = problem(
        "the value of a key follows `:`",
        place.source.span(name.start(1), place.previous_end),
        help=f"write `{name[1]}: {name[1]}`",
        fix=replace_fix(
            place.source.span(name.start(1), place.previous_end),
            f"{name[1]}: {name[1]}",
            is_safe=True,
        ),
    )
    return Repair(found, (("COLON", ":"), ("NAME", name[1])), place.start)


STEPS: tuple[Callable[[Place], Repair | None], ...] = (
    _bare_call, _nameless_step, _step_and_colon, _bare_binding, _colon_of_step,
    _missing_colon, _early_binding, _loop, _second_of_loop, _bare_key,
    _late_binding, _call_of_clause, _several_returned, _entry_returned,
    _word_of_argument, _late_default,
)  # fmt: skip
