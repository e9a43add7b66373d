"""Asks a running MCP server what it offers.

In: how to connect to it. Out: a `LockedServer`, or a `Failure` that says what happened and
what to do. A server is a stranger: it may be of any MCP version, break the protocol, print
what it likes, never answer, or die. None of that may reach the terminal, hold up the other
servers, or leave a process behind.
"""

from __future__ import annotations

import errno
import logging
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO, cast

import anyio
import httpx2
from mcp import ClientSession, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.dispatcher import CallOptions
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp.shared.transport_context import TransportContext
from mcp.types import (
    CONNECTION_CLOSED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
    Implementation,
    ListResourcesRequest,
    ListResourcesResult,
    ListResourceTemplatesRequest,
    ListResourceTemplatesResult,
    ListToolsRequest,
    ListToolsResult,
    PaginatedRequestParams,
)
from msgspec import Struct
from pydantic import ValidationError

from .. import __version__
from .configuration import (
    Connection,
    HttpServer,
    MissingVariable,
    PythonServer,
    StdioServer,
    Variable,
    expand,
    parse_template,
)
from .lock import Failure, LockedServer, Target, locked_server

# How long to wait for the answer to a request that servers from before MCP 2026-07-28 do not
# know. Most refuse it at once; some say nothing, and some die of the next one.
PROBE_SECONDS = 5.0

STDERR_LINES = 20

# The SDK logs what servers do wrong, with tracebacks; here that becomes a `Failure` instead.
for _logger in ("mcp", "client"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())


async def fetch_server(
    name: str,
    target: Target,
    environ: Mapping[str, str],
    seconds: float,
    on_listing: Callable[[], None],
) -> LockedServer | Failure:
    """Ask one server what it offers, within a time limit.

    `on_listing` is called once the server has answered at all.
    """
    # In append mode: reading it then does not move where a process writes.
    with tempfile.TemporaryFile("a+", encoding="utf-8", errors="replace") as stderr:
        witness = _Witness(cast(TextIO, stderr))
        help: str | None
        try:
            with anyio.move_on_after(seconds):
                listings = await _ask(target, environ, witness, on_listing)
                return locked_server(target.origin, *listings)
            message = f"did not answer within {seconds:g} s{witness.noise()}"
            help = _HELP_WITH_SILENCE[type(target.connection)]
        except Exception as error:
            message, help = _explain(error, target.connection, witness)
        hide = _Hider(target.connection, environ)
        return Failure(
            name,
            ran=_ran(target.connection),
            message=hide(message),
            help=help,
            stderr_tail=hide(witness.stderr_tail()),
        )


# --- Connecting -----------------------------------------------------------------------


class _Problem(Exception):
    """Something that went wrong in a way that is understood."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


_Transport = AbstractAsyncContextManager[tuple[Any, Any]]


def _connect(target: Target, environ: Mapping[str, str], witness: _Witness) -> _Transport:
    """Return the SDK's transport to a server, entered to start or reach it."""
    folder = Path(target.folder).absolute()  # what is relative to it will be used in another one
    match target.connection:
        case HttpServer() as server:
            return _reach(server, environ, witness)
        case PythonServer(path):
            file = folder / path
            if not file.is_file():
                raise _Problem("is not there", "a path in a .wf is relative to that .wf")
            return stdio_client(
                StdioServerParameters(
                    command=sys.executable,
                    args=["-P", str(Path(__file__).with_name("serve_python.py")), str(file)],
                    env=dict(environ),
                    cwd=folder,
                ),
                errlog=witness.stderr,
            )
        case StdioServer() as server:
            return stdio_client(_parameters(server, folder, environ), errlog=witness.stderr)


def _parameters(
    server: StdioServer, folder: Path, environ: Mapping[str, str]
) -> StdioServerParameters:
    """Return how to start a process: paths are relative to the configuration's `folder`."""
    command = expand(server.command, environ)
    if Path(command).name != command:  # otherwise it is looked for on PATH
        command = str(folder / command)
    working_folder = folder / expand(server.cwd or ".", environ)
    if not working_folder.is_dir():
        raise _Problem(
            f'has a working folder that is not there: "{server.cwd}"',
            'a relative "cwd" is relative to the folder of the configuration',
        )
    return StdioServerParameters(
        command=command,
        args=[expand(argument, environ) for argument in server.args],
        env={key: expand(value, environ) for key, value in server.env.items()},
        cwd=working_folder,
        encoding_error_handler="replace",
    )


@asynccontextmanager
async def _reach(
    server: HttpServer, environ: Mapping[str, str], witness: _Witness
) -> AsyncIterator[tuple[Any, Any]]:
    """Connect to a server over streamable HTTP."""
    url = expand(server.url, environ)
    if not url.startswith(("http://", "https://")):
        raise _Problem('has a "url" that does not start with http:// or https://')
    headers = {key: expand(value, environ) for key, value in server.headers.items()}
    for key, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise _Problem(f'has a header "{key}" that is not one line of plain ASCII')
    # Without a time limit of its own: there is one for the whole of the server.
    client = httpx2.AsyncClient(
        headers=headers, timeout=None, event_hooks={"response": [witness.see_response]}
    )
    async with client, streamable_http_client(url, http_client=client) as streams:
        yield streams


# --- Asking ---------------------------------------------------------------------------


class _RecordingDispatcher(JSONRPCDispatcher[TransportContext]):
    """The SDK's dispatcher, which also keeps each result as it came over the wire.

    The SDK makes models of results. Those lack what a server sent beyond MCP, and there are
    none for a listing that breaks MCP in one of its tools.
    """

    last_result: Mapping[str, Any]

    async def send_raw_request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        opts: CallOptions | None = None,
        **details: Any,
    ) -> dict[str, Any]:
        """Send a request and keep its result."""
        result = await super().send_raw_request(method, params, opts, **details)
        self.last_result = dict(result)
        return result


_Listings = tuple[list[Any], list[Any], list[Any], list[str]]


async def _ask(
    target: Target,
    environ: Mapping[str, str],
    witness: _Witness,
    on_listing: Callable[[], None],
) -> _Listings:
    """Return a server's tools, resources, resource templates, and warnings."""
    listings = await _converse(target, environ, witness, on_listing, probe=True)
    if listings is None:
        # A new process, which never hears of the versions of MCP that may have ended it.
        witness.stderr.truncate(0)
        listings = await _converse(target, environ, witness, on_listing, probe=False)
    assert listings is not None
    return listings


async def _converse(
    target: Target,
    environ: Mapping[str, str],
    witness: _Witness,
    on_listing: Callable[[], None],
    *,
    probe: bool,
) -> _Listings | None:
    """Connect and list; return None when the server died of being probed for its version."""
    async with _connect(target, environ, witness) as (read, write):
        dispatcher = _RecordingDispatcher(read, write)
        async with ClientSession(
            dispatcher=dispatcher,
            message_handler=witness.see_message,
            client_info=Implementation(name="wfc", version=__version__),
        ) as session:
            try:
                await (_negotiate(session) if probe else session.initialize())
            except MCPError as error:
                is_process = not isinstance(target.connection, HttpServer)
                if probe and is_process and error.code == CONNECTION_CLOSED:
                    return None
                raise
            on_listing()
            return await _Lister(session, dispatcher).listings()
    return None  # a transport that failed raises on leaving it


async def _negotiate(session: ClientSession) -> None:
    """Agree with the server on a version of MCP, the newest that both know.

    This is what the SDK's `Client` does, with more haste: a server that does not answer the
    first question is either slow to start, and then answers the second as well, or it needs
    a new process.
    """
    try:
        with anyio.move_on_after(PROBE_SECONDS):
            await session.discover()
            return
    except (MCPError, RuntimeError, ValidationError) as error:
        if isinstance(error, MCPError) and error.code == CONNECTION_CLOSED:
            raise
    try:
        await session.initialize()
    except MCPError as error:
        if error.code != UNSUPPORTED_PROTOCOL_VERSION:
            raise
        await session.discover()  # slow, but it did hear the first question


class _Lister:
    """Lists what a connected server offers, page by page, as it came over the wire."""

    def __init__(self, session: ClientSession, dispatcher: _RecordingDispatcher) -> None:
        self._session = session
        self._dispatcher = dispatcher
        self._warnings: list[str] = []

    async def listings(self) -> _Listings:
        tools = await self._list(ListToolsRequest, ListToolsResult, "tools")
        resources: list[Any] = []
        templates: list[Any] = []
        capabilities = self._session.server_capabilities
        if capabilities is not None and capabilities.resources is not None:
            resources = await self._list(ListResourcesRequest, ListResourcesResult, "resources")
            templates = await self._list(
                ListResourceTemplatesRequest, ListResourceTemplatesResult, "resourceTemplates"
            )
        return tools, resources, templates, self._warnings

    async def _list(self, request: Any, result: Any, key: str) -> list[Any]:
        """Return all entries of a listing; none if the server does not know the listing."""
        entries: list[Any] = []
        cursors: set[str] = set()
        params: PaginatedRequestParams | None = None
        while True:
            try:
                await self._session.send_request(request(params=params), result)
            except ValidationError as error:
                # The SDK refuses the listing for what may be one tool among many.
                self._warn(error, key)
            except MCPError as error:
                if error.code == METHOD_NOT_FOUND:
                    return entries
                if error.code == CONNECTION_CLOSED or key == "tools":
                    raise
                # A workflow may well do without them.
                problem = _printable(error.message)
                self._warnings.append(f"its {key} cannot be listed: {problem}")
                return entries
            page = self._dispatcher.last_result.get(key)
            if not isinstance(page, list):
                raise _Problem(f'answered with a listing that has no "{key}"')
            entries += page
            cursor = self._dispatcher.last_result.get("nextCursor")
            if not isinstance(cursor, str) or not cursor:
                return entries
            if cursor in cursors:
                self._warnings.append(f"its {key} have pages without end; those seen are kept")
                return entries
            cursors.add(cursor)
            params = PaginatedRequestParams(cursor=cursor)

    def _warn(self, error: ValidationError, key: str) -> None:
        """Turn what the SDK has against a page into a warning for each kind of problem."""
        page = self._dispatcher.last_result.get(key)
        names_by_problem: defaultdict[str, list[str]] = defaultdict(list)
        for detail in error.errors():
            match detail["loc"]:
                case (str(found), int(index), *rest) if found == key and isinstance(page, list):
                    entry = page[index] if isinstance(page[index], dict) else {}
                    name = _printable(str(entry.get("name", f"number {index + 1}")))
                case rest:
                    name = ""
            place = ".".join(map(str, rest))
            names_by_problem[f"{place}: {detail['msg'].lower()}"].append(name)
        for problem, names in names_by_problem.items():
            of = f" of {', '.join(filter(None, dict.fromkeys(names)))}" if any(names) else ""
            self._warnings.append(f"the {key}{of} are not as MCP asks: {problem}")


# --- Telling what went wrong ----------------------------------------------------------


class _Witness(Struct):
    """What was seen of a server, for telling why it failed."""

    stderr: TextIO
    not_mcp: str | None = None
    response: httpx2.Response | None = None

    def stderr_tail(self) -> str:
        """Return the last lines that processes wrote to their standard error."""
        size = self.stderr.seek(0, 2)
        self.stderr.seek(max(0, size - 16_384))
        return "\n".join(_printable(self.stderr.read()).splitlines()[-STDERR_LINES:])

    def noise(self) -> str:
        """Tell of what the server wrote instead of MCP messages, if it did."""
        if self.not_mcp is None:
            return ""
        return f'; it wrote "{self.not_mcp}" to its standard output, which is no MCP message'

    async def see_message(self, message: object) -> None:
        """Note the first line on standard output that is not an MCP message."""
        if isinstance(message, ValidationError) and self.not_mcp is None:
            line = str(message.errors()[0]["input"]).strip()
            self.not_mcp = _printable(line)[:80] or None

    async def see_response(self, response: httpx2.Response) -> None:
        """Note how the server answered a message over HTTP."""
        if response.request.method == "POST":
            self.response = response


class _Hider:
    """Puts the names of variables back where a text shows their values."""

    def __init__(self, connection: Connection, environ: Mapping[str, str]) -> None:
        names = {
            part.name
            for template in _templates(connection)
            for part in parse_template(template)
            if isinstance(part, Variable)
        }
        # A very short value is no secret, and would be found where it is not meant.
        values = {name: environ[name] for name in names if len(environ.get(name, "")) >= 4}
        self._longest_first = sorted(values.items(), key=lambda item: -len(item[1]))

    def __call__(self, text: str) -> str:
        for name, value in self._longest_first:
            text = text.replace(value, f"${{{name}}}")
        return text


def _templates(connection: Connection) -> Iterator[str]:
    """Yield every string of a connection in which a variable may stand."""
    match connection:
        case StdioServer(command, args, env, cwd):
            yield from (command, *args, *env.values(), cwd or "")
        case HttpServer(url, headers):
            yield from (url, *headers.values())


def _ran(connection: Connection) -> str:
    """Return the command line or URL as it is configured."""
    match connection:
        case StdioServer(command, args):
            words = (command, *args)
            return " ".join(f"'{word}'" if re.search(r"\s|^$", word) else word for word in words)
        case HttpServer(url):
            # Without what may hold a password or a key.
            return re.sub(r"//[^/?#]*@", "//", url).partition("?")[0]
        case PythonServer(path):
            return path


def _printable(text: str) -> str:
    """Return text that a server wrote without what could steer a terminal."""
    text = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", text)
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors that a group holds, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member)
    else:
        yield error


_HELP_WITH_SILENCE = {
    StdioServer: "run it by hand to see what it waits for, or let it finish downloading",
    HttpServer: 'check its "url", and that it is well',
    PythonServer: "import it by hand to see what it waits for",
}


def _explain(error: Exception, connection: Connection, witness: _Witness) -> tuple[str, str | None]:
    """Return in words why a server could not be asked, and what to do about it."""
    # A transport's own error tells more than the protocol error that follows from it.
    cause = min(_causes(error), key=lambda cause: isinstance(cause, MCPError))
    match cause:
        case _Problem():
            return cause.message, cause.help
        case MissingVariable():
            return (
                f"needs the environment variable {cause.name}, which is not set",
                f"set {cause.name}, or give it a default: ${{{cause.name}:-…}}",
            )
        case httpx2.HTTPError() | httpx2.InvalidURL():
            return f"cannot be reached: {_reason(cause)}", 'check its "url", and that it is running'
        case OSError() if isinstance(connection, StdioServer):
            return _explain_start(cause, connection)
        case MCPError() if isinstance(connection, HttpServer):
            return _explain_http(cause, connection, witness)
        case MCPError(code=code) if code == CONNECTION_CLOSED:
            return _explain_end(connection, witness)
        case MCPError():
            return f"answered with an error: {_printable(cause.message)}", None
        case ValidationError():
            return "answered in a way that is not MCP", "is it an MCP server at all?"
        case _:
            return f"cannot be asked: {_printable(str(cause)) or type(cause).__name__}", None


def _reason(error: BaseException) -> str:
    """Return what the system said of a connection, if it did, or else the error's text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):  # one for each address of a host
            cause = cause.exceptions[0]
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return _printable(str(error)) or type(error).__name__


def _explain_start(error: OSError, server: StdioServer) -> tuple[str, str | None]:
    """Tell why a process could not be started."""
    instead = 'write the full path of the program as "command"'
    if error.errno == errno.ENOENT:
        where = "there" if "/" in server.command else "on PATH"
        if server.command == "python":
            instead = 'write "python3", or the full path of the Python, as "command"'
        return f"cannot be started: `{server.command}` is not {where}", f"install it, or {instead}"
    return f"cannot be started: {error.strerror or error}", instead


_MISSING_MODULE = re.compile(r"^ModuleNotFoundError: No module named '([\w.]+)'\Z", re.MULTILINE)


def _explain_end(connection: Connection, witness: _Witness) -> tuple[str, str | None]:
    """Tell why a process ended."""
    if isinstance(connection, PythonServer):
        last_line = witness.stderr_tail().rpartition("\n")[2]
        if last_line.startswith("wfc: "):
            return last_line.removeprefix("wfc: "), None
    if isinstance(connection, StdioServer):
        missing = _MISSING_MODULE.search(witness.stderr_tail())
        program = shutil.which(connection.command, path=connection.env.get("PATH"))
        if missing is not None and program is not None:
            return (
                f"ended without an answer{witness.noise()}",
                f"`{connection.command}` is {program} here, which has no `{missing[1]}`: activate "
                'the environment that has it, or name its Python as "command"',
            )
    return (
        f"ended without an answer{witness.noise()}",
        "run it by hand from the folder of the configuration to see why",
    )


# What the SDK puts in place of a refusal that has no MCP error in its body.
_SAID_BY_THE_SDK = frozenset({"Server returned an error response", "Session terminated"})


def _explain_http(error: MCPError, server: HttpServer, witness: _Witness) -> tuple[str, str | None]:
    """Tell what is wrong with how a server answered over HTTP."""
    response = witness.response
    if response is None:
        return f"cannot be asked: {_printable(error.message)}", None
    status = response.status_code
    known = status in HTTPStatus.__members__.values()
    answered = f"answered {status} {HTTPStatus(status).phrase if known else ''}".rstrip()
    kind = response.headers.get("content-type", "").partition(";")[0]
    if response.next_request is not None:
        place = response.next_request.url.copy_with(userinfo=b"", query=None, fragment=None)
        return f"{answered}: it has moved to {place}", 'write that as its "url" if you trust it'
    if status in (401, 403):
        if "authorization" in {key.lower() for key in server.headers}:
            return answered, 'the "Authorization" it was given is not accepted; is it still valid?'
        return answered, 'give it "headers": {"Authorization": "Bearer ${TOKEN}"} and set TOKEN'
    if status == 404:
        return f"{answered}: no MCP server there", 'check the path of its "url"; often it is /mcp'
    if status in (405, 406, 415):
        return answered, "it may be no MCP server, or speak the older sse transport only"
    if status >= 400:
        if error.message in _SAID_BY_THE_SDK:
            return answered, None
        return f"{answered}: {_printable(error.message)}", None
    if error.code == PARSE_ERROR:
        return "answered with something that is not MCP", 'check its "url"; often it ends in /mcp'
    if kind == "text/html":
        return "answered with a web page, not with MCP", 'check its "url"; often it ends in /mcp'
    return f"answered with an error: {_printable(error.message.partition(chr(10))[0])}", None
