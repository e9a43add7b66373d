"""Finance: who is paid, and from which budget."""

from typing import Literal

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from side_effects import record

mcp = MCPServer("finance")

WITHOUT_BUDGET = {"skunkworks"}
BUSY_AT_FIRST = {"research": 2}
"""How many times the payroll of a department is still busy."""


class Payroll(BaseModel):
    payroll_id: str
    status: Literal["active", "pending"]


@mcp.tool(annotations=ToolAnnotations(destructive_hint=False, idempotent_hint=True))
def create_payroll(employee_id: str, department: str) -> Payroll:
    """Open a payroll account; an employee who has one keeps it."""
    if department in WITHOUT_BUDGET:
        raise ToolError(f"the department {department} has no budget")
    if BUSY_AT_FIRST.get(department, 0) > 0:
        BUSY_AT_FIRST[department] -= 1
        raise ToolError(f"the payroll of {department} is busy, try again")
    record("create_payroll", employee_id=employee_id, department=department)
    return Payroll(payroll_id="pay-789", status="active")


@mcp.tool(annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True))
def close_payroll(payroll_id: str) -> bool:
    """Close a payroll account."""
    record("close_payroll", payroll_id=payroll_id)
    return True


if __name__ == "__main__":
    mcp.run()
