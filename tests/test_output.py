"""What `wfc build` says of a file that is there: up to date, stale and why, or not its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shop import edit, lay_out, wfc
from wfc.emitting import header

BUILD = ("build", "buy.wf", "-o", "server.py")
CHECK = (*BUILD, "--check")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)


def text() -> str:
    return Path("server.py").read_text("utf-8")


def append(line: str = "# mine\n") -> None:
    with Path("server.py").open("a") as file:
        file.write(line)


def test_nothing_has_changed() -> None:
    assert wfc(*CHECK).code == 0
    assert wfc(*CHECK).stderr == ""
    assert wfc(*BUILD).stderr == "server.py: unchanged\n"


def test_the_header_is_one_line_of_hashes() -> None:
    lines = [line for line in text().splitlines() if line.startswith("# wfc:")]
    assert len(lines) == 1
    found = header.read_header(text())
    assert found is not None
    assert found.is_intact
    # wfc, the file's name, the drift option, a .wf, a server and three tools.
    assert len(found.parts) == 8


# --- Why


def change_file() -> None:
    edit("buy.wf", "What to buy", "What")


def change_comment() -> None:
    edit("buy.wf", "# Buying is", "# To buy is")


def change_tool() -> None:
    edit("tools.lock.json", "Pay for a reservation.", "Pay.")


def change_tools() -> None:
    change_tool()
    edit("tools.lock.json", "Give a reservation back.", "Undo.")


def change_several() -> None:
    change_file()
    change_tool()
    append()


def remove() -> None:
    Path("server.py").unlink()


def replace() -> None:
    Path("server.py").write_text("print()\n")


def come_from_another_version() -> None:
    old = text().replace("by wfc 0.1.0", "by wfc 0.0.9")
    before, _, after = header.without_hashes(old).partition("\n\nimport")
    made = header.Fingerprint((header.Part("wfc", "", "", "0.0.9"),))
    Path("server.py").write_text(
        header.with_header(f"{before}# wfc: HASHES\n\nimport{after}", made)
    )


WHYS: dict[Callable[[], None], str] = {
    change_file: "buy.wf changed",
    change_comment: "buy.wf changed",
    change_tool: "the lock changed: shop.pay",
    change_tools: "the lock changed: shop.pay, shop.release",
    append: "it was edited by hand",
    change_several: "buy.wf changed; the lock changed: shop.pay; it was edited by hand",
    remove: "it does not exist",
    replace: "it was not written by wfc",
    come_from_another_version: "it was built by wfc 0.0.9, and this is 0.1.0",
}


@pytest.mark.parametrize("change", WHYS, ids=lambda change: change.__name__)
def test_why_it_is_out_of_date(change: Callable[[], None]) -> None:
    change()
    outcome = wfc(*CHECK)
    assert f"server.py is out of date: {WHYS[change]}\n" in outcome.stderr
    assert outcome.code == 1
    mending = "wfc build buy.wf -o server.py"
    assert mending in outcome.stderr
    if "--force" in outcome.stderr:
        assert wfc(*BUILD).code == 2
        assert wfc(*BUILD, "--force").code == 0
    else:
        assert wfc(*BUILD).code == 0
    assert wfc(*CHECK).code == 0


def test_a_configuration_that_changed() -> None:
    servers = {"shop": {"command": "shop"}, "other": {"command": "other"}}
    Path("mcp.json").write_text(json.dumps({"mcpServers": servers}))
    edit("buy.wf", 'from "shop.py"', 'from "mcp.json"')
    assert wfc(*BUILD).code == 0
    edit("mcp.json", '"command": "other"', '"command": "another"')
    assert wfc(*CHECK).code == 0
    edit("mcp.json", '"command": "shop"', '"command": "shop-server"')
    outcome = wfc(*CHECK)
    assert "server.py is out of date: mcp.json changed: shop\n" in outcome.stderr


def test_what_is_not_used_does_not_count() -> None:
    edit("tools.lock.json", "Count what is in stock.", "Count.")
    assert wfc(*CHECK).code == 0
    assert wfc(*BUILD).stderr == "server.py: unchanged\n"


def test_an_option_that_was_another() -> None:
    outcome = wfc(*CHECK, "--drift", "warn")
    assert outcome.code == 1
    assert "out of date: it was built with `--drift fail`\n" in outcome.stderr
    assert "run `wfc build buy.wf -o server.py --drift warn`" in outcome.stderr


def test_a_file_that_is_new_here() -> None:
    Path("more.wf").write_text(Path("buy.wf").read_text().replace("workflow buy", "workflow more"))
    outcome = wfc("build", "buy.wf", "more.wf", "-o", "server.py", "--check")
    assert "out of date: it was built from buy.wf and not from buy.wf more.wf\n" in outcome.stderr
    assert "run `wfc build buy.wf more.wf -o server.py`" in outcome.stderr


def test_a_file_that_has_another_name() -> None:
    Path("buy.wf").rename("shopping.wf")
    outcome = wfc("build", "shopping.wf", "-o", "server.py", "--check")
    assert "out of date: it was built from buy.wf and not from shopping.wf\n" in outcome.stderr
    assert "run `wfc build shopping.wf -o server.py`" in outcome.stderr


def test_a_file_that_was_moved() -> None:
    Path("server.py").rename("mine.py")
    outcome = wfc("build", "buy.wf", "-o", "mine.py", "--check")
    assert "out of date: it was built as another file\n" in outcome.stderr
    Path("elsewhere").mkdir()
    Path("mine.py").rename("elsewhere/server.py")
    outcome = wfc("build", "buy.wf", "-o", "elsewhere/server.py", "--check")
    assert "out of date: it was built from buy.wf and not from ../buy.wf\n" in outcome.stderr
    assert wfc("build", "buy.wf", "-o", "elsewhere/server.py").code == 0
    assert wfc("build", "buy.wf", "-o", "elsewhere/server.py", "--check").code == 0


def test_names_that_a_shell_would_split() -> None:
    Path("buy.wf").rename("buy it.wf")
    build = ("build", "buy it.wf", "-o", "my server.py")
    assert wfc(*build).code == 0
    edit("buy it.wf", "What to buy", "What")
    outcome = wfc(*build, "--check")
    assert "my server.py is out of date: buy it.wf changed\n" in outcome.stderr
    assert "run `wfc build 'buy it.wf' -o 'my server.py'`" in outcome.stderr
    assert "    wfc build 'buy it.wf' -o 'my server.py'\n" in Path("my server.py").read_text()


def test_files_of_several_folders() -> None:
    for name in ("one", "two"):
        Path(name).mkdir()
        for file in ("buy.wf", "shop.py", "tools.lock.json"):
            shutil.copy(file, name)
    edit("two/buy.wf", "workflow buy", "workflow buy_too")
    build = ("build", "one/buy.wf", "two/buy.wf", "-o", "server.py")
    assert wfc(*build, "--force").code == 0
    edit("two/buy.wf", "What to buy", "What")
    edit("two/tools.lock.json", "Pay for a reservation.", "Pay.")
    outcome = wfc(*build, "--check")
    why = "out of date: two/buy.wf changed; the lock in two changed: shop.pay\n"
    assert why in outcome.stderr


def test_a_file_that_is_named_twice_is_one() -> None:
    before = text()
    build = ("build", "buy.wf", "./buy.wf", "buy.wf", "-o", "server.py")
    assert wfc(*build).stderr == "server.py: unchanged\n"
    assert wfc("check", "./buy.wf", "buy.wf").code == 0
    assert text() == before


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("shop", "The shop"),
        ("the shop", "The shop"),
        ("A shop", "A shop"),
        ("theory", "The theory"),
    ],
)
def test_the_name_of_a_server_has_one_article(name: str, subject: str) -> None:
    source = Path("buy.wf").read_text("utf-8")
    named = re.sub(r'^server "[^"]*"', "", source, flags=re.MULTILINE)
    Path("buy.wf").write_text(f'server "{name}"\n\n{named}', "utf-8")
    assert wfc(*BUILD).code == 0
    assert f'\n"""{subject} MCP server: buy.\n' in f"\n{text()}"


def test_an_empty_file_is_built_over() -> None:
    Path("server.py").write_text("")
    outcome = wfc(*CHECK)
    assert "run `wfc build buy.wf -o server.py`\n" in outcome.stderr
    assert wfc(*BUILD).code == 0


def test_a_difference_is_only_for_a_check() -> None:
    edit("buy.wf", "What to buy", "What")
    before = text()
    outcome = wfc(*BUILD, "--diff")
    assert "--diff goes with --check" in outcome.stderr
    assert (outcome.code, text()) == (2, before)


def test_line_ends_of_windows_are_no_hand_edit() -> None:
    """Of what is stale, too: a build replaces it."""
    Path("server.py").write_bytes(Path("server.py").read_bytes().replace(b"\n", b"\r\n"))
    edit("buy.wf", "What to buy", "What")
    assert "out of date: buy.wf changed\n" in wfc(*CHECK).stderr
    assert wfc(*BUILD).code == 0


def test_a_workflow_with_merge_conflicts() -> None:
    edit("buy.wf", "  # The", "<<<<<<< ours\n  # The\n=======\n>>>>>>> theirs\n  # The")
    outcome = wfc(*CHECK)
    assert outcome.code == 1
    assert "error[WF102]: a merge conflict is not resolved here" in outcome.stderr


def test_json_tells_it_too() -> None:
    change_file()
    outcome = wfc(*CHECK, "--format", "json")
    [problem] = json.loads(outcome.stdout)
    assert problem["code"] == "WF905"
    assert outcome.code == 1


def test_the_difference_is_printed() -> None:
    change_file()
    outcome = wfc(*CHECK, "--diff")
    assert '\n-Article = Annotated[str, Field(description="What to buy")]\n' in outcome.stdout
    assert '\n+Article = Annotated[str, Field(description="What")]\n' in outcome.stdout


# --- What wfc may not overwrite


def test_a_hand_edit_is_not_lost() -> None:
    edit("server.py", '"number": 2', '"number": 3')
    edited = text()
    change_file()
    outcome = wfc(*BUILD)
    assert outcome.code == 2
    assert "error[WF904]: server.py was edited by hand since wfc wrote it" in outcome.stderr
    assert re.search(r'^ +-  .*"number": 3', outcome.stderr, re.MULTILINE)
    assert text() == edited
    assert wfc(*BUILD, "--force").code == 0
    assert '"number": 3' not in text()


def test_another_file_is_not_overwritten() -> None:
    replace()
    outcome = wfc(*BUILD)
    assert outcome.code == 2
    assert "error[WF904]: server.py was not written by wfc" in outcome.stderr
    assert text() == "print()\n"


def test_a_merge_conflict_is_no_hand_edit() -> None:
    ours = text()
    change_file()
    assert wfc(*BUILD).code == 0
    lines = [
        f"<<<<<<< ours\n{our}=======\n{their}>>>>>>> theirs\n" if our != their else our
        for our, their in zip(
            ours.splitlines(keepends=True), text().splitlines(keepends=True), strict=True
        )
    ]
    Path("server.py").write_text("".join(lines))
    outcome = wfc(*CHECK)
    assert "server.py is out of date: it has merge conflicts\n" in outcome.stderr
    assert wfc(*BUILD).code == 0
    assert wfc(*CHECK).code == 0


# --- The same on any machine


def test_line_ends_of_windows_are_no_change() -> None:
    for path in ("server.py", "buy.wf"):
        Path(path).write_bytes(Path(path).read_bytes().replace(b"\n", b"\r\n"))
    assert wfc(*CHECK).code == 0
    assert wfc(*BUILD).stderr == "server.py: unchanged\n"


def test_the_bytes_do_not_depend_on_where_the_project_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "some" / "where else"
    there.mkdir(parents=True)
    for name in ("buy.wf", "shop.py", "tools.lock.json"):
        shutil.copy(name, there)
    monkeypatch.chdir(tmp_path / "some")
    wf, output = os.path.join("where else", "buy.wf"), there / "server.py"
    assert wfc("build", "--locked", wf, "-o", output).code == 0
    assert output.read_bytes() == (tmp_path / "server.py").read_bytes()


@pytest.mark.parametrize("command", [BUILD, ("check", "buy.wf")], ids=lambda words: words[0])
def test_what_is_up_to_date_is_seen_without_what_is_slow_to_import(command: tuple[str]) -> None:
    script = (
        "import sys\n"
        "from wfc import cli\n"
        f"sys.argv = ['wfc', *{command!r}]\n"
        "try:\n"
        "    cli.main()\n"
        "finally:\n"
        "    slow = {'mcp', 'black', 'jinja2', 'pydantic'} & sys.modules.keys()\n"
        "    assert not slow, slow\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
