"""JSON as a person edits it: its values, and where each of them stands in the text.

In: a `SourceFile`. Out: the value, and on demand the `Span` of any part of it, so that a
problem with a configuration or a lock can point at its characters. Reading is the standard
library's; places are only searched for when there is something to tell.
"""

from __future__ import annotations

import json
import re
from json.decoder import JSONDecodeError
from typing import Any, NoReturn

from ..source import SourceFile, Span


class TextError(Exception):
    """A text that does not say what it should: what is wrong, where, and the way out."""

    def __init__(self, message: str, span: Span, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.help = help


class JsonText:
    """A JSON text that has been read: its value, and the places of the value's parts.

    With `comments`, what VS Code allows beside JSON is allowed: `//` and `/* */` comments,
    and a comma after the last member. Raises `TextError` where the text is not JSON.
    """

    def __init__(self, source: SourceFile, *, comments: bool = False) -> None:
        self.source = source
        self._text = _blank_comments(source.text) if comments else source.text
        try:
            self.value: Any = json.loads(self._text, parse_constant=self._refuse)
        except JSONDecodeError as error:
            message = error.msg[0].lower() + error.msg[1:]
            end = min(error.pos + 1, len(source.text))
            raise TextError(f"not JSON: {message}", source.span(error.pos, end)) from None
        except RecursionError:
            raise TextError("nested too deeply", source.span(0, 1)) from None

    def span(self, *pointer: str | int) -> Span:
        """Return the place of a part of the value, a member together with its key.

        `pointer` names keys and indices from the outside in. What is not there has the place
        of the nearest part around it.
        """
        start, value = self._find(pointer)
        return self.source.span(start, self._end(value))

    def value_span(self, *pointer: str | int) -> Span:
        """Return the place of a part of the value as `span` does, without its key."""
        _, value = self._find(pointer)
        return self.source.span(value, self._end(value))

    def _refuse(self, constant: str) -> NoReturn:
        offset = self._text.find(constant)
        place = self.source.span(offset, offset + len(constant))
        raise TextError(f"not JSON: {constant} is no value", place)

    def _find(self, pointer: tuple[str | int, ...]) -> tuple[int, int]:
        """Return where the part at `pointer` starts, and where its value does."""
        start = value = self._skip(0)
        for step in pointer:
            found = self._member(value, step)
            if found is None:
                break
            start, value = found
        return start, value

    def _member(self, offset: int, step: str | int) -> tuple[int, int] | None:
        """Return where the member `step` of the value at `offset` starts, and its value.

        As in `json`, the last of several members with one key counts.
        """
        text = self._text
        is_object = isinstance(step, str)
        if text[offset] != ("{" if is_object else "["):
            return None
        found: tuple[int, int] | None = None
        key: str | int
        index = 0
        offset = self._skip(offset + 1)
        while text[offset] not in "}]":
            start, key = offset, index
            if is_object:
                key, offset = _decoder.raw_decode(text, offset)
                offset = self._skip(self._skip(offset) + 1)  # past the colon
            if key == step:
                found = start, offset
            offset = self._skip(self._end(offset))
            if text[offset] == ",":
                offset = self._skip(offset + 1)
            index += 1
        return found

    def _end(self, offset: int) -> int:
        """Return where the value that starts at `offset` ends."""
        return _decoder.raw_decode(self._text, offset)[1]

    def _skip(self, offset: int) -> int:
        """Return the offset of the first character from `offset` on that is not white space."""
        match = _WHITE_SPACE.match(self._text, offset)
        assert match is not None
        return match.end()


_decoder = json.JSONDecoder()
_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_BESIDE_JSON = re.compile(
    r"""
      (?P<string> "(?:[^"\\\n]|\\.)*" )
    | ^\ufeff
    | //[^\n]* | /\*.*?\*/
    | , (?= (?: \s | //[^\n]* | /\*.*?\*/ )* [}\]] )
    """,
    re.VERBOSE | re.DOTALL,
)


def _blank_comments(text: str) -> str:
    """Return JSON with comments and trailing commas as plain JSON of the same length.

    What is not JSON becomes blanks, so every offset stays what it was.
    """

    def blank(match: re.Match[str]) -> str:
        return match["string"] or re.sub(r"[^\n]", " ", match[0])

    return _BESIDE_JSON.sub(blank, text)
