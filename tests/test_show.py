"""`wfc show`: the plan in words."""

import json
from pathlib import Path

import pytest
from shop import edit, lay_out, wfc


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)


def test_the_shop_in_words() -> None:
    outcome = wfc("show", "buy.wf")
    assert outcome.code == 0
    assert (
        outcome.stdout
        == """\
buy: Buy an article
  takes
    article: string  What to buy
  1. reserve: shop.reserve as reservation
     article ← article
     number  ← 2
     undone by shop.release(reservation ← reservation.id)
  2. pay: shop.pay as payment
     reservation ← reservation.id
     amount      ← reservation.price
  returns
    receipt ← payment.receipt
"""
    )


def test_everything_that_a_step_may_say() -> None:
    Path("buy.wf").write_text(
        'use shop from "shop.py"\n'
        'workflow buy "Buy" {\n'
        '  arg articles: string[] = ["a"]\n'
        "  arg gift?: string\n"
        "  parallel {\n"
        "    step many: shop.reserve(article) as many\n"
        "      for article in articles\n"
        "      timeout 1500ms\n"
        "      retry 2 every 1s unsafe\n"
        '      guidance f"About {article}"\n'
        "    step one: shop.reserve(article = gift) as one\n"
        "      when gift and articles contains gift\n"
        '      require one.price > 0 or not one.id matches "^r" "broken"\n'
        "  }\n"
        '  handoff shop.pay(reservation = many[0].id) "Pay"\n'
        "}\n"
    )
    assert (
        wfc("show", "buy.wf").stdout
        == """\
buy: Buy
  takes
    articles: string[] = ["a"]
    gift?: string
  at the same time
    1. many: shop.reserve as many
       article ← article
       for article in articles
       timeout 1.5s
       retry 2 every 1s unsafe
       guidance f"About {article}"
    2. one: shop.reserve as one
       article ← gift
       when gift and articles contains gift
       require one.price > 0 or not one.id matches "^r" "broken"
  hands over to shop.pay
    guidance    ← "Pay"
    reservation ← many[0].id
    still missing: amount
"""
    )


def test_workflows_that_call_each_other() -> None:
    Path("notes.py").write_text(
        "from mcp.server import MCPServer\n\nmcp = MCPServer('notes')\n\n\n"
        "@mcp.resource('note://{name}')\ndef note(name: str) -> str:\n    return name\n"
    )
    Path("buy.wf").write_text(
        'use shop from "shop.py"\n'
        'use notes from "notes.py"\n'
        'workflow outer "Outer" {\n'
        "  arg articles: string[]\n"
        "  arg most: number(min = 1) = 3\n"
        '  instruction """\n    Buy\n    "all".\n  """\n'
        '  step guide: read notes f"note://{articles[0]}" as guide\n'
        '  step fixed: read notes "note://all" as all: {a: integer, "b c"?: string[]}\n'
        '  step buy: inner(what = {a: guide, "b c": [1, 2.0, null]}) as bought\n'
        "    for article in articles\n"
        '    when article != "x"\n'
        "    require bought.price < most\n"
        "    undo shop.release(reservation = bought.id)\n"
        "  return [bought, all]\n"
        "}\n"
        'workflow inner "Inner" {\n'
        '  arg what: {a: string, "b c": any[]}\n'
        "  step reserve: shop.reserve(article = what.a) as reservation\n"
        "  return reservation\n"
        "}\n"
        'workflow last "Last" {\n'
        "  arg a: string\n"
        "  step count: shop.count(article = a) as number\n"
        "}\n"
    )
    assert (
        wfc("show", "buy.wf").stdout
        == """\
inner: Inner
  takes
    what: {a: string, "b c": any[]}
  1. reserve: shop.reserve as reservation
     article ← what.a
  returns
    reservation

outer: Outer
  instruction Buy "all".
  takes
    articles: string[]
    most: number(min=1) = 3
  1. guide: read notes as guide
     uri ← f"note://{articles[0]}"
  2. fixed: read notes as all: {a: integer, "b c"?: string[]}
     uri ← "note://all"
  3. buy: inner as bought
     what ← {a: guide, "b c": [1, 2.0, null]}
     for article in articles
     when article != "x"
     require bought.price < most
     undone by shop.release(reservation ← bought.id)
  returns
    [bought, all]

last: Last
  takes
    a: string
  1. count: shop.count as number
     article ← a
  returns
    number ← number
"""
    )
    _, outer, _ = json.loads(wfc("show", "buy.wf", "--json").stdout)
    assert outer["instructions"] == ['\nBuy\n"all".\n']
    assert outer["steps"][1]["declared"] == '{a: integer, "b c"?: string[]}'
    assert outer["steps"][2]["clauses"][2]["sources"] == ["bought", "most"]


def test_json_says_the_same() -> None:
    [workflow] = json.loads(wfc("show", "buy.wf", "--json").stdout)
    assert workflow["name"] == "buy"
    assert workflow["steps"][1] == {
        "number": 2,
        "name": "pay",
        "call": {
            "what": "shop.pay",
            "flows": [
                {
                    "name": "reservation",
                    "value": "reservation.id",
                    "sources": ["reservation"],
                },
                {"name": "amount", "value": "reservation.price", "sources": ["reservation"]},
            ],
        },
        "binding": "payment",
        "declared": None,
        "clauses": [],
        "undo": None,
        "parallel": None,
    }


def test_wrong_files_have_no_plan() -> None:
    edit("buy.wf", "shop.pay", "shop.pray")
    outcome = wfc("show", "buy.wf")
    assert outcome.code == 1
    assert outcome.stdout == ""
    assert "WF302" in outcome.stderr
