"""What the tests share: the company whose servers the onboarding example calls."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import EXAMPLES, SideEffects, environment, free_port, is_listening, process, wait_until


def pytest_configure() -> None:
    """Let wfc keep what it keeps between runs where only these tests find it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="wfc-tests-cache-")


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _python_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `python`, as configurations write it, the Python that runs the tests."""
    monkeypatch.setenv("PATH", environment()["PATH"])


@dataclass
class Company:
    """The domain servers of the onboarding example, as they run for the tests."""

    effects: SideEffects
    variables: dict[str, str]
    """What a generated server has to find in its environment."""


@pytest.fixture(scope="session")
def it_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The one domain server that runs on its own, over HTTP."""
    effects = SideEffects(tmp_path_factory.mktemp("company") / "effects")
    port = free_port()
    variables = {
        "SIDE_EFFECTS": str(effects.path),
        "IT_PORT": str(port),
        "IT_URL": f"http://127.0.0.1:{port}/mcp",
    }
    with process(EXAMPLES / "onboarding/servers/it.py", **variables):
        wait_until(lambda: is_listening(port), "the IT server listens")
        yield Company(effects, variables)


@pytest.fixture
def company(it_server: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """The company with nobody employed yet."""
    it_server.effects.clear()
    for name, value in it_server.variables.items():
        monkeypatch.setenv(name, value)
    return it_server


@pytest.fixture
def nothing_reachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no server can be started or reached."""
    empty = tmp_path / "no programs"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setenv("IT_URL", "http://127.0.0.1:9/mcp")
