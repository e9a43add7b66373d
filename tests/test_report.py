"""Diagnostics as text, JSON, SARIF, annotations and lines."""

import json
import re
import unicodedata
from pathlib import Path

import jsonschema_rs
import pytest
from checking import check_file
from click.testing import CliRunner
from wfc.cli import cli
from wfc.diagnostics import Diagnostic, Edit, Fix, Related, Severity, replace_fix
from wfc.report import concise, github, sarif, text
from wfc.report import json as as_json
from wfc.servers.catalog import read_catalog
from wfc.source import SourceFile, Span

HERE = Path(__file__).parent
SOURCE = SourceFile("a.wf", "first line\nsecond line\nthird line\n")
LOCK = SourceFile("tools.lock.json", '{\n  "employee_id": {"type": "integer"}\n}')


def at(word: str, source: SourceFile = SOURCE) -> Span:
    start = source.text.index(word)
    return source.span(start, start + len(word))


def lines(*parts: str) -> str:
    return "\n".join(parts)


FULL = Diagnostic(
    "WF401",
    "does not fit",
    at("second"),
    label="a string",
    notes=("the parameter is an integer", "more\nof it"),
    help="give another",
    related=(
        Related(at("first"), "it comes from here"),
        Related(at('"employee_id"', LOCK), "hr › f"),
    ),
    fix=replace_fix(at("second"), "2nd", is_safe=True),
)
BARE = Diagnostic("WF901", "cannot read b.wf", None, Severity.WARNING)


# --- Text


def test_text_shows_everything_in_order() -> None:
    assert text.render([FULL]) == lines(
        "error[WF401]: does not fit",
        " --> a.wf:2:1",
        "  |",
        "1 | first line",
        "  | ----- it comes from here",
        "2 | second line",
        "  | ^^^^^^ a string",
        " ::: tools.lock.json:2:3",
        '2 |   "employee_id": {"type": "integer"}',
        "  |   ------------- hr › f",
        "  |",
        "  = note: the parameter is an integer",
        "  = note: more",
        "          of it",
        "  = help: give another (made by `--fix`)",
        "2 + 2nd line",
        "",
        "1 error; `wfc check --fix` mends 1; `wfc explain WF401` says more",
    )


def test_text_without_a_place_is_one_line() -> None:
    assert text.render([BARE]).splitlines()[0] == "warning[WF901]: cannot read b.wf"


def test_nothing_wrong_is_no_text() -> None:
    assert text.render([]) == ""


def test_text_counts_each_weight() -> None:
    found = [FULL, FULL, BARE]
    assert "2 errors and 1 warning; " in text.render(found).splitlines()[-1]


def test_lines_apart_are_set_apart_and_several_marks_of_a_line_share_it() -> None:
    found = Diagnostic("WF401", "m", at("third"), related=(Related(at("first"), "one"),))
    assert "\n...\n" in text.render([found])
    twice = Diagnostic("WF401", "m", at("line"), related=(Related(at("first"), "one"),))
    assert text.render([twice]).count("first line") == 1


def test_a_span_of_several_lines_is_marked_on_its_first() -> None:
    found = Diagnostic("WF401", "m", SOURCE.span(6, 20))
    assert "  |       ^^^^\n" in text.render([found])


def columns(line: str) -> int:
    """The columns that a terminal gives a text, told by other means than the renderer's."""
    width = 0
    for character in line:
        if unicodedata.combining(character):
            continue
        width += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
    return width


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\t",
        "\t \t",
        "é",
        "e\u0301e\u0301",
        "中文字",
        "🙂🙂",
        "ｆｕｌｌ",
        "\u202e\x07",
        "x" * 500,
        "中" * 300,
    ],
)
@pytest.mark.parametrize("after", ["", " short", " y" * 400, "中" * 300])
def test_the_caret_is_under_the_marked_part(before: str, after: str) -> None:
    source = SourceFile("a.wf", f"{before}HERE{after}\n")
    shown = text.render([Diagnostic("WF401", "m", at("HERE", source), label="label")])
    _, _, _, line, caret, *_ = shown.split("\n")
    assert columns(line[: line.index("HERE")]) == columns(caret[: caret.index("^")])
    assert caret.endswith("^^^^ label")
    assert columns(line) <= 130
    assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in line)


def test_a_long_marked_part_is_cut() -> None:
    source = SourceFile("a.wf", "x" * 500)
    shown = text.render([Diagnostic("WF401", "m", source.span(0, 500))])
    assert max(map(columns, shown.split("\n"))) <= 130


def test_the_end_of_the_file_can_be_marked() -> None:
    for content in ("", "one", "one\n"):
        source = SourceFile("a.wf", content)
        end = source.span(len(content), len(content))
        assert "^" in text.render([Diagnostic("WF101", "m", end)])


def test_a_fix_that_adds_or_removes_lines_is_shown() -> None:
    adds = Diagnostic("WF101", "m", at("second"), fix=replace_fix(at("second"), "2\nand"))
    assert "made by `--unsafe-fixes`\n2 + 2\n3 + and line\n" in text.render([adds])
    removes = Diagnostic("WF101", "m", at("second"), fix=replace_fix(at("line\nsecond"), "x"))
    shown = text.render([removes])
    assert "1 - first line\n2 - second line\n1 + first x line\n" in shown
    assert "a guess, made by `--unsafe-fixes`" in shown
    takes_away = Diagnostic("WF101", "m", at("second"), fix=replace_fix(at("\nsecond line"), ""))
    assert "1 - first line\n2 - second line\n1 + first line\n" in text.render([takes_away])


def test_lines_between_those_that_a_fix_changes_are_no_part_of_it() -> None:
    fix = Fix((Edit(at("first"), "1st"), Edit(at("third"), "3rd")))
    shown = text.render([Diagnostic("WF101", "m", at("first"), fix=fix)])
    assert "1 - first line\n3 - third line\n1 + 1st line\n3 + 3rd line\n" in shown


def test_of_many_lines_that_a_fix_changes_the_first_are_shown() -> None:
    source = SourceFile("a.wf", "".join(f"line {number},\n" for number in range(9)))
    commas = [match.start() for match in re.finditer(",", source.text)]
    fix = Fix(tuple(Edit(source.span(comma, comma + 1), "") for comma in commas))
    shown = text.render([Diagnostic("WF101", "m", at("line 0", source), fix=fix)])
    assert "1 - line 0,\n2 - line 1,\n3 - line 2,\n...\n1 + line 0\n2 + line 1\n" in shown
    assert shown.count("\n...\n") == 2


def test_a_fix_that_the_help_names_is_not_shown_as_well() -> None:
    fix = replace_fix(at("second"), "2nd")
    for said in ({"help": "write `2nd`"}, {"label": "write `2nd`"}, {"label": "`2nd` is meant"}):
        shown = text.render([Diagnostic("WF101", "m", at("second"), fix=fix, **said)])
        assert "2nd line" not in shown
        assert "a guess, made by `--unsafe-fixes`" in shown
    elsewhere = Diagnostic("WF101", "m", at("first"), help="write `2nd`", fix=fix)
    assert "2 - second line\n2 + 2nd line\n" in text.render([elsewhere])


def test_of_a_long_line_that_a_fix_changes_the_change_is_shown() -> None:
    source = SourceFile("a.wf", f"{'x ' * 200}HERE{' y' * 200}\n")
    here = at("HERE", source)
    insert = replace_fix(source.span(here.end, here.end), ", there")
    last = text.render([Diagnostic("WF101", "m", here, fix=insert)]).splitlines()[-3]
    assert "+ …" in last
    assert "HERE, there y" in last
    assert columns(last) <= 130


def test_what_the_label_says_is_not_said_again() -> None:
    said = Diagnostic("WF101", "m", at("second"), label="a or b", notes=("a", "c"), help="b")
    assert text.render([said]).splitlines()[4:-2] == ["  | ^^^^^^ a or b", "  |", "  = note: c"]
    assert "m%0Aa or b%0Ac" in github.render([said])
    (found,) = json.loads(as_json.render([said]))
    assert (found["notes"], found["help"]) == (["a", "c"], "b")


def test_a_place_that_its_name_explains_is_not_quoted() -> None:
    place = Related(at('"employee_id"', LOCK), "hr › f\x1b", is_quoted=False)
    found = Diagnostic("WF401", "m", at("second"), notes=("n",), related=(place,))
    assert text.render([found]).splitlines()[3:-2] == [
        "2 | second line",
        "  | ^^^^^^",
        " ::: tools.lock.json:2:3 hr › f\N{REPLACEMENT CHARACTER}",
        "  = note: n",
    ]


def test_colours_change_nothing_but_colours() -> None:
    coloured = text.render([FULL, BARE], colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text.render([FULL, BARE])
    assert "\x1b[1;31merror[WF401]" in coloured
    assert "\x1b" not in text.render([FULL, BARE])


# --- JSON, lines and annotations


def test_json() -> None:
    full, bare = json.loads(as_json.render([FULL, BARE]))
    assert full == {
        "code": "WF401",
        "severity": "error",
        "message": "does not fit",
        "file": "a.wf",
        "line": 2,
        "column": 1,
        "end_line": 2,
        "end_column": 7,
        "notes": ["the parameter is an integer", "more\nof it"],
        "help": "give another",
        "related": [
            {"file": "a.wf", "line": 1, "column": 1, "message": "it comes from here"},
            {"file": "tools.lock.json", "line": 2, "column": 3, "message": "hr › f"},
        ],
        "fixes": [
            {
                "title": "write `2nd`",
                "safe": True,
                "edits": [
                    {
                        "file": "a.wf",
                        "line": 2,
                        "column": 1,
                        "end_line": 2,
                        "end_column": 7,
                        "text": "2nd",
                    }
                ],
            }
        ],
    }
    assert (bare["severity"], bare["file"], bare["line"], bare["help"]) == ("warning",) + (
        None,
    ) * 3
    assert bare["fixes"] == bare["related"] == bare["notes"] == []
    assert json.loads(as_json.render([])) == []


def test_columns_are_characters() -> None:
    source = SourceFile("a.wf", "🙂\té x")
    (found,) = json.loads(as_json.render([Diagnostic("WF401", "m", at("x", source))]))
    assert found["column"] == 5


def test_concise() -> None:
    assert concise.render([FULL, BARE]) == lines(
        "a.wf:2:1: WF401 does not fit", "WF901 cannot read b.wf"
    )
    assert concise.render([]) == ""


def test_github_escapes() -> None:
    source = SourceFile("odd, 100%:.wf", "x\ny")
    odd = Diagnostic("WF401", "50%\r\nof it", source.span(0, 1), notes=("a:b,c",))
    assert github.render([odd]) == (
        "::error file=odd%2C 100%25%3A.wf,line=1,endLine=1,col=1,endColumn=1,title=wfc WF401"
        "::50%25%0D%0Aof it%0Aa:b,c"
    )
    assert github.render([BARE]) == "::warning title=wfc WF901::cannot read b.wf"
    assert "\n" not in github.render([FULL])
    assert "endColumn" not in github.render([Diagnostic("WF401", "m", source.span(0, 3))])


# --- SARIF

URI_REFERENCE = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-F]{2}")
SARIF = jsonschema_rs.validator_for(
    json.loads((HERE / "data" / "sarif-schema-2.1.0.json").read_text("utf-8")),
    validate_formats=True,
    # Its draft of JSON Schema does not know this one.
    formats={"uri-reference": lambda text: URI_REFERENCE.sub("", text) == ""},
)


def test_sarif_is_what_the_standard_says() -> None:
    odd = SourceFile("/absolute/a b.wf", "x")
    found = [FULL, BARE, Diagnostic("WF501", "m", odd.span(0, 1), Severity.WARNING)]
    log = json.loads(sarif.render(found))
    assert list(SARIF.iter_errors(log)) == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["WF401", "WF501", "WF901"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    full, bare, absolute = run["results"]
    assert full["locations"][0]["physicalLocation"]["region"]["endColumn"] == 7
    assert len(full["relatedLocations"]) == 2
    assert "locations" not in bare
    place = absolute["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "file:///absolute/a%20b.wf"


@pytest.mark.parametrize("path", sorted((HERE / "errors").glob("*.wf")), ids=lambda path: path.stem)
def test_sarif_of_all_kinds_of_mistakes(path: Path) -> None:
    lock = SourceFile("tools.lock.json", path.with_name("tools.lock.json").read_text("utf-8"))
    found = check_file(path, read_catalog(lock))
    log = json.loads(sarif.render(found))
    assert list(SARIF.iter_errors(log)) == []
    assert len(log["runs"][0]["results"]) == len(found) > 0


def test_sarif_of_nothing_has_no_results() -> None:
    log = json.loads(sarif.render([]))
    assert list(SARIF.iter_errors(log)) == []
    assert log["runs"][0]["results"] == []


# --- The command


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrong.wf").write_text('workflow w "d" { step a: other(x: 1) }')
    (tmp_path / "right.wf").write_text(
        'workflow w "d" { step a: v() }\nworkflow v "d" { step a: u() }'
    )
    (tmp_path / "empty.json").write_text('{"mcpServers": {}}')
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("form", ["json", "sarif", "github", "concise"])
def test_machine_formats_have_standard_output_to_themselves(form: str) -> None:
    result = CliRunner().invoke(cli, ["check", "wrong.wf", "--locked", "--format", form])
    assert result.exit_code == 1
    assert result.stderr == ""
    assert "WF101" in result.stdout
    if form in ("json", "sarif"):
        json.loads(result.stdout)


@pytest.mark.usefixtures("_folder")
def test_text_goes_to_standard_error() -> None:
    result = CliRunner().invoke(cli, ["check", "wrong.wf", "--locked"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[WF101]" in result.stderr


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("option", "environment", "is_coloured"),
    [
        ("always", {}, True),
        ("always", {"NO_COLOR": "1"}, True),
        ("auto", {}, False),
        ("never", {}, False),
    ],
)
def test_colour(option: str, environment: dict[str, str], is_coloured: bool) -> None:
    arguments = ["check", "wrong.wf", "--locked", "--color", option]
    result = CliRunner().invoke(cli, arguments, env=environment, color=True)
    assert ("\x1b[" in result.stderr) == is_coloured


@pytest.mark.usefixtures("_folder")
def test_a_missing_file_is_of_the_environment() -> None:
    result = CliRunner().invoke(cli, ["check", "missing.wf", "--format", "json"])
    assert result.exit_code == 2
    (found,) = json.loads(result.stdout)
    assert (found["code"], found["file"]) == ("WF901", None)


def test_a_fix_without_a_title_says_what_it_writes() -> None:
    assert replace_fix(at("second"), "2nd").title == "write `2nd`"
    assert replace_fix(at("second"), "").title == "remove it"
    assert Fix(()).title == ""
