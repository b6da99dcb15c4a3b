"""What hanging calls of the AI planner cost everybody else: `python -m tests.benchmarks.planner`.

A Gemini that never answers keeps 20 requests of 20 people waiting, while `GET /users/me` is timed:
*calm*, 50 requests a second on one connection, and *busy*, as many as 16 connections can. Rounds
with and without the waiting ones take turns; the server has one core, all else has the other. The
very first call to the planner, which imports Gemini's library, is timed by itself.

A wrong answer, or one of the waiting ones that is not a plan in the end, exits with code 1.
"""

import asyncio
import os
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import httpx
import uvloop

from tests.benchmarks.dataset import Caller, Dataset
from tests.benchmarks.load import BenchmarkError, request, run_load
from tests.benchmarks.servers.launch import Server
from tests.benchmarks.servers.options import ServerOptions
from tests.benchmarks.stage import set_up
from tests.fakes.gemini_server import HANGS, KEY, GeminiServer, gemini_server

ME = "/api/v1/users/me"
PLAN_GOAL = "/api/v1/ai-planner/plan-goal"
WAITING, ROUNDS, SECONDS, CALM_REQUESTS = 20, 5, 3.0, 150


def main() -> None:
    with set_up() as stage, ExitStack() as stack:
        uvloop.run(_run(stack, stage.server_options(), stage.dataset, stage.directory))


async def _run(stack: ExitStack, options: ServerOptions, dataset: Dataset, place: Path) -> None:
    async with gemini_server() as gemini:
        os.environ |= {
            "GEMINI_API_KEY": KEY,
            "GEMINI_API_ENDPOINT": gemini.url,
            "GEMINI_TIMEOUT_SECONDS": "120",
        }
        server = stack.enter_context(Server("application", options, directory=place))
        await asyncio.to_thread(server.wait_until_ready)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}",
            timeout=120,
            limits=httpx.Limits(max_connections=100),
        ) as client:
            await _calm(client, dataset)  # warms up
            await _measure_first_call(client, dataset)
            await _measure_waiting(client, server.port, dataset, gemini)


async def _plan(client: httpx.AsyncClient, caller: Caller) -> None:
    answer = await client.post(
        PLAN_GOAL,
        json={"userInput": "Run a half marathon.", "targetDate": "2999-12-31"},
        headers={"Authorization": f"Bearer {caller.token}"},
    )
    if answer.status_code != 200:
        raise BenchmarkError(f"no plan: {answer.text}")


async def _measure_first_call(client: httpx.AsyncClient, dataset: Dataset) -> None:
    asking = asyncio.create_task(_plan(client, dataset.callers[-1]))
    took = await _calm(client, dataset, until=asking)
    await asking
    _print("GET /users/me, calm, while Gemini's library is imported", took)


async def _measure_waiting(
    client: httpx.AsyncClient, port: int, dataset: Dataset, gemini: GeminiServer
) -> None:
    latencies: dict[tuple[str, int], list[float]] = {}
    callers = cycle(dataset.callers)
    for number in range(ROUNDS):
        for count in (0, WAITING) if number % 2 else (WAITING, 0):
            gemini.hang_anew()
            gemini.always(HANGS)
            waiting = [asyncio.create_task(_plan(client, next(callers))) for _ in range(count)]
            await gemini.hang(count)
            calm = await _calm(client, dataset)
            requests = cycle([request("GET", ME, caller.token) for caller in dataset.callers])
            busy = await run_load(port, requests, seconds=SECONDS)
            if any(task.done() for task in waiting):
                raise BenchmarkError("one of the waiting ones did not wait")
            latencies.setdefault(("calm", count), []).extend(calm)
            latencies.setdefault(("busy", count), []).extend(busy.latencies)
            gemini.release()
            await asyncio.gather(*waiting)
    for (name, count), took in sorted(latencies.items()):
        _print(f"GET /users/me, {name}, {count} calls to Gemini hanging", took)


async def _calm(
    client: httpx.AsyncClient, dataset: Dataset, until: "asyncio.Task[None] | None" = None
) -> list[float]:
    took: list[float] = []
    while len(took) < CALM_REQUESTS if until is None else not until.done():
        token = dataset.callers[len(took) % len(dataset.callers)].token
        began = time.perf_counter()
        answer = await client.get(ME, headers={"Authorization": f"Bearer {token}"})
        took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise BenchmarkError(f"unexpected answer: {answer.text}")
        await asyncio.sleep(0.02)
    return took


def _print(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(f"{name}: p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms, {len(ordered)} times")


if __name__ == "__main__":
    main()
