"""One layout for every `.wf` file.

In: a source file. Out: its text in the canonical layout, with the same syntax tree and the same
comments; or the syntax errors, where it has some. Strings and numbers keep their spelling.

The layout: two blanks for each level; a blank line between steps and between groups of
statements; a clause a line; what stands in brackets on one line where that fits in 88 columns,
and else one item a line with a comma after each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from ..diagnostics import Diagnostic
from ..source import SourceFile, Span
from . import syntax
from .layout import (
    Document,
    HardLine,
    IfBroken,
    Indent,
    Line,
    OwnLine,
    Trailing,
    group,
    joined,
    render,
)
from .parse import concrete_tree, parse
from .parser import Node, Token, UnexpectedInput
from .syntax_errors import NO_WORKFLOW

_QUOTED_WORD = re.compile(r'"([A-Za-z_][A-Za-z0-9_]*)"')

# Statements and declarations that may follow each other without a blank line.
_GROUPS = {
    "server": "server",
    "use": "use",
    "type_alias": "type",
    "arg": "arg",
    "instruction": "instruction",
}


class FormatError(Exception):
    """A bug in wfc: the new layout would not say the same as the old. Nothing is to be written."""


def format_source(source: SourceFile) -> tuple[str | None, list[Diagnostic]]:
    """Return the canonical text of a file, or None and the syntax errors that it has.

    Raises `FormatError` where the result would say something else, or be laid out differently
    when formatted again.
    """
    file, problems = parse(source)
    problems = [problem for problem in problems if problem.message != NO_WORKFLOW]
    if problems:
        return None, problems
    text = _laid_out(file)
    again, new_problems = parse(SourceFile(source.path, text))
    same_tree = _bare(file.declarations) == _bare(again.declarations)
    if any(problem.message != NO_WORKFLOW for problem in new_problems) or not same_tree:
        raise FormatError(f"{source.path}: formatting would change what the file says")
    if [each.text for each in file.comments] != [each.text for each in again.comments]:
        raise FormatError(f"{source.path}: formatting would change the comments")
    if _laid_out(again) != text:
        raise FormatError(f"{source.path}: formatting twice gives another layout than once")
    return text, []


def _bare(node: Any) -> Any:
    """Return a syntax tree as plain values, without the places of its parts."""
    if isinstance(node, Span):
        return None
    if isinstance(node, Struct):
        parts = (_bare(getattr(node, name)) for name in node.__struct_fields__)
        return (type(node).__name__, *parts)
    if isinstance(node, tuple):
        return tuple(_bare(part) for part in node)
    if isinstance(node, float | int):
        return (type(node).__name__, node)  # 1, 1.0 and true are not the same
    return node


def _laid_out(file: syntax.File) -> str:
    try:
        tree = concrete_tree(file.source.text)
    except UnexpectedInput as error:
        raise FormatError(f"{file.source.path}: it can only be parsed in pieces") from error
    text = render(_Layout(file, tree).file(tree)).strip("\n")
    return f"{text}\n" if text else ""


class _Comment(Struct, frozen=True):
    text: str
    after_blank: bool


class _Layout:
    """Makes the document of a file: a method for each rule, named after it."""

    def __init__(self, file: syntax.File, tree: Node) -> None:
        self.whole = file.source.text
        # Comments by the start of the token that they stand above, or behind.
        self.above: dict[int, list[_Comment]] = {}
        self.behind: dict[int, list[str]] = {}
        self.after_blank: dict[int, bool] = {}
        self._attach(file.comments, list(_tokens(tree)))

    def _attach(self, comments: tuple[syntax.Comment, ...], tokens: list[Token]) -> None:
        left = list(comments)
        end = 0
        last: int | None = None
        places = [(token.start, token.end) for token in tokens]
        for start, token_end in [*places, (len(self.whole), len(self.whole))]:
            while left and left[0].span.start < start:
                comment = left.pop(0)
                gap = self.whole[end : comment.span.start]
                if last is not None and "\n" not in gap:
                    self.behind.setdefault(last, []).append(comment.text)
                else:
                    found = _Comment(comment.text, _has_blank_line(gap))
                    self.above.setdefault(start, []).append(found)
                end = comment.span.end
            self.after_blank[start] = _has_blank_line(self.whole[end:start])
            last, end = start, token_end

    # --- Tokens and words

    def of(self, node: Any) -> Document:
        """Return the document of a tree or a token."""
        if isinstance(node, Token):
            return self.token(node)
        method = getattr(self, node.rule.strip("_"), None)
        return method(node) if method else self.words(node)

    def token(self, token: Token, text: str | None = None) -> list[Document]:
        """A token with the comments around it."""
        start = token.start
        above: list[Document] = [OwnLine(each.text) for each in self.above.pop(start, [])]
        behind = [Trailing(each) for each in self.behind.pop(start, [])]
        return [*above, token.text if text is None else text, *behind]

    def words(self, tree: Any) -> Document:
        """Parts with blanks between them."""
        return joined(map(self.of, tree.children), " ")

    def tight(self, tree: Any) -> Document:
        """Parts with nothing between them."""
        return [self.of(child) for child in tree.children]

    def key(self, node: Any) -> Document:
        """A name, without quotes where it can do without them."""
        if not isinstance(node, Token):
            token = node.children[0]
            if quoted := _QUOTED_WORD.fullmatch(token.text):
                return self.token(token, quoted[1])
        return self.of(node)

    def with_text_below(self, parts: list[Document], text: Document) -> Document:
        """Parts with a text behind them, or on the next line where it does not fit."""
        return [*parts, group(Indent([Line(), text]))]

    # --- Blocks: items on lines of their own

    def file(self, tree: Any) -> Document:
        """The declarations of a file."""
        return self.block(tree.children, len(self.whole))

    def block(self, items: list[Any], end: int) -> list[Document]:
        """Items with the blank lines between them; `end` is where what closes them starts."""
        found: list[Document] = []
        before: str | None = None
        for item in items:
            kind = item.rule
            start = next(_tokens(item)).start
            comments = self.above.pop(start, [])
            blanks = [*(comment.after_blank for comment in comments), self.after_blank[start]]
            is_apart = kind != before or kind not in _GROUPS
            if before is None:
                blanks[0] = False
            elif is_apart and not any(blanks):
                blanks[0] = True
            for comment, blank in zip(comments, blanks, strict=False):
                found += [HardLine(blank), comment.text]
            found += [HardLine(blanks[-1]), self.of(item)]
            before = kind
        for comment in self.above.pop(end, []):
            found += [HardLine(comment.after_blank and bool(found)), comment.text]
        return found

    def braces(self, opening: Token, items: list[Any], closing: Token) -> Document:
        """A block within braces."""
        start = closing.start
        head = self.token(opening)
        body = self.block(items, start)
        end: list[Document] = [HardLine()] if body or isinstance(head[-1], Trailing) else []
        return [*head, Indent(body), *end, *self.token(closing)]

    def workflow(self, tree: Any) -> Document:
        header, opening, *statements, closing = tree.children
        return [self.words(header), " ", self.braces(opening, statements, closing)]

    def parallel(self, tree: Any) -> Document:
        keyword, opening, *steps, closing = tree.children
        return [self.of(keyword), " ", self.braces(opening, steps, closing)]

    # --- Items within brackets

    def bracketed(self, tree: Any) -> Document:
        """Items between brackets, on one line or one a line."""
        opening, *inner, closing = tree.children
        items = self.items(inner)
        start = closing.start
        last: list[Document] = [[HardLine(), comment.text] for comment in self.above.pop(start, [])]
        head = self.token(opening)
        if not items and not last and not isinstance(head[-1], Trailing):
            return [*head, *self.token(closing)]
        body: list[Document] = [Line(""), *joined(items, Line())] if items else []
        return group([*head, Indent([*body, *last]), Line(""), *self.token(closing)])

    def items(self, children: list[Any]) -> list[Document]:
        """Items with a comma behind each; behind the last only where they stand one a line."""
        found: list[list[Document]] = []
        for child in children:
            if isinstance(child, Token) and child.type == "COMMA":
                # Commas are printed anew; what was said beside one stays.
                found[-1] += [part for part in self.token(child, "") if part]
            else:
                found.append([self.of(child), ","])
        if found:
            found[-1][1] = IfBroken(",")
        return [*found]

    arguments = array = object = object_type = constraints = bracketed

    def use(self, tree: Any) -> Document:
        """`use a, b from "x"`; the sources as if they stood in brackets."""
        keyword, *inner, from_, origin = tree.children
        sources = self.items(inner)
        body = Indent([Line(), *joined(sources, Line())])
        return group([self.of(keyword), body, Line(), self.of(from_), " ", self.of(origin)])

    def named_argument(self, tree: Any) -> Document:
        name, equal, value = tree.children
        return [self.key(name), " ", self.of(equal), " ", self.of(value)]

    def entry(self, tree: Any) -> Document:
        name, colon, value = tree.children
        return [self.key(name), self.of(colon), " ", self.of(value)]

    constant_entry = entry

    def type_field(self, tree: Any) -> Document:
        name, *marks, kind = tree.children
        return [self.key(name), *map(self.of, marks), " ", self.of(kind)]

    # --- Expressions, conditions and types

    path = field_access = index_access = key_access = tight
    single_type = array_suffix = grouped_type = negation = tight

    def any_of(self, tree: Any) -> Document:
        """`a or b`, broken in front of each `or`; `and` and `|` likewise."""
        first, *rest = tree.children
        pairs = zip(rest[::2], rest[1::2], strict=True)
        others = [[Line(), self.of(word), " ", self.of(part)] for word, part in pairs]
        return group([self.of(first), Indent([*others])])

    all_of = union_type = any_of

    # --- Declarations, statements and steps

    def arg(self, tree: Any) -> Document:
        keyword, name, *rest = tree.children
        found: list[Document] = [self.of(keyword), " ", self.of(name)]
        for child in rest:
            kind = child.type if isinstance(child, Token) else child.rule
            if child is rest[-1] and kind == "text":
                return self.with_text_below(found, self.of(child))
            found += [*([] if kind in ("OPTIONAL", "COLON") else [" "]), self.of(child)]
        return found

    def step(self, tree: Any) -> Document:
        keyword, name, colon, action, *rest = tree.children
        head: list[Document] = [self.of(keyword), " ", self.of(name), self.of(colon), " "]
        head.append(self.of(action))
        clauses: list[Document] = []
        for child in rest:
            if isinstance(child, Node) and child.rule in _CLAUSES:
                clauses += [HardLine(), self.of(child)]
            else:
                is_colon = isinstance(child, Token) and child.type == "COLON"
                head += [*([] if is_colon else [" "]), self.of(child)]
        return [*head, Indent(clauses)]

    def tool_call(self, tree: Any) -> Document:
        server, dot, tool, arguments = tree.children
        return [self.of(server), self.of(dot), self.key(tool), self.of(arguments)]

    workflow_call = tight

    def require(self, tree: Any) -> Document:
        keyword, condition, *message = tree.children
        found: list[Document] = [self.of(keyword), " ", self.of(condition)]
        return self.with_text_below(found, self.of(message[0])) if message else found

    def handoff(self, tree: Any) -> Document:
        *parts, text = tree.children
        return self.with_text_below(joined(map(self.of, parts), " "), self.of(text))


_CLAUSES = {"when", "for", "timeout", "retry", "undo", "require", "guidance"}


def _tokens(node: Any) -> Iterator[Token]:
    if isinstance(node, Token):
        yield node
    else:
        for child in node.children:
            yield from _tokens(child)


def _has_blank_line(gap: str) -> bool:
    return gap.count("\n") > 1
