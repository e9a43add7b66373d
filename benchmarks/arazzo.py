"""What an interpreter of Arazzo adds to the same chain of calls, made over HTTP as it makes them.

It calls HTTP operations, not tools of MCP: what it costs is told beside the same requests made by
a plain loop over one `requests` session, and is no ratio to wfc's figures.
"""

import json
import logging
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import chains
import requests
from arazzo_runner import ArazzoRunner, WorkflowExecutionStatus

STEPS = [10, 100]
REPETITIONS = 5
AMOUNT = 1000


class Stock(BaseHTTPRequestHandler):
    """The tool of `stock.py` as an HTTP operation."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        item = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        item["amount"] -= 1
        body = json.dumps(item).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def measure(folder: Path) -> dict[str, Any]:
    """Return the median processor seconds of a chain, interpreted and in a loop."""
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("arazzo-runner").setLevel(logging.WARNING)  # a line a step is not its work
    with _served() as url:
        return {f"{steps} steps": _chain(folder, url, steps) for steps in STEPS}


@contextmanager
def _served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stock)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _chain(folder: Path, url: str, steps: int) -> dict[str, Any]:
    document, api = chains.arazzo(steps, url)
    path = folder / "chain.arazzo.json"
    path.write_text(json.dumps(document))
    (folder / "stock.json").write_text(json.dumps(api))
    runner = ArazzoRunner.from_arazzo_path(str(path))
    session = requests.Session()

    def interpreted() -> int:
        result = runner.execute_workflow("chain", {"name": "paper", "amount": AMOUNT})
        assert result.status == WorkflowExecutionStatus.WORKFLOW_COMPLETE, result
        return int(result.outputs["amount"])

    def loop() -> int:
        item: dict[str, Any] = {"name": "paper", "amount": AMOUNT}
        for _ in range(steps):
            item = session.post(f"{url}/take", json=item).json()
        return int(item["amount"])

    ways: dict[str, Callable[[], int]] = {"arazzo-runner": interpreted, "loop of requests": loop}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for repetition in range(REPETITIONS + 1):
        for name, way in ways.items():
            start = time.process_time()
            amount = way()
            if repetition:
                taken[name].append(time.process_time() - start)
            assert amount == AMOUNT - steps, amount
    return {name: {"processor_seconds": statistics.median(each)} for name, each in taken.items()}
