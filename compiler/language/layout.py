"""Text laid out within a width: a small document algebra, after Wadler and Prettier.

In: a document made of texts, places where a line may break, and comments. Out: its lines. A
group stands on one line where it fits, or else breaks at all of its own places; comments never
change what fits, and never end up inside of anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

WIDTH = 88
INDENT = "  "


class Line(Struct, frozen=True):
    """A place where a line may break; `flat` is what stands there where it does not."""

    flat: str = " "


class HardLine(Struct, frozen=True):
    """A place where a line always breaks; `blank` leaves an empty line."""

    blank: bool = False


class IfBroken(Struct, frozen=True):
    """A text that is only there where the group around it breaks, such as a last comma."""

    text: str


class OwnLine(Struct, frozen=True):
    """A comment that stands on a line of its own, above what follows."""

    text: str


class Trailing(Struct, frozen=True):
    """A comment that ends the line on which it stands."""

    text: str


class Indent(Struct, frozen=True):
    """A part whose new lines stand further to the right."""

    part: Document


class Group(Struct, frozen=True):
    """A part that is broken as a whole or not at all."""

    part: Document


Document: TypeAlias = (
    "str | Line | HardLine | IfBroken | OwnLine | Trailing | Indent | Group | list[Document]"
)


def render(document: Document) -> str:
    """Return the text of a document, without a line end at its end."""
    printer = _Printer()
    printer.print(document)
    return printer.text()


def group(part: Document) -> Document:
    """Return a group; or the part alone, which then breaks, where something in it has to."""
    return part if _has_to_break(part) else Group(part)


def _leaves(document: Document) -> Iterator[Document]:
    """The parts of a document; of a group within it, which may stay on one line, the comments."""
    match document:
        case list():
            for part in document:
                yield from _leaves(part)
        case Indent(part):
            yield from _leaves(part)
        case Group(part):
            yield from (leaf for leaf in _leaves(part) if isinstance(leaf, OwnLine | Trailing))
        case _:
            yield document


def _has_to_break(document: Document) -> bool:
    """Whether a document has a long string or a comment for which one of its lines has to end."""
    after_line = after_comment = False
    for leaf in _leaves(document):
        match leaf:
            case HardLine():
                return True
            case Line():
                if after_comment:
                    return True
                after_line = True
            case OwnLine():
                if after_line:
                    return True
                after_comment = False  # what was kept for the end of the line goes above it
            case Trailing():
                after_comment = True
            case str() if "\n" in leaf:
                return True
    return False


class _Task(Struct, frozen=True):
    indent: int
    is_flat: bool
    document: Document


class _Printer:
    """Prints a document: the lines done, and the line under way with the comment at its end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        # Where among them the line under way begins; not at their end within a long string.
        self.start = 0
        self.current = ""
        self.indent = 0
        self.comment: str | None = None

    def text(self) -> str:
        """Return all that has been printed."""
        self._end_line()
        return "\n".join(self.lines)

    def print(self, document: Document) -> None:
        """Print a document."""
        tasks = [_Task(0, False, document)]
        while tasks:
            task = tasks.pop()
            match task.document:
                case str(text):
                    self._write(text)
                case list(parts):
                    tasks += [_Task(task.indent, task.is_flat, part) for part in reversed(parts)]
                case Indent(part):
                    tasks.append(_Task(task.indent + 1, task.is_flat, part))
                case Group(part):
                    flat = _Task(task.indent, True, part)
                    is_flat = task.is_flat or self._fits(flat, tasks)
                    tasks.append(_Task(task.indent, is_flat, part))
                case IfBroken(text):
                    self._write("" if task.is_flat else text)
                case Line(text) if task.is_flat:
                    self._write(text)
                case Line() | HardLine(blank=False):
                    self._new_line(task.indent)
                case HardLine():
                    self._new_line(0)
                    self._new_line(task.indent)
                case OwnLine(text):
                    self._keep(None)
                    self._put_above(text)
                case Trailing(text):
                    self._keep(text)

    def _write(self, text: str) -> None:
        if not text:
            return
        if not self.current:
            self.current = INDENT * self.indent
        if "\n" in text:
            self._keep(None)  # a comment cannot stand behind the first line of a long string
            first, *others, last = (self.current + text).split("\n")
            self.lines += [first, *others]
            self.current = last
        else:
            self.current += text

    def _keep(self, comment: str | None) -> None:
        """Keep a comment for the end of the line; one that was kept already goes above it."""
        if self.comment is not None:
            self._put_above(self.comment)
        self.comment = comment

    def _put_above(self, comment: str) -> None:
        begun = [*self.lines, self.current][self.start]
        # Above a closing bracket it is within the brackets.
        depth = self.indent + begun.lstrip().startswith((")", "]", "}"))
        self.lines.insert(self.start, INDENT * depth + comment)
        self.start += 1

    def _new_line(self, indent: int) -> None:
        self._end_line()
        self.indent = indent

    def _end_line(self) -> None:
        comment = f"  {self.comment}" if self.comment is not None else ""
        self.lines.append((self.current.rstrip(" ") if not comment else self.current) + comment)
        self.current, self.comment = "", None
        self.start = len(self.lines)

    def _fits(self, first: _Task, rest: list[_Task]) -> bool:
        """Whether what comes up to the next line break fits on the line."""
        left = WIDTH - len(self.current or INDENT * self.indent)
        tasks = [first]
        later = len(rest)
        while left >= 0:
            if not tasks:
                if later == 0:
                    return True
                later -= 1
                tasks.append(rest[later])
            task = tasks.pop()
            match task.document:
                case str(text):
                    left -= len(text.split("\n", 1)[0])
                    if "\n" in text:
                        return left >= 0
                case list(parts):
                    tasks += [_Task(0, task.is_flat, part) for part in reversed(parts)]
                case Indent(part) | Group(part):
                    # A group further on may break at its first place.
                    tasks.append(_Task(0, task.is_flat, part))
                case Line(text) if task.is_flat:
                    left -= len(text)
                case Line() | HardLine():
                    return True
        return False


def joined(parts: Iterable[Document], between: Document) -> list[Document]:
    """Return parts with something between each two."""
    found: list[Document] = []
    for part in parts:
        if found:
            found.append(between)
        found.append(part)
    return found
