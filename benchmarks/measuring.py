"""How everything here is measured: repetitions that take turns, and their medians.

A machine is faster at one moment than at another. What is compared is therefore run in turns, one
repetition of each, then the next of each: whatever slows the machine meets them all alike.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAUNCH = Path(__file__).parent / "launch.py"


@dataclass(frozen=True)
class Usage:
    """What one run of a process has cost."""

    seconds: float
    """From its start to its end."""
    processor_seconds: float
    """What it and its children have used of the processors."""
    peak_memory: int
    """In bytes, of the largest process."""


@dataclass(frozen=True)
class Command:
    """A process to measure: what to run, and where."""

    arguments: Sequence[str | Path]
    folder: Path
    before: Callable[[], object] = lambda: None
    """What to do before each run, outside of the time that is taken."""


def run(command: Command) -> Usage:
    """Run a process to its end; raise `RuntimeError` with what it says if it fails."""
    command.before()
    outcome = subprocess.run(
        [sys.executable, "-I", "-S", LAUNCH, *command.arguments],
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        words = " ".join(map(str, command.arguments))
        raise RuntimeError(f"{words}: exit code {outcome.returncode}\n{outcome.stderr[-2000:]}")
    return Usage(*json.loads(outcome.stdout.splitlines()[-1]))


def in_turns(
    commands: Mapping[str, Command], repetitions: int, *, warm_up: bool = True
) -> dict[str, Usage]:
    """Run each command as often as told, in turns; return the medians of each.

    A first round warms up, and is not counted: it fills the caches of files and of the commands.
    """
    runs: dict[str, list[Usage]] = {name: [] for name in commands}
    for repetition in range(-warm_up, repetitions):
        for name, command in commands.items():
            usage = run(command)
            if repetition >= 0:
                runs[name].append(usage)
    return {name: _medians(usages) for name, usages in runs.items()}


def _medians(usages: Sequence[Usage]) -> Usage:
    return Usage(
        statistics.median(usage.seconds for usage in usages),
        statistics.median(usage.processor_seconds for usage in usages),
        int(statistics.median(usage.peak_memory for usage in usages)),
    )


def beside(taken: Mapping[str, Sequence[tuple[float, float]]], base: str) -> dict[str, Any]:
    """Return the medians of seconds and processor seconds that were taken in turns, by name.

    The ratio is the median of the ratios of processor seconds to those of `base` in the same turn.
    """
    return {
        name: {
            "seconds": statistics.median(seconds for seconds, _ in each),
            "processor_seconds": statistics.median(processor for _, processor in each),
            "ratio": statistics.median(
                own / of for (_, own), (_, of) in zip(each, taken[base], strict=True)
            ),
        }
        for name, each in taken.items()
    }


def processor_seconds(process: int) -> float:
    """Return what a running process and its children have used of the processors, by its id.

    The clock of another process is read as `clock_getcpuclockid` of the C library makes it (Linux).
    """
    own = time.clock_gettime((~process << 3) | 2)
    return own + sum(map(processor_seconds, children(process)))


def resident_memory(process: int) -> int:
    """Return the memory of a running process and its children, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(status.partition("VmRSS:")[2].split()[0])
    return 1024 * kilobytes + sum(map(resident_memory, children(process)))


def children(process: int) -> list[int]:
    """Return the ids of the processes that a process has started and that still run (Linux)."""
    return [
        int(child)
        for thread in Path(f"/proc/{process}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


def machine() -> str:
    """Say what the numbers were measured on."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}"
    )
