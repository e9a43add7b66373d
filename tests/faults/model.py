"""What workflows mean when things fail, in a hundred lines: the tests hold the servers to it.

Not written for speed or for reading by the compiler: a second opinion. A workflow is a tuple of
statements, and `outcome` says what a run of it does when the tools behave as a script says.

- Steps run in order. A step whose `when` does not hold does nothing.
- A step makes up to `attempts` attempts. An attempt at a tool works or not, whatever effect it
  had; an attempt at a workflow that fails is undone at once, and is the last if that fails.
- A `for` makes its step once for each item; all of them together are the step.
- `parallel` steps take different times; the first that fails cancels those that take longer,
  which then have no effect.
- When a step fails for good, the completed steps' undos run, the last completed first. A step
  that calls a workflow completes after the steps in it. An undo that fails changes nothing else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

Script = dict[str, list[str | float]]

WITHOUT_EFFECT = {"error", "refuse", "crash", "die before"}
FAILING = WITHOUT_EFFECT | {"late error", "missing", "die during"}


@dataclass(frozen=True)
class Step:
    """A step that calls the fake's `do` with its own name as the key."""

    name: str
    has_undo: bool = True
    attempts: int = 1
    items: int | None = None
    is_wanted: bool | None = None
    """What its `when` will find; None without one."""

    def all_keys(self) -> list[str]:
        if self.items is None:
            return [self.name]
        return [f"{self.name}{index}" for index in range(self.items)]


@dataclass(frozen=True)
class Call:
    """A step that calls another workflow, made of steps only."""

    name: str
    workflow: str
    steps: tuple[Step, ...]
    attempts: int = 1


@dataclass(frozen=True)
class Parallel:
    """Steps that run at the same time; each takes longer than the one before it."""

    steps: tuple[Step, ...]


Statement = Step | Call | Parallel


@dataclass
class Outcome:
    """What a run did: every effect in order, and what its error has to say."""

    effects: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    undos: list[tuple[str, str]] = field(default_factory=list)
    """What is to be undone, in the order of completion: the label, and the key."""
    reports: list[str] = field(default_factory=list)
    failed_at: str | None = None


class Failed(Exception):
    pass


class Interpreter:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: Counter[str] = Counter()
        self.effects: list[str] = []
        self.reports: list[str] = []

    def tool(self, tool: str, key: str) -> bool:
        """Call a tool once; whether it works."""
        planned = self.script.get(f"{tool} {key}", [])
        number = self.calls[f"{tool} {key}"]
        self.calls[f"{tool} {key}"] += 1
        what = planned[number] if number < len(planned) else "ok"
        if what not in WITHOUT_EFFECT:
            self.effects.append(f"{tool} {key}")
        return what not in FAILING

    def undo(self, undos: list[tuple[str, str]]) -> list[str]:
        """Undo, the last first; what is to be reported of it."""
        reports = []
        while undos:
            label, key = undos.pop()
            # An undo whose own answer is not looked at works whatever it returns.
            planned = self.script.get(f"undo {key}", [])
            number = self.calls[f"undo {key}"]
            what = planned[number] if number < len(planned) else "ok"
            self.tool("undo", key)
            works = what not in FAILING - {"missing"}
            reports.append(f"{'undone' if works else 'NOT undone'}: {label}")
        return reports

    def step(self, step: Step, prefix: str, run: Outcome) -> None:
        if step.is_wanted is False:
            # Each item of a `for` is passed over, and all of them are done then.
            run.completed += [] if step.items is None else [f"{prefix}{step.name}"]
            return
        for index, key in enumerate(step.all_keys()):
            label = f"{prefix}{step.name}" + ("" if step.items is None else f"[{index}]")
            if not any(self.tool("do", key) for _ in range(step.attempts)):
                run.failed_at = label
                raise Failed
            run.completed.append(label)
            if step.has_undo:
                run.undos.append((label, key))
        if step.items is not None:
            run.completed.append(f"{prefix}{step.name}")

    def call(self, call: Call, run: Outcome) -> None:
        for attempt in range(1, call.attempts + 1):
            part = Outcome()
            try:
                for step in call.steps:
                    self.step(step, f"{call.name}.", part)
            except Failed:
                run.failed_at = part.failed_at
                is_last = attempt == call.attempts
                if not is_last:
                    reports = self.undo(part.undos)
                    if not any(report.startswith("NOT") for report in reports):
                        continue
                    self.reports += reports
                run.completed += part.completed
                run.undos += part.undos
                raise
            run.completed += [*part.completed, call.name]
            run.undos += part.undos
            return

    def parallel(self, parallel: Parallel, run: Outcome) -> None:
        for step in parallel.steps:
            self.step(step, "", run)


def outcome(statements: tuple[Statement, ...], script: Script) -> Outcome:
    """Return what a run of these statements does."""
    interpreter = Interpreter(script)
    run = Outcome()
    try:
        for statement in statements:
            match statement:
                case Step():
                    interpreter.step(statement, "", run)
                case Call():
                    interpreter.call(statement, run)
                case Parallel():
                    interpreter.parallel(statement, run)
        run.failed_at = None
    except Failed:
        undone = interpreter.undo(run.undos)
        run.reports = interpreter.reports + undone
    run.effects = interpreter.effects
    return run
