"""What a compiled workflow adds to the calls that it makes, beside other ways of making them.

All servers run as a process of their own and are called over stdio, as clients call them.
"""

import functools
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import chains
from chains import Transport
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from measuring import beside, children, processor_seconds, resident_memory

STEPS = {10: 60, 100: 20}
"""How often chains of which length are run."""
CONCURRENT = [1, 10, 100]
ROUNDS, FEWEST = 3, 20
"""How often a load is made, in turns, and of how many runs it is at least."""
TRANSPORTS: list[Transport] = ["in process", "stdio"]
AMOUNT = 1000

Way = Callable[[], Awaitable[object]]


def measure(wfc: Path, peers: Path, folder: Path) -> dict[str, Any]:
    """Return for each chain and each way of calling what a run costs, and how many run at once."""
    results = {}
    for transport in TRANSPORTS:
        for steps in STEPS:
            chain = folder / f"{steps}-{transport.replace(' ', '-')}"
            chains.write(chain, wfc / "wfc", steps, transport)
            measured = functools.partial(_chain, wfc, peers, chain, steps, transport)
            results[f"{steps} steps, {transport}"] = anyio.run(measured)
    return results


async def _chain(
    wfc: Path, peers: Path, folder: Path, steps: int, transport: Transport
) -> dict[str, Any]:
    async with AsyncExitStack() as stack:

        async def served(python: Path, *arguments: str) -> tuple[Client, int]:
            """Start a server; return a client of it, and its process."""
            before = set(children(os.getpid()))
            parameters = StdioServerParameters(
                command=str(python), args=[*arguments], cwd=folder, env={**os.environ}
            )
            log = stack.enter_context((folder / f"{arguments[0]}.log").open("w"))
            client = await stack.enter_async_context(Client(stdio_client(parameters, errlog=log)))
            (process,) = set(children(os.getpid())) - before
            return client, process

        compiled, compiled_process = await served(wfc / "python", "compiled.py")
        handwritten, handwritten_process = await served(wfc / "python", "handwritten.py")
        proxy, proxy_process = await served(peers / "python", "proxy.py", transport)
        ways: dict[str, tuple[Way, int]] = {
            "handwritten": (lambda: _workflow(handwritten, steps), handwritten_process),
            "compiled": (lambda: _workflow(compiled, steps), compiled_process),
            "one by one": (lambda: _one_by_one(handwritten, steps), handwritten_process),
            "FastMCP proxy": (lambda: _one_by_one(proxy, steps), proxy_process),
        }
        results = await _in_turns(ways, STEPS[steps])
        if steps == min(STEPS):
            for name, figures in (await _throughput(ways)).items():
                results[name] |= figures
    return results


async def _in_turns(ways: Mapping[str, tuple[Way, int]], repetitions: int) -> dict[str, Any]:
    """Run a chain in each way, in turns; return what each takes beside the handwritten server."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for repetition in range(repetitions + 1):
        for name, (way, process) in ways.items():
            used, start = processor_seconds(process), time.perf_counter()
            await way()
            seconds = time.perf_counter() - start
            if repetition:
                taken[name].append((seconds, processor_seconds(process) - used))
    return beside(taken, "handwritten")


async def _throughput(ways: Mapping[str, tuple[Way, int]]) -> dict[str, Any]:
    """Return how many runs a second end with so many under way, and the memory after them."""
    figures: dict[str, Any] = {name: {"runs_per_second": {}, "memory": {}} for name in ways}
    for concurrent in CONCURRENT:
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (way, _process) in ways.items():
                rates[name].append(await _rate(way, concurrent))
        for name, (_way, process) in ways.items():
            figures[name]["runs_per_second"][str(concurrent)] = statistics.median(rates[name])
            figures[name]["memory"][str(concurrent)] = resident_memory(process)
    return figures


async def _rate(way: Way, concurrent: int) -> float:
    runs = max(concurrent, FEWEST)
    limit = anyio.Semaphore(concurrent)

    async def run() -> None:
        async with limit:
            await way()

    start = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(runs):
            tasks.start_soon(run)
    return runs / (time.perf_counter() - start)


async def _workflow(client: Client, steps: int) -> None:
    result = await client.call_tool("chain", {"name": "paper", "amount": AMOUNT})
    assert result.structured_content == {"name": "paper", "amount": AMOUNT - steps}, result


async def _one_by_one(client: Client, steps: int) -> None:
    item: dict[str, Any] | None = {"name": "paper", "amount": AMOUNT}
    for _ in range(steps):
        result = await client.call_tool("take", item)
        item = result.structured_content
    assert item == {"name": "paper", "amount": AMOUNT - steps}, item
