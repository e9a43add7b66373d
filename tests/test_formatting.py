"""The layout of generated modules: part by part, it is what Black makes of the whole."""

from pathlib import Path

import black
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from running import EXAMPLES
from wfc import cache
from wfc.emitting import emit, formatting
from wfc.emitting.literals import Quoted, f_string, literal
from wfc.pipeline import build_of, check_files
from wfc.project import Locking

HERE = Path(__file__).parent
CASES = ["hostile_texts", "parallel_loops", "handoffs", "workflow_calls"]
FILES = [
    *sorted(EXAMPLES.glob("*/*.wf")),
    *(HERE / "cases" / name / "input.wf" for name in CASES),
]
MODULES = [*sorted(EXAMPLES.glob("*/server.py")), *sorted(HERE.glob("cases/*/expected.py"))]
"""What is built of a file, as the tests of the examples and cases see."""
MODE = black.Mode(target_versions={black.TargetVersion.PY311})
WIDE = black.Mode(target_versions={black.TargetVersion.PY311}, line_length=1000)


def unmarked(text: str) -> str:
    return text.replace(formatting.CUT, "").replace(formatting.LAID_OUT, "")


def unformatted(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of a file as the templates give it."""
    rendered: list[str] = []
    checked = check_files([str(path)], Locking(allowed=False))
    with monkeypatch.context() as patch:
        patch.setattr(emit, "formatted", lambda text: rendered.append(text) or unmarked(text))
        build_of(checked, path.with_name("server.py")).text()
    return rendered[0]


@pytest.mark.parametrize("most_lines", [formatting.MOST_LINES, 20])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_the_parts_are_laid_out_as_the_whole_is(
    path: Path, most_lines: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(formatting, "MOST_LINES", most_lines)
    text = unformatted(path, monkeypatch)
    whole = black.format_str(unmarked(text), mode=MODE)
    assert formatting.formatted(text) == whole
    assert formatting.formatted(text) == whole  # as it was kept


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.parent.name)
def test_black_has_nothing_to_change_in_a_module(path: Path) -> None:
    text = path.read_text("utf-8")
    assert black.format_str(text, mode=MODE) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_what_is_the_same_in_every_server_is_laid_out_already(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = unmarked(unformatted(path, monkeypatch)).split("\n# --- ")
    same = [each.strip() + "\n" for each in sections if "the same in every server" in each]
    assert len(same) == 2
    for section in same:
        text = f"# --- {section}"
        assert black.format_str(text, mode=MODE) == text


TEXTS = st.text(st.sampled_from("""'"\\{}a\n\t é\u2028\ud800"""), max_size=12)


@settings(max_examples=500)
@given(TEXTS)
def test_strings_have_the_quotes_that_black_prefers(text: str) -> None:
    written = f"{literal(text)}\n"
    assert eval(written) == text
    assert black.format_str(f"_ = {written}", mode=WIDE) == f"_ = {written}"


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_as_by_black(number: float) -> None:
    written = f"{literal(number)}\n"
    assert repr(eval(written)) == repr(number)
    assert black.format_str(f"_ = {written}", mode=WIDE) == f"_ = {written}"


@settings(max_examples=500)
@given(st.lists(TEXTS | st.sampled_from([1, 2]), min_size=1, max_size=5), TEXTS)
def test_f_strings_have_the_quotes_that_black_prefers(parts: list[str | int], key: str) -> None:
    """A text stands for itself, 1 for a name and 2 for an item of a dictionary."""

    def parts_in(quoted: Quoted) -> list[tuple[bool, str]]:
        codes = {1: "name", 2: f"items[{quoted(key)}]"}
        return [(False, each) if isinstance(each, str) else (True, codes[each]) for each in parts]

    written = f"{f_string(parts_in)}\n"
    values = {1: "Ada", 2: "seven"}
    expected = "".join(each if isinstance(each, str) else values[each] for each in parts)
    assert eval(written, {"name": "Ada", "items": {key: "seven"}}) == expected
    try:
        laid_out = black.format_str(f"_ = {written}", mode=WIDE)
    except black.InvalidInput:  # of a `{` in front of code, Black may make what is no Python
        reject()
    assert laid_out == f"_ = {written}"


def test_a_long_workflow_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatting, "MOST_LINES", 20)
    text = unformatted(EXAMPLES / "onboarding" / "onboarding.wf", monkeypatch)
    (workflow,) = (part for part in text.split("# --- ") if part.startswith("onboard_employee"))
    assert len(formatting._parts(workflow)) >= 5


def test_two_processes_give_what_one_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = unformatted(FILES[-1], monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "one"))
    alone = formatting.formatted(text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "two"))
    monkeypatch.setattr(formatting, "WORTH_A_PROCESS", 1)
    assert formatting.formatted(text) == alone


def test_what_is_no_python_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(black.InvalidInput):
        formatting.formatted("def f(:\n")
    assert not Path(cache.directory()).exists()


def test_the_cache_does_not_grow_without_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "MOST_OF_A_KIND", 3)
    for number in range(5):
        cache.keep(f"layout-{number}", b"text")
        cache.keep(f"grammar-{number % 2}", b"tables")
    assert len(list(Path(cache.directory()).iterdir())) == 5
    assert cache.kept("layout-4") == b"text"
