"""`wfc graph`: a Mermaid flowchart, and a picture that needs nothing else."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from running import EXAMPLES
from shop import edit, lay_out, wfc

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)


def test_the_flowchart_of_the_shop() -> None:
    outcome = wfc("graph", "buy.wf")
    assert outcome.code == 0
    assert outcome.stdout == (
        "flowchart TD\n"
        '  subgraph w1 ["buy"]\n'
        "    direction TB\n"
        '    w1a(["article"])\n'
        '    w1s1["1. reserve<br>shop.reserve"]\n'
        '    w1s1u("shop.release(reservation)")\n'
        '    w1s2["2. pay<br>shop.pay"]\n'
        '    w1z(["return receipt"])\n'
        "    w1a ==> w1s1\n"
        '    w1s1 ==>|"reservation, amount"| w1s2\n'
        '    w1s2 ==>|"receipt"| w1z\n'
        "    w1s1 -. undo .-> w1s1u\n"
        "  end\n"
    )


def test_conditions_loops_and_parallel_steps() -> None:
    Path("buy.wf").write_text(
        'use shop from "shop.py"\n'
        'workflow buy "Buy" {\n'
        "  arg articles: string[]\n"
        "  arg gift?: string\n"
        "  parallel {\n"
        "    step many: shop.reserve(article) as many for article in articles\n"
        "    step one: shop.reserve(article = gift) as one when gift\n"
        "  }\n"
        '  handoff shop.pay(reservation = "]|\\"-->") "Pay"\n'
        "}\n"
    )
    chart = wfc("graph", "buy.wf").stdout
    assert 'subgraph w1p1 ["at the same time"]' in chart
    assert 'w1s1["1. many<br>shop.reserve<br>for article in articles"]' in chart
    assert 'w1s2{{"2. one<br>shop.reserve<br>when gift"}}' in chart
    assert "w1a ==> w1s1 & w1s2\n" in chart
    assert 'w1z[/"handoff<br>shop.pay"/]' in chart


def test_texts_of_the_file_do_not_become_mermaid() -> None:
    edit("buy.wf", "undo shop.release", 'require reservation.id != "]-->x[#;<b>" undo shop.release')
    chart = wfc("graph", "buy.wf").stdout
    assert 'require reservation.id != #34;#93;#45;#45;#62;x#91;#35;#59;#60;b#62;#34;"]' in chart


def test_the_picture_of_the_shop() -> None:
    edit("buy.wf", '"Buy an article"', '"Buy <an> \\"article\\" & more"')
    outcome = wfc("graph", "buy.wf", "-o", "buy.svg")
    assert outcome.code == 0
    root = ElementTree.fromstring(Path("buy.svg").read_text("utf-8"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert 'Buy <an> "article" & more' in texts
    assert "undo: shop.release" in texts
    assert "reservation ← reservation.id" in texts
    # Three dots: what comes from the arguments, from `reserve` and from `pay`.
    assert len(list(root.iter(f"{SVG}circle"))) == 3
    assert "http" not in Path("buy.svg").read_text().replace("http://www.w3.org/2000/svg", "")


def test_letters_that_are_wide() -> None:
    edit("buy.wf", "Buy an article", "お茶" * 20)
    wfc("graph", "buy.wf", "-o", "buy.svg")
    root = ElementTree.fromstring(Path("buy.svg").read_text("utf-8"))
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert "お茶" * 14 + "…" in texts
    widest = max(float(box.get("width", 0)) for box in root.iter(f"{SVG}rect"))
    assert widest > 57 * 7.25


def test_a_result_that_is_no_object() -> None:
    edit("buy.wf", "{receipt: payment.receipt}", "payment.receipt")
    assert 'w1z(["return payment.receipt"])' in wfc("graph", "buy.wf").stdout


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*/*.wf")), ids=lambda path: path.stem)
def test_every_example_can_be_drawn(example: Path) -> None:
    assert wfc("graph", "--locked", example).code == 0
    assert wfc("graph", "--locked", example, "-o", "x.svg").code == 0
    picture = Path("x.svg").read_text("utf-8")
    ElementTree.fromstring(picture)
    if example.stem == "onboarding":
        shown = EXAMPLES.parent / "docs" / "onboarding.svg"
        assert shown.read_text("utf-8") == picture, "draw docs/onboarding.svg anew"


def test_wrong_usage_and_wrong_files() -> None:
    assert wfc("graph", "buy.wf", "-o", "buy.png").code == 2
    edit("buy.wf", "reservation.price", "reservation.prize")
    outcome = wfc("graph", "buy.wf")
    assert outcome.code == 1
    assert outcome.stdout == ""
    assert "WF403" in outcome.stderr
