"""Diagnostics as JSON, for editors and scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..diagnostics import Diagnostic, Fix
from ..source import Span


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return one array with an object for each diagnostic; lines and columns from 1."""
    return json.dumps([_object(each) for each in diagnostics], indent=2, ensure_ascii=False)


def _object(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "related": [
            {
                key: value
                for key, value in _place(related.span).items()
                if key in ("file", "line", "column")
            }
            | {"message": related.message}
            for related in diagnostic.related
        ],
        "fixes": [] if diagnostic.fix is None else [_fix(diagnostic.fix)],
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "safe": fix.is_safe,
        "edits": [{**_place(edit.span), "text": edit.text} for edit in fix.edits],
    }


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
