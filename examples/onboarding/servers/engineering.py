"""Engineering: access to the source code."""

from typing import Literal

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from side_effects import record

mcp = MCPServer("engineering")


class GitHubUser(BaseModel):
    username: str
    access_level: Literal["developer", "maintainer"]


@mcp.tool(annotations=ToolAnnotations(destructive_hint=False, idempotent_hint=True))
def create_github_user(employee_id: str, email: str, team: str) -> GitHubUser:
    """Invite an employee to the GitHub organisation; a second invitation changes nothing."""
    record("create_github_user", employee_id=employee_id, email=email, team=team)
    return GitHubUser(username="asmith", access_level="developer")


@mcp.tool(annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True))
def remove_github_user(username: str) -> bool:
    """Remove a user from the GitHub organisation."""
    record("remove_github_user", username=username)
    return True


if __name__ == "__main__":
    mcp.run()
