"""IT: laptops. The one server of this example that runs on its own, over HTTP."""

import os
from datetime import date, timedelta
from typing import Literal

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from side_effects import record

mcp = MCPServer("it")


class Laptop(BaseModel):
    tracking_number: str
    eta: date


@mcp.tool(annotations=ToolAnnotations(destructive_hint=False))
def provision_laptop(
    employee_id: str, department: str, model: Literal["light", "powerful"], start_date: date
) -> Laptop:
    """Order a laptop, to arrive two days before it is needed."""
    record("provision_laptop", employee_id=employee_id, model=model)
    return Laptop(tracking_number="FX123456", eta=start_date - timedelta(days=2))


@mcp.tool(annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True))
def cancel_laptop(tracking_number: str) -> bool:
    """Cancel the order of a laptop."""
    record("cancel_laptop", tracking_number=tracking_number)
    return True


if __name__ == "__main__":
    mcp.run("streamable-http", host="127.0.0.1", port=int(os.environ.get("IT_PORT", "8931")))
