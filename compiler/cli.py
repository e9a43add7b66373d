"""The `wfc` command: options, output and exit codes; no logic."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from . import __version__
from .diagnostics import Diagnostic, Severity
from .pipeline import Checked, build_text, check_files
from .project import LOCK_NAME, Locking

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


def _common(command: _Command) -> _Command:
    """The options that every command takes which reads `.wf` files."""
    options = [
        click.argument("files", nargs=-1, required=True, metavar="FILE.wf…"),
        click.option("--strict", is_flag=True, help="Take warnings as errors."),
        click.option(
            "--format",
            "form",
            type=click.Choice(["text", "json"]),
            default="text",
            help="How to print what is wrong.",
        ),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto"),
        click.option("--quiet", "-q", is_flag=True, help="Print only what is wrong."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0.1),
            default=30.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for each server that has to be asked.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_locked = click.option(
    "--locked", is_flag=True, help=f"Never connect to a server; {LOCK_NAME} has to know them all."
)


class _Console:
    """Where a command prints: what is wrong, what it did, and how far it is."""

    def __init__(self, form: str, color: str, quiet: bool, strict: bool) -> None:
        self.form = form
        self.quiet = quiet
        self.strict = strict
        terminal = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        self.colour = color == "always" or (color == "auto" and terminal)

    def locking(self, timeout: float, locked: bool = False, **options: Any) -> Locking:
        """How servers are asked, with progress on a terminal."""
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
        if self.form == "json":
            from .report import json

            click.echo(json.render(diagnostics))
        elif diagnostics:
            from .report import text

            click.echo(text.render(diagnostics, colour=self.colour), err=True, color=self.colour)
        failing = [
            each for each in diagnostics if each.is_error or (self.strict and _is_warning(each))
        ]
        if any(each.code.startswith("WF9") for each in failing):
            return EXIT_ENVIRONMENT
        return EXIT_WRONG if failing else 0


def _is_warning(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.WARNING


def _with_console(command: _Command) -> _Command:
    """Give a command a console for the options that say how to print."""

    @wraps(command)
    def run(*, form: str, color: str, quiet: bool, strict: bool, **options: Any) -> Any:
        sys.exit(command(_Console(form, color, quiet, strict), **options))

    return run


@cli.command()
@_common
@_locked
@_with_console
def check(console: _Console, files: tuple[str, ...], timeout: float, locked: bool) -> int:
    """Report everything that is wrong in the files; write no server."""
    checked = check_files(list(files), console.locking(timeout, locked))
    _say_what_was_locked(console, checked)
    return console.report(checked.diagnostics)


@cli.command()
@_common
@_locked
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="OUT.py")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit 1 if OUT.py is stale."
)
@click.option("--diff", "show_diff", is_flag=True, help="With --check: print the difference.")
@click.option("--force", is_flag=True, help="Overwrite a file that was not written by wfc.")
@_with_console
def build(
    console: _Console,
    files: tuple[str, ...],
    timeout: float,
    locked: bool,
    output: Path,
    only_check: bool,
    show_diff: bool,
    force: bool,
) -> int:
    """Check the files and write the MCP server that they describe."""
    from .output import diff, hand_edit, read_existing, write_atomically

    checked = check_files(list(files), console.locking(timeout, locked or only_check))
    _say_what_was_locked(console, checked)
    failing = console.strict and bool(checked.diagnostics)
    if checked.server is None or failing:
        return console.report(checked.diagnostics)
    text = build_text(checked, output)
    existing = read_existing(output)
    if only_check:
        code = console.report(checked.diagnostics)
        if text == existing:
            return code
        if show_diff:
            click.echo(diff(output, existing, text), nl=False)
        what = "does not exist" if existing is None else "is not what a build gives now"
        console.say(f"{output} {what}: run `wfc build {' '.join(files)} -o {output}`")
        return EXIT_WRONG
    refusal = None if force or text == existing else hand_edit(output, existing)
    if refusal is not None:
        return console.report([*checked.diagnostics, refusal])
    if text != existing:
        try:
            write_atomically(output, text)
        except OSError as error:
            raise click.ClickException(f"cannot write {output}: {error.strerror}") from error
    console.say(f"{output}: {'unchanged' if text == existing else 'written'}")
    return console.report(checked.diagnostics)


@cli.command()
@_common
@click.option("--upgrade", is_flag=True, help="Ask the servers again that the lock already knows.")
@_with_console
def lock(console: _Console, files: tuple[str, ...], timeout: float, upgrade: bool) -> int:
    """Ask the servers that the files use for their tools, and write tools.lock.json."""
    options = console.locking(timeout, refresh=() if upgrade else None)
    checked = check_files(list(files), options)
    if not _say_what_was_locked(console, checked):
        console.say(f"{LOCK_NAME} knows all servers; `--upgrade` asks them again")
    about_servers = [
        each for each in checked.diagnostics if each.code.startswith("WF9") or each.code == "WF306"
    ]
    return console.report(about_servers)


def _say_what_was_locked(console: _Console, checked: Checked) -> bool:
    for path, servers in checked.project.locked.items():
        console.say(f"{path}: locked {', '.join(servers)}")
    return bool(checked.project.locked)
