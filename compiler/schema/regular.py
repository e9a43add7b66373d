"""Whether every string that matches some regular expressions also matches another.

Regular expressions of the plain kind (no look-around, no back-references) are automata, and for
those this can be decided. Anything out of the ordinary raises `Unsupported`, and so does whatever
validators are known to read in different ways: a wrong reading could make a wrong proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct, field

MAX_STATES = 1500
"""How many states the automaton of one expression may have."""

MAX_VISITED = 3000
"""How many situations of all the automata together are looked at."""

_LAST = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]

_EVERYTHING: Ranges = ((0, _LAST),)
_DIGITS: Ranges = ((48, 57),)
_WORDS: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_LINE_ENDS: tuple[Ranges, ...] = (((10, 10),), ((10, 10), (13, 13), (0x2028, 0x2029)))
"""What ``.`` leaves out: validators differ from the standard, so both readings must agree."""

_CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/-")


class Unsupported(Exception):
    """An expression that is not of the plain kind, or too large."""


class Automaton(Struct):
    """States that characters lead between; ``start`` and ``end`` hold only at an end of the string.

    State 0 is the first, state 1 the last.
    """

    steps: list[list[tuple[Ranges, int]]] = field(default_factory=lambda: [[], []])
    free: list[list[tuple[str, int]]] = field(default_factory=lambda: [[], []])

    def state(self) -> int:
        """Add a state."""
        if len(self.steps) >= MAX_STATES:
            raise Unsupported
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def reached(self, states: Iterable[int], *, start: bool, end: bool) -> frozenset[int]:
        """Return the states that can be reached without reading a character."""
        found, waiting = set(states), list(states)
        while waiting:
            for condition, target in self.free[waiting.pop()]:
                holds = not condition or (start if condition == "^" else end)
                if holds and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def read(self, states: Iterable[int], character: int) -> frozenset[int]:
        """Return the states that a character leads to."""
        return frozenset(
            target
            for state in states
            for ranges, target in self.steps[state]
            if any(low <= character <= high for low, high in ranges)
        )


class Strings(Struct, frozen=True):
    """The strings that match all of some patterns and have a length."""

    patterns: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None


def included(source: Strings, target: Strings) -> bool:
    """Say whether it is certain that all strings of `source` are strings of `target`."""
    try:
        for line_end in _LINE_ENDS:
            own = [_automaton(pattern, line_end) for pattern in source.patterns]
            if (source.least, source.most) != (0, None):
                own.append(_of_length(source.least, source.most))
            wanted = [_automaton(pattern, line_end) for pattern in target.patterns]
            if (target.least, target.most) != (0, None):
                wanted.append(_of_length(target.least, target.most))
            if not all(_included(own, automaton) for automaton in wanted):
                return False
    except (Unsupported, RecursionError, IndexError, ValueError):
        return False
    return True


def one_of(strings: Iterable[str]) -> str:
    """Return the expression that matches just these strings."""
    written = (
        "".join(f"\\{character}" if character in _SYNTAX else character for character in string)
        for string in strings
    )
    return f"^(?:{'|'.join(written)})$"


def _included(sources: list[Automaton], target: Automaton) -> bool:
    """Read all strings at once, and look for one that the sources accept and the target not."""
    automata = [*sources, target]
    characters = _telling_characters(automata)
    first = tuple(frozenset({0}) for _ in automata)
    seen, waiting = {(first, True)}, [(first, True)]
    while waiting:
        situation, start = waiting.pop()
        accepting = [
            1 in automaton.reached(states, start=start, end=True)
            for automaton, states in zip(automata, situation, strict=True)
        ]
        if all(accepting[:-1]) and not accepting[-1]:
            return False
        ready = [
            automaton.reached(states, start=start, end=False)
            for automaton, states in zip(automata, situation, strict=True)
        ]
        for character in characters:
            after = tuple(
                automaton.read(states, character)
                for automaton, states in zip(automata, ready, strict=True)
            )
            if all(after[:-1]) and (after, False) not in seen:
                if len(seen) > MAX_VISITED:
                    raise Unsupported
                seen.add((after, False))
                waiting.append((after, False))
    return True


def _telling_characters(automata: list[Automaton]) -> list[int]:
    """Return one character of each kind that the automata tell apart."""
    edges = {0}
    for automaton in automata:
        for steps in automaton.steps:
            for ranges, _ in steps:
                for low, high in ranges:
                    edges |= {low, high + 1}
    if len(edges) > 200:
        raise Unsupported
    return sorted(edge for edge in edges if edge <= _LAST)


@lru_cache(maxsize=256)
def _automaton(pattern: str, line_end: Ranges) -> Automaton:
    automaton = Automaton()
    first, last = automaton.state(), automaton.state()
    parser = _Parser(pattern, automaton, line_end)
    parser.alternatives(first, last)
    if parser.at != len(pattern):
        raise Unsupported
    # A match may stand anywhere in the string.
    automaton.steps[0].append((_EVERYTHING, 0))
    automaton.free[0].append(("", first))
    automaton.free[last].append(("", 1))
    automaton.steps[1].append((_EVERYTHING, 1))
    return automaton


@lru_cache(maxsize=256)
def _of_length(least: int, most: int | None) -> Automaton:
    automaton = Automaton()
    if max(least, most or 0) > MAX_STATES:
        raise Unsupported
    state = 0
    for count in range(least if most is None else most):
        if count >= least:
            automaton.free[state].append(("$", 1))
        after = automaton.state()
        automaton.steps[state].append((_EVERYTHING, after))
        state = after
    automaton.free[state].append(("$", 1))
    if most is None:
        automaton.steps[state].append((_EVERYTHING, state))
    return automaton


class _Parser:
    """Reads an expression and lays it out between two states of an automaton."""

    def __init__(self, pattern: str, automaton: Automaton, line_end: Ranges) -> None:
        self._line_end = line_end
        self._pattern = pattern
        self._automaton = automaton
        self.at = 0

    def _peek(self) -> str:
        return self._pattern[self.at] if self.at < len(self._pattern) else ""

    def _take(self) -> str:
        self.at += 1
        return self._pattern[self.at - 1]

    def alternatives(self, first: int, last: int) -> None:
        """``a|b``."""
        while True:
            self._sequence(first, last)
            if self._peek() != "|":
                return
            self._take()

    def _sequence(self, first: int, last: int) -> None:
        state = first
        while self._peek() not in ("", "|", ")"):
            after = self._automaton.state()
            self._repeated(state, after)
            state = after
        self._automaton.free[state].append(("", last))

    def _repeated(self, first: int, last: int) -> None:
        """Lay an atom out as often as its quantifier says, reading it anew each time."""
        beginning = self.at
        anchor = self._peek() in ("^", "$")
        self._atom(self._automaton.state(), self._automaton.state())
        ending = self.at
        least, most = self._quantifier()
        after = self.at
        if anchor and (least, most) != (1, 1):
            raise Unsupported
        state = first
        for count in range(least if most is None else most):
            if count >= least:
                self._automaton.free[state].append(("", last))
            state = self._atom_again(beginning, ending, state)
        if most is None:
            again = self._automaton.state()
            self._automaton.free[state].append(("", again))
            self._automaton.free[self._atom_again(beginning, ending, again)].append(("", again))
            state = again
        self._automaton.free[state].append(("", last))
        self.at = after

    def _atom_again(self, beginning: int, ending: int, first: int) -> int:
        self.at = beginning
        last = self._automaton.state()
        self._atom(first, last)
        if self.at != ending:
            raise Unsupported
        return last

    def _quantifier(self) -> tuple[int, int | None]:
        sign = self._peek()
        if sign and sign in "*+?":
            self._take()
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        elif sign == "{":
            end = self._pattern.index("}", self.at)
            least, comma, most = self._pattern[self.at + 1 : end].partition(",")
            if not least.isdecimal() or (most and not most.isdecimal()):
                raise Unsupported
            self.at = end + 1
            bounds = (int(least), int(most) if most else None if comma else int(least))
        else:
            return (1, 1)
        # Lazy quantifiers match the same strings; possessive ones are no part of the standard.
        if self._peek() == "?":
            self._take()
        if self._peek() and self._peek() in "*+?{":
            raise Unsupported
        return bounds

    def _atom(self, first: int, last: int) -> None:
        character = self._take()
        if character in "^$":
            self._automaton.free[first].append((character, last))
        elif character == "(":
            if self._peek() == "?":
                if not self._pattern.startswith("?:", self.at):
                    raise Unsupported
                self.at += 2
            self.alternatives(first, last)
            if self._take() != ")":
                raise Unsupported
        elif character == ".":
            self._automaton.steps[first].append((_without(self._line_end), last))
        elif character == "[":
            self._automaton.steps[first].append((self._class(), last))
        elif character == "\\":
            self._automaton.steps[first].append((self._escape(), last))
        elif character in "*+?{}])|":
            raise Unsupported
        else:
            self._automaton.steps[first].append((_one(ord(character)), last))

    def _class(self) -> Ranges:
        negated = self._peek() == "^"
        if negated:
            self._take()
        ranges: list[tuple[int, int]] = []
        while self._peek() != "]":
            low = self._member()
            if self._peek() == "-" and self._pattern[self.at + 1] != "]":
                self._take()
                high = self._member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1]:
                    raise Unsupported
                if high[0][0] != high[0][1] or high[0][0] < low[0][0]:
                    raise Unsupported
                ranges.append((low[0][0], high[0][0]))
            else:
                ranges += low
        self._take()
        if not ranges:
            raise Unsupported
        return _without(tuple(ranges)) if negated else tuple(ranges)

    def _member(self) -> Ranges:
        character = self._take()
        if character == "\\":
            return self._escape()
        if character in "[&~":
            # Set operations in some dialects.
            raise Unsupported
        return _one(ord(character))

    def _escape(self) -> Ranges:
        character = self._take()
        if character in _CONTROLS:
            return _one(_CONTROLS[character])
        if character in _SYNTAX:
            return _one(ord(character))
        if character in "dw":
            return _DIGITS if character == "d" else _WORDS
        if character in "DW":
            return _without(_DIGITS if character == "D" else _WORDS)
        raise Unsupported


def _one(character: int) -> Ranges:
    return ((character, character),)


def _without(ranges: Ranges) -> Ranges:
    """Return all characters but those."""
    result: list[tuple[int, int]] = []
    following = 0
    for low, high in sorted(ranges):
        if low > following:
            result.append((following, low - 1))
        following = max(following, high + 1)
    if following <= _LAST:
        result.append((following, _LAST))
    return tuple(result)
