"""Whatever is in a file, it is answered with diagnostics.

Random text, and right files with their words deleted, doubled, swapped or cut off, go through
the parser, the checker, the formatter and the reports.
"""

import os
import time
from pathlib import Path

import pytest
from checking import check_texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from wf_files import WORDS, files
from wfc.diagnostics.fixes import fix_files
from wfc.language.format import format_source
from wfc.report import github, sarif, text
from wfc.report import json as as_json
from wfc.servers.catalog import empty_catalog, read_catalog
from wfc.source import SourceFile

HERE = Path(__file__).parent
SEEDS = [
    path.read_text("utf-8")
    for path in sorted([*HERE.glob("errors/*.wf"), *HERE.glob("../examples/*/*.wf")])
]
LOCK = (HERE / "errors" / "tools.lock.json").read_text("utf-8")

SOME = settings(
    max_examples=int(os.environ.get("WFC_FUZZ", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@st.composite
def mutated(draw: DrawFn) -> str:
    """A right file with a few of its words deleted, doubled, swapped, foreign or cut off."""
    words = WORDS.findall(draw(st.sampled_from(SEEDS)))
    start = draw(st.integers(0, max(len(words) - 400, 0)))
    words = words[start : start + 400]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(words) - 2))
        match draw(st.integers(0, 4)):
            case 0:
                words[at] = ""
            case 1:
                words[at] *= 2
            case 2:
                words[at], words[at + 1] = words[at + 1], words[at]
            case 3:
                odd = [
                    "{",
                    "}",
                    "(",
                    ")",
                    '"',
                    '"""',
                    "'",
                    'f"{',
                    "[",
                    ";",
                    "//",
                    "/*",
                    "=",
                    ":",
                    "\0",
                ]
                words[at] = draw(st.sampled_from([*odd, "step", "workflow", "}}", "\u00a0", "，"]))
            case _:
                words = words[: at + 2]
    return "".join(words)


def go_through(content: str) -> None:
    for catalog in (
        empty_catalog("tools.lock.json"),
        read_catalog(SourceFile("tools.lock.json", LOCK)),
    ):
        _, found = check_texts({"test.wf": content}, catalog)
        for each in found:
            assert each.span is not None
            assert 0 <= each.span.start <= each.span.end <= len(each.span.source.text)
        for report in (text, as_json, github, sarif):
            report.render(found)
        fix_files(found, unsafe=True)
    formatted, problems = format_source(SourceFile("test.wf", content))
    assert (formatted is None) == bool(problems)


HEAD = 'use hr from "mcp.json"\nworkflow w "d" {\n'
LONG = {
    "marks that are not in the language": HEAD + ";\n" * 20_000 + "}\n",
    "quotes of another kind": HEAD + "  step a: hr.f(x = " + "'a'" * 20_000 + ")\n}\n",
    "comments of another kind": "/*" * 50_000,
    "a long name": f"{HEAD}  step {'a-' * 20_000}b: hr.f()\n}}\n",
    "a long number": f"{HEAD}  step a: hr.f(x = {'1' * 50_000}_0)\n}}\n",
    "alternatives": HEAD + '  arg x: "a"' + ', "a"' * 20_000 + "\n}\n",
}


@pytest.mark.parametrize("kind", LONG)
def test_a_long_file_of_mistakes_takes_no_more_than_its_length(kind: str) -> None:
    started = time.process_time()
    go_through(LONG[kind])
    # It took minutes where the time grew with the square of the length.
    assert time.process_time() - started < 30


@SOME
@given(st.one_of(st.text(), st.binary().map(lambda content: content.decode("utf-8", "replace"))))
def test_random_text(content: str) -> None:
    go_through(content)


@SOME
@given(st.lists(st.sampled_from(WORDS.findall(SEEDS[0])), max_size=60).map("".join))
def test_words_of_the_language_in_any_order(content: str) -> None:
    go_through(content)


@SOME
@given(mutated())
def test_right_files_with_a_few_mistakes(content: str) -> None:
    go_through(content)


@SOME
@given(files())
def test_files_that_parse_and_mean_nothing(content: str) -> None:
    go_through(content)


@SOME
@given(st.sampled_from(SEEDS), st.data())
def test_files_that_are_cut_off(seed: str, data: st.DataObject) -> None:
    go_through(seed[: data.draw(st.integers(0, min(len(seed), 3000)))])
