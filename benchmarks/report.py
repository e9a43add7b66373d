"""From the figures in `results/` to the table of the README and the plot of growth."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
from cold_compile import IMPORTS

matplotlib.use("svg")
from matplotlib import pyplot

BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
HEADINGS = ["what", "measured", "beside", "ratio", "limit"]
Row = tuple[str, str, str, str, str]


def write(results: Path, readme: Path) -> None:
    """Write what was measured into the README, between its markers, and draw the plot."""
    paths = {question: results / f"{question}.json" for question in ROWS}
    measured = {
        question: json.loads(path.read_text()) for question, path in paths.items() if path.exists()
    }
    rows: list[Row] = []
    for question, each in measured.items():
        rows += ROWS[question](each["figures"])
    machines = sorted({each["machine"] for each in measured.values()})
    lines = ["", f"Measured on: {'; '.join(machines)}.", ""]
    lines += [f"| {' | '.join(HEADINGS)} |", "|" + " --- |" * len(HEADINGS)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    readme.write_text(before + BEGIN + "\n".join(lines) + "\n\n" + END + after)
    if "scale" in measured:
        _plot(measured["scale"]["figures"], results / "scale.svg")


def _row(
    what: str,
    cost: float,
    beside: str,
    of: float,
    limit: float | None,
    ratio: float | None = None,
) -> Row:
    ratio = cost / of if ratio is None else ratio
    told = "" if limit is None else f"{limit:.2f} {'✓' if ratio <= limit else '✗'}"
    return (what, _seconds(cost), f"{beside}: {_seconds(of)}", f"{ratio:.2f}", told)


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def _cold_compile(figures: dict[str, Any]) -> Iterator[Row]:
    cost = {name: usage["processor_seconds"] for name, usage in figures.items()}
    lark = cost["python -c 'import lark'"]
    allowed = (1.5 * lark + 0.030) / lark
    yield _row("`wfc check`", cost["wfc check"], "`import lark`", lark, allowed)
    yield _row("`wfc check`, unchanged", cost["wfc check, unchanged"], "`import lark`", lark, None)
    for peer, limit in (("datamodel-codegen", 0.6), ("baml-cli generate", 1.0)):
        yield _row("`wfc build`", cost["wfc build"], f"`{peer}`", cost[peer], limit)
    baml = cost["baml-cli generate"]
    yield _row("importing Jinja and Black", cost[IMPORTS], "`baml-cli generate`", baml, None)
    unchanged, sqlc = cost["wfc build, unchanged"], cost["sqlc generate"]
    yield _row("`wfc build`, unchanged", unchanged, "`sqlc generate`", sqlc, 2.0)


def _start(figures: dict[str, Any]) -> Iterator[Row]:
    minimal = figures.pop("minimal")["processor_seconds"]
    for name, cost in figures.items():
        what, own = f"first `tools/list`: {name}", cost["processor_seconds"]
        yield _row(what, own, "minimal `MCPServer`", minimal, 1.05, cost["ratio"])


def _run_time(figures: dict[str, Any]) -> Iterator[Row]:
    for chain, ways in figures.items():
        handwritten = ways.pop("handwritten")
        for way, cost in ways.items():
            limit = 1.05 if way == "compiled" else None
            own, of = cost["processor_seconds"], handwritten["processor_seconds"]
            yield _row(f"{chain}: {way}", own, "handwritten", of, limit, cost["ratio"])
        for way, cost in {"handwritten": handwritten, **ways}.items():
            if rates := cost.get("runs_per_second"):
                of = handwritten["runs_per_second"]
                memory = _listed(f"{size / 1e6:.0f}" for size in cost["memory"].values())
                yield (
                    f"{chain}: {way}, {_listed(rates)} at once",
                    f"{_listed(f'{rate:.0f}' for rate in rates.values())} runs/s",
                    f"memory: {memory} MB",
                    _listed(f"{rate / of[concurrent]:.2f}" for concurrent, rate in rates.items()),
                    "",
                )


def _listed(texts: Iterable[str]) -> str:
    return " / ".join(texts)


def _arazzo(figures: dict[str, Any]) -> Iterator[Row]:
    for chain, ways in figures.items():
        cost = {name: way["processor_seconds"] for name, way in ways.items()}
        loop = cost["loop of requests"]
        yield _row(f"{chain}, HTTP: arazzo-runner", cost["arazzo-runner"], "a loop", loop, None)


def _scale(figures: dict[str, Any]) -> Iterator[Row]:
    for dimension, series in figures.items():
        largest = series["sizes"][-1]
        for name, exponent in series["exponents"].items():
            value = series[name][-1]
            told = f"{value / 1e6:.0f} MB" if "memory" in name else _seconds(value)
            verdict = f"1.10 {'✓' if exponent <= 1.1 else '✗'}"
            what = f"{name}, {largest} {dimension}"
            yield (what, told, "exponent of growth", _exponent(exponent), verdict)
    steps = figures["steps"]
    place = steps["sizes"].index(1000)
    for command, limit in (("check", 1.0), ("build", 4.0)):
        seconds = steps[f"{command} by the clock"][place]
        yield _row(f"{command}, 1000 steps, by the clock", seconds, "a second", 1.0, limit)


def _exponent(exponent: float) -> str:
    return f"{exponent:.2f}" if exponent else "within noise"


ROWS: dict[str, Callable[[dict[str, Any]], Iterator[Row]]] = {
    "cold_compile": _cold_compile,
    "start": _start,
    "run_time": _run_time,
    "arazzo": _arazzo,
    "scale": _scale,
}


def _plot(figures: dict[str, Any], path: Path) -> None:
    """Draw time and memory over the size, a column for each dimension."""
    matplotlib.rcParams["svg.hashsalt"] = "wfc"
    figure, axes = pyplot.subplots(2, len(figures), figsize=(11, 6), sharex="col", squeeze=False)
    units = {"seconds": ("processor seconds", 1.0), "memory": ("peak memory, MB", 1e6)}
    for column, (dimension, series) in enumerate(figures.items()):
        for row, (what, (label, unit)) in enumerate(units.items()):
            plot = axes[row][column]
            for command in ("check", "build"):
                name = f"{command} {what}"
                values = [value / unit for value in series[name]]
                exponent = series["exponents"][name]
                legend = f"wfc {command}: {_exponent(exponent)}"
                plot.loglog(series["sizes"], values, marker="o", label=legend)
            plot.set_ylabel(label if column == 0 else "")
            plot.set_xlabel(dimension if row == 1 else "")
            plot.grid(visible=True, which="both", alpha=0.25)
            plot.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
