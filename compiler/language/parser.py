"""A parser that is driven by tables: from text to trees.

In: the tables of a grammar, and a text. Out: a tree of `Node`s and `Token`s, or an
`UnexpectedInput` that tells what could stand there instead and may be mended.

The tables are LALR(1) and the loop is that of every shift-reduce parser: Aho, Lam, Sethi and
Ullman, "Compilers", algorithm 4.44. A token is read only when the parser has come to it, as its
state tells keywords from names: Van Wyk and Schwerdfeger, "Context-aware scanning", 2007.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

from msgspec import Struct

WORD = "NAME"
"""The terminal that is looked for in every state, so that words are read whole.

`args` is a name, and not the keyword `arg` and an `s`: a word is looked up among the keywords.
"""
END = "$END"
"""The terminal behind the text."""
NOTHING = "$NOTHING"
"""What stands where no terminal matches."""


class Token(Struct, frozen=True, gc=False):
    """A word or mark of a text, and where it starts and ends."""

    type: str
    text: str
    start: int
    end: int


class Node(Struct):
    """What was read by a rule, and where it starts and ends.

    Its children are nodes, tokens, and None for what is optional and absent.
    """

    rule: str
    children: list[Any]
    start: int
    end: int


Plan = tuple[int | None, ...]
"""The children of a node, by the values of its symbols: which value, ~ which list, or None."""

Rule = tuple[int, str, str | None, int, Plan | None]
"""How many symbols are reduced, and to what; then what becomes of their values.

That is the name of their node: empty where they are a list for the node around it, None where the
only value stands for the rule. There are as many values as the next number says, as a token that no
rule keeps has none; without a plan they are the children.
"""


class Tables(NamedTuple):
    """A grammar as plain data. States and rules are numbers."""

    starts: dict[str, int]
    """The first state, for each rule by which a text may be read."""
    actions: list[dict[str, int]]
    """For each state and next terminal: the state after it, or ~ the rule to reduce by."""
    gotos: list[dict[str, int]]
    """For each state and what was reduced there: the state after it."""
    rules: list[Rule]
    kept: set[str]
    """The terminals that are kept by a rule."""
    literals: dict[str, str]
    """The terminal of each keyword and mark."""
    terminals: dict[str, str]
    """The regular expressions of the terminals, but of keywords; the first to be tried first."""
    expression: str
    """Finds what is ignored, its first group, and of all terminals the first that matches then."""
    groups: list[str | None]
    """The terminal of each group; None for that of words and that of marks."""


class UnexpectedInput(Exception):
    """A text is not in the language from `start` on."""

    def __init__(self, tables: Tables, states: Sequence[int], start: int, previous_end: int):
        super().__init__(start)
        self.start = start
        self.previous_end = previous_end
        self._tables = tables
        self._states = tuple(states)

    @cached_property
    def accepts(self) -> frozenset[str]:
        """The terminals that could stand there."""
        row = self._tables.actions[self._states[-1]]
        return frozenset(terminal for terminal in row if self.takes([terminal]))

    def takes(self, terminals: Iterable[str]) -> bool:
        """Whether terminals could stand there, one after the other."""
        _, actions, gotos, rules, *_ = self._tables
        states = [*self._states]
        for terminal in terminals:
            while (action := actions[states[-1]].get(terminal, 0)) < 0:
                size, origin, *_ = rules[~action]
                del states[len(states) - size :]
                states.append(gotos[states[-1]][origin])
            if terminal not in actions[states[-1]]:
                return False
            states.append(action)
        return True


class UnexpectedToken(UnexpectedInput):
    """A token cannot stand where it does; it is `END` where more is needed."""

    def __init__(self, tables: Tables, states: Sequence[int], token: Token, previous_end: int):
        super().__init__(tables, states, token.start, previous_end)
        self.token = token


class UnexpectedCharacters(UnexpectedInput):
    """No terminal matches."""


OnError = Callable[[UnexpectedInput], tuple[Sequence[Token], int] | None]
"""Returns the tokens to read instead, and where to read on; None where there are none."""


class Parser:
    """Reads texts by the tables of a grammar."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._match = _compiled(tables.expression).match

    def parse(self, text: str, start: str, on_error: OnError | None = None) -> Node:
        """Return the tree of a text by the rule `start`.

        Raises `UnexpectedInput` where it is not in the language and `on_error` does not mend it.
        """
        stacks: _Stacks = [self.tables.starts[start]], [], []
        tokens: Sequence[Token] = ()
        position = end = 0
        was_at_end = False
        while True:
            try:
                return self._read(text, stacks, [*reversed(tokens)], position, end)
            except UnexpectedInput as error:
                is_at_end = isinstance(error, UnexpectedToken) and error.token.type == END
                is_mended_in_vain = is_at_end and was_at_end
                answer = None if on_error is None or is_mended_in_vain else on_error(error)
                if answer is None:
                    raise
                tokens, position = answer
                if isinstance(error, UnexpectedCharacters) and position == error.start:
                    position += 1  # they are no token of anything
                was_at_end, end = is_at_end, error.previous_end

    def _read(
        self, text: str, stacks: _Stacks, given: list[Token], position: int, end: int
    ) -> Node:
        """Read on to the end of a text, after what is on the stacks; return its tree.

        The tokens that are given, the last first, are read before those from `position` on; the
        token before them ended at `end`. For each token this is done at once, as a call would take
        as long as what it does: look for it, make the reductions that it allows, shift it.
        """
        states, values, starts = stacks
        _, actions, gotos, rules, kept, literals, _, _, groups = self.tables
        match = self._match
        while True:
            row = actions[states[-1]]
            token = None
            if given:
                token = given.pop()
                kind, start, stop = token.type, token.start, token.end
                action = row.get(kind)
            else:
                found: Any = match(text, position)  # which is never None
                start, stop = found.end(1), found.end()
                kind = groups[found.lastindex] or literals.get(text[start:stop], WORD)
                action = row.get(kind)
                if action is None:
                    kind, stop = self._restricted(row, kind, text, start, stop)
                    action = row.get(kind)
                position = stop
            while action is not None and action < 0:
                # One state and one start are left for the symbol that the others are reduced to.
                size, origin, name, width, plan = rules[~action]
                if size > 1:
                    del states[1 - size :], starts[1 - size :]
                elif size == 0:
                    states.append(0)
                    starts.append(end)
                if name is not None:
                    if width == 1:
                        children = [values.pop()]
                    elif width:
                        children = values[-width:]
                        del values[-width:]
                    else:
                        children = []
                    if plan is not None:
                        children = _planned(plan, children)
                    values.append(Node(name, children, starts[-1], end) if name else children)
                states[-1] = state = gotos[states[-2]][origin]
                action = actions[state].get(kind)
            if action is None:
                if kind == NOTHING:
                    raise UnexpectedCharacters(self.tables, states, start, end)
                token = token or Token(kind, text[start:stop], start, stop)
                raise UnexpectedToken(self.tables, states, token, end)
            if kind == END:
                return values[0]  # type: ignore[no-any-return]
            states.append(action)
            starts.append(start)
            end = stop
            if kind in kept:
                values.append(token or Token(kind, text[start:stop], start, stop))

    def _restricted(
        self, row: dict[str, int], kind: str, text: str, start: int, stop: int
    ) -> tuple[str, int]:
        """Return the first terminal to match of those in a row, and where what matches ends.

        In: the same of all terminals; it is what is returned where none of the row matches.
        """
        if text[start:stop].isidentifier():
            return WORD, stop  # what is no keyword here is a name
        for terminal, expression in self.tables.terminals.items():
            if terminal in row or terminal == WORD:
                found = _compiled(expression).match(text, start)
                if found is not None:
                    return terminal, found.end()
        return kind, stop


_Stacks = tuple[list[int], list[Any], list[int]]
"""The states of the parser, and the values and starts of the symbols that led to them.

The first state has no symbol, and a token that no rule keeps has no value.
"""

_compiled = cache(re.compile)


def _planned(plan: Plan, values: list[Any]) -> list[Any]:
    """Return the children that a rule makes of the values of its symbols."""
    children: list[Any] = []
    for place in plan:
        if place is None:
            children.append(None)
        elif place >= 0:
            children.append(values[place])
        elif children:
            children += values[~place]
        else:
            children = values[~place]  # which nothing else holds: it grows at no cost
    return children
