"""HR: the records of those who work here."""

from datetime import date

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel
from side_effects import record

mcp = MCPServer("hr")


class Employee(BaseModel):
    employee_id: str
    email: str


@mcp.tool(annotations=ToolAnnotations(destructive_hint=False))
def create_employee(
    name: str, department: str, role: str, manager_id: str, start_date: date
) -> Employee:
    """Create the record of a new employee."""
    record("create_employee", name=name, department=department, start_date=str(start_date))
    first_name = name.split()[0].lower()
    return Employee(employee_id="emp-456", email=f"{first_name}@company.com")


@mcp.tool(annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True))
def delete_employee(employee_id: str) -> bool:
    """Delete the record of an employee."""
    record("delete_employee", employee_id=employee_id)
    return True


if __name__ == "__main__":
    mcp.run()
