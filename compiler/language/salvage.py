"""What can be had of a file that is not in the language.

In: the builder of a file that could not be parsed whole. Out: its declarations, and the problems
among the builder's. A mistake costs the declaration or statement that holds it, never the rest of
the file: the text is freed of the habits of other languages (`slips`) and cut into its pieces
(`recover`), and each is parsed alone, at its own place, with its likely mistakes mended (`repair`).
"""

from __future__ import annotations

import re
from typing import Any

from ..source import Span
from . import syntax
from .grammar import grammar
from .parse import Builder
from .parser import UnexpectedInput
from .recover import DECLARATIONS, KEYWORDS, Piece, has_braces_of_its_own, pieces
from .repair import Mender, is_behind, is_on_line_of
from .repair_steps import without_braces
from .slips import mend_slips
from .syntax_errors import (
    another_language,
    closed_early,
    explain,
    nested_parallel,
    nested_workflow,
    never_closed,
    no_body,
    somewhere,
    starts_as_here,
    with_silences,
)

# More than these do not tell more: the file is something else than a `.wf`.
MOST_PROBLEMS = 500


def salvage(builder: Builder) -> list[Any]:
    """Return the declarations of a file that could be parsed, None for each that is lost."""
    builder.parsed, builder.problems = mend_slips(builder.source, MOST_PROBLEMS)
    if builder.problems:
        declarations = builder.file()
        if declarations is not None:
            return declarations
    salvager = _Salvager(builder)
    cut = pieces(builder.parsed)
    found = [salvager.piece(piece) for piece in cut]
    if not builder.problems:
        builder.problems.append(somewhere(builder.source))
    elif _is_of_another_language(builder.source.text, cut):
        builder.problems[:] = [another_language(builder.problems)]
    return found


def _is_of_another_language(text: str, cut: list[Piece]) -> bool:
    """Whether a text has more than one line, and nothing in it starts as it does here."""
    if "\n" not in text.strip():
        return False
    # What is indented deeper belongs to something else.
    outermost = [piece for piece in cut if _indent(text, piece) <= _indent(text, cut[0])]
    return not any(starts_as_here(text, piece, DECLARATIONS) for piece in outermost)


def _indent(text: str, piece: Piece) -> int:
    return piece.start - text.rfind("\n", 0, piece.start)


class _Salvager:
    """Parses the pieces of a file, each of which may be wrong on its own."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._source = builder.source
        self._problems = builder.problems
        # How many of the problems are slips, which were told before anything was parsed.
        self._slips = len(builder.problems)
        # The column of a piece that starts with nothing of this language, and which problem tells
        # so: what is indented deeper belongs to it.
        self._foreign: tuple[int, int] | None = None

    def piece(self, piece: Piece, workflow: Span | None = None) -> Any:
        """Parse one piece of a file, or of a workflow of it; None where it is lost."""
        if len(self._problems) >= MOST_PROBLEMS:
            return None
        # Blanks in front keep every position what it is in the file.
        text = " " * piece.start + self._builder.parsed[piece.start : piece.end]
        known = len(self._problems)
        text, braces = without_braces(self._source, text, piece)
        self._problems += [braces] if braces is not None else []
        mender = Mender(self._source, text, piece)
        tree: Any = None
        slips: list[int] = []
        try:
            tree = grammar().parse(text, start=piece.rule, on_error=mender.mend)
        except UnexpectedInput as error:
            lost = explain(error, self._source, piece)
            # What follows a repair or a slip on its line may be wrong only because of that, and a
            # brace that is left over because of any mistake before it.
            slips = [i for i in range(self._slips) if is_behind(lost, self._problems[i])]
            is_left_over = text.strip() == "}" and self._problems
            is_of_foreign = self._is_of_foreign(piece, workflow)
            if is_of_foreign:
                mender.problems.clear()
            is_told = any(is_on_line_of(lost, mended) for mended in mender.problems) or (
                # Two declarations on one line are more likely one that is wrong.
                piece.rule == "declaration"
                and any(is_on_line_of(lost, earlier) for earlier in self._problems)
            )
            is_told = is_told or self._goes_on_after_try(piece)
            if not (is_left_over or slips or is_told or is_of_foreign):
                self._problems.append(lost)
        self._problems += mender.problems
        is_returned = mender.problems and text.startswith("return", piece.start)
        is_long_text = tree is None and text.startswith("instruction", piece.start)
        if piece.rule == "statement" and (is_returned or is_long_text):
            self._foreign = self._source.position(piece.start)[1], known
        elif tree is not None:
            self._foreign = None
        if piece.rule == "workflow_header":
            built = self._workflow(piece, tree)
        else:
            built = None if tree is None else self._builder.build(tree)
        if built is None:
            body = workflow or self._source.span(piece.start, piece.end)
            for index in (*slips, *range(known, len(self._problems))):
                found = self._problems[index]
                self._problems[index] = with_silences(found, self._source, piece, body)
        return built

    def _goes_on_after_try(self, piece: Piece) -> bool:
        """Whether a piece is the other part of a `try`, which has been told."""
        text = self._source.text
        return re.compile(r"(?:catch|except|finally)\b").match(
            text, piece.start
        ) is not None and any(
            each.span is not None and each.span.text == "try" for each in self._problems
        )

    def _is_of_foreign(self, piece: Piece, workflow: Span | None) -> bool:
        """Whether a piece that is lost is a part of what another language has, and this has not.

        That is told once, where it starts.
        """
        if starts_as_here(self._source.text, piece, KEYWORDS):
            return False
        column = self._source.position(piece.start)[1]
        if self._foreign is None or column <= self._foreign[0]:
            self._foreign = column, len(self._problems)
            return False
        index = self._foreign[1]
        if index < len(self._problems):
            body = workflow or self._source.span(piece.start, piece.end)
            self._problems[index] = with_silences(self._problems[index], self._source, piece, body)
        return True

    def _workflow(self, piece: Piece, header: Any) -> syntax.Workflow | None:
        end = max(piece.body_end, piece.end, *(each.end for each in piece.statements), 0)
        span = self._source.span(piece.start, end)
        known = len(self._problems)
        statements = [self.piece(statement, span) for statement in piece.statements]
        # A mistake in a statement may have taken the brace with it; and who is still writing the
        # last one has not come to it yet.
        parsed = self._builder.parsed
        is_wrong_inside = len(self._problems) > known and (
            (bool(statements) and statements[-1] is None)
            or not all(has_braces_of_its_own(parsed, each) for each in piece.statements)
        )
        if piece.outer is not None:
            header_span = self._source.span(piece.start, piece.end)
            self._problems.append(nested_workflow(header_span))
        for start in piece.nested_parallels:
            self._problems.append(nested_parallel(self._source.span(start, start + 8)))
        if piece.open_parallel != -1:
            if self._source.text[piece.open_parallel] == "{":
                self._problems.append(never_closed(self._source, piece.open_parallel))
        elif piece.early_end != -1:
            self._problems.append(closed_early(self._source, piece.early_end))
        elif header is not None and piece.body_start == -1:
            self._problems.append(no_body(self._source.span(piece.start, piece.end), piece))
        elif piece.body_start != -1 and piece.body_end == -1 and not is_wrong_inside:
            self._problems.append(never_closed(self._source, piece.body_start))
        if header is None:
            return None
        name, description = header.children
        return syntax.Workflow(
            self._builder.name(name),
            self._builder.text(description),
            tuple(each for each in statements if each is not None),
            span,
        )
