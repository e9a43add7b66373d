"""Servers over HTTP that want an argument in a header too, for those who route the requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
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


@pytest.mark.anyio
async def test_a_listing_that_hangs_ends(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is compared here: that the listing takes too long is told as not being connected."""
    assert wfc("build", "find.wf", "-o", "server.py", "--drift", "ignore").code == 0
    server = tmp_path / "server.py"
    text = server.read_text()
    assert "\nCONNECT_TIMEOUT = 30\n" in text
    server.write_text(text.replace("\nCONNECT_TIMEOUT = 30\n", "\nCONNECT_TIMEOUT = 3\n"))
    hanging = SERVER.replace(
        "mcp.run(",
        """
import anyio


async def hang(ctx, call_next):
    if ctx.method == "tools/list":
        await anyio.sleep_forever()
    return await call_next(ctx)


mcp.middleware.append(hang)
mcp.run(""",
    )
    (tmp_path / "places.py").write_text(hanging)
    with places(port, "Region"):
        async with connected(server) as client:
            with anyio.fail_after(20):
                result = await client.call_tool("find", {"region": "north"})
    assert "cannot connect to places: it timed out after 3 s" in text_of(result)
