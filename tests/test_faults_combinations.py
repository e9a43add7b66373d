"""Whatever a workflow combines, its server is clean for every type checker and linter."""

import itertools
import subprocess
import sys
from pathlib import Path

from faults.serving import build
from running import environment, load

CONSTRUCTS = {
    "undo": 'step undone: fake.do(key = "u") as _u\n    undo fake.undo(key = _u.items[0])',
    "undo_by": 'step by: fake.do(key = "v") as _v\n    undo clean(key = _v.id)',
    "retry": 'step tried: fake.do(key = "r")\n    retry 2 every 1ms unsafe\n    timeout 2s',
    "when": "step maybe: fake.do(key = flag)\n    when flag",
    "for": 'step each: fake.do(key = each_key) as _each\n    for each_key in ["a", "b"]',
    "parallel": 'parallel {\n step p: fake.do(key = "p") as _p\n step q: fake.say(key = "q")\n }',
    "call": 'step called: clean(key = "c") as _called',
    "read": 'step text: read fake f"fake://{key}" as _text',
    "require": 'step needed: fake.say(key = "n") as _n\n    require _n contains "n"',
    "declared": 'step json: fake.say(key = "j") as _json: {id: string, more?: integer[]}',
    "guidance": 'step guided: fake.do(key = "g")\n    guidance f"Look at {key}"',
}
CLEAN = """
workflow clean "Clean up" {
  arg key: string
  step one: fake.undo(key)
}
"""
BUILT_IN = [frozenset[str](), *(frozenset({name}) for name in CONSTRUCTS)]
PAIRS = [frozenset(pair) for pair in itertools.combinations(CONSTRUCTS, 2)]
COMBINATIONS = [*BUILT_IN, *PAIRS[::7], frozenset(CONSTRUCTS)]


def workflow(names: frozenset[str], end: str) -> str:
    lines = ['workflow made "A combination" {', "  arg key: string"]
    if "when" in names:
        lines.append("  arg flag?: string")
    lines.append("  step base: fake.do(key) as base")
    lines += [f"  {CONSTRUCTS[name]}" for name in CONSTRUCTS if name in names]
    lines += [f"  {end}", "}"]
    needs_clean = bool(names & {"undo_by", "call"})
    return "\n".join(lines) + (CLEAN if needs_clean else "")


def test_every_combination_is_clean(tmp_path: Path) -> None:
    ends = itertools.cycle(
        [
            "return {id: base.id}",
            'handoff fake.do() "Go on."',
            "return base",
            'handoff "Go on."',
            "",
        ]
    )
    kinds = itertools.cycle(["in process", "stdio", "http"])
    servers = tmp_path / "servers"
    servers.mkdir()
    for number, (names, end, kind) in enumerate(zip(COMBINATIONS, ends, kinds, strict=False)):
        server = build(tmp_path, workflow(names, end), kind)
        (servers / f"server_{number}.py").write_text(server.read_text())
    tools = [
        subprocess.Popen(
            [sys.executable, "-m", *command, "."],
            cwd=servers,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in (["mypy", "--strict"], ["pyright"], ["ruff", "check", "--isolated"])
    ]
    outputs = [tool.communicate(timeout=300)[0] for tool in tools]
    assert [tool.returncode for tool in tools] == [0, 0, 0], "\n".join(outputs)


def test_what_a_workflow_does_not_use_is_not_there(tmp_path: Path) -> None:
    plain = build(tmp_path, workflow(frozenset(), "return {id: base.id}")).read_text()
    for word in ("_undo", "attempts", "parallel", "_part", "copy", "Connection", "outputs", "math"):
        assert word not in plain, word


def test_the_plumbing_is_the_same_where_the_same_is_used(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        text = build(
            folder, workflow(frozenset({"undo"}), f"return {{{name}: base.id}}")
        ).read_text()
        texts.append(text.partition("# --- Plumbing")[2])
        assert load(folder / "server.py").mcp.name == "input"
    assert texts[0] == texts[1]
