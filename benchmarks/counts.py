"""What can be counted of a command, and is the same on every machine: a guard that needs no clock.

`python benchmarks/counts.py` compares them with `bounds.json`, where a bound is lowered when its
count has become smaller. Each command runs in a process of its own. The cache is warm: `check` is
of a file that was edited, `first check` of one whose tools have not been asked about before.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale import growth
from workloads import Size, write

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples/onboarding"
DEAR = ["asyncio", "black", "httpx2", "jinja2", "lark", "mcp", "pydantic", "rich"]
"""What costs too much to be imported where it is not needed."""
GROWTH = {"steps": [100, 200, 400], "tools": [100, 200, 400], "arguments": [25, 50, 100]}

COUNTING = """
import cProfile, json, pstats, sys
sys.argv = ["wfc", *sys.argv[1:]]
profile = cProfile.Profile()
profile.enable()
from wfc.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end
profile.disable()
statistics = pstats.Stats(profile)
calls = {f"{file}:{name}": row[1] for (file, _, name), row in statistics.stats.items()}
print(json.dumps({"modules": sorted(sys.modules), "total": statistics.total_calls, "calls": calls}))
"""
PARSE = re.compile(r"language/parser\.py:parse$")
COMPILATION = re.compile(r"^~:<(canonicalize|built-in method meta\.validate)>$")


def measure(folder: Path) -> dict[str, float]:
    """Return every count, by the name that it has in `bounds.json`."""
    return dict(_counts(folder))


def _counts(folder: Path) -> Iterator[tuple[str, float]]:
    source = EXAMPLE / "onboarding.wf"
    server = folder / "server.py"
    check = ["check", "--locked", str(source)]
    build = ["build", "--locked", str(source), "-o", str(server)]
    for command in (build, check):
        _run(folder, command)
    for command, arguments, forgotten in (
        ("unchanged", build, []),
        ("check", check, ["unchanged"]),
        ("first check", check, ["unchanged", "answers"]),
    ):
        _forget(folder, forgotten)
        found = _run(folder, arguments)
        yield f"{command}: dear imports", len({*DEAR} & {*found["modules"]})
        yield f"{command}: imported modules", len(found["modules"])
        yield f"{command}: parses", _calls(found, PARSE)
        yield f"{command}: compiled schemas", _calls(found, COMPILATION)
        yield f"{command}: calls", found["total"]
    for dimension, sizes in GROWTH.items():
        totals = [_calls_for(folder, Size(**{dimension: size})) for size in sizes]
        yield f"check: growth with {dimension}", round(growth(sizes, totals, noise=0), 2)


def _forget(folder: Path, kinds: list[str]) -> None:
    """Have wfc forget what it keeps of some kinds."""
    for kind in kinds:
        for path in folder.glob(f"cache/wfc/{kind}-*"):
            path.unlink()


def _calls_for(folder: Path, size: Size) -> int:
    """Return how many calls of functions it takes to check a workflow of a size."""
    source = write(folder / str(size), size)
    total: int = _run(folder, ["check", "--locked", str(source)])["total"]
    return total


def _calls(found: dict[str, Any], pattern: re.Pattern[str]) -> int:
    return sum(count for name, count in found["calls"].items() if pattern.search(name))


def _run(folder: Path, arguments: list[str]) -> dict[str, Any]:
    outcome = subprocess.run(
        [sys.executable, "-c", COUNTING, *arguments],
        env={**os.environ, "PYTHONHASHSEED": "0", "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise RuntimeError(f"wfc {' '.join(arguments)}: {outcome.stderr}")
    found: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print each count beside its bound; fail when one is above it."""
    bounds = json.loads((HERE / "bounds.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        counts = measure(Path(folder))
    for name, count in counts.items():
        verdict = "" if count <= bounds[name] else "  <- above its bound"
        print(f"{name:36} {count:>9} of {bounds[name]:>9}{verdict}")
    if any(count > bounds[name] for name, count in counts.items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
