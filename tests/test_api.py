"""`wfc.check`, `wfc.build` and `wfc.format`: texts in, values and diagnostics out."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import wfc
from shop import SERVER, WORKFLOW, lay_out

GUIDE = Path(__file__).parent.parent / "docs" / "python.md"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)


def project() -> dict[str, str]:
    return {name: Path(name).read_text("utf-8") for name in ("buy.wf", "tools.lock.json")} | {
        "shop.py": ""
    }


def test_the_guide_shows_what_its_example_prints() -> None:
    guide = GUIDE.read_text("utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    (shown,) = re.findall(r"^```text\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    run = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    printed = "\n".join(line.rstrip() for line in run.stdout.rstrip().splitlines()) + "\n"
    if os.environ.get("WFC_BLESS"):
        GUIDE.write_text(guide.replace(f"```text\n{shown}", f"```text\n{printed}"), "utf-8")
    else:
        assert shown == printed, "run the tests with WFC_BLESS=1 and read the difference"


def test_a_build_is_what_the_command_writes() -> None:
    text, diagnostics = wfc.build(project())
    assert (text, diagnostics) == (Path("server.py").read_text("utf-8"), [])


def test_an_output_elsewhere_finds_its_servers_from_there() -> None:
    text, _ = wfc.build(project(), output="out/server.py")
    assert text is not None
    assert '"../shop.py"' in text or "parent" in text


def test_an_error_leaves_no_value() -> None:
    files = project() | {"buy.wf": WORKFLOW.replace("shop.pay", "shop.pai")}
    for function in (wfc.check, wfc.build):
        value, diagnostics = function(files)
        assert value is None
        assert [each.code for each in diagnostics] == ["WF302"]


def test_nothing_is_read_from_the_disk_and_no_server_is_asked() -> None:
    # All of it is there on the disk.
    codes = {"shop.py": "WF901", "tools.lock.json": "WF903"}
    for lacking, code in codes.items():
        files = {name: text for name, text in project().items() if name != lacking}
        assert [each.code for each in wfc.check(files)[1]] == [code]
    before = {path.name for path in Path().iterdir()}
    wfc.check(project() | {"tools.lock.json": '{"version": 1, "servers": {}}', "shop.py": SERVER})
    assert {path.name for path in Path().iterdir()} == before


def test_several_files_make_one_server() -> None:
    more = WORKFLOW.replace("workflow buy", "workflow more")
    server, diagnostics = wfc.check(project() | {"./more.wf": more})
    assert diagnostics == []
    assert server is not None
    assert [each.name for each in server.workflows] == ["buy", "more"]


def test_without_a_workflow_file_there_is_nothing_to_check() -> None:
    with pytest.raises(ValueError, match=r"no \.wf file"):
        wfc.check({"tools.lock.json": "{}"})


def test_a_layout_and_what_is_in_its_way() -> None:
    assert wfc.format('workflow w "d" {step a:b(x=1)}') == (
        'workflow w "d" {\n  step a: b(x = 1)\n}\n',
        [],
    )
    layout, diagnostics = wfc.format('workflow w "d" {step a:b(x:1)}', "a.wf")
    assert layout is None
    assert [(each.code, each.span and each.span.source.path) for each in diagnostics] == [
        ("WF101", "a.wf")
    ]


def test_what_is_imported() -> None:
    script = (
        "import sys, wfc\n"
        "assert wfc.__version__\n"
        "assert [name for name in sys.modules if name.startswith('wfc')] == ['wfc']\n"
        "files = {name: open(name).read() for name in ('buy.wf', 'shop.py', 'tools.lock.json')}\n"
        "assert wfc.check(files)[0] and wfc.format(files['buy.wf'])[0]\n"
        "slow = {'mcp', 'black', 'jinja2', 'pydantic'} & sys.modules.keys()\n"
        "assert not slow, slow\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        wfc.nothing  # noqa: B018
