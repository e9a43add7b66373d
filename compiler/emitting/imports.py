"""The imports of a generated module: those that it uses, and no others.

In: the text of a module with a line `IMPORTS` where they go, and what it names. Out: the text with
them, sorted as ruff and isort sort, and laid out as Black does. Also the names that a module may
have at its top, which nothing else there may be called.
"""

from __future__ import annotations

from collections.abc import Set
from symtable import SymbolTable

from .formatting import LINE_LENGTH
from .literals import bracketed

_STANDARD = {
    "argparse": "",
    "collections": "defaultdict",
    "json": "",
    "logging": "",
    "math": "",
    "os": "",
    "re": "",
    "signal": "",
    "sys": "",
    "collections.abc": "AsyncIterator Awaitable Callable Collection Iterator Sequence",
    "contextlib": "asynccontextmanager suppress",
    "copy": "copy",
    "dataclasses": "dataclass replace",
    "datetime": "date datetime time",
    "enum": "Enum",
    "functools": "cache partial",
    "importlib.util": "module_from_spec spec_from_file_location",
    "pathlib": "Path",
    "threading": "Thread",
    "types": "FrameType",
    "typing": "Annotated Any Literal NotRequired Self TypedDict TypeVar cast",
    "urllib.parse": "quote urlsplit",
    "uuid": "UUID",
}
_THIRD_PARTY = {
    "anyio": "",
    "httpx2": "",
    "uvicorn": "",
    "anyio.abc": "TaskGroup TaskStatus",
    "anyio.lowlevel": "checkpoint",
    "jsonschema": "Draft202012Validator FormatChecker",
    "mcp": "Client MCPError StdioServerParameters",
    "mcp.client.session": "ClientRequestContext ClientSession",
    "mcp.client.stdio": "stdio_client",
    "mcp.client.streamable_http": "streamable_http_client",
    "mcp.server": "MCPServer",
    "mcp.server.context": "CallNext HandlerResult ServerRequestContext",
    "mcp.server.mcpserver": "Context",
    "mcp.server.mcpserver.exceptions": "ToolError",
    "mcp.server.mcpserver.prompts.base": "AssistantMessage Message UserMessage",
    "mcp.shared.dispatcher": "ProgressFnT",
    "mcp.shared.message": "ServerMessageMetadata",
    "mcp.types": "CONNECTION_CLOSED INVALID_PARAMS INVALID_REQUEST CallToolRequest "
    "CallToolRequestParams CallToolResult CreateMessageRequest CreateMessageRequestParams "
    "CreateMessageResult ElicitRequest ElicitRequestParams ElicitResult ErrorData "
    "HEADER_MISMATCH InputRequiredResult PaginatedRequestParams "
    "ReadResourceResult ServerRequest TextContent TextResourceContents Tool ToolAnnotations",
    "pydantic": "AfterValidator BaseModel BeforeValidator Field TypeAdapter ValidationError "
    "ValidatorFunctionWrapHandler WithJsonSchema WrapValidator",
    "pydantic.json_schema": "SkipJsonSchema",
}
# jsonschema brings no types, and whether stubs for it are installed is for others to say.
_COMMENTS = {"jsonschema": "  # type: ignore[import-untyped, unused-ignore]"}
_OF_THE_PLUMBING = {
    "ABSENT", "Absent", "Answer", "CONNECT_TIMEOUT", "Call", "Connection", "Date", "DateTime",
    "Downstream", "Duration", "Email", "FORMAT_CHECKER", "FromText", "HERE", "HTTPServer",
    "Handoff", "IN_JSON", "Integer", "Item", "LISTING_TIMEOUT", "MOST_QUESTIONS", "Number",
    "Output", "Question", "Result", "Run", "SECRETS", "STOP_TIMEOUT", "Servers", "StepFailed",
    "TOOLS", "Time", "UNASKED", "UNKNOWN_SESSION", "Uri", "Uuid", "adapter", "all_tools",
    "alternatives_of", "asked_of", "call_tool", "changes", "check", "connect", "differences",
    "elicit", "end_at_the_next_signal", "end_input_at_a_signal", "env", "equal", "fail", "fits",
    "from_json", "from_text", "given", "has", "http", "in_uri", "is_tighter", "is_within",
    "json_value", "keep_promise", "kind_of", "kinds_of", "logger", "main", "mcp",
    "name_wrong_arguments", "not_absent", "number", "one_of", "owner_of", "present", "problems_of",
    "python_server", "read_output", "read_text", "reason", "require", "sample", "short", "teller",
    "text_of", "to_text", "validated", "warn_of_changes", "whole", "without_secrets",
}  # fmt: skip

_BUILT_IN = {
    "BaseException", "BaseExceptionGroup", "Exception", "ExceptionGroup", "KeyboardInterrupt",
    "TimeoutError", "ValueError", "all", "any", "bool", "dict", "enumerate", "filter", "float",
    "getattr", "id", "int", "isinstance", "len", "list", "map", "max", "min", "object", "print",
    "property", "range", "set", "sorted", "str", "super", "tuple", "type", "zip",
}  # fmt: skip


def module_level_names() -> frozenset[str]:
    """Return the names that a generated module may use at its top for its own purposes."""
    found = _OF_THE_PLUMBING | _BUILT_IN
    for module, names in {**_STANDARD, **_THIRD_PARTY}.items():
        found.update(names.split() or [module])
    return frozenset(found)


def with_imports(text: str, names: SymbolTable) -> str:
    """Return the text with the line `IMPORTS` replaced by what the module uses of its `names`."""
    used = _global_names(names, module_level_names())
    groups = (_lines(_STANDARD, used), _lines(_THIRD_PARTY, used))
    return text.replace(
        "\nIMPORTS\n", "\n" + "\n\n".join("\n".join(group) for group in groups) + "\n", 1
    )


def _global_names(scope: SymbolTable, names: Set[str]) -> set[str]:
    """Which names a scope and those in it read at the module's top: a local `date` is no import."""
    symbols = map(scope.lookup, names & {*scope.get_identifiers()})
    found = {each.get_name() for each in symbols if each.is_global() and each.is_referenced()}
    return found.union(*(_global_names(inner, names) for inner in scope.get_children()))


def _lines(modules: dict[str, str], used: set[str]) -> list[str]:
    plain: list[str] = []
    named: list[str] = []
    for module, names in sorted(modules.items()):
        if not names:
            if module in used:
                plain.append(f"import {module}")
            continue
        found = [name for name in names.split() if name in used]
        if found:
            named.append(_import(module, _sorted(found)) + _COMMENTS.get(module, ""))
    return [*plain, *named]


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= LINE_LENGTH else bracketed(f"from {module} import (", names, ")")


def _sorted(names: list[str]) -> list[str]:
    """Constants, then classes, then the rest."""

    def rank(name: str) -> tuple[int, str]:
        kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
        return (kind, name.lower())

    return sorted(names, key=rank)
