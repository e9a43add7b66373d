"""Characters that belong to other languages: quotes, comments and look-alikes.

In: a text that does not parse. Out: a text of the same length in which each of these slips is
what was meant by it, so that the rest can be parsed at its own places; and a diagnostic for each,
with its fix. What stands within strings and comments is left alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from msgspec.structs import replace

from ..diagnostics import Diagnostic, Edit, Fix, Silence, replace_fix
from ..source import SourceFile
from .problem import FOREIGN_TYPES, problem
from .recover import KEYWORDS, lists_of_steps

_SLIPS = re.compile(
    r'''
      (?P<array> \b(?:[Ll]ist|[Aa]rray|[Ss]equence|[Ss]et|[Ii]terable|[Vv]ec(?:tor)?)[ ]*
                 (?: <[ ]*(?P<in_angles>[^<>"\n]+?)[ ]*> | \[[ ]*(?P<of_list>[A-Za-z_]\w*)[ ]*\] )
               | \[[ ]*(?P<in_brackets>[A-Za-z_]\w*)[ ]*\]
               | \[\](?P<behind_brackets>[A-Za-z_]\w*) )
    | (?P<fine> f?"""(?:[^\\]|\\.)*?(?:"""|\Z) | f?"(?:[^"\\\n]|\\.)*"? | \#[^\n]*
              | [A-Za-z0-9_]++(?![^\W\x00-\x7f]) )
    | (?P<conflict> ^(?:<{7}|\|{7}|={7}|>{7})(?=[ \n]|\Z)[^\n]*
                    (?: \n(?:(?!>{7})[^\n]*\n)*? >{7}[^\n]* )? )
    | (?P<line_comment> (?<![:/])//[^\n]* | (?<!\S)--(?!-)[^\n]* )
    | (?P<rule> ^(?:---|```[ ]*\w*)[ ]*$ )
    | (?P<block_comment> /\*.*?\*/ | <!--.*?--> )
    | (?P<open_comment> (?:/\*|<!--)[^\n]* )
    | (?P<single_quotes> f?'(?:[^'"\\\n]|(?<=\w)'(?=\w))*'(?!\w) | f?[‘‚][^‘’"\\\n]*’
                       | `[^`"\\\n]*` )
    | (?P<smart_quotes> f?[“„”«][^“„”«»"\\\n]*[”“»] )
    | (?P<dollar> \$\{\{?[ ]*(?P<in_dollar>[A-Za-z_][\w.\[\]]*)[ ]*\}\}? | \$[A-Za-z_]\w* )
    | (?P<mustache> \{\{[ ]*(?P<in_mustache>[A-Za-z_][\w.\[\]]*)[ ]*\}\} )
    | (?P<semicolon> ; )
    | (?P<space> (?: [\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000]
                   | [\x0b\x0c\x1c-\x1f\x85] )+ )
    | (?P<word> \w*[^\W\x00-\x7f]\w* )
    | (?P<wide> [\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e] )
    ''',
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)

# Letters that look like Latin ones in most typefaces (a part of Unicode's confusables).
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧονικ",
    "aeopcyxijshdqwbkmhtABEKMHOPCTYXIJSABEZHIKMNOPTYXovik",
)


def mend_slips(source: SourceFile, most: int) -> tuple[str, list[Diagnostic]]:
    """Return the text with its slips mended, of the same length, and what they were.

    After `most` of them the text is left as it is.
    """
    text, problems = _lists_of_steps(source)

    def mend(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        if kind == "fine" or len(problems) >= most:
            return match[0]
        mended, problem = _MENDERS[kind](source, match)
        if problem is not None:
            problems.append(problem)
        assert len(mended) == len(match[0])
        return mended

    return _SLIPS.sub(mend, text), problems


# How far back an open bracket is looked for: no list of items that a person wrote is longer.
_FURTHEST = 2000

_Mended = tuple[str, Diagnostic | None]


def _slip(
    source: SourceFile,
    match: re.Match[str],
    message: str,
    help: str,
    fix: Fix | str | None = None,
    width: int | None = None,
) -> Diagnostic:
    """Return the diagnostic for a match, marked up to `width` characters of its first line."""
    length = len(match[0].split("\n")[0]) if width is None else width
    if isinstance(fix, str):
        fix = replace_fix(source.span(match.start(), match.end()), fix, is_safe=True)
    return Diagnostic(
        "WF102", message, source.span(match.start(), match.start() + length), help=help, fix=fix
    )


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _conflict(source: SourceFile, match: re.Match[str]) -> _Mended:
    if "\n" not in match[0]:
        help = "remove the line"
        return _blank(match[0]), _slip(source, match, "a merge conflict is not resolved here", help)
    # Our side of the conflict is read, so that what follows from it is told once.
    ours = re.sub(r"^(<{7}|>{7})[^\n]*", lambda line: _blank(line[0]), match[0], flags=re.MULTILINE)
    mended = re.sub(
        r"^(?:\|{7}|={7})[^\n]*\n.*", lambda rest: _blank(rest[0]), ours, flags=re.M | re.S
    )
    help = "choose one side and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`"
    return mended, _slip(source, match, "a merge conflict is not resolved here", help)


def _line_comment(source: SourceFile, match: re.Match[str]) -> _Mended:
    comment = re.sub(r"^(?://+|--)", "#", match[0])
    help = f"write `#` instead of `{match[0][:2]}`"
    problem = _slip(source, match, "comments start with `#`", help, comment, width=2)
    # It may be code, which begins with something else than what was taken for a comment.
    words = frozenset(re.findall(r"[A-Za-z_]\w*", match[0]))
    everywhere = source.span(0, len(source.text))
    silence = Silence(frozenset({"WF201", "WF202", "WF301"}), everywhere, words)
    return _blank(match[0]), replace(problem, silences=(silence,))


def _block_comment(source: SourceFile, match: re.Match[str]) -> _Mended:
    inner = match[0].removeprefix("/*").removeprefix("<!--").removesuffix("-->").removesuffix("*/")
    lines = [line.strip().removeprefix("*").strip() for line in inner.split("\n")]
    indent = " " * (source.position(match.start())[1] - 1)
    kept = [f"# {line}" for line in lines if line]
    after = source.text[match.end() :].split("\n")[0]
    fix = ("\n" + indent).join(kept) if not after.strip() and kept else None
    help = "start each of its lines with `#`"
    problem = _slip(source, match, "comments start with `#`", help, fix, width=2)
    return _blank(match[0]), problem


def _open_comment(source: SourceFile, match: re.Match[str]) -> _Mended:
    # No more than the line is taken for the comment, or the rest of the file would be lost with it.
    help = "start each of its lines with `#`"
    problem = _slip(source, match, "comments start with `#`, and end with their line", help)
    return _blank(match[0]), problem


def _rule(source: SourceFile, match: re.Match[str]) -> _Mended:
    is_fence = match[0].startswith("`")
    message = (
        "a fence of Markdown is no part of a file" if is_fence else "there are no `---` lines here"
    )
    problem = _slip(source, match, message, "remove it", "")
    return _blank(match[0]), problem


def _quotes(source: SourceFile, match: re.Match[str]) -> _Mended:
    if match[0].startswith("`") and "${" in match[0]:
        mended = f'f"{match[0][1:-1]}"'.replace("${", "{")
        found = _slip(source, match, "values are put into an f-string", f"write `{mended}`", mended)
        return mended.ljust(len(match[0])), found
    prefix = "f" if match[0].startswith("f") else ""
    mended = f'{prefix}"{match[0][len(prefix) + 1 : -1]}"'
    mark = match[0][len(prefix)]
    help = f'write {prefix}"…" instead of {prefix}{mark}…{match[0][-1]}'
    return mended, _slip(source, match, "strings stand in double quotes", help, mended)


def _array(source: SourceFile, match: re.Match[str]) -> _Mended:
    """`List<string>`, `list[string]`, `[string]` and `[]string` where a type stands."""
    line = source.text[source.text.rfind("\n", 0, match.start()) + 1 : match.start()]
    if not _BEFORE_A_TYPE.search(line):
        return match[0], None
    kinds = ("in_angles", "of_list", "in_brackets", "behind_brackets")
    item = next(match[kind] for kind in kinds if match[kind])
    meant = f"({item})[]" if "|" in item else f"{FOREIGN_TYPES.get(item.lower(), item)}[]"
    mended = meant if len(meant) <= len(match[0]) else f"{item}[]"
    span = source.span(*match.span())
    found = problem(
        "an array type is written behind the type of its items",
        span,
        help=f"write `{meant}`",
        fix=replace_fix(span, meant, is_safe=True),
        # Whether there is a type of that name is another question, for when it is written so.
        silences=(Silence(frozenset({"WF208"}), span),),
    )
    return mended.ljust(len(match[0])), found


# An argument, an alias and a binding up to their type, or to that of a field or an alternative.
_BEFORE_A_TYPE = re.compile(
    r"(?:^\s*arg\s+\w+\s*\??\s*:|^\s*type\s+\w+\s*=|\bas\s+\w+\s*:)(?:[^=\"]*[:|(])?\s*$"
)


def _lists_of_steps(source: SourceFile) -> tuple[str, list[Diagnostic]]:
    """Return the text with each `parallel: [step …, step …]` as a block, and what they were."""
    text = list(source.text)
    problems: list[Diagnostic] = []
    for marks in lists_of_steps(source.text):
        new = {mark: _OF_A_BLOCK.get(text[mark], "") for mark in marks}
        for mark, character in new.items():
            text[mark] = character or " "
        edits = tuple(Edit(source.span(mark, mark + 1), new[mark]) for mark in marks)
        found = problem(
            "the steps of a `parallel` stand between braces, without other marks",
            edits[0].span,
            help="write `parallel { step … step … }`",
            fix=Fix(edits, is_safe=True, title="make it a block"),
        )
        problems.append(found)
    return "".join(text), problems


_OF_A_BLOCK = {"[": "{", "(": "{", "]": "}", ")": "}"}


def _interpolation(source: SourceFile, match: re.Match[str]) -> _Mended:
    name = match["in_dollar"] or match["in_mustache"] or match[0].lstrip("$")
    start = match[0].index(name)
    mended = " " * start + name + " " * (len(match[0]) - start - len(name))
    help = f'write `{name}`; within a text, `f"…{{{name}}}…"`'
    problem = _slip(source, match, "a value is written by its name alone", help, name)
    # Whether there is such a name is another question, for when it is written so.
    silence = Silence(frozenset({"WF201", "WF202", "WF301"}), source.span(*match.span()))
    return mended, replace(problem, silences=(silence,))


def _semicolon(source: SourceFile, match: re.Match[str]) -> _Mended:
    line = source.text[source.text.rfind("\n", 0, match.start()) + 1 :].split("\n", 1)[0]
    is_in_use = re.match(r"\s*use\b.*;.*\bfrom\b", line) is not None
    if is_in_use or _separates_items(source.text, match.start()):
        return ",", _slip(source, match, "a `,` stands between these", "write `,`", ",")
    return " ", _slip(source, match, "nothing ends with `;`", "remove it", "")


def _separates_items(text: str, offset: int) -> bool:
    """Whether an offset is within brackets that are no body of a workflow or `parallel`."""
    depth = 0
    for position in range(offset - 1, max(offset - _FURTHEST, 0) - 1, -1):
        if text[position] in ")]}":
            depth += 1
        elif text[position] in "([{":
            if depth == 0:
                line = text[text.rfind("\n", 0, position) + 1 : position].split()
                return not (text[position] == "{" and {"workflow", "parallel"} & {*line})
            depth -= 1
    return False


def _space(source: SourceFile, match: re.Match[str]) -> _Mended:
    name = unicodedata.name(match[0][0], "").lower()
    what = _article(name) if name else f"the character U+{ord(match[0][0]):04X}"
    message = f"this blank is not an ordinary one, but {what}"
    return " " * len(match[0]), _slip(source, match, message, "write a blank instead", " ")


def _word(source: SourceFile, match: re.Match[str]) -> _Mended:
    mended = match[0].translate(_LOOK_ALIKES)
    is_partly_latin = any(character.isascii() and character.isalpha() for character in match[0])
    if not (mended.isascii() and (is_partly_latin or mended in KEYWORDS)):
        return match[0], None
    odd = next(character for character in match[0] if not character.isascii())
    name = unicodedata.name(odd, f"U+{ord(odd):04X}")
    message = f"the `{odd}` in this `{match[0]}` is not a Latin letter, but {name}"
    return mended, _slip(source, match, message, f"type it again: `{mended}`", mended)


def _wide(source: SourceFile, match: re.Match[str]) -> _Mended:
    mended = chr(ord(match[0]) - 0xFEE0)
    message = f"this `{match[0]}` is a wide character that looks like `{mended}`"
    return mended, _slip(source, match, message, f"write `{mended}`", mended)


def _article(name: str) -> str:
    return ("an " if name[0] in "aeiou" else "a ") + name


_MENDERS: dict[str, Callable[[SourceFile, re.Match[str]], _Mended]] = {
    "array": _array,
    "conflict": _conflict,
    "line_comment": _line_comment,
    "block_comment": _block_comment,
    "open_comment": _open_comment,
    "rule": _rule,
    "single_quotes": _quotes,
    "smart_quotes": _quotes,
    "dollar": _interpolation,
    "mustache": _interpolation,
    "semicolon": _semicolon,
    "space": _space,
    "word": _word,
    "wide": _wide,
}
