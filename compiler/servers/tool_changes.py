"""What has changed about a tool, in words.

In: a tool as it was and as it is. Out: a line or more for each difference, texts of the server
among them in full: a description that has changed is how a tool comes to say what it should not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .catalog import Tool

_LONGEST = 160


def changes(old: Tool, new: Tool) -> list[str]:
    """Return the differences between two states of a tool; nothing where there are none."""
    return [
        *_of_text("its description", old.description, new.description),
        *_of_text("its title", old.title, new.title),
        *_of_object("parameter", "input", old.input_schema, new.input_schema),
        *_of_output(old.output_schema, new.output_schema),
        *_of_annotations(old.annotations, new.annotations),
    ]


def _of_text(what: str, old: Any, new: Any) -> Iterator[str]:
    if old != new:
        lines = [f"- {line}" for line in str(old or "").splitlines()]
        lines += [f"+ {line}" for line in str(new or "").splitlines()]
        yield "\n".join([f"{what} changed:", *lines])


def _of_output(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    if old is None and new is not None:
        yield "it declares now what it returns"
    elif new is None and old is not None:
        yield "it does not declare any more what it returns"
    elif old is not None and new is not None:
        yield from _of_object("output field", "output", old, new)


def _of_annotations(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"its {key} is {_json(new.get(key))} now, and was {_json(old.get(key))}"


def _of_object(
    member: str, whole: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what has changed about the members of an object, and about the object itself."""
    before, after = _mapping(old.get("properties")), _mapping(new.get("properties"))
    was_required, is_required = _names(old.get("required")), _names(new.get("required"))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"the {member} `{name}` is gone"
        elif name not in before:
            need = "required" if name in is_required else "optional"
            # With its description: that is a text of the server as well.
            yield f"there is a new {need} {member} `{name}`: {_json(after[name])}"
        else:
            if (name in was_required) != (name in is_required):
                yield f"the {member} `{name}` is {_need(is_required, name)} now"
            yield from _of_member(f"the {member} `{name}`", before[name], after[name])
    for key in sorted(old.keys() | new.keys() - {"properties", "required"}):
        if key == "description":
            yield from _of_text(f"the description of its {whole}", old.get(key), new.get(key))
        elif key not in ("properties", "required", "title") and old.get(key) != new.get(key):
            was, now = _json(old.get(key)), _json(new.get(key))
            yield f"`{key}` of its {whole} is {now} now, and was {was}"


def _of_member(what: str, old: Any, new: Any) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield f"{what} is {_json(new)} now, and was {_json(old)}"
        return
    yield from _of_text(
        f"the description of {what}", old.get("description"), new.get("description")
    )
    if _plain(old) != _plain(new):
        yield f"{what} is {_json(_plain(new))} now, and was {_json(_plain(old))}"


def _plain(schema: Any) -> Any:
    """Return a schema without the title that SDKs make of the name, and without its description."""
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, value in schema.items() if key not in ("description", "title")}


def _need(required: set[str], name: str) -> str:
    return "required" if name in required else "optional"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> set[str]:
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()


def _json(value: Any) -> str:
    text = "unsaid" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
