"""The glue of this example: commits in, release notes out."""

import re
from datetime import datetime

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel

mcp = MCPServer("notes")

COMMIT = re.compile(r"^Commit: (?P<id>[0-9a-f]{7,64})$\n(?:^(?:Author|Date): .*$\n)*", re.MULTILINE)
SUMMARY = re.compile(r"(?:(?P<kind>feat|fix)(?:\(.*?\))?(?P<breaking>!)?: *)?(?P<text>.*)")

reads_only = ToolAnnotations(read_only_hint=True)


class Commit(BaseModel):
    id: str
    summary: str


class Changes(BaseModel):
    count: int
    breaking: list[Commit] = []
    features: list[Commit] = []
    fixes: list[Commit] = []
    others: list[Commit] = []


class Notes(BaseModel):
    title: str
    markdown: str


@mcp.tool(annotations=reads_only)
def sort_commits(log: str) -> Changes:
    """Sort the commits of a git log by what they are: `feat: …`, `fix: …`, or neither."""
    _, *parts = COMMIT.split(log)
    changes = Changes(count=len(parts) // 2)
    for identity, message in zip(parts[::2], parts[1::2], strict=True):
        first_line = message.removeprefix("Message: ").split("\n", 1)[0]
        summary = SUMMARY.match(first_line)
        assert summary is not None, "the pattern matches any line"
        if summary["breaking"]:
            commits = changes.breaking
        else:
            by_kind = {"feat": changes.features, "fix": changes.fixes}
            commits = by_kind.get(summary["kind"], changes.others)
        commits.append(Commit(id=identity[:7], summary=summary["text"]))
    return changes


@mcp.tool(annotations=reads_only)
def write_notes(title: str, released: datetime, changes: Changes) -> Notes:
    """Write release notes in Markdown."""
    sections = {
        "Breaking changes": changes.breaking,
        "Features": changes.features,
        "Fixes": changes.fixes,
        "Other changes": changes.others,
    }
    lines = [f"# {title}", "", f"Released on {released:%d %B %Y}."]
    for heading, commits in sections.items():
        if commits:
            lines += ["", f"## {heading}", ""]
            lines += [f"- {commit.summary} ({commit.id})" for commit in commits]
    return Notes(title=title, markdown="\n".join(lines) + "\n")


if __name__ == "__main__":
    mcp.run()
