"""Servers over HTTP that want an argument in a header too, for those who route the requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import connected, free_port, is_listening, process, text_of, wait_until
from shop import wfc

SERVER = '''\
import sys
from typing import Annotated

from mcp.server import MCPServer
from pydantic import Field

mcp = MCPServer("places")


@mcp.tool()
def find(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": sys.argv[2]})]) -> str:
    """Find something."""
    return f"found in {region}"


mcp.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
'''
WORKFLOW = """\
use places from "mcp.json"

workflow find "Find something" {
  arg region: string "Where"
  step find: places.find(region) as found
  return {found: found.result}
}
"""


@contextmanager
def places(port: int, header: str) -> Iterator[None]:
    with process(Path("places.py"), str(port), header):
        wait_until(lambda: is_listening(port), "the server listens")
        yield


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Lay the project out and lock it; return the port at which its server is to listen."""
    monkeypatch.chdir(tmp_path)
    port = free_port()
    Path("places.py").write_text(SERVER)
    Path("find.wf").write_text(WORKFLOW)
    url = f"http://127.0.0.1:{port}/mcp"
    Path("mcp.json").write_text(f'{{"mcpServers": {{"places": {{"url": "{url}"}}}}}}')
    with places(port, "Region"):
        assert wfc("lock", "find.wf").code == 0
    return port


@pytest.mark.anyio
@pytest.mark.parametrize("drift", ["fail", "ignore"])
async def test_an_argument_that_is_wanted_in_a_header(
    drift: str, port: int, tmp_path: Path
) -> None:
    assert wfc("build", "find.wf", "-o", "server.py", "--drift", drift).code == 0
    with places(port, "Region"):
        async with connected(tmp_path / "server.py") as client:
            result = await client.call_tool("find", {"region": "Ænæsland"})
    assert not result.is_error, text_of(result)
    assert result.structured_content == {"found": "found in Ænæsland"}


@pytest.mark.anyio
async def test_a_server_that_wants_another_header_from_now_on(port: int, tmp_path: Path) -> None:
    assert wfc("build", "find.wf", "-o", "server.py").code == 0
    async with connected(tmp_path / "server.py") as client:
        for header in ("Region", "Zone"):
            with places(port, header):
                result = await client.call_tool("find", {"region": "north"})
            assert not result.is_error, text_of(result)
