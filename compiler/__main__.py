"""`wfc`, and `python -m wfc`: a process that lives for one command."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from io import TextIOWrapper


def main() -> None:
    """Run the command of the process's arguments; never returns.

    A short life needs no collection of garbage, and no cleaning up of what the process's end frees
    anyway: together they would be a fifth of the time that a check takes.
    """
    gc.disable()
    _open_streams()
    code: object = 1
    try:
        from .cli import main as run

        run()
    except SystemExit as exit:
        code = exit.code
    except KeyboardInterrupt:  # before the command has begun
        code = 130
    for stream in (sys.stdout, sys.stderr):
        # Who closed a stream, or filled the disk, has been told.
        with suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _open_streams() -> None:
    """Make the streams take everything, and lead those that are closed nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    # A file's name need not be text, nor need a name in a configuration be Unicode: what cannot be
    # written is escaped, as JSON has it too.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
