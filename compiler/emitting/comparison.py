"""Whether a tool still takes what a server sends it, and still gives what is read of it.

Generated servers carry the text of these functions, and `relied_on` asks the same ones when they
are built: a server is never told of a difference where nothing has changed.

What is relied on of a tool are kinds of values, by the names of its members: "string", "string |
null", 'string, "light" | string, "heavy"', "integer, minimum: 1", "any". A member of a member is
called "address.city", an item "tags[]", any other member of an object "labels.*". A
tool `takes` what is always sent and `may_take` what is sent sometimes; it `gives` what it promises,
and `may_give` what is read where it is there. Where the kinds are "", only the name counts.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

# --- What generated servers carry


def differences(tool: Any, relied_on: dict[str, dict[str, str]]) -> Iterator[str]:
    """Say where a tool does not take what it is sent, or give what is read of it."""
    always, promised = relied_on.get("takes", {}), relied_on.get("gives", {})
    sent = {"": "object", **always, **relied_on.get("may_take", {})}
    takes, required = kinds_of(tool.input_schema, sent)
    for name in sorted(required - always.keys()):
        yield f"it requires the parameter {name}"
    for name, kinds in sent.items():
        if kinds and not fits(kinds, takes[name]):
            taken = (takes[name] or "nothing") + (f" as {name}" if name else "")
            yield f"it takes {taken}, and is given {kinds}"
    read = {**promised, **relied_on.get("may_give", {})}
    output = tool.output_schema or {"additionalProperties": False}
    gives, required = kinds_of(output, read)
    for name, kinds in read.items():
        if kinds and not fits(gives[name], kinds):
            yield f"{name} of its result was {kinds} and is {gives[name] or 'not there'}"
        elif name in promised and name not in required:
            yield f"{name} may be missing in its result"


def kinds_of(schema: Any, names: Collection[str]) -> tuple[dict[str, str], set[str]]:
    """Return the kinds of the named members of a schema, and the names that it requires."""
    kinds: dict[str, str] = defaultdict(str)
    required: set[str] = set()
    children: dict[str, list[str]] = defaultdict(list)
    for name in filter(None, names):
        children[owner_of(name)].append(name)

    def look(part: Any, name: str) -> None:
        for each in alternatives_of(part, schema):
            if each is not part:
                look(each, name)
                continue
            kind = kind_of(part)
            kinds[name] += f" | {kind}" if kinds[name] else kind
            prefix = f"{name}." if name else ""
            required.update(prefix + member for member in part.get("required", []))
            members = part.get("properties", {})
            others = part.get("additionalProperties", not members)
            for child in children[name]:
                member = child.removeprefix(prefix)
                if child == f"{name}[]":
                    look(part.get("items", True), child)
                elif member and not {".", "["} & {*member}:
                    look(members.get(member, others), child)

    look(schema, "")
    return kinds, required


def owner_of(name: str) -> str:
    """Return the member that a member is of: "" for one of the schema itself."""
    return name[:-2] if name.endswith("[]") else name.rpartition(".")[0]


def alternatives_of(part: Any, schema: Any) -> list[Any]:
    """Return what a part of a schema stands for: itself alone, where it is that."""
    if not isinstance(part, dict):
        return [{}] if part is True else []
    for key in ("$ref", "allOf", "anyOf", "oneOf", "enum", "type"):
        rest = {other: part[other] for other in part if other != key}
        if key == "$ref" in part:
            for step in part[key].split("/")[1:]:
                schema = schema[step]
            return [{**schema, **rest}]
        values = part.get(key)
        if isinstance(values, list) and (key != "allOf" or len(values) == 1):
            needs = rest.get("required", [])
            return [
                (
                    {**rest, **each, "required": needs + each.get("required", [])}
                    if key.endswith("Of")
                    else {**rest, "const" if key == "enum" else key: each}
                )
                for each in values
            ]
    return [part]


def kind_of(part: dict[str, Any]) -> str:
    """Return the type of values, and what else is asked of them: "integer, minimum: 1"."""
    words = [part.get("type", "any")]
    for key in sorted(part):
        is_tuple = key == "items" and isinstance(part[key], list)
        if is_tuple or not UNASKED.fullmatch(key):
            text = json.dumps(part[key], separators=(",", ":"))
            # What `fits` and `asked_of` split kinds at is none of it.
            text = text.replace(", ", ",\\u0020").replace("|", "\\u007c")
            words.append(text if key == "const" else f"{key}: {text}")
    return ", ".join(words)


def fits(given: str, wanted: str) -> bool:
    """Whether each of some kinds is one of others, which may ask less."""
    narrow, wider = given.split(" | "), wanted.split(" | ")
    return all(any(is_within(kind, each) for each in wider) for kind in narrow)


def is_within(kind: str, wider: str) -> bool:
    """Whether the values of a kind are of another one, which may ask less."""
    own = asked_of(kind) | {"any": ""}
    if "integer" in own:
        own["number"] = ""
    return kind != "" and all(
        key in own and (own[key] == limit or is_tighter(key, own[key], limit))
        for key, limit in asked_of(wider).items()
    )


def asked_of(kind: str) -> dict[str, str]:
    """Return the words of a kind, and the values of those that have one."""
    words = (word.partition(": ") for word in kind.split(", "))
    return {key: value for key, _, value in words}


def is_tighter(key: str, own: str, limit: str) -> bool:
    """Whether a keyword such as maxLength lets less through than with another value."""
    sign = {"min": 1, "max": -1}.get(key.removeprefix("exclusive").lower()[:3], 0)
    return sign != 0 and sign * float(own) > sign * float(limit)


UNASKED = re.compile(
    "type|properties|required|additionalProperties|items|title|description|default|examples|"
    r"deprecated|format|definitions|\$.*|x-.*"
)
