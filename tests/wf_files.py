"""Generated `.wf` files: a Hypothesis strategy for each rule of the grammar.

In: nothing. Out: texts that parse, with blanks, line ends and comments wherever they may stand.
What they say makes no sense.
"""

import json
import re

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Tokens = list[str]

WORDS = re.compile(r'f?"""|f?"[^"\n]*"|\w+|\s+|.', re.DOTALL)
"""The words, blanks and marks of any text, for tests that change some of them."""

# Keywords are contextual, so they are names as well.
_NAMES = [
    "a",
    "b",
    "employee",
    "first_name",
    "step",
    "type",
    "from",
    "as",
    "arg",
    "return",
    "retry",
]
_MARKS = set("(){}[],.:=?|")

names = st.sampled_from(_NAMES)
strings = st.one_of(
    st.text(max_size=8).map(json.dumps),
    st.sampled_from(['"a"', '"two words"', '"from"', '"é\u4e2d"', '"\\u0041"', '"#"']),
    st.sampled_from(['"""long"""', '"""\n    two\n      lines\n  """', '"""a "quoted" # word"""']),
)
fstrings = st.sampled_from(['f"{a}"', 'f"plain"', 'f"{{{a.b[0]}}}!"', 'f"""\n  {a}\n  b\n"""'])
numbers = st.sampled_from(["0", "1", "-3", "1.0", "12e3", "0.50", "-0"])
durations = st.sampled_from(["10s", "500ms", "1.5m", "0h"]).filter(lambda text: text != "0h")
templates = st.one_of(strings, fstrings)
keys = st.one_of(names, strings)


def seq(*parts: str | SearchStrategy[str] | SearchStrategy[Tokens]) -> SearchStrategy[Tokens]:
    """The tokens of parts, one after the other."""
    made = [st.just(part) if isinstance(part, str) else part for part in parts]
    return st.tuples(*made).map(_flat)


def maybe(*parts: str | SearchStrategy[str] | SearchStrategy[Tokens]) -> SearchStrategy[Tokens]:
    """The tokens of parts, or none."""
    return st.one_of(st.just([]), seq(*parts))


def many(part: SearchStrategy[Tokens], least: int = 0, most: int = 3) -> SearchStrategy[Tokens]:
    """The tokens of some parts."""
    return st.lists(part, min_size=least, max_size=most).map(_flat)


def _flat(parts: object) -> Tokens:
    if isinstance(parts, str):
        return [parts]
    assert isinstance(parts, list | tuple)
    return [token for part in parts for token in _flat(part)]


def bracketed(opening: str, item: SearchStrategy[Tokens], closing: str) -> SearchStrategy[Tokens]:
    """Items with commas between brackets, now and then with one at the end."""

    def tokens(drawn: tuple[list[Tokens], bool]) -> Tokens:
        items, has_last_comma = drawn
        found = [token for each in items for token in (*each, ",")]
        return [opening, *(found if has_last_comma else found[:-1]), closing]

    return st.tuples(st.lists(item, max_size=3), st.booleans()).map(tokens)


accessors = st.one_of(
    seq(".", names),
    seq("[", st.sampled_from(["0", "12"]), "]"),
    seq("[", st.sampled_from(['"x y"', '"x"']), "]"),
)
paths = seq(st.sampled_from(["a", "b", "employee", "step", "from"]), many(accessors))
literals = st.one_of(seq(strings), seq(numbers), seq(st.sampled_from(["true", "false", "null"])))


def unique_entries(value: SearchStrategy[Tokens]) -> SearchStrategy[Tokens]:
    """An object whose keys are all different."""
    named = st.dictionaries(
        st.sampled_from(["a", '"b"', '"c d"', "from", '"type"']), value, max_size=3
    )
    return named.map(
        lambda entries: _flat(
            ["{", *(part for key, each in entries.items() for part in (key, ":", each, ",")), "}"]
        )
    )


constants = st.recursive(
    literals, lambda inner: bracketed("[", inner, "]") | unique_entries(inner), max_leaves=4
)
expressions = st.recursive(
    st.one_of(paths, literals, seq(fstrings)),
    lambda inner: bracketed("[", inner, "]") | unique_entries(inner),
    max_leaves=6,
)
operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "contains", "matches"])
conditions = st.recursive(
    st.one_of(seq(paths), seq(expressions, operators, expressions)),
    lambda inner: st.one_of(
        seq(inner, st.sampled_from(["and", "or"]), inner),
        seq("not", "(", inner, ")"),
        seq("(", inner, ")"),
    ),
    max_leaves=4,
)
base_types = st.one_of(
    seq(st.sampled_from(["string", "integer", "any", "Person"])), seq(strings), seq("3")
)
types = st.recursive(
    base_types,
    lambda inner: st.one_of(
        seq(inner, "[", "]"),
        seq("(", inner, "|", inner, ")"),
        seq("(", inner, ")", "[", "]"),
        seq("(", inner, ")", "(", "max", "=", "3", ")", "[", "]"),
        seq("string", "(", "min", "=", "1", ",", "max", "=", "9", ")"),
        seq("{", "a", maybe("?"), ":", inner, ",", '"b c"', ":", inner, maybe(","), "}"),
        seq("{", '"quoted"', ":", inner, "}"),
    ),
    max_leaves=4,
).filter(lambda tokens: tokens.count("|") < 9)

argument = st.one_of(seq(keys, "=", expressions), seq(names))
arguments = bracketed("(", argument, ")")
calls = st.one_of(
    seq(names, ".", keys, arguments), seq(names, arguments), seq("read", ".", names, arguments)
)


@st.composite
def clauses(draw: DrawFn) -> Tokens:
    """Clauses of a step, each at most once, but `require`."""
    kinds = {
        "when": seq("when", conditions),
        "for": seq("for", names, "in", expressions),
        "timeout": seq("timeout", durations),
        "retry": seq("retry", "3", maybe("every", durations), maybe("unsafe")),
        "undo": seq("undo", calls),
        "require": seq("require", conditions, maybe(templates)),
        "guidance": seq("guidance", templates),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(kinds)), unique=True, max_size=3))
    return [token for kind in chosen for token in draw(kinds[kind])]


actions = st.one_of(calls, seq("read", names, templates))
steps = seq("step", names, ":", actions, maybe("as", names, maybe(":", types)), clauses())
statements = st.one_of(
    seq("arg", names, maybe("?"), maybe(":", types), maybe("=", constants), maybe(strings)),
    seq("instruction", strings),
    steps,
    seq("parallel", "{", many(steps, most=2), "}"),
    seq("handoff", maybe(calls), templates),
    seq("return", expressions),
)
# After a comma, `from` ends a `use`.
servers = names.filter(lambda name: name != "from")
sources = st.one_of(seq(servers), seq(st.one_of(servers, strings), "as", names))
declarations = st.one_of(
    seq("server", strings, maybe("version", strings), maybe(strings)),
    seq("use", sources, many(seq(",", sources)), "from", strings),
    seq("type", names, "=", types),
    seq("workflow", names, strings, "{", many(statements, most=4), "}"),
)


@st.composite
def files(draw: DrawFn) -> str:
    """The text of a file."""
    tokens = draw(many(declarations, most=4))
    gaps = st.sampled_from(
        [" ", " ", " ", "", "\n", "\n\n", "\t", " # one\n", "\n# two\n", "\n\n#\n\n"]
    )
    text = draw(st.sampled_from(["", "# first\n", "\n\n"]))
    previous = ""
    for token in tokens:
        gap = draw(gaps)
        if not gap and token not in _MARKS and previous not in _MARKS:
            gap = " "
        text += gap + token
        previous = token
    return text + draw(st.sampled_from(["", "\n", "\n# last", "  # behind\n\n"]))
