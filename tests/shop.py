"""A small project to play with: a shop with one server in Python and one workflow.

Commands run in the process of the test, which is as good as in their own, and faster.
"""

import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

from wfc import cli

SERVER = '''\
"""A shop: reserve, pay, ship."""

from mcp.server import MCPServer
from pydantic import BaseModel

mcp = MCPServer("shop")


class Reservation(BaseModel):
    id: str
    price: float


class Payment(BaseModel):
    receipt: str


@mcp.tool()
def reserve(article: str, number: int = 1) -> Reservation:
    """Reserve an article."""
    return Reservation(id=f"r-{article}", price=2.5 * number)


@mcp.tool()
def release(reservation: str) -> bool:
    """Give a reservation back."""
    return True


@mcp.tool()
def pay(reservation: str, amount: float) -> Payment:
    """Pay for a reservation."""
    return Payment(receipt=f"{reservation}: {amount}")


@mcp.tool()
def count(article: str) -> int:
    """Count what is in stock."""
    return 7
'''

WORKFLOW = """\
# Buying is reserving and paying.

use shop from "shop.py"

workflow buy "Buy an article" {
  arg article: string "What to buy"

  step reserve: shop.reserve(article, number = 2) as reservation
    undo shop.release(reservation = reservation.id)

  # The money comes last.
  step pay: shop.pay(reservation = reservation.id, amount = reservation.price) as payment

  return {receipt: payment.receipt}
}
"""


@dataclass(frozen=True)
class Outcome:
    """What a command answered."""

    code: int
    stdout: str
    stderr: str


def wfc(*arguments: str | Path) -> Outcome:
    """Run the command in the folder that is current."""
    stdout, stderr = StringIO(), StringIO()
    code: object = None
    with (
        patch.object(sys, "argv", ["wfc", *map(str, arguments)]),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int)
    assert code != cli.EXIT_BUG, stderr.getvalue()
    return Outcome(code or 0, stdout.getvalue(), stderr.getvalue())


def lay_out(folder: Path) -> None:
    """Write the project, locked and built, into a folder."""
    shutil.copytree(_built(), folder, dirs_exist_ok=True)


@cache
def _built() -> Path:
    folder = Path(mkdtemp(prefix="shop-"))
    (folder / "shop.py").write_text(SERVER)
    (folder / "buy.wf").write_text(WORKFLOW)
    outcome = wfc("build", folder / "buy.wf", "-o", folder / "server.py")
    assert outcome.code == 0, outcome.stderr
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    return folder


def edit(path: str, old: str, new: str) -> None:
    """Replace a text that a file has, once."""
    text = Path(path).read_text("utf-8")
    assert text.count(old) >= 1, f"{path} does not have {old!r}"
    Path(path).write_text(text.replace(old, new, 1), "utf-8")
