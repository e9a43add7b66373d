"""The evaluation corpus, where it is at hand: no wrong answer, almost all decided, in time."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from wfc.schema import describe, field, item, normalize, properties, types

EVALUATION = Path(__file__).parents[2] / "../shared/evaluation"
HERE = Path(__file__).parent

needs_evaluation = pytest.mark.skipif(
    not (EVALUATION / "evaluate.py").exists(), reason="the evaluation corpus is not at hand"
)


@needs_evaluation
def test_evaluation(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run = subprocess.run(
        [
            sys.executable,
            str((EVALUATION / "evaluate.py").resolve()),
            "run",
            "--checker",
            "evaluation_adapter:check",
            "--json",
            str(report),
        ],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(report.read_text())
    total = figures["groups"]["TOTAL"]
    assert total["unsound"] == 0, run.stdout
    assert total["alarm"] == 0, run.stdout
    assert total["error"] == total["timeout"] == 0, run.stdout
    right = total["found"] + total["proved"]
    assert right >= 0.98 * (total["yes"] + total["no"]), run.stdout
    assert re.search(r"\b0 wrong", run.stdout), run.stdout
    # Twice what is promised: other tests may be running.
    assert figures["median_ms"] < 2, run.stdout
    assert figures["max_ms"] < 400, run.stdout


@needs_evaluation
def test_catalogues_load() -> None:
    loaded = 0
    for path in sorted((EVALUATION / "tools").glob("*.json")):
        for tool in json.loads(path.read_text())["tools"]:
            for key in ("inputSchema", "outputSchema"):
                if key in tool:
                    schema = normalize(tool[key])
                    assert types(schema) == {"object"}
                    assert describe(schema)
                    for name, access in properties(schema).items():
                        assert field(schema, name) == access
                        item(access.schema, 0)
                    loaded += 1
    assert loaded > 100
