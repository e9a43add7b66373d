"""What `wfc graph -o x.svg` draws: the workflows of a server, light or dark as their reader is.

In: workflows in words. Out: an SVG that needs nothing else. The steps stand below each other in
their order. What a value comes from is a line at the left: one for each argument list and binding,
which runs down beside the steps and turns into each line that reads it. What undoes a step stands
at its right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from unicodedata import east_asian_width

from msgspec import Struct, field

from .words import Call, Flow, Step, Workflow

LETTER, LINE, PADDING, GAP = 7.25, 18.0, 12.0, 30.0
LANE, MARGIN, ASIDE = 12.0, 24.0, 44.0
LONGEST = 58
COLOURS = ("blue", "green", "orange", "purple", "red", "teal")

_STYLE = """
  svg { --page: #ffffff; --box: #f6f8fa; --edge: #8c959f; --text: #1f2328; --faint: #59636e;
        --blue: #0969da; --green: #1a7f37; --orange: #bc4c00; --purple: #8250df; --red: #cf222e;
        --teal: #1b7c83; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --box: #161b22; --edge: #6e7681; --text: #e6edf3; --faint: #9198a1;
          --blue: #4493f8; --green: #3fb950; --orange: #db6d28; --purple: #ab7df8; --red: #f85149;
          --teal: #39c5cf; } }
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: var(--text);
         white-space: pre; }
  .title { font-weight: 700; }
  .faint { fill: var(--faint); }
  .page { fill: var(--page); }
  .box { fill: var(--box); stroke: var(--edge); }
  .perhaps { stroke-dasharray: 5 3; }
  .frame { fill: none; stroke: var(--edge); stroke-dasharray: 2 4; }
  .next { fill: none; stroke: var(--edge); stroke-width: 2; marker-end: url(#next); }
  .undo { fill: none; stroke: var(--edge); stroke-dasharray: 5 3; marker-end: url(#next); }
  .flow { fill: none; stroke-width: 1.5; }
  .arrow { fill: var(--edge); }
"""


class _Row(Struct):
    """A line of a box: what it says, how, and the names that it reads."""

    text: str
    style: str = ""
    sources: tuple[str, ...] = ()


class _Box(Struct):
    """A box: its rows; what it gives for others to read; what undoes it."""

    rows: list[_Row]
    gives: tuple[str, ...] = ()
    undo: list[_Row] = field(default_factory=list)
    is_optional: bool = False
    parallel: int | None = None
    top: float = 0.0

    @property
    def height(self) -> float:
        return max(len(self.rows), len(self.undo)) * LINE + PADDING

    def middle_of(self, row: int) -> float:
        """Where a row is, from the top of the picture."""
        return self.top + PADDING / 2 + (row + 0.5) * LINE


class _Lane(Struct):
    """The line of one box whose values are read: where it starts and which rows it leads to."""

    start: float
    ends: list[float]
    position: int = 0
    colour: str = ""


def as_svg(workflows: Iterable[Workflow]) -> str:
    """Return one SVG of all the workflows, below each other."""
    parts: list[str] = []
    top, width = 0.0, 0.0
    for workflow in workflows:
        drawing = _Drawing(workflow, top)
        parts += drawing.parts
        top, width = drawing.bottom, max(width, drawing.width)
    size = f'width="{width:g}" height="{top:g}" viewBox="0 0 {width:g} {top:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" xml:space="preserve">',
            f"<style>{_STYLE}</style>",
            '<defs><marker id="next" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
            '<path class="arrow" d="M0 0 8 4 0 8z"/></marker></defs>',
            f'<rect class="page" width="{width:g}" height="{top:g}"/>',
            *parts,
            "</svg>\n",
        ]
    )


class _Drawing:
    """Draws one workflow from `top` downwards."""

    def __init__(self, workflow: Workflow, top: float) -> None:
        self.parts: list[str] = []
        boxes = _boxes(workflow)
        y = top + MARGIN
        for before, box in zip([None, *boxes], boxes, strict=False):
            is_joined = before is not None and before.parallel == box.parallel is not None
            box.top = y = y + (0 if before is None else GAP / 3 if is_joined else GAP)
            y += box.height
        self.bottom = y + MARGIN
        lanes = _lanes(boxes)
        used = max((lane.position for lane in lanes), default=-1) + 1
        self.left = MARGIN + used * LANE + (LANE if used else 0)
        self.box_width = _width(row for box in boxes for row in box.rows)
        self.aside = self.left + self.box_width + ASIDE
        undo_width = _width(row for box in boxes for row in box.undo)
        has_undo = any(box.undo for box in boxes)
        self.width = (self.aside + undo_width if has_undo else self.left + self.box_width) + MARGIN
        for lane in lanes:
            self._lane(lane)
        self._order(boxes)
        for box in boxes:
            self._box(box)
        self._frames(boxes)

    def _box(self, box: _Box) -> None:
        optional = " perhaps" if box.is_optional else ""
        self._rectangle(f"box{optional}", self.left, box.top, self.box_width, len(box.rows))
        self._rows(box.rows, box, self.left)
        if box.undo:
            width = _width(box.undo)
            self._rectangle("box", self.aside, box.top, width, len(box.undo))
            self._rows(box.undo, box, self.aside)
            y = box.middle_of(0)
            end = self.left + self.box_width
            self.parts.append(f'<path class="undo" d="M{end:g} {y:g}H{self.aside - 1:g}"/>')

    def _rectangle(self, style: str, x: float, y: float, width: float, rows: int) -> None:
        height = rows * LINE + PADDING
        self.parts.append(
            f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'rx="6"/>'
        )

    def _rows(self, rows: Sequence[_Row], box: _Box, x: float) -> None:
        for index, row in enumerate(rows):
            y = box.middle_of(index) + 4
            style = f' class="{row.style}"' if row.style else ""
            text = escape(_visible(row.text))
            self.parts.append(f'<text{style} x="{x + PADDING:g}" y="{y:g}">{text}</text>')

    def _order(self, boxes: Sequence[_Box]) -> None:
        """Arrows from each box to the next; steps that run at the same time count as one."""
        x = self.left + self.box_width / 2
        for before, after in pairwise(boxes):
            if before.parallel is None or before.parallel != after.parallel:
                start = before.top + len(before.rows) * LINE + PADDING
                path = f"M{x:g} {start:g}V{after.top - 1:g}"
                self.parts.append(f'<path class="next" d="{path}"/>')

    def _frames(self, boxes: Sequence[_Box]) -> None:
        for number in dict.fromkeys(box.parallel for box in boxes if box.parallel is not None):
            inside = [box for box in boxes if box.parallel == number]
            top, last = inside[0].top - 7, inside[-1]
            height = last.top + len(last.rows) * LINE + PADDING + 7 - top
            self.parts.append(
                f'<rect class="frame" x="{self.left - 7:g}" y="{top:g}" '
                f'width="{self.box_width + 14:g}" height="{height:g}" rx="9"/>'
            )

    def _lane(self, lane: _Lane) -> None:
        x = self.left - LANE * (lane.position + 1) - 4
        colour = f"var(--{lane.colour})"
        paths = [f"M{self.left:g} {lane.start:g}H{x + 6:g}Q{x:g} {lane.start:g} {x:g} "]
        paths[0] += f"{lane.start + 6:g}V{max(lane.ends) - 6:g}"
        paths += [
            f"M{x:g} {end - 6:g}Q{x:g} {end:g} {x + 6:g} {end:g}H{self.left - 5:g}"
            for end in lane.ends
        ]
        self.parts.append(
            f'<path class="flow" style="stroke:{colour}" d="{"".join(paths)}"/>'
            f'<circle style="fill:{colour}" cx="{self.left:g}" cy="{lane.start:g}" r="3"/>'
        )
        for end in lane.ends:
            tip = f"M{self.left - 6:g} {end - 3.5:g}l6 3.5-6 3.5z"
            self.parts.append(f'<path style="fill:{colour}" d="{tip}"/>')


# --- What stands in the boxes


def _boxes(workflow: Workflow) -> list[_Box]:
    rows = [_Row(workflow.name, "title"), _Row(workflow.description, "faint")]
    for each in workflow.arguments:
        optional = "" if each.is_required or each.default is not None else "?"
        default = "" if each.default is None else f" = {each.default}"
        rows.append(_Row(f"{each.name}{optional}: {each.type}{default}"))
    boxes = [_Box(rows, tuple(each.name for each in workflow.arguments))]
    boxes += map(_step, workflow.steps)
    if workflow.handoff is not None:
        title = _Row(f"hand over to {workflow.handoff.what}", "title")
        missing = [_Row(f"{name} is still missing", "faint") for name in workflow.missing]
        boxes.append(_Box([title, *_flows(workflow.handoff.flows), *missing]))
    elif workflow.returns:
        boxes.append(_Box([_Row("return", "title"), *_flows(workflow.returns)]))
    return boxes


def _step(step: Step) -> _Box:
    rows = [_Row(f"{step.number}. {step.name}", "title"), _Row(step.call.what, "faint")]
    rows += _flows(step.call.flows)
    own = {each.name.split()[1] for each in step.clauses if each.name.startswith("for ")}
    for each in step.clauses:
        sources = tuple(name for name in each.sources if name not in own)
        rows.append(_Row(f"{each.name} {each.value}", "faint", sources))
    for row in rows:
        row.sources = tuple(name for name in row.sources if name not in own)
    return _Box(
        rows,
        () if step.binding is None else (step.binding,),
        _undo(step.undo) if step.undo is not None else [],
        any(each.name == "when" for each in step.clauses),
        step.parallel,
    )


def _undo(call: Call) -> list[_Row]:
    title = [_Row(f"undo: {call.what}", "faint")]
    return [*title, *(_Row(row.text) for row in _flows(call.flows))]


def _flows(flows: Sequence[Flow]) -> list[_Row]:
    width = max((len(each.name) for each in flows), default=0)
    return [
        _Row(
            f"{each.name.ljust(width)} ← {each.value}" if each.name else each.value,
            "",
            each.sources,
        )
        for each in flows
    ]


def _visible(text: str) -> str:
    """Return as much of a text as fits into the widest box."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    if _columns(line) <= LONGEST:
        return line
    while _columns(line) >= LONGEST:
        line = line[:-1]
    return line + "…"


def _columns(text: str) -> int:
    """Return how many letters of a Latin text a text is as wide as."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _width(rows: Iterable[_Row]) -> float:
    return max((_columns(_visible(row.text)) for row in rows), default=0) * LETTER + 2 * PADDING


# --- Where the lines run


def _lanes(boxes: Sequence[_Box]) -> list[_Lane]:
    """Return a lane for each box that is read, short ones next to the boxes."""
    lanes: list[_Lane] = []
    for index, box in enumerate(boxes):
        ends = [
            later.middle_of(row)
            for later in boxes[index + 1 :]
            for row, each in enumerate(later.rows)
            if set(each.sources) & set(box.gives)
        ]
        if ends:
            lanes.append(_Lane(box.middle_of(0), ends, colour=COLOURS[len(lanes) % len(COLOURS)]))
    placed: list[_Lane] = []
    for lane in sorted(lanes, key=lambda lane: max(lane.ends) - lane.start):
        taken = {
            other.position
            for other in placed
            if other.start <= max(lane.ends) and lane.start <= max(other.ends)
        }
        lane.position = next(each for each in range(len(lanes)) if each not in taken)
        placed.append(lane)
    return lanes
