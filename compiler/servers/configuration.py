"""What an MCP client configuration says about servers.

In: the text of a configuration as Claude Desktop, Cursor and VS Code read it. Out: a
`Configuration`, which tells how to connect to each server of it. Nothing is connected, and
no variable is read from the environment: strings stay templates with `${VAR}` in them,
because the same string is expanded when wfc locks the server and again, by the generated
code, on the machine where that runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from ..source import SourceFile, Span
from .json_text import JsonText, TextError


class ConfigurationError(TextError):
    """A configuration, or one server of it, that wfc cannot use."""


class TemplateError(ValueError):
    """A `${…}` that only an editor could fill in; `help` says what to write instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


class MissingVariable(LookupError):
    """An environment variable that a template needs, has no default for, and is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set")
        self.name = name


class StdioServer(Struct, frozen=True):
    """A server to start as a process and talk to over its standard input and output.

    A relative `cwd` is relative to the folder of the configuration, which is also what an
    absent one means.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None


class HttpServer(Struct, frozen=True):
    """A server to reach by streamable HTTP."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class PythonServer(Struct, frozen=True):
    """The `mcp`, `server` or `app` object of a Python file, named by the file's path."""

    path: str


Connection = StdioServer | HttpServer | PythonServer


# --- Templates ------------------------------------------------------------------------


class Variable(Struct, frozen=True):
    """`${name}` or `${name:-default}`: the default stands where the variable is not set."""

    name: str
    default: str | None = None


_VARIABLE = re.compile(r"\$\{(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_OF_AN_EDITOR = re.compile(
    r"\$\{(?:(?:input|command|config|workspaceFolder):[^}]*"
    r"|workspaceFolder|workspaceFolderBasename|userHome|pathSeparator|/)\}"
)
_INSTEAD = {
    "${input:": "take it from the environment: write ${NAME} and set NAME",
    "${workspaceFolder": "write a path relative to the configuration's folder",
    "${userHome}": "write ${HOME}",
    "${pathSeparator}": "write /",
    "${/}": "write /",
}


def parse_template(text: str) -> tuple[str | Variable, ...]:
    """Split a configuration's string into literal text and variables.

    `${VAR}`, `${VAR:-default}` and VS Code's `${env:VAR}` are variables; any other text,
    such as a shell's `${name%.*}`, is itself. Raises `TemplateError` for what only an editor
    knows, such as `${input:token}`.
    """
    if foreign := _OF_AN_EDITOR.search(text):
        instead = (words for start, words in _INSTEAD.items() if foreign[0].startswith(start))
        raise TemplateError(
            f"{foreign[0]} is known to an editor only",
            next(instead, "write the value itself, or take it from the environment with ${NAME}"),
        )
    parts: list[str | Variable] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts += [text[end : match.start()], Variable(match["name"], match["default"])]
        end = match.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part != "")


def expand(template: str, environ: Mapping[str, str]) -> str:
    """Return the template with its variables filled in from `environ`.

    Raises `MissingVariable` for the first that is neither set nor has a default.
    """

    def text(part: str | Variable) -> str:
        if isinstance(part, str):
            return part
        value = environ.get(part.name, part.default)
        if value is None:
            raise MissingVariable(part.name)
        return value

    return "".join(map(text, parse_template(template)))


# --- Configurations -------------------------------------------------------------------

_EXAMPLE = '{"mcpServers": {"NAME": {"command": "…", "args": ["…"]}}}'
_STDIO = frozenset({"stdio"})
_HTTP = frozenset({"http", "streamable-http", "streamable_http", "streamablehttp"})


class Configuration(Mapping[str, Connection]):
    """The servers of a configuration, by name.

    A configuration is shared with other programs and may hold servers that wfc cannot use.
    So a server is only looked at when it is asked for: `configuration[name]` raises
    `ConfigurationError` when that one is not understood, and `KeyError` when there is none.
    """

    def __init__(self, text: JsonText, entries: Mapping[str, tuple[str, Any]]) -> None:
        self._text = text
        self._entries = entries

    def __getitem__(self, name: str) -> Connection:
        section, entry = self._entries[name]
        return _Entry(self._text, (section, name), entry).connection()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def span(self, name: str) -> Span:
        """Return the place of a server's entry; raise `KeyError` when there is none."""
        return self._text.span(self._entries[name][0], name)


def read_configuration(source: SourceFile) -> Configuration:
    """Read an MCP client configuration; comments and trailing commas may be in it.

    Servers stand under `mcpServers`, or under `servers` as in VS Code. Raises
    `ConfigurationError` when the text is no such thing.
    """
    try:
        text = JsonText(source, comments=True)
    except TextError as error:
        raise ConfigurationError(
            error.message, error.span, f"an MCP client configuration is {_EXAMPLE}"
        ) from None

    document = text.value
    sections = ("servers", "mcpServers")
    if not isinstance(document, dict) or not any(section in document for section in sections):
        raise ConfigurationError(
            'there is no "mcpServers" here',
            text.span(),
            f"an MCP client configuration is {_EXAMPLE}",
        )
    entries: dict[str, tuple[str, Any]] = {}
    for section in sections:
        servers = document.get(section, {})
        if not isinstance(servers, dict):
            raise ConfigurationError(
                f'"{section}" must be an object, with a server under each name',
                text.span(section),
                f"an MCP client configuration is {_EXAMPLE}",
            )
        entries |= {name: (section, entry) for name, entry in servers.items()}
    return Configuration(text, entries)


class _Entry:
    """One server of a configuration while it is read."""

    def __init__(self, text: JsonText, pointer: tuple[str, str], entry: Any) -> None:
        self._text = text
        self._pointer = pointer
        self._name = pointer[1]
        self._entry = entry

    def connection(self) -> Connection:
        """Return what the entry says; raise `ConfigurationError` when it is not understood.

        `disabled` is not looked at: it says that a client should not offer the server's own
        tools, as who wraps them in a workflow wants, and not that a workflow may not use it.
        """
        if not isinstance(self._entry, dict):
            raise self._error(
                "must be an object", help='give it a "command" and "args", or a "url"'
            )
        if self._kind() == "stdio":
            return StdioServer(
                command=self._string("command"),
                args=self._strings("args"),
                env=self._strings_by_name("env"),
                cwd=self._string("cwd") if self._entry.get("cwd") is not None else None,
            )
        return HttpServer(url=self._url(), headers=self._strings_by_name("headers"))

    def _kind(self) -> str:
        """Tell `stdio` from `http`, by the hint if there is one."""
        if "envFile" in self._entry:
            raise self._error(
                'has an "envFile", which wfc does not read',
                "envFile",
                help='set the variables where wfc runs, and name them in "env": "${NAME}"',
            )
        supported = 'wfc speaks to servers over "stdio" and "http" (streamable HTTP)'
        for key in ("type", "transport"):
            hint = self._entry.get(key)
            if hint is None:
                continue
            if isinstance(hint, str) and hint.lower() in _STDIO:
                return "stdio"
            if isinstance(hint, str) and hint.lower() in _HTTP:
                return "http"
            if hint == "sse":
                raise self._error(
                    'uses the older "sse" transport, which wfc does not speak',
                    key,
                    help=f"{supported}; most servers that offer sse offer http under /mcp",
                )
            raise self._error(f'has an unknown "{key}"', key, help=supported)
        if ("command" in self._entry) == ("url" in self._entry):
            both = "both" if "command" in self._entry else "neither"
            raise self._error(
                f'has {both} a "command" {"and" if both == "both" else "nor"} a "url"',
                help='a server is either started ("command") or reached by HTTP ("url")',
            )
        return "stdio" if "command" in self._entry else "http"

    def _url(self) -> str:
        url = self._string("url")
        if not url.startswith(("http://", "https://", "${")):
            raise self._error('needs a "url" that starts with http:// or https://', "url")
        return url

    def _string(self, key: str) -> str:
        value = self._entry.get(key)
        if not isinstance(value, str) or not value:
            raise self._error(f'needs a "{key}" that is a text', key)
        return self._template(value, key)

    def _strings(self, key: str) -> tuple[str, ...]:
        values = self._entry.get(key, [])
        if not isinstance(values, list):
            raise self._error(f'needs "{key}" to be an array of texts', key)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self._error(f'needs every one of "{key}" to be a text', key, index)
        return tuple(self._template(value, key, index) for index, value in enumerate(values))

    def _strings_by_name(self, key: str) -> dict[str, str]:
        """Read `env` or `headers`; VS Code lets a number stand for its digits there."""
        values = self._entry.get(key, {})
        if not isinstance(values, dict):
            raise self._error(f'needs "{key}" to be an object of texts', key)
        texts: dict[str, str] = {}
        for name, value in values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = str(value)
            if not isinstance(value, str):
                raise self._error(f'needs "{name}" in "{key}" to be a text', key, name)
            texts[name] = self._template(value, key, name)
        return texts

    def _template(self, text: str, *place: str | int) -> str:
        """Return `text` if its `${…}` are understood."""
        try:
            parse_template(text)
        except TemplateError as error:
            raise self._error(f"cannot be used: {error}", *place, help=error.help) from None
        return text

    def _error(
        self, problem: str, *place: str | int, help: str | None = None
    ) -> ConfigurationError:
        span = self._text.span(*self._pointer, *place)
        return ConfigurationError(f'server "{self._name}" {problem}', span, help)
