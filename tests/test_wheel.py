"""The wheel: what it installs, and that wfc runs from it, away from the checkout."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest
from running import EXAMPLES, LIMIT, environment

ROOT = EXAMPLES.parent
SOURCES = ["pyproject.toml", "README.md", "LICENSE", "compiler", "grammar", "templates"]


def run(command: Sequence[str | Path], folder: Path) -> str:
    outcome = subprocess.run(
        command,
        cwd=folder,
        env=environment(PYTHONPATH="", PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        timeout=3 * LIMIT,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it; what wfc needs is borrowed from the tests'."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    sources.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, sources / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, sources)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, sources], folder)
    (wheel,) = folder.glob("*.whl")
    run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], folder)
    python = folder / "venv/bin/python"
    run([*pip, "--python", python, "install", "--no-deps", wheel], folder)
    borrowed = site_packages(folder / "venv") / "borrowed.pth"
    borrowed.write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv"


def site_packages(venv: Path) -> Path:
    (folder,) = venv.glob("lib/python*/site-packages")
    return folder


def test_only_wfc_is_installed(installed: Path) -> None:
    names = {path.name for path in site_packages(installed).iterdir()} - {"borrowed.pth"}
    assert {name for name in names if not name.endswith(".dist-info")} == {"wfc"}
    package = site_packages(installed) / "wfc"
    for needed in ("py.typed", "grammar/wf.lark", "templates/server.py.j2", "schema/__init__.py"):
        assert (package / needed).is_file()


def test_wfc_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    wfc = installed / "bin/wfc"
    example = tmp_path / "code_review"
    shutil.copytree(EXAMPLES / "code_review", example, ignore=shutil.ignore_patterns("server.py"))

    where = run([installed / "bin/python", "-c", "import wfc; print(wfc.__file__)"], tmp_path)
    assert Path(where.strip()).parent == site_packages(installed) / "wfc"
    assert run([wfc, "--version"], tmp_path).startswith("wfc ")
    run([wfc, "check", "--locked", "code_review/code_review.wf"], tmp_path)
    run([wfc, "build", "--locked", "code_review.wf", "-o", "server.py"], example)
    committed = (EXAMPLES / "code_review/server.py").read_bytes()
    assert (example / "server.py").read_bytes() == committed
