"""Measure what is named, or everything; keep the figures, and write the table and the plot."""

import argparse
import json
import os
import tempfile
from pathlib import Path

import arazzo
import cold_compile
import report
import run_time
import scale
import start
from measuring import machine

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def main() -> None:
    """Measure, with wfc and its peers as installed in two virtual environments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wfc", type=Path, required=True, help="the bin folder that has wfc")
    parser.add_argument("--peers", type=Path, required=True, help="the bin folder of the peers")
    parser.add_argument("questions", nargs="*", help="cold_compile, start, run_time, arazzo, scale")
    options = parser.parse_args()
    wfc, peers = options.wfc.absolute(), options.peers.absolute()
    # Configurations of servers say `python`: the one that has the SDK.
    os.environ["PATH"] = f"{wfc}{os.pathsep}{os.environ['PATH']}"
    # What is compiled may be kept beside its source, as it is on a user's machine.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")  # what wfc keeps of these runs only
        questions = {
            "cold_compile": lambda: cold_compile.measure(wfc, peers, folder / "cold"),
            "start": lambda: start.measure(wfc, folder / "start"),
            "run_time": lambda: run_time.measure(wfc, peers, folder / "run"),
            "arazzo": lambda: arazzo.measure(folder / "arazzo"),
            "scale": lambda: scale.measure(wfc / "wfc", folder / "scale"),
        }
        for question in options.questions or questions:
            print(f"measuring {question}", flush=True)
            figures = {"machine": machine(), "figures": questions[question]()}
            (RESULTS / f"{question}.json").write_text(json.dumps(figures, indent=2) + "\n")
    report.write(RESULTS, HERE / "README.md")


if __name__ == "__main__":
    main()
