"""`mcp run server.py` loads a file without making it a module that others can import."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from mcp.server import MCPServer

SERVERS = sorted((Path(__file__).parent.parent / "examples").glob("*/server.py"))


@pytest.mark.parametrize("path", SERVERS, ids=lambda path: path.parent.name)
def test_a_server_loads_without_being_registered(path: Path) -> None:
    spec = spec_from_file_location("server_module", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert isinstance(module.mcp, MCPServer)
