"""The pages of `wfc explain`: there is one for each code, and its example gives that code.

With WFC_BLESS=1 in the environment, the outputs on the pages are written anew.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from checking import catalog_of, check_texts
from shop import lay_out, wfc
from wfc.diagnostics import Diagnostic, explain
from wfc.diagnostics.codes import CODES, KINDS
from wfc.report import text
from wfc.servers.catalog import read_catalog
from wfc.source import SourceFile

HERE = Path(__file__).parent
SOURCES = HERE.parent / "compiler"
PAGES = SOURCES / "diagnostics" / "explain_pages"
LOCK = HERE / "errors" / "tools.lock.json"
BENCHMARKS = HERE.parent / "benchmarks"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def diagnostics_of(text: str) -> list[Diagnostic]:
    catalog = read_catalog(SourceFile("tools.lock.json", LOCK.read_text("utf-8")))
    return check_texts({"example.wf": text}, catalog)[1]


def codes_in(path: Path) -> set[str]:
    return set(re.findall(r'"(WF\d{3})"', path.read_text("utf-8")))


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = {
        code: path.relative_to(SOURCES)
        for path in SOURCES.rglob("*.py")
        if path.name != "codes.py"
        for code in codes_in(path)
    }
    for code, path in raised.items():
        assert code in CODES, (
            f"{path} raises {code}: give it a title in compiler/diagnostics/codes.py, a page in "
            f"compiler/diagnostics/explain_pages/{code}.md (WFC_BLESS=1 writes its output), "
            "and a line in tests/errors/"
        )
    assert set(CODES) == set(raised), (
        "codes that nothing raises: take them out of compiler/diagnostics/codes.py"
    )


def test_every_code_has_a_kind_and_a_page_and_the_other_way_round() -> None:
    assert all(code[:3] in KINDS for code in CODES)
    assert {path.stem for path in PAGES.iterdir()} == set(CODES)


ENVIRONMENT = [code for code in CODES if CODES[code].kind == "Environment"]


@pytest.mark.parametrize("code", [code for code in CODES if code not in ENVIRONMENT])
def test_the_example_gives_the_code_and_the_mended_form_does_not(code: str) -> None:
    path = PAGES / f"{code}.md"
    page = path.read_text("utf-8")
    (_, example), (_, output), *mended = _BLOCK.findall(page)
    found = diagnostics_of(example)
    assert [each.code for each in found] == [code]
    assert found[0].severity == CODES[code].severity
    shown = text.render(found).rsplit("\n\n", 1)[0] + "\n"
    if os.environ.get("WFC_BLESS"):
        path.write_text(page.replace(f"```text\n{output}```", f"```text\n{shown}```"), "utf-8")
    else:
        assert output == shown, "run the tests with WFC_BLESS=1 and read the difference"
    assert mended
    for kind, fixed in mended:
        if kind == "wf":
            assert diagnostics_of(fixed) == []
        else:  # what the server has to send instead
            catalog = catalog_of({"odd": [json.loads(fixed)]})
            assert check_texts({"example.wf": example}, catalog)[1] == []


@pytest.mark.parametrize("code", ENVIRONMENT)
def test_the_commands_of_a_page_print_what_it_shows(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    path = PAGES / f"{code}.md"
    page = path.read_text("utf-8")
    (_, example), (_, mended) = _BLOCK.findall(page)
    failed, shown = session(example)
    right, shown_mended = session(mended)
    assert f"error[{code}]" in shown
    assert (failed, right) == (1 if code == "WF905" else 2, 0)
    if os.environ.get("WFC_BLESS"):
        path.write_text(page.replace(example, shown).replace(mended, shown_mended), "utf-8")
    else:
        assert (example, mended) == (shown, shown_mended), (
            "run the tests with WFC_BLESS=1 and read the difference"
        )


def session(written: str) -> tuple[int, str]:
    """Run the commands of a session; return the last exit code, and the session as it went."""
    lines: list[str] = []
    code = 0
    for command in [line[2:] for line in written.splitlines() if line.startswith("$ ")]:
        program, *arguments = shlex.split(command)
        if program == "wfc":
            outcome = wfc(*arguments)
            code, printed = outcome.code, outcome.stdout + outcome.stderr
        else:
            printed = subprocess.run(
                command, shell=True, check=True, capture_output=True, text=True
            ).stdout
        lines += [f"$ {command}", *printed.splitlines()]
    return code, "\n".join(lines) + "\n"


def test_the_guide_shows_what_is_said_now() -> None:
    guide = SOURCES.parent / "docs" / "diagnostics.md"
    _, (_, output), *_ = _BLOCK.findall((PAGES / "WF401.md").read_text("utf-8"))
    (_, shown), *_ = _BLOCK.findall(guide.read_text("utf-8"))
    if os.environ.get("WFC_BLESS"):
        guide.write_text(guide.read_text("utf-8").replace(shown, output), "utf-8")
    else:
        assert shown == output


def test_the_guide_counts_the_lines_that_are_printed() -> None:
    guide = (SOURCES.parent / "docs" / "diagnostics.md").read_text("utf-8")
    rows = re.findall(r"^\| (.*?) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", guide, re.MULTILINE)
    shown = {mistake: [int(lines) for lines in counts] for mistake, *counts in rows}
    others = json.loads((BENCHMARKS / "results" / "diagnostics.json").read_text("utf-8"))
    wfc_mistakes = tomllib.loads((BENCHMARKS / "inputs" / "mistakes.toml").read_text("utf-8"))[
        "wfc"
    ]
    counted = {}
    for mistake, line in wfc_mistakes["mistakes"].items():
        found = diagnostics_of(wfc_mistakes["program"].replace("MISTAKE", line))
        assert len(found) == 1
        printed, _summary = text.render(found).rsplit("\n\n", 1)
        theirs = [others[compiler]["lines"][mistake] for compiler in ("rustc", "ty", "gleam")]
        counted[mistake] = [*theirs, len(printed.splitlines())]
    counted["all six"] = [sum(column) for column in zip(*counted.values(), strict=True)]
    assert shown == counted
    for name in ("rustc", "ty", "Gleam"):
        assert f"{name} {others[name.lower()]['version']}" in guide
    *theirs, ours = counted["all six"]
    assert ours <= min(theirs)


def test_a_page_in_lower_case_and_with_what_a_terminal_shows() -> None:
    page = explain.page("wf401")
    assert page.startswith("# WF401: type mismatch\n\n")
    assert explain.page("error[WF401]") == explain.page("401") == page


def test_an_unknown_code_names_those_near_it() -> None:
    with pytest.raises(explain.UnknownCode) as raised:
        explain.page("WF499")
    assert "WF499" in str(raised.value)
    assert set(raised.value.near) >= {"WF401", "WF408"}


def test_the_listing_has_all_codes_under_their_kinds() -> None:
    listing = explain.listing()
    for code, entry in CODES.items():
        assert f"{code}  {entry.title}" in listing
    assert all(kind in listing for kind in KINDS.values())
