"""The `wfc` command: options, output and exit codes; no logic.

Each command imports what it needs itself, so that what is unchanged is told without a compiler.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

import click

from . import __version__
from .conventions import DEFAULT_DRIFT, LOCK_NAME, DriftMode
from .unchanged import is_unchanged, remember

if TYPE_CHECKING:
    from .diagnostics import Diagnostic
    from .pipeline import Checked
    from .project import Locking

EXIT_WRONG, EXIT_ENVIRONMENT, EXIT_BUG, EXIT_INTERRUPTED = 1, 2, 101, 130

_Command = Callable[..., Any]


def main() -> None:
    """Run `wfc` with the arguments of the process; never returns."""
    try:
        sys.exit(cli.main(prog_name="wfc", standalone_mode=False))
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_ENVIRONMENT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_WRONG)
    except OSError as error:
        # What cannot be read is a diagnostic where it is wanted; what is left cannot be written.
        where = error.filename or "to standard output"
        click.echo(f"Error: cannot write {where}: {error.strerror or error}", err=True)
        sys.exit(EXIT_ENVIRONMENT)
    except Exception:
        _report_bug()
        sys.exit(EXIT_BUG)


def _report_bug() -> None:
    import traceback

    click.echo(traceback.format_exc(), err=True)
    click.echo(
        f"This is a bug in wfc {__version__}, not in your files. Please report it with the lines "
        "above and, if you can, the .wf file; nothing was written.",
        err=True,
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", message="wfc %(version)s")
def cli() -> None:
    """Compile .wf workflows into MCP servers in plain Python."""


def _options(*options: _Command) -> Callable[[_Command], _Command]:
    """Several decorators as one, the first outermost."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_files = click.argument("files", nargs=-1, required=True, metavar="FILE.wf…")
_printing = _options(
    click.option(
        "--format",
        "form",
        type=click.Choice(["text", "concise", "json", "github", "sarif"]),
        default="text",
        help="How to print what is wrong: text on standard error, the others on standard output.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Whether to colour the text; NO_COLOR is honoured.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print only what is wrong."),
)
_strict = click.option("--strict", is_flag=True, help="Take warnings as errors.")
_timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for each server that has to be asked.",
)
# The options that every command takes which checks files.
_common = _options(
    _files,
    _strict,
    _printing,
    _timeout,
)
_locked = click.option(
    "--locked", is_flag=True, help=f"Never connect to a server; {LOCK_NAME} has to know them all."
)


class _Console:
    """Where a command prints: what is wrong, what it did, and how far it is."""

    def __init__(self, form: str, color: str, quiet: bool, strict: bool = False) -> None:
        self.form = form
        self.quiet = quiet
        self.strict = strict
        terminal = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        self.colour = color == "always" or (color == "auto" and terminal)

    def locking(self, timeout: float, locked: bool = False, **options: Any) -> Locking:
        """How servers are asked, with progress on a terminal."""
        from .project import Locking

        return Locking(allowed=not locked, timeout=timeout, on_progress=self._progress(), **options)

    def _progress(self) -> Callable[[str, str], None] | None:
        if self.quiet or not sys.stderr.isatty():
            return None

        def show(server: str, state: str) -> None:
            click.echo(f"{server}: {state}", err=True)

        return show

    def say(self, text: str) -> None:
        """Tell what was done."""
        if not self.quiet:
            click.echo(text, err=True)

    def report(self, diagnostics: list[Diagnostic]) -> int:
        """Print diagnostics and return the exit code that they ask for."""
        if self.strict:
            diagnostics = [each.strictly() for each in diagnostics]
        if self.form == "text":
            if diagnostics:
                self._print_text(diagnostics)
        elif document := _renderer(self.form)(diagnostics):
            click.echo(document)
        failing = [each for each in diagnostics if each.is_error]
        if any(each.code.startswith("WF9") for each in failing):
            return EXIT_ENVIRONMENT
        return EXIT_WRONG if failing else 0

    def _print_text(self, diagnostics: list[Diagnostic]) -> None:
        from .report import text

        click.echo(text.render(diagnostics, colour=self.colour), err=True, color=self.colour)

    def show(self, text: str) -> None:
        """Print a difference, beside the document of a machine format and not in it."""
        click.echo(text, nl=False, err=self.form != "text")


def _renderer(form: str) -> Callable[[list[Diagnostic]], str]:
    render: Callable[[list[Diagnostic]], str]
    render = import_module(f".report.{form}", __package__).render
    return render


def _with_console(command: _Command) -> _Command:
    """Give a command a console for the options that say how to print."""

    @wraps(command)
    def run(*, form: str, color: str, quiet: bool, strict: bool = False, **options: Any) -> Any:
        sys.exit(command(_Console(form, color, quiet, strict), **options))

    return run


@cli.command()
@_common
@_locked
@click.option("--fix", is_flag=True, help="Mend what has one certain repair, and check again.")
@click.option("--unsafe-fixes", is_flag=True, help="Mend as --fix does, and by guesses as well.")
@click.option("--each", is_flag=True, help="Take each file as a server of its own.")
@_with_console
def check(
    console: _Console,
    files: tuple[str, ...],
    timeout: float,
    locked: bool,
    fix: bool,
    unsafe_fixes: bool,
    each: bool,
) -> int:
    """Report everything that is wrong in the files of one server; write no server."""
    groups = [[file] for file in files] if each else [list(files)]
    groups = [group for group in groups if not is_unchanged(["check", *group])]
    if not groups:
        return console.report([])
    from .diagnostics import in_order
    from .pipeline import check_files
    from .project import Disk

    diagnostics: list[Diagnostic] = []
    for group in groups:
        disk = Disk()
        checked = check_files(group, console.locking(timeout, locked), disk)
        _say_what_was_locked(console, checked)
        if fix or unsafe_fixes:
            options = console.locking(timeout, locked)
            checked = _fix(console, group, checked, options, unsafe=unsafe_fixes)
        elif checked.is_without_a_word:
            remember(["check", *group], disk.contents)
        diagnostics += checked.diagnostics
    return console.report(in_order(diagnostics))


def _fix(
    console: _Console, files: list[str], checked: Checked, locking: Locking, *, unsafe: bool
) -> Checked:
    """Make the fixes, round by round, as one may come to light when another is made."""
    from .diagnostics.fixes import MOST_ROUNDS, fix_files
    from .pipeline import check_files
    from .rewrite import write

    made: dict[str, int] = {}
    for _ in range(MOST_ROUNDS):
        fixed = fix_files(checked.diagnostics, unsafe=unsafe)
        if not fixed:
            break
        for each in fixed:
            write(each.path, each.text)
            made[each.path] = made.get(each.path, 0) + each.count
        checked = check_files(files, locking)
    for path, count in made.items():
        console.say(f"{path}: {count} fixed")
    return checked


@cli.command()
@_common
@_locked
@click.option("-o", "--output", required=True, type=click.Path(), metavar="OUT.py")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit 1 if OUT.py is stale."
)
@click.option("--diff", "show_diff", is_flag=True, help="With --check: print the difference.")
@click.option(
    "--drift",
    type=click.Choice(get_args(DriftMode)),
    default=DEFAULT_DRIFT,
    show_default=True,
    help="What OUT.py does with a tool that is not what it was in the lock.",
)
@click.option("--force", is_flag=True, help="Build anew, whatever OUT.py is now.")
@_with_console
def build(
    console: _Console,
    files: tuple[str, ...],
    timeout: float,
    locked: bool,
    output: str,
    only_check: bool,
    show_diff: bool,
    drift: DriftMode,
    force: bool,
) -> int:
    """Check the files and write the MCP server that they describe."""
    if show_diff and not only_check:
        raise click.UsageError("--diff goes with --check; a build writes")
    question = ["build", output, drift, *files]
    if not (only_check or force) and is_unchanged(question):
        console.say(f"{output}: unchanged")
        return console.report([])
    from .atomic import write_atomically
    from .emitting.staleness import is_current
    from .output import diff, read_existing, refusal, stale
    from .pipeline import build_of, check_files
    from .project import Disk

    disk = Disk()
    checked = check_files(list(files), console.locking(timeout, locked or only_check), disk)
    _say_what_was_locked(console, checked)
    failing = console.strict and bool(checked.diagnostics)
    if checked.server is None or failing:
        return console.report(checked.diagnostics)
    wanted = build_of(checked, output, drift)
    try:
        existing = read_existing(output)
    except OSError as error:
        raise click.ClickException(f"cannot read {output}: {error.strerror}") from error
    if only_check:
        text = wanted.text()
        if show_diff:
            console.show(diff(output, existing, text))
        command = ["wfc", "build", *files, "-o", output]
        command += ["--drift", drift] if drift != DEFAULT_DRIFT else []
        problem = stale(output, existing, text, wanted.fingerprint, command)
        code = console.report([*([problem] if problem else []), *checked.diagnostics])
        return EXIT_WRONG if problem else code
    is_known = not force and is_current(existing, wanted.fingerprint)
    text = existing if existing is not None and is_known else wanted.text()
    problem = None if force else refusal(output, existing, text)
    if problem is not None:
        return console.report([problem, *checked.diagnostics])
    if text != existing:
        write_atomically(output, text)
    console.say(f"{output}: {'unchanged' if text == existing else 'written'}")
    if checked.is_without_a_word:
        remember(question, {**disk.contents, output: text.encode()})
    return console.report(checked.diagnostics)


@cli.command()
@click.argument("words", nargs=-1, required=True, metavar="FILE.wf… [SERVER…]")
@_strict
@_printing
@_timeout
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 on a difference.")
@click.option(
    "--upgrade", is_flag=True, help="Ask servers again that the lock knows: SERVER…, or all."
)
@_with_console
def lock(
    console: _Console, words: tuple[str, ...], timeout: float, only_check: bool, upgrade: bool
) -> int:
    """Ask the servers that the files use for their tools, and write tools.lock.json.

    What has changed on a server that the lock knew is told as breaking or compatible for the
    workflows of these files.
    """
    import shlex

    from .checking.check import unusable_servers
    from .diagnostics import in_order
    from .drift import differences
    from .project import read_project

    files = [word for word in words if word.endswith(".wf")]
    servers = tuple(word for word in words if not word.endswith(".wf"))
    if not files:
        raise click.UsageError("name the .wf files whose servers are meant")
    if servers and not (only_check or upgrade):
        raise click.UsageError(f"{servers[0]} is no .wf file; servers are named with --upgrade")
    refresh = servers if only_check or upgrade else None
    locking = console.locking(
        timeout, refresh=refresh, write=not only_check, resolve=not only_check
    )
    project = read_project(files, locking)
    if unknown := [server for server in servers if not project.uses(server)]:
        raise click.UsageError(f"no file uses a server {unknown[0]}")
    about_servers = [
        each
        for each in project.diagnostics
        if each.code[:3] in ("WF1", "WF9") or each.code == "WF306"
    ]
    about_servers += unusable_servers(project.units)
    found = differences(project) if refresh is not None else []
    if not only_check:
        for path, relocked in project.locked.items():
            done = "locked" if relocked.is_changed else "still right for"
            console.say(f"{path}: {done} {', '.join(relocked.servers)}")
        if not project.locked and not about_servers:
            console.say(f"{LOCK_NAME} knows all servers; `--upgrade` asks them again")
    elif found:
        command = shlex.join(["wfc", "lock", *files, "--upgrade", *servers])
        console.say(f"{LOCK_NAME} is out of date; `{command}` takes the changes over")
    code = console.report(in_order([*about_servers, *found]))
    if any(each.is_error for each in about_servers):
        return code
    breaks = any((each.strictly() if console.strict else each).is_error for each in found)
    return EXIT_WRONG if breaks or (only_check and found) else 0


@cli.command()
@_files
@_printing
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 on a difference.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; print the differences.")
@_with_console
def fmt(console: _Console, files: tuple[str, ...], only_check: bool, show_diff: bool) -> int:
    """Lay the files out in the one canonical way; `-` reads standard input."""
    from . import rewrite
    from .diagnostics import Diagnostic, in_order
    from .language.format import format_source
    from .source import SourceFile

    texts: dict[str, tuple[str, str]] = {}
    diagnostics: list[Diagnostic] = []
    # All files are laid out before one is written, so that a bug leaves them as they are.
    for path in dict.fromkeys(files):
        text = rewrite.read(path)
        if isinstance(text, Diagnostic):
            diagnostics.append(text)
            continue
        name = "<standard input>" if path == rewrite.STANDARD_INPUT else path
        formatted, problems = format_source(SourceFile(name, text))
        diagnostics += problems
        if formatted is not None:
            texts[path] = text, formatted
    changed = 0
    for path, (text, formatted) in texts.items():
        changed += text != formatted
        if show_diff:
            console.show(rewrite.difference(path, text, formatted))
        elif path == rewrite.STANDARD_INPUT and not only_check:
            click.echo(formatted, nl=False)
        elif text == formatted:
            continue
        elif only_check:
            console.say(f"{path}: `wfc fmt` would lay it out differently")
        else:
            rewrite.write(path, formatted)
            console.say(f"{path}: formatted")
    # A filter has standard output for its text.
    is_silent = rewrite.STANDARD_INPUT in texts and not (diagnostics or only_check)
    code = 0 if is_silent else console.report(in_order(diagnostics))
    return code or (EXIT_WRONG if only_check and changed else 0)


@cli.command()
@_common
@_locked
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_console
def show(
    console: _Console, files: tuple[str, ...], timeout: float, locked: bool, as_json: bool
) -> int:
    """Tell what the workflows do: steps in order, what flows in from where, what is undone."""
    from .pipeline import check_files
    from .views import show
    from .views.words import workflows_in_words

    checked = check_files(list(files), console.locking(timeout, locked))
    if checked.server is None:
        return console.report(checked.diagnostics)
    workflows = workflows_in_words(checked.server)
    click.echo(show.as_json(workflows) if as_json else show.as_text(workflows), nl=False)
    return 0


@cli.command()
@_common
@_locked
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="OUT.svg",
    help="Draw an SVG picture instead.",
)
@_with_console
def graph(
    console: _Console, files: tuple[str, ...], timeout: float, locked: bool, output: str | None
) -> int:
    """Print the workflows as a Mermaid flowchart, or draw them."""
    from .pipeline import check_files
    from .views.words import workflows_in_words

    if output is not None and not output.endswith(".svg"):
        raise click.UsageError(f"{output} does not end in .svg; Mermaid goes to standard output")
    checked = check_files(list(files), console.locking(timeout, locked))
    if checked.server is None:
        return console.report(checked.diagnostics)
    workflows = workflows_in_words(checked.server)
    if output is None:
        from .views.graph import as_mermaid

        click.echo(as_mermaid(workflows), nl=False)
        return 0
    from .atomic import write_atomically
    from .views.picture import as_svg

    write_atomically(output, as_svg(workflows))
    console.say(f"{output}: written")
    return 0


@cli.command()
@click.argument("folder", default=".", type=click.Path(), metavar="[DIR]")
def init(folder: str) -> int:
    """Lay out a project that runs: a workflow, a server in Python, a test, checks for CI."""
    import shlex

    from .initialize import Occupied, initialize

    try:
        written = initialize(folder)
    except Occupied as error:
        raise click.ClickException(str(error)) from None
    for path in written:
        click.echo(path.as_posix(), err=True)
    there = "" if os.path.normpath(folder) == "." else f"cd {shlex.quote(folder)} && "
    click.echo(f"\nNow: {there}wfc build hello.wf -o server.py", err=True)
    click.echo("Its test: pip install pytest && python -m pytest", err=True)
    return 0


@cli.command()
@click.argument("codes", nargs=-1, metavar="[CODE]…")
def explain(codes: tuple[str, ...]) -> int:
    """Tell what a code means, with an example and how to mend it; without one, list them all."""
    from .diagnostics.explain import UnknownCode, listing, page

    try:
        click.echo("\n".join(map(page, codes)) if codes else listing())
    except UnknownCode as error:
        near = f"; near it are {', '.join(error.near)}" if error.near else ""
        raise click.UsageError(f"{error}{near}. `wfc explain` lists them all.") from None
    return 0


def _say_what_was_locked(console: _Console, checked: Checked) -> bool:
    for path, relocked in checked.project.locked.items():
        console.say(f"{path}: locked {', '.join(relocked.servers)}")
    return bool(checked.project.locked)
