"""What is kept between runs: it makes them fast and never makes them wrong."""

import json
import marshal
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import wfc
from running import EXAMPLES
from wfc import cache
from wfc.emitting import emit
from wfc.language.grammar import grammar
from wfc.schema.answers import answered, remembered
from wfc.schema.budget import Budget, Exhausted

ONBOARDING = EXAMPLES / "onboarding"
HEAVY = {"wfc.checking", "wfc.language", "lark", "jsonschema_rs", "msgspec"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the onboarding example, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(shutil.copytree(ONBOARDING, tmp_path / "onboarding"))


def run(folder: Path, *arguments: str) -> tuple[int, str, set[str]]:
    """Run a command; return its exit code, what it said, and the modules it imported."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "wfc", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = result.stderr.splitlines()
    times = [line for line in lines if line.startswith("import time:")]
    said = "\n".join(line for line in lines if not line.startswith("import time:"))
    return result.returncode, said, {line.rpartition("|")[2].strip() for line in times}


def kept(kind: str) -> list[Path]:
    return sorted(Path(cache.directory()).glob(f"{kind}-*"))


def test_what_is_unchanged_is_told_without_a_compiler(folder: Path) -> None:
    first = run(folder, "check", "--locked", "onboarding.wf")
    assert first[:2] == (0, "")
    assert first[2] >= HEAVY
    again = run(folder, "check", "--locked", "onboarding.wf")
    assert again[:2] == (0, "")
    assert not HEAVY & again[2]


@pytest.mark.parametrize(
    "name", ["onboarding.wf", "mcp.json", "tools.lock.json", "servers/comms.py"]
)
def test_a_change_of_any_file_is_seen(folder: Path, name: str) -> None:
    assert run(folder, "check", "--locked", "onboarding.wf")[0] == 0
    path = folder / name
    path.write_text(path.read_text("utf-8").replace("comms", "commas"), "utf-8")
    if name == "mcp.json":
        path.write_text("{}")
    if name == "servers/comms.py":
        path.unlink()
    code, said, _ = run(folder, "check", "--locked", "onboarding.wf")
    assert code != 0
    assert "error[WF" in said


def test_warnings_are_told_each_time(folder: Path) -> None:
    path = folder / "onboarding.wf"
    path.write_text(
        path.read_text("utf-8").replace("  arg role:", "  arg unused: string\n  arg role:")
    )
    said = [run(folder, "check", "--locked", "onboarding.wf")[1] for _ in range(2)]
    assert "warning[WF501]" in said[0]
    assert said[0] == said[1]


def test_an_unchanged_build_is_told_so_and_a_hand_edit_is_seen(folder: Path) -> None:
    build = ["build", "--locked", "onboarding.wf", "-o", "server.py"]
    run(folder, *build)
    code, said, modules = run(folder, *build)
    assert (code, said) == (0, "server.py: unchanged")
    assert not HEAVY & modules
    server = folder / "server.py"
    server.write_text(server.read_text("utf-8") + "# by hand\n", "utf-8")
    code, said, _ = run(folder, *build)
    assert code == 2
    assert "WF904" in said
    server.unlink()
    assert run(folder, *build)[:2] == (0, "server.py: written")


def edit(path: Path, old: str, new: str) -> None:
    """Make an edit in a file that has the old text."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_an_edited_file_needs_no_grammar_and_asks_nothing_of_its_tools_anew(folder: Path) -> None:
    commands = [["check", "--locked", "onboarding.wf"]]
    commands += [["build", "--locked", "onboarding.wf", "-o", "server.py"]]
    (folder / "server.py").unlink()
    for command in commands:
        assert "jsonschema_rs" in run(folder, *command)[2]
    edit(folder / "onboarding.wf", "across all systems", "everywhere")
    for command in commands:
        code, _, modules = run(folder, *command)
        assert code == 0
        assert "wfc.checking.check" in modules
        assert not {"lark", "jsonschema_rs", "wfc.schema.engine"} & modules


def test_a_mistake_is_found_by_what_was_answered_before_and_by_what_was_not(folder: Path) -> None:
    check = ["check", "--locked", "onboarding.wf"]
    assert run(folder, *check)[0] == 0
    edit(folder / "onboarding.wf", "manager_id: string", "manager_id: integer")
    assert "error[WF401]" in run(folder, *check)[1]
    assert "error[WF401]" in run(folder, *check)[1]
    edit(folder / "onboarding.wf", "manager_id: integer", "manager_id: string")
    assert run(folder, *check)[:2] == (0, "")
    # A tool that is not what it was is another question.
    lock = folder / "tools.lock.json"
    tools = json.loads(lock.read_text("utf-8"))
    (create,) = (
        tool for tool in tools["servers"]["hr"]["tools"] if tool["name"] == "create_employee"
    )
    create["inputSchema"]["properties"]["manager_id"] = {"type": "integer"}
    lock.write_text(json.dumps(tools), "utf-8")
    assert "error[WF401]" in run(folder, *check)[1]


@pytest.mark.parametrize("spoilt", [b"", b"nonsense", marshal.dumps(1), marshal.dumps(("", {}))])
def test_spoilt_answers_are_asked_for_anew(folder: Path, spoilt: bytes) -> None:
    check = ["check", "--locked", "onboarding.wf"]
    run(folder, *check)
    (path,) = kept("answers")
    cache.keep(path.name, spoilt)
    edit(folder / "onboarding.wf", "across all systems", "everywhere")
    code, said, modules = run(folder, *check)
    assert (code, said) == (0, "")
    assert "jsonschema_rs" in modules
    edit(folder / "onboarding.wf", "everywhere", "all over")
    assert "jsonschema_rs" not in run(folder, *check)[2]


def test_what_is_not_asked_any_more_is_forgotten(folder: Path) -> None:
    @answered
    def twice(number: int) -> int:
        return 2 * number

    def after(asked: range) -> int:
        with remembered(["a.wf"]):
            assert [twice(number) for number in asked] == [2 * number for number in asked]
        with remembered(["b.wf"]):  # as another run
            pass
        (path,) = kept("answers")
        return len(marshal.loads(cache.kept(path.name) or b"")[1])

    assert after(range(10)) == 10
    assert after(range(8, 12)) == 4
    assert after(range(8, 13)) == 5


def test_an_answer_for_which_time_ran_out_is_not_kept(folder: Path) -> None:
    @answered
    def slow(number: int) -> int:
        with suppress(Exhausted):
            Budget(1000, -1.0 if number else 1.0).spend()
        return number

    with remembered(["a.wf"]):
        assert [slow(number) for number in (0, 1, 1)] == [0, 1, 1]
    (path,) = kept("answers")
    assert [*marshal.loads(cache.kept(path.name) or b"")[1].values()] == [0]


def test_building_leaves_wfc_what_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python and Jinja keep beside the modules and templates is no part of it."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    command = [sys.executable, "-c", "from wfc.cache import this_wfc; print(this_wfc())"]

    def this_wfc() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    before = this_wfc()
    run(folder, "build", "--locked", "onboarding.wf", "-o", "server.py", "--force")
    assert this_wfc() == before


def test_compiled_templates_may_be_spoilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is wrong where they cannot be written."""
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(emit, "cache_from_source", lambda _: str(tmp_path / "__pycache__/a.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def rendered() -> str:
        emit._environment.cache_clear()
        return emit._environment().get_template("absent.py.j2").render()

    text = rendered()
    (path,) = tmp_path.glob("__pycache__/*.jinja")
    compiled = path.read_bytes()
    for spoilt in (b"", b"nonsense", compiled[:-1], compiled):
        path.write_bytes(spoilt)
        assert rendered() == text
        assert path.read_bytes() == compiled
    monkeypatch.setattr(emit, "this_wfc", lambda: "another")
    assert rendered() == text
    assert path.read_bytes() != compiled
    shutil.rmtree(tmp_path / "__pycache__")
    (tmp_path / "__pycache__").touch()
    assert rendered() == text
    assert (tmp_path / "__pycache__").read_bytes() == b""
    emit._environment.cache_clear()


def test_compiled_templates_stand_outside_the_package() -> None:
    """What is left of it when it is uninstalled would be a package for Python."""
    (package,) = wfc.__path__
    assert not Path(emit._CompiledTemplates().directory).is_relative_to(package)


@pytest.mark.parametrize("spoilt", [b"", b"nonsense", None])
def test_a_spoilt_grammar_is_made_anew(folder: Path, spoilt: bytes | None) -> None:
    grammar.cache_clear()
    whole = grammar().parse('workflow w "W" {}', start="file")
    (path,) = kept("grammar")
    content = path.read_bytes()
    path.write_bytes(content[:-1] if spoilt is None else spoilt)
    grammar.cache_clear()
    assert grammar().parse('workflow w "W" {}', start="file") == whole
    assert cache.kept(path.name) is not None
    grammar.cache_clear()


@pytest.mark.parametrize("foreign", [marshal.dumps(0), marshal.dumps(("another wfc", ()))])
def test_tables_of_something_else_are_made_anew(folder: Path, foreign: bytes) -> None:
    grammar.cache_clear()
    whole = grammar().parse('workflow w "W" {}', start="file")
    (path,) = kept("grammar")
    cache.keep(path.name, foreign)
    grammar.cache_clear()
    assert grammar().parse('workflow w "W" {}', start="file") == whole
    grammar.cache_clear()


def test_the_kept_grammar_reads_as_the_new_one_does(folder: Path) -> None:
    text = (folder / "onboarding.wf").read_text("utf-8")
    grammar.cache_clear()
    made = grammar().parse(text, start="file")
    grammar.cache_clear()
    assert grammar().parse(text, start="file") == made
    grammar.cache_clear()


def test_nothing_needs_a_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    assert run(folder, "check", "--locked", "onboarding.wf")[:2] == (0, "")
    assert os.listdir(folder / "..") == ["onboarding"]
