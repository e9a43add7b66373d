"""What the README shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def pieces(shown: str) -> list[str]:
    """The parts of a block that stand together in the file: a line with … leaves some out."""
    return [piece.strip() for piece in re.split(r"^ *…$", shown, flags=re.MULTILINE)]


def test_the_workflow_is_the_example() -> None:
    example = (ROOT / "examples/onboarding/onboarding.wf").read_text("utf-8")
    shown = next(text for text in blocks("") if "workflow onboard_employee" in text)
    assert all(piece in example for piece in pieces(shown))


def test_the_python_is_what_is_built_of_it() -> None:
    server = (ROOT / "examples/onboarding/server.py").read_text("utf-8")
    assert blocks("python")[0].rstrip() in server


def test_the_error_is_the_one_that_is_printed(tmp_path: Path) -> None:
    folder = tmp_path / "onboarding"
    subprocess.run(["cp", "-r", ROOT / "examples/onboarding", folder], check=True)
    workflow = folder / "onboarding.wf"
    workflow.write_text(
        workflow.read_text("utf-8").replace("model = laptop", 'model = "heavy"'), "utf-8"
    )
    printed = subprocess.run(
        [Path(sys.executable).parent / "wfc", "check", "--locked", "onboarding.wf"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert printed.returncode == 1
    assert next(text for text in blocks("") if text.startswith("error[")) in printed.stderr
