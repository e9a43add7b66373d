"""The page of a code: what it means, an example that gives it, and how to mend it.

In: a code as it was typed. Out: its page, from `explain_pages/CODE.md`; or the codes that it may
be meant for.
"""

from __future__ import annotations

from importlib import resources

from .codes import CODES, KINDS
from .suggest import nearest


class UnknownCode(LookupError):
    """A code that no diagnostic has; `near` are those that may be meant."""

    def __init__(self, code: str, near: tuple[str, ...]) -> None:
        super().__init__(f"there is no code `{code}`")
        self.near = near


def page(code: str) -> str:
    """Return the page of a code in Markdown, upper or lower case; raises `UnknownCode`."""
    wanted = code.strip().upper().removeprefix("ERROR[").removesuffix("]")
    wanted = f"WF{wanted}" if wanted.isdigit() else wanted
    entry = CODES.get(wanted)
    if entry is None:
        raise UnknownCode(code, _near(wanted))
    body = resources.files(__package__).joinpath("explain_pages", f"{wanted}.md").read_text("utf-8")
    return f"# {wanted}: {entry.title}\n\n{body}"


def listing() -> str:
    """Return all codes with their titles, by kind."""
    parts: list[str] = []
    for prefix, kind in KINDS.items():
        lines = [f"  {code}  {entry.title}" for code, entry in CODES.items() if code[:3] == prefix]
        parts.append("\n".join([kind, *lines]))
    return "\n\n".join(parts)


def _near(code: str) -> tuple[str, ...]:
    """The codes one slip away, or else those of the same kind."""
    if close := nearest(code, CODES):
        same_kind = [each for each in CODES if each[:4] == close[:4] and each != close]
        return (close, *same_kind)
    return tuple(each for each in CODES if code[:3] == each[:3])
