"""Names and choices that the command line and the phases agree on; it takes no time to import."""

from __future__ import annotations

from typing import Literal, TypeAlias

LOCK_NAME = "tools.lock.json"

DriftMode: TypeAlias = Literal["fail", "warn", "ignore"]
DEFAULT_DRIFT: DriftMode = "fail"
