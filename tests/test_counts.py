"""The guard of `make bench-check`: what wfc imports, parses and compiles, and how that grows."""

import json
import subprocess
import sys
from pathlib import Path

from running import LIMIT

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_every_count_is_within_its_bound() -> None:
    outcome = subprocess.run(
        [sys.executable, BENCHMARKS / "counts.py"],
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    bounds = json.loads((BENCHMARKS / "bounds.json").read_text())
    for name in bounds:
        assert name in outcome.stdout
