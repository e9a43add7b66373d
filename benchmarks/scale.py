"""How time and memory of `wfc check` and `wfc build` grow with the input."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measuring import Command, in_turns
from workloads import Size, write

SIZES: dict[str, Sequence[int]] = {
    "steps": [10, 30, 100, 300, 1000, 3000, 10000],
    "tools": [1, 10, 30, 100, 300, 1000],
    "arguments": [1, 5, 10, 25, 50, 100, 200],
}
REPETITIONS = 7
LARGE = 1000
"""Beyond this size one run has to do: it takes minutes, and noise weighs little."""


def measure(wfc: Path, folder: Path) -> dict[str, Any]:
    """Return for each dimension its sizes, the medians at each, and the exponents of growth."""
    return {dimension: _measure(wfc, folder, dimension) for dimension in SIZES}


def _measure(wfc: Path, folder: Path, dimension: str) -> dict[str, Any]:
    commands = dict(_commands(wfc, folder, dimension))
    usages = in_turns(
        {name: each for name, (size, each) in commands.items() if size <= LARGE}, REPETITIONS
    )
    large = {name: each for name, (size, each) in commands.items() if size > LARGE}
    usages |= in_turns(large, 1, warm_up=False)
    sizes = SIZES[dimension]

    def series(field: str, what: str) -> dict[str, list[float]]:
        return {
            f"{command} {what}": [getattr(usages[f"{command} {size}"], field) for size in sizes]
            for command in ("check", "build")
        }

    growing = series("processor_seconds", "seconds") | series("peak_memory", "memory")
    return {
        "sizes": list(sizes),
        **growing,
        **series("seconds", "by the clock"),
        "exponents": {name: growth(sizes, values) for name, values in growing.items()},
    }


def _forget() -> None:
    """Have wfc meet each input for the first time: all it still keeps is its grammar."""
    for kept in Path(os.environ["XDG_CACHE_HOME"], "wfc").glob("*"):
        if not kept.name.startswith("grammar-"):
            kept.unlink()


def _commands(wfc: Path, folder: Path, dimension: str) -> Iterator[tuple[str, tuple[int, Command]]]:
    for size in SIZES[dimension]:
        source = write(folder / f"{dimension}-{size}", Size(**{dimension: size}))
        server = source.with_name("server.py")
        check = Command([wfc, "check", "--locked", source], folder, before=_forget)
        build = Command(
            [wfc, "build", "--locked", source, "-o", server, "--force"], folder, before=_forget
        )
        yield f"check {size}", (size, check)
        yield f"build {size}", (size, build)


def growth(sizes: Sequence[int], costs: Sequence[float], noise: float = 0.2) -> float:
    """Return the exponent with which a cost grows, beyond what the smallest input costs.

    The slope of the least squares line through the logarithms. What the smallest input costs is
    taken off first, since nearly all of it is the start of the process, and a cost that
    is mostly constant would look as if it hardly grew. What is within its noise does not count.
    """
    points = [
        (math.log(size - sizes[0]), math.log(cost - costs[0]))
        for size, cost in zip(sizes, costs, strict=True)
        if cost > (1 + noise) * costs[0]
    ]
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )
