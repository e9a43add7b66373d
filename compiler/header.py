"""The header of a generated module, by which wfc knows its own work again.

The line `# wfc: inputs=… body=…` holds two hashes: of what the module was made from, and of the
module's text without that line. So it can be told without building whether a module is up to
date, and whether a hand has changed it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_PLACEHOLDER = "# wfc: HASHES\n"
_LINE = re.compile(
    r"^# wfc: inputs=(?P<inputs>[0-9a-f]{32}) body=(?P<body>[0-9a-f]{32})\n", re.MULTILINE
)


@dataclass(frozen=True)
class Header:
    """What the header of a module says; `is_intact` is whether the body is as wfc wrote it."""

    inputs: str
    is_intact: bool


def with_header(text: str, inputs: str) -> str:
    """Return a module's text with its hashes in the place kept for them."""
    before, after = text.split(_PLACEHOLDER, 1)
    return f"{before}# wfc: inputs={inputs} body={_digest(before, after)}\n{after}"


def read_header(text: str) -> Header | None:
    """Return the header of a module, or None when wfc has not written it."""
    match = _LINE.search(text)
    if match is None:
        return None
    body = _digest(text[: match.start()], text[match.end() :])
    return Header(match["inputs"], body == match["body"])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
