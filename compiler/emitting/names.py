"""Python identifiers for names of the wire and of `.wf` files.

In: any text. Out: identifiers that are no keywords, hide nothing that the generated module
uses, and do not collide. The same names in the same order give the same identifiers.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import cache

# What the generated module's functions use by name, and so must not be hidden by a local one:
# classes and constants start in upper case, which no local name does.
USED_IN_FUNCTIONS = frozenset(
    {
        "adapter", "any", "bool", "cast", "check", "context", "ctx", "dict", "each", "equal",
        "error", "float", "given", "has", "in_uri", "int", "item", "json_value", "len", "list",
        "mcp", "not_absent", "object", "part", "present", "re", "result", "run", "str", "to_text",
    }
)  # fmt: skip
_START_OF_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@cache
def snake_case(text: str) -> str:
    """Return an identifier in snake_case: `delete employee` gives `delete_employee`.

    What is an identifier already stays as it is, unless it starts with a capital: classes and
    constants do, and so nothing that is called by this name can hide one.
    """
    if text.isidentifier() and text.isascii():
        is_capital = text.lstrip("_")[:1].isupper()
        return _START_OF_WORD.sub("_", text).lower() if is_capital else text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    word = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
    return f"_{word}" if not word or word[0].isdigit() else word


def variable_name(text: str) -> str:
    """Return an identifier in snake_case without the underscores that mean something to Python."""
    word = snake_case(text).strip("_")
    return word if word.isidentifier() else f"value_{word}".rstrip("_")


@cache
def camel_case(text: str) -> str:
    """Return an identifier in CamelCase: `onboard_employee` gives `OnboardEmployee`."""
    words = re.split(r"_+", snake_case(text).strip("_"))
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return f"X{joined}" if not joined or joined[0].isdigit() else joined


class Names:
    """The names of one scope: gives each thing its own."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def add(self, *preferred: str) -> str:
        """Take the first of the preferred names that is free, or the last of them, made free."""
        for name in preferred:
            if self._is_free(name):
                self._taken.add(name)
                return name
        name, number = f"{preferred[-1]}_", 2
        while not self._is_free(name):
            name, number = f"{preferred[-1]}_{number}", number + 1
        self._taken.add(name)
        return name

    def _is_free(self, name: str) -> bool:
        return name not in self._taken and not keyword.iskeyword(name)


def plain(text: str) -> str:
    """Return a text for a comment or a docstring: one line that cannot end it."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown.replace("\\", "/").replace('"', "'")
