"""Communications: mails from templates."""

from typing import Literal

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from side_effects import record

mcp = MCPServer("comms")

WITHOUT_MAILBOX = {"nobody@company.com"}
DELIVERED_LATE = {"later@company.com": 60.0}
"""Seconds that a delivery takes."""


class Receipt(BaseModel):
    sent: bool
    message_id: str


@mcp.tool(annotations=ToolAnnotations(destructive_hint=False))
async def send_email(
    to: str,
    template: Literal["welcome_employee", "farewell_employee"],
    subject: str,
    github_username: str,
    laptop_tracking: str | None = None,
) -> Receipt:
    """Send a mail, made from a template."""
    if to in WITHOUT_MAILBOX:
        raise ToolError(f"{to} has no mailbox")
    await anyio.sleep(DELIVERED_LATE.get(to, 0))
    record("send_email", to=to, subject=subject, laptop_tracking=laptop_tracking)
    return Receipt(sent=True, message_id="msg-abc")


if __name__ == "__main__":
    mcp.run()
