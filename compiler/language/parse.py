"""From text to `syntax.File`.

In: a source file. Out: its syntax tree, and a diagnostic for each thing that is not in the
language. What cannot be parsed whole is left to `salvage`, which is imported for that only: reading
a file without mistakes takes less time than the import. Names, types and tools are left to the
checker.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterable
from typing import Any, cast

from msgspec.structs import replace

from ..diagnostics import Diagnostic, Silence
from ..source import SourceFile, Span
from . import syntax
from .grammar import grammar
from .parser import Node, Token, UnexpectedInput

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 8760 * 3600.0

# No workflow that a person wrote nests deeper; the recursive phases after this one rely on it.
DEEPEST_NESTING = 64

_LEXEMES = re.compile(
    r'f?"""(?:[^\\]|\\.)*?"""|f?"(?:[^"\\\n]|\\.)*"|(?P<comment>#[^\n]*)|(?P<bracket>[()\[\]{}])',
    re.DOTALL,
)
_DURATION = re.compile(r"([0-9.]+)([a-z]+)")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


def parse(source: SourceFile) -> tuple[syntax.File, list[Diagnostic]]:
    """Parse a `.wf` file.

    Returns the tree of all that could be parsed, and the syntax errors (WF1xx). A declaration or
    statement has at most one that costs it; those that could be mended cost nothing.
    """
    comments: list[syntax.Comment] = []
    depth = 0
    for match in _LEXEMES.finditer(source.text):
        if match.lastgroup == "comment":
            span = source.span(match.start(), match.end())
            comments.append(syntax.Comment(match[0].rstrip(), span))
        elif match.lastgroup == "bracket":
            depth += 1 if match[0] in "([{" else -1
            if depth > DEEPEST_NESTING:
                from .syntax_errors import nested_too_deeply

                problem = nested_too_deeply(source.span(match.start(), match.end()))
                return syntax.File(source, (), ()), [problem]
    builder = Builder(source)
    declarations = builder.file()
    if declarations is None:
        from .salvage import salvage

        declarations = salvage(builder)
    found = tuple(each for each in declarations if each is not None)
    if not builder.problems and not any(isinstance(each, syntax.Workflow) for each in found):
        from .syntax_errors import no_workflow

        builder.problems.append(no_workflow(source))
    # What is lost, or read as it may not be meant, may have used any of the names.
    unused = Silence(frozenset({"WF501", "WF502"}), source.span(0, len(source.text)))
    problems = [replace(each, silences=(*each.silences, unused)) for each in builder.problems]
    return syntax.File(source, found, tuple(comments)), problems


def concrete_tree(text: str) -> Node:
    """Return the tree of a whole file with all its tokens, for printing it again.

    Raises `UnexpectedInput` where the text is not in the language.
    """
    return grammar(keeps_all_tokens=True).parse(text, start="file")


class Builder:
    """Turns trees into syntax: a method for each rule, named after it."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        # What is parsed: the source's text, or one of the same length without its slips.
        self.parsed = source.text
        self.problems: list[Diagnostic] = []
        # Where the parsed text starts in the file; not 0 only for the paths in f-strings.
        self.offset = 0

    def file(self) -> list[Any] | None:
        """Parse the file as a whole; None where it has to be cut into its pieces."""
        try:
            tree = grammar().parse(self.parsed, start="file")
        except UnexpectedInput:
            return None
        return [self.build(child) for child in tree.children]

    def note(self, message: str, span: Span, **parts: Any) -> None:
        """Report what the grammar lets through and the language does not, and go on."""
        from .problem import problem
        from .syntax_errors import with_silences_of_part

        found = problem(message, span, **parts)
        self.problems.append(with_silences_of_part(found))

    def build(self, tree: Any) -> Any:
        """Build the syntax of a tree by the method of its rule; the tree is spent."""
        built = getattr(self, tree.rule)(tree)
        tree.children.clear()  # nothing collects garbage here, and trees are large
        return built

    def _all(self, trees: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(self.build(tree) for tree in trees if tree is not None)

    def span(self, tree: Node | Token) -> Span:
        """The span of a tree or token in the file."""
        return self.source.span(self.offset + tree.start, self.offset + tree.end)

    # --- Words and values

    def name(self, token: Any) -> syntax.Name:
        """A word, or a quoted name."""
        if isinstance(token, Token):
            return syntax.Name(token.text, self.span(token))
        return syntax.Name(self.text(token).value, self.span(token))

    def text(self, tree: Any) -> syntax.Text:
        """A string as a part of a declaration."""
        token = tree.children[0]
        span = self.span(token)
        if token.type == "LONG_STRING":
            return syntax.Text(self._unescape(textwrap.dedent(token.text[3:-3]), span), span)
        return syntax.Text(self._unescape(token.text[1:-1], span), span)

    def _unescape(self, content: str, span: Span) -> str:
        """Resolve JSON's escapes; a line end or a quote may stand for itself in long strings."""
        if "\\" not in content:
            return content
        escaped = re.sub(
            r"\\.|[\n\r\t\"]",
            lambda match: match[0] if match[0][0] == "\\" else json.dumps(match[0])[1:-1],
            content,
        )
        try:
            value = json.loads(f'"{escaped}"')
            value.encode("utf-8")
        except ValueError as error:
            self.note(
                "this string has an escape that JSON does not know",
                span,
                code="WF103",
                notes=(str(error),) if isinstance(error, UnicodeEncodeError) else (),
                help='escapes are \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u1234; '
                "write \\\\ for a backslash",
            )
            return content
        return cast(str, value)

    def text_literal(self, tree: Any) -> syntax.Constant:
        text = self.text(tree.children[0])
        return syntax.Constant(text.value, text.span)

    def number(self, tree: Any) -> syntax.Constant:
        return syntax.Constant(self._number(tree.children[0]), self.span(tree))

    def _number(self, token: Token) -> int | float:
        try:
            value: int | float = json.loads(token.text)
        except ValueError:  # Python refuses integers of more than 4,300 digits
            value = math.inf
        if isinstance(value, float) and not math.isfinite(value):
            self.note(
                "this number is too large",
                self.span(token),
                code="WF104",
                help="write it as a string",
            )
            return 0
        return value

    def _integer(self, token: Token) -> int:
        return int(self._number(token))

    def true(self, tree: Any) -> syntax.Constant:
        return syntax.Constant(True, self.span(tree))

    def false(self, tree: Any) -> syntax.Constant:
        return syntax.Constant(False, self.span(tree))

    def null(self, tree: Any) -> syntax.Constant:
        return syntax.Constant(None, self.span(tree))

    def literal(self, tree: Any) -> syntax.Constant:
        return self.text_literal(tree)

    def fstring(self, tree: Any) -> syntax.FString:
        """Texts and paths in turn; `{{` and `}}` stand for the braces themselves."""
        token = tree.children[0]
        span = self.span(token)
        quotes = 3 if token.type == "LONG_FSTRING" else 1
        content = token.text[1 + quotes : -quotes]
        start = span.start + 1 + quotes
        margin = _margin(content) if quotes == 3 else ""
        parts: list[str | syntax.Path] = []
        plain = ""
        for match in _BRACES.finditer(content):
            if match[1] is not None:
                if plain:
                    parts.append(self._unescape(_without_margin(plain, margin), span))
                    plain = ""
                hole = self.source.span(start + match.start(), start + match.end())
                path = self._hole(match[1], hole)
                if path is not None:
                    parts.append(path)
            elif match[0] in ("{", "}"):
                place = self.source.span(start + match.start(), start + match.end())
                self.note(
                    f"a single `{match[0]}` in an f-string",
                    place,
                    code="WF105",
                    help=f"write `{match[0] * 2}` for the brace itself, or `{{name}}` for a value",
                )
            else:
                plain += {"{{": "{", "}}": "}"}.get(match[0], match[0])
        if plain:
            parts.append(self._unescape(_without_margin(plain, margin), span))
        return syntax.FString(tuple(parts), span)

    def _hole(self, content: str, span: Span) -> syntax.Path | None:
        before, self.offset = self.offset, span.start + 1
        try:
            return cast(syntax.Path, self.build(grammar().parse(content, start="path")))
        except UnexpectedInput:
            self.note(
                f"`{{{content}}}` is not a path",
                span,
                code="WF105",
                help="only a name with its fields and items can stand between the braces, "
                "like `{employee.addresses[0].city}`",
            )
            return None
        finally:
            self.offset = before

    def path(self, tree: Any) -> syntax.Path:
        head, *accessors = tree.children
        return syntax.Path(self.name(head), self._all(accessors), self.span(tree))

    def field_access(self, tree: Any) -> syntax.Field:
        return syntax.Field(tree.children[0].text, self.span(tree))

    def key_access(self, tree: Any) -> syntax.Key:
        return syntax.Key(self.text(tree.children[0]).value, self.span(tree))

    def index_access(self, tree: Any) -> syntax.Index:
        return syntax.Index(self._integer(tree.children[0]), self.span(tree))

    def array(self, tree: Any) -> syntax.Array:
        return syntax.Array(self._all(tree.children), self.span(tree))

    def object(self, tree: Any) -> syntax.Object:
        entries = self._all(tree.children)
        self._unique([entry.key for entry in entries], "key")
        return syntax.Object(entries, self.span(tree))

    def entry(self, tree: Any) -> syntax.Entry:
        key, value = tree.children
        return syntax.Entry(self.name(key), self.build(value))

    def _unique(self, names: list[syntax.Name], kind: str) -> None:
        first: dict[str, syntax.Name] = {}
        for name in names:
            if name.text in first:
                self.note(
                    f"the {kind} `{name.text}` is given twice",
                    name.span,
                    code="WF106",
                    related=((first[name.text].span, "first here"),),
                    help="remove one of them",
                )
            first.setdefault(name.text, name)

    # --- Conditions

    def any_of(self, tree: Any) -> syntax.Condition:
        conditions = self._all(tree.children)
        return conditions[0] if len(conditions) == 1 else syntax.AnyOf(conditions, self.span(tree))

    def all_of(self, tree: Any) -> syntax.Condition:
        conditions = self._all(tree.children)
        return conditions[0] if len(conditions) == 1 else syntax.AllOf(conditions, self.span(tree))

    def negated(self, tree: Any) -> syntax.Not:
        return syntax.Not(self.build(tree.children[0]), self.span(tree))

    def compared(self, tree: Any) -> syntax.Comparison:
        left, operator, right = tree.children
        return syntax.Comparison(
            self.build(left), operator.text, self.build(right), self.span(tree)
        )

    def present(self, tree: Any) -> syntax.Present:
        return syntax.Present(self.build(tree.children[0]), self.span(tree))

    # --- Types

    def union_type(self, tree: Any) -> syntax.Type:
        members = self._all(tree.children)
        return members[0] if len(members) == 1 else syntax.UnionType(members, self.span(tree))

    def single_type(self, tree: Any) -> syntax.Type:
        atom, constraints, *suffixes = tree.children
        result: syntax.Type = self.build(atom)
        if constraints is not None:
            given = self._all(constraints.children)
            self._unique([constraint.name for constraint in given], "constraint")
            span = self.span(atom).to(self.span(constraints))
            result = syntax.ConstrainedType(result, given, span)
        for suffix in suffixes:
            result = syntax.ArrayType(result, self.span(atom).to(self.span(suffix)))
        return result

    def named_type(self, tree: Any) -> syntax.NamedType:
        name = self.name(tree.children[0])
        return syntax.NamedType(name, name.span)

    def text_type(self, tree: Any) -> syntax.LiteralType:
        text = self.text(tree.children[0])
        return syntax.LiteralType(text.value, text.span)

    def integer_type(self, tree: Any) -> syntax.LiteralType:
        return syntax.LiteralType(self.number(tree).value, self.span(tree))

    def object_type(self, tree: Any) -> syntax.ObjectType:
        fields = self._all(tree.children)
        self._unique([field.name for field in fields], "field")
        return syntax.ObjectType(fields, self.span(tree))

    def grouped_type(self, tree: Any) -> syntax.Type:
        return cast("syntax.Type", self.build(tree.children[0]))

    def type_field(self, tree: Any) -> syntax.TypeField:
        name, optional, kind = tree.children
        return syntax.TypeField(self.name(name), optional is not None, self.build(kind))

    def constraint(self, tree: Any) -> syntax.Constraint:
        name, value = tree.children
        return syntax.Constraint(self.name(name), self.build(value))

    # --- Actions and clauses of a step

    def tool_call(self, tree: Any) -> syntax.ToolCall:
        server, tool, arguments = tree.children
        return syntax.ToolCall(
            self.name(server.children[0]),
            self.name(tool),
            self._all(arguments.children),
            self.span(tree),
        )

    def workflow_call(self, tree: Any) -> syntax.WorkflowCall:
        workflow, arguments = tree.children
        return syntax.WorkflowCall(
            self.name(workflow.children[0]), self._all(arguments.children), self.span(tree)
        )

    def named_argument(self, tree: Any) -> syntax.Argument:
        name, value = tree.children
        return syntax.Argument(self.name(name), self.build(value), self.span(tree))

    def short_argument(self, tree: Any) -> syntax.Argument:
        name = self.name(tree.children[0])
        return syntax.Argument(name, syntax.Path(name, (), name.span), name.span)

    def read(self, tree: Any) -> syntax.Read:
        server, uri = tree.children
        return syntax.Read(self.name(server), self.build(uri), self.span(tree))

    def when(self, tree: Any) -> syntax.When:
        return syntax.When(self.build(tree.children[0]), self.span(tree))

    def for_(self, tree: Any) -> syntax.For:
        name, items = tree.children
        return syntax.For(self.name(name), self.build(items), self.span(tree))

    def timeout(self, tree: Any) -> syntax.Timeout:
        return syntax.Timeout(self._seconds(tree.children[0]), self.span(tree))

    def retry(self, tree: Any) -> syntax.Retry:
        attempts, every, unsafe = tree.children
        seconds = 0.0 if every is None else self._seconds(every, zero_allowed=True)
        count = self._integer(attempts)
        if not 1 <= count <= 1000:
            self.note(
                f"`retry {count}` makes {count} attempts in all",
                self.span(attempts),
                code="WF107",
                help="give a number from 1 to 1000",
            )
            count = 1
        return syntax.Retry(count, seconds, unsafe is not None, self.span(tree))

    def _seconds(self, token: Token, zero_allowed: bool = False) -> float:
        match = _DURATION.fullmatch(token.text)
        assert match is not None
        seconds = float(match[1]) * SECONDS[match[2]]
        if seconds > LONGEST:
            self.note(
                "this is longer than a year",
                self.span(token),
                code="WF107",
                help="give a duration of at most `8760h`",
            )
            return LONGEST
        if seconds == 0 and not zero_allowed:
            self.note(
                "a timeout of nothing can never be met",
                self.span(token),
                code="WF107",
                help="give a duration above zero, like `10s`",
            )
        return seconds

    def undo(self, tree: Any) -> syntax.Undo:
        return syntax.Undo(self.build(tree.children[0]), self.span(tree))

    def require(self, tree: Any) -> syntax.Require:
        condition, message = tree.children
        return syntax.Require(
            self.build(condition),
            None if message is None else self.build(message),
            self.span(tree),
        )

    def guidance(self, tree: Any) -> syntax.Guidance:
        return syntax.Guidance(self.build(tree.children[0]), self.span(tree))

    # --- Statements and declarations

    def arg(self, tree: Any) -> syntax.Arg:
        name, optional, kind, default, description = tree.children
        return syntax.Arg(
            self.name(name),
            optional is not None,
            None if kind is None else self.build(kind),
            None if default is None else self.build(default),
            None if description is None else self.text(description),
            self.span(tree),
        )

    def instruction(self, tree: Any) -> syntax.Instruction:
        return syntax.Instruction(self.text(tree.children[0]), self.span(tree))

    def step(self, tree: Any) -> syntax.Step:
        name, action, binding, declared, *clauses = tree.children
        built = self._all(clauses)
        for index, clause in enumerate(built):
            for earlier in built[:index]:
                if type(earlier) is type(clause) and not isinstance(clause, syntax.Require):
                    word = type(clause).__name__.lower()
                    self.note(
                        f"the step has two `{word}` clauses",
                        clause.span,
                        code="WF106",
                        related=((earlier.span, "first here"),),
                        help="remove one of them",
                    )
                    break
        return syntax.Step(
            self.name(name),
            self.build(action),
            None if binding is None else self.name(binding),
            None if declared is None else self.build(declared),
            built,
            self.span(tree),
        )

    def parallel(self, tree: Any) -> syntax.Parallel:
        return syntax.Parallel(self._all(tree.children), self.span(tree))

    def handoff(self, tree: Any) -> syntax.Handoff:
        call, text = tree.children
        return syntax.Handoff(
            None if call is None else self.build(call), self.build(text), self.span(tree)
        )

    def return_(self, tree: Any) -> syntax.Return:
        return syntax.Return(self.build(tree.children[0]), self.span(tree))

    def server(self, tree: Any) -> syntax.Server:
        name, version, instructions = tree.children
        return syntax.Server(
            self.text(name),
            None if version is None else self.text(version),
            None if instructions is None else self.text(instructions),
            self.span(tree),
        )

    def use(self, tree: Any) -> syntax.Use:
        *sources, origin = tree.children
        return syntax.Use(self._all(sources), self.text(origin), self.span(tree))

    def plain_source(self, tree: Any) -> syntax.Source:
        name = self.name(tree.children[0])
        return syntax.Source(name, name)

    def renamed_source(self, tree: Any) -> syntax.Source:
        server, alias = tree.children
        return syntax.Source(self.name(server), self.name(alias))

    quoted_source = renamed_source

    def type_alias(self, tree: Any) -> syntax.TypeDeclaration:
        name, kind = tree.children
        return syntax.TypeDeclaration(self.name(name), self.build(kind), self.span(tree))

    def workflow(self, tree: Any) -> syntax.Workflow:
        header, *statements = tree.children
        name, description = header.children
        return syntax.Workflow(
            self.name(name), self.text(description), self._all(statements), self.span(tree)
        )


# Rules whose names are words of Python.
setattr(Builder, "for", Builder.for_)
setattr(Builder, "return", Builder.return_)


def _margin(content: str) -> str:
    """The white space that `textwrap.dedent` takes off every line of a long string."""
    dedented = textwrap.dedent(content)
    for line, shorter in zip(content.split("\n"), dedented.split("\n"), strict=True):
        if shorter.strip():
            return line[: len(line) - len(shorter)]
    return ""


def _without_margin(text: str, margin: str) -> str:
    return text.replace("\n" + margin, "\n") if margin else text
