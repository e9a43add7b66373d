"""A module's text as Black lays it out, section by section.

In: the text of a module. Out: what Black makes of it. A section starts with a comment `# --- …`;
a long one is cut where it says so, before models, functions and steps. Each part means the same
alone, so Black gives the same for it. Most parts of a server are those of its last build: what
Black made of them is kept, and Black, which takes long to import and longer to work, only sees
what is new. What is the same in every server, and what has one form only, is written as Black has
it already, and is marked so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from ..cache import installed, keep, kept

LINE_LENGTH = 88
CUT = "\f"
"""Where a long text may be cut: before a definition, or a statement at the top of a function."""
LAID_OUT = "\v"
"""In front of a section, or behind a cut: up to the next one, Black has nothing to change."""
MOST_LINES = 60
"""How long a part may be that is not cut: the less is laid out anew for a small change."""
MOST_PARTS = 100
"""How many parts there are of a section, as far as that is reached by longer ones."""
WORTH_A_PROCESS = 4000
"""How many lines have to be laid out for a second process to pay."""

_SECTION = re.compile(rf"^(?={LAID_OUT}?# --- )", re.MULTILINE)
_BODY = "async def _():\n"


class _Part(NamedTuple):
    """A piece of a section that can stand alone, and the blank lines in front of it."""

    text: str
    blank_lines: int
    is_laid_out: bool = False

    @property
    def in_function(self) -> bool:
        """Whether its text stands in a function, so that it is one for Black."""
        return self.text.startswith(_BODY)


def laid_out_if_short(text: str) -> str:
    """Mark a text as laid out that Black may only change where a line is too long for it."""
    # Of what is not ASCII, it takes some to be wider.
    is_short = text.isascii() and all(len(line) <= LINE_LENGTH for line in text.split("\n"))
    return LAID_OUT + text if is_short else text


def formatted(text: str) -> str:
    """Return a module's text in Black's layout; raises what Black raises for no Python.

    The text may hold `CUT` and `LAID_OUT`, the result does not.
    """
    sections = _SECTION.split(text)
    parts = [_parts(section) for section in sections]
    texts = _formatted([part for each in parts for part in each])
    result = ""
    for section, its_parts in zip(sections, parts, strict=True):
        written = _joined(its_parts, texts)
        result += written + "\n" * _blank_lines(section, written)
    return result.rstrip("\n") + "\n"


def _parts(section: str) -> list[_Part]:
    """Cut a long section into pieces that can stand alone."""
    lines = section.count("\n")
    most_lines = max(MOST_LINES, lines // MOST_PARTS)
    is_laid_out = section.startswith(LAID_OUT)
    if is_laid_out or lines <= most_lines:
        section = section.replace(CUT, "").replace(LAID_OUT, "")
    first, *rest = section.split(CUT)
    pieces = [_Part(first, 0, is_laid_out)]
    for cut in rest:
        text, last = cut.removeprefix(LAID_OUT), pieces[-1]
        in_function, is_laid_out = text.startswith(" "), text != cut
        is_alike = (in_function, is_laid_out) == (last.in_function, last.is_laid_out)
        if last.text.count("\n") < most_lines and is_alike:
            pieces[-1] = _Part(last.text + text, last.blank_lines, is_laid_out)
        elif in_function:
            pieces.append(_Part(_BODY + text, int(last.text.endswith("\n\n"))))
        else:
            pieces.append(_Part(text, 2, is_laid_out))
    # Where the templates give what Black would, it has to look once instead of twice.
    return [piece._replace(text=piece.text.rstrip("\n") + "\n") for piece in pieces]


def _joined(parts: list[_Part], texts: dict[str, str]) -> str:
    return "".join("\n" * part.blank_lines + texts[part.text].removeprefix(_BODY) for part in parts)


def _blank_lines(section: str, written: str) -> int:
    """How many blank lines Black leaves behind a section: two after what is indented."""
    if written.rstrip("\n").rpartition("\n")[2].startswith(" "):
        return 2
    return min(2, len(section) - len(section.rstrip("\n")) - 1)


def _formatted(parts: list[_Part]) -> dict[str, str]:
    """Return what Black makes of each text: as it was kept, or anew."""
    texts: dict[str, str] = {part.text: part.text for part in parts if part.is_laid_out}
    names = {part.text: f"layout-{_key(part.text)}" for part in parts if part.text not in texts}
    for part, name in names.items():
        content = kept(name)
        if content is not None:
            texts[part] = content.decode()
    for part, text in _laid_out([part for part in names if part not in texts]):
        texts[part] = text
        keep(names[part], text.encode())
    return texts


def _key(part: str) -> str:
    made_of = repr((installed("black"), LINE_LENGTH, part))
    return sha256(made_of.encode()).hexdigest()[:32]


def _laid_out(parts: list[str]) -> Iterable[tuple[str, str]]:
    """Give each part with what Black makes of it, as soon as that is known."""
    if sum(part.count("\n") for part in parts) < WORTH_A_PROCESS:
        yield from zip(parts, map(_by_black, parts), strict=True)
        return
    from concurrent.futures import ProcessPoolExecutor

    # The longest first, so that at the end none is left to one process alone.
    parts = sorted(parts, key=len, reverse=True)
    with ProcessPoolExecutor(2) as processes:
        yield from zip(parts, processes.map(_by_black, parts), strict=True)


def _by_black(text: str) -> str:
    from black import format_str
    from black.mode import Mode, TargetVersion

    mode = Mode(
        target_versions={TargetVersion.PY311},
        line_length=LINE_LENGTH,
        # A sixth of Black's time: what `literals` gives has the quotes that it would choose.
        string_normalization=False,
    )
    return format_str(text, mode=mode)
