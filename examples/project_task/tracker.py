"""A task tracker: projects, the people in them, and what is to be done."""

from pathlib import Path
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

mcp = MCPServer("tracker")

READ_ONLY = ToolAnnotations(read_only_hint=True)
PROJECTS = {
    "p-101": ("Rust SDK", "The MCP SDK for Rust: protocol, transports, examples."),
    "p-102": ("Python SDK", "The MCP SDK for Python, on PyPI as `mcp`."),
    "p-103": ("Website relaunch", "The new public website and its documentation."),
}
MEMBERS = {"u-1": "Ada Lovelace", "u-2": "Grace Hopper"}


class Project(BaseModel):
    id: str
    name: str


class Projects(BaseModel):
    count: int
    projects: list[Project]


class Description(BaseModel):
    name: str
    description: str


class Member(BaseModel):
    id: str
    name: str


class Task(BaseModel):
    id: str
    url: str


@mcp.tool(annotations=READ_ONLY)
def list_projects() -> Projects:
    """List the projects that tasks can be added to."""
    listed = [Project(id=key, name=name) for key, (name, _) in PROJECTS.items()]
    return Projects(count=len(listed), projects=listed)


@mcp.tool(annotations=READ_ONLY)
def describe_project(project_id: str) -> Description:
    """Say what a project is about."""
    if project_id not in PROJECTS:
        raise ToolError(f"there is no project {project_id}")
    name, description = PROJECTS[project_id]
    return Description(name=name, description=description)


@mcp.tool(annotations=READ_ONLY)
def find_member(name: str) -> Member:
    """Find somebody by a part of their name."""
    for key, full_name in MEMBERS.items():
        if name.lower() in full_name.lower():
            return Member(id=key, name=full_name)
    raise ToolError(f"nobody here is called {name}")


@mcp.tool()
def create_task(
    project_id: Annotated[str, Field(description="ID of the project, as list_projects gives it")],
    title: Annotated[str, Field(description="What is to be done")],
    assignee_id: Annotated[str | None, Field(description="ID of who is to do it")] = None,
) -> Task:
    """Add a task to a project."""
    if project_id not in PROJECTS:
        raise ToolError(f"there is no project {project_id}")
    return Task(id="t-1", url=f"https://tracker.example/{project_id}/t-1")


@mcp.resource("tracker://guidelines", mime_type="text/markdown")
def guidelines() -> str:
    """How tasks are written here."""
    return (Path(__file__).parent / "guidelines.md").read_text("utf-8")


if __name__ == "__main__":
    mcp.run()
