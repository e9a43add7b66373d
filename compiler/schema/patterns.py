"""Strings that a regular expression matches, as raw material for counter-examples.

In: an ECMA-262 pattern. Out: a few strings that should match it, the short ones first. Nothing
relies on their being right: whoever uses one validates it first. Lookarounds and
back-references are passed over.
"""

from __future__ import annotations

from functools import lru_cache

MAX_LENGTH = 400
"""Longer strings are not built: they show nothing that a shorter one does not."""

_PER_PART = 6
_CLASSES = {
    "d": "07",
    "w": "aZ0_",
    "s": " \t",
    "D": "a-",
    "W": "-é",
    "S": "a0",
    "b": "",
    "B": "",
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_NOT_IN_CLASS = "aZ0 -_é一"


@lru_cache(maxsize=512)
def examples(pattern: str, limit: int = 24) -> tuple[str, ...]:
    """Return up to `limit` strings made to match `pattern`."""
    try:
        found = _Parser(pattern).alternatives()
    except (IndexError, ValueError, RecursionError):
        return ()
    return tuple(sorted(dict.fromkeys(found), key=len)[:limit])


class _Parser:
    """Reads a pattern and writes strings for each part as it goes."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def alternatives(self) -> list[str]:
        """``a|b``: the strings of each side, the sides taking turns."""
        sides = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            sides.append(self._sequence())
        longest = max(map(len, sides))
        return [side[turn] for turn in range(longest) for side in sides if turn < len(side)]

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _sequence(self) -> list[str]:
        """``ab``: the first of each part, and then each part varied by itself."""
        parts: list[list[str]] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        plain = "".join(part[0] for part in parts)
        strings = [plain]
        for index, part in enumerate(parts):
            before = "".join(other[0] for other in parts[:index])
            after = "".join(other[0] for other in parts[index + 1 :])
            strings += [before + variant + after for variant in part[1:]]
            if len(strings) > 40:
                break
        return [string for string in strings if len(string) <= MAX_LENGTH] or [plain[:MAX_LENGTH]]

    def _repeated(self) -> list[str]:
        """``a*``, ``a{2,3}``: the fewest, one more, and the most where they are few."""
        strings = self._atom()[:_PER_PART]
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return strings
        counts = dict.fromkeys(
            count
            for count in (max(least, min(most, 1)), least, least + 1, min(most, least + 2), most)
            if least <= count <= min(most, MAX_LENGTH)
        )
        repeated = [
            string * count for count in counts for string in strings if len(string) * count < 9000
        ]
        if least <= 2 <= most and len(strings) > 1:
            repeated.append(strings[0] + strings[1])
        return repeated or [strings[0] * min(least, MAX_LENGTH)]

    def _quantifier(self) -> tuple[int, int]:
        sign = self._peek()
        bounds = (1, 1)
        if sign and sign in "*+?":
            self._at += 1
            bounds = {"*": (0, MAX_LENGTH), "+": (1, MAX_LENGTH), "?": (0, 1)}[sign]
        elif sign == "{":
            end = self._text.find("}", self._at)
            inner = self._text[self._at + 1 : end]
            least, comma, most = inner.partition(",")
            if end < 0 or not least.isdecimal():
                return bounds
            self._at = end + 1
            bounds = (int(least), int(most) if most else MAX_LENGTH if comma else int(least))
        if bounds != (1, 1) and self._peek() and self._peek() in "?+":
            self._at += 1
        return bounds

    def _atom(self) -> list[str]:
        character = self._text[self._at]
        self._at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return self._character_class()
        if character == "\\":
            return list(self._escape()) or [""]
        if character in "^$":
            return [""]
        if character == ".":
            return ["a", "0", " ", "é"]
        return [character]

    def _group(self) -> list[str]:
        ignored = False
        if self._peek() == "?":
            for opening in ("?:", "?=", "?!", "?<=", "?<!"):
                if self._text.startswith(opening, self._at):
                    ignored = opening != "?:"
                    self._at += len(opening)
                    break
            else:
                self._at = self._text.index(">", self._at) + 1
        strings = self.alternatives()
        self._at += 1
        return [""] if ignored else strings

    def _escape(self) -> str:
        """Return the characters that an escape may stand for."""
        character = self._text[self._at]
        self._at += 1
        if character in _CLASSES:
            return _CLASSES[character]
        if character in "pP" and self._peek() == "{":
            end = self._text.index("}", self._at)
            name = self._text[self._at + 1 : end]
            self._at = end + 1
            if character == "P":
                return "-0"
            return {"L": "aZé", "N": "0", "P": "-", "Z": " ", "S": "+"}.get(name[:1], "a0")
        if character in "xu":
            digits = 2 if character == "x" else 4
            if self._peek() == "{":
                end = self._text.index("}", self._at)
                code = self._text[self._at + 1 : end]
                self._at = end + 1
            else:
                code = self._text[self._at : self._at + digits]
                self._at += digits
            return chr(int(code, 16))
        if character == "c":
            self._at += 1
            return chr(ord(self._text[self._at - 1]) % 32)
        if character.isdecimal() and character != "0":
            return ""
        return _CONTROLS.get(character, character)

    def _character_class(self) -> list[str]:
        negated = self._peek() == "^"
        if negated:
            self._at += 1
        members: list[str] = []
        ranges: list[tuple[str, str]] = []
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member()
            if (
                len(low) == 1
                and self._peek() == "-"
                and self._text[self._at + 1 : self._at + 2] != "]"
            ):
                self._at += 1
                high = self._member()
                ranges.append((low, high))
                members += [low, high]
            else:
                members += low
        self._at += 1
        if not negated:
            return list(dict.fromkeys(members)) or [""]
        outside = [
            character
            for character in _NOT_IN_CLASS
            if character not in members
            and not any(low <= character <= high for low, high in ranges)
        ]
        return outside or ["一"]

    def _member(self) -> str:
        character = self._text[self._at]
        self._at += 1
        return self._escape() if character == "\\" else character
