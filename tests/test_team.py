"""What a team lives through with a workflow in a git repository, and what wfc answers each time."""

import shutil
import subprocess
from pathlib import Path

import pytest
from shop import Outcome, edit, lay_out, wfc

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")

BUILD = ("build", "buy.wf", "-o", "server.py")
CI = ("build", "--check", "--locked", "buy.wf", "-o", "server.py")
GOODBYE = """
@mcp.tool()
def say_goodbye(article: str) -> str:
    \"\"\"Say goodbye to an article.\"\"\"
    return f"Goodbye, {article}"
"""


def git(*arguments: str, fails: bool = False) -> str:
    outcome = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert (outcome.returncode != 0) == fails, outcome.stdout + outcome.stderr
    return outcome.stdout


def commit(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def changed_lines(path: str) -> list[str]:
    """The lines of a file that differ from what is committed, without the line of hashes."""
    lines = git("diff", "--unified=0", "--", path).splitlines()[4:]
    return [line for line in lines if line[0] in "+-" and not line[1:].startswith("# wfc:")]


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    git("init", "--quiet", "--initial-branch", "main")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    git("config", "merge.conflictStyle", "merge")
    commit("Buy articles")


def answered(outcome: Outcome, code: int, *texts: str) -> None:
    for text in texts:
        assert text in outcome.stderr
    assert outcome.code == code, outcome.stderr


def test_a_team_at_work() -> None:
    # What is committed is what a build gives.
    answered(wfc(*CI), 0)

    # Ada changes a step, and forgets to build: CI says so, and what to do.
    edit("buy.wf", "number = 2", "number = 3")
    answered(wfc(*CI), 1, "out of date: buy.wf changed", "run `wfc build buy.wf -o server.py`")
    answered(wfc(*BUILD), 0, "server.py: written")
    answered(wfc(*CI), 0)
    changes = [line.split() for line in changed_lines("server.py") if not line.startswith("@")]
    assert changes == [["-", '"number":', "2,"], ["+", '"number":', "3,"]]
    commit("Buy three")

    # Bob mends the server by hand: CI sees it, and a build does not throw his work away.
    edit("server.py", '"number": 3', '"number": 4')
    answered(wfc(*CI), 1, "out of date: it was edited by hand", "move what a hand wrote")
    edit("buy.wf", '"What to buy"', '"The article"')
    answered(wfc(*BUILD), 2, "error[WF904]", '"number": 4')
    edit("buy.wf", "number = 3", "number = 4")
    answered(wfc(*BUILD, "--force"), 0, "server.py: written")
    answered(wfc(*CI), 0)
    commit("Buy four")


def test_a_server_is_upgraded() -> None:
    # A compatible change: told, taken over, built, committed.
    edit("shop.py", "number: int = 1", "number: int = 1, gift: bool = False")
    answered(wfc("lock", "--check", "buy.wf"), 1, "compatible: shop.reserve changed")
    answered(wfc(*CI), 0)  # what is committed is still in itself right
    answered(wfc("lock", "buy.wf", "--upgrade"), 0, "compatible: shop.reserve changed")
    answered(wfc(*CI), 1, "out of date: the lock changed: shop.reserve")
    answered(wfc(*BUILD), 0)
    assert changed_lines("server.py") == []  # nothing of what the workflow does has changed
    answered(wfc("lock", "--check", "buy.wf"), 0)
    commit("Take the new shop over")

    # A breaking one: told at the step that it breaks, before anything runs.
    edit("shop.py", "def pay(reservation: str, amount: float)", "def pay(order: str, cents: int)")
    edit("shop.py", "{reservation}: {amount}", "{order}: {cents}")
    answered(
        wfc("lock", "--check", "buy.wf"),
        1,
        "breaking: shop.pay changed, and the step `pay` would fail",
        "--> buy.wf:12:",
        "the parameter `reservation` is gone",
    )
    assert git("status", "--porcelain").split() == ["M", "shop.py"]
    answered(wfc("lock", "buy.wf", "--upgrade"), 1, "breaking: shop.pay changed")
    answered(wfc(*BUILD), 1, "error[WF303]")
    edit("buy.wf", "pay(reservation = ", "pay(order = ")
    edit("buy.wf", "amount = reservation.price", "cents = 250")
    answered(wfc(*BUILD), 0)
    answered(wfc(*CI), 0)
    commit("Pay in cents")


def test_two_branches_are_merged() -> None:
    # One branch changes the step that pays; the other one adds a server and a step of it.
    git("checkout", "--quiet", "-b", "cents")
    edit("buy.wf", "amount = reservation.price", "amount = 99.5")
    edit("shop.py", "Pay for a reservation.", "Pay for what was reserved.")
    answered(wfc("lock", "buy.wf", "--upgrade"), 0)
    answered(wfc(*BUILD), 0)
    commit("Pay a fixed price")

    git("checkout", "--quiet", "main")
    edit("shop.py", "Pay for a reservation.", "Pay for a reservation, at once.")
    Path("crier.py").write_text(
        'from mcp.server import MCPServer\n\nmcp = MCPServer("crier")\n\n' + GOODBYE
    )
    edit("buy.wf", 'use shop from "shop.py"', 'use shop from "shop.py"\nuse crier from "crier.py"')
    edit(
        "buy.wf",
        "\n  return {",
        "\n  step goodbye: crier.say_goodbye(article) as words\n\n  return {words: words.result, ",
    )
    answered(wfc("lock", "buy.wf", "--upgrade"), 0)
    answered(wfc(*BUILD), 0)
    commit("Say goodbye")

    # git can merge the workflow, but neither the servers' descriptions nor the hashes.
    git("merge", "--quiet", "cents", fails=True)
    conflicts = git("diff", "--name-only", "--diff-filter=U").split()
    assert conflicts == ["server.py", "shop.py", "tools.lock.json"]
    git("checkout", "--theirs", "--", "shop.py")
    answered(wfc(*CI), 2, "error[WF903]: the lock has merge conflicts", "run `wfc lock`")
    answered(wfc("lock", "buy.wf"), 0, "tools.lock.json: locked shop")
    answered(wfc(*CI), 1, "out of date: it has merge conflicts")
    git("checkout", "--ours", "--", "server.py")  # one side is not what the two give together
    answered(wfc(*CI), 1, "out of date: buy.wf changed; the lock changed: shop.pay")
    git("checkout", "--merge", "--", "server.py")
    answered(wfc(*BUILD), 0, "server.py: written")
    answered(wfc(*CI), 0)
    answered(wfc("lock", "--check", "buy.wf"), 0)
    text = Path("server.py").read_text()
    assert "99.5" in text
    assert "say_goodbye" in text
    commit("Merge the fixed price")
    assert git("status", "--porcelain") == ""
