"""Diagnostics as GitHub's workflow commands: annotations beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostics import Diagnostic, Severity


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Return a command for each diagnostic, a line each; nothing where nothing is wrong."""
    return "\n".join(_command(each) for each in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties: dict[str, str | int] = {}
    span = diagnostic.span
    if span is not None:
        line, column = span.source.position(span.start)
        end_line, end_column = span.source.position(span.end)
        properties = {"file": span.source.path, "line": line, "endLine": end_line, "col": column}
        if end_line == line:
            # GitHub only knows columns within one line, and counts the last one in.
            properties["endColumn"] = max(end_column - 1, column)
    properties["title"] = f"wfc {diagnostic.code}"
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    kind = "notice" if diagnostic.severity is Severity.NOTE else diagnostic.severity.value
    return f"::{kind} {listed}::{_data(diagnostic.remarks)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
