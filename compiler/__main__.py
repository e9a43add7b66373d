"""`wfc`, and `python -m wfc`: a process that lives for one command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command of the process's arguments; never returns.

    A short life needs no collection of garbage, and no cleaning up of what the process's end frees
    anyway: together they would be a fifth of the time that a check takes.
    """
    gc.disable()
    from .cli import main as run

    code: object = 1
    try:
        run()
    except SystemExit as exit:
        code = exit.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main()
