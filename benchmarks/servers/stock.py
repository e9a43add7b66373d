"""The tool that all servers call: as cheap as a tool can be, so that calls are what counts."""

from mcp.server import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel

mcp = MCPServer("stock")


class Item(BaseModel):
    name: str
    amount: int


@mcp.tool(annotations=ToolAnnotations(read_only_hint=True))
def take(name: str, amount: int) -> Item:
    """Take one away."""
    return Item(name=name, amount=amount - 1)


if __name__ == "__main__":
    mcp.run()
