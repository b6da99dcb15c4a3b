"""What live updates cost, and how fast they are: `uv run python -m tests.benchmarks.live`.

1. Two processes serve 100 open streams; check-ins are posted to the first, one after the other,
   and each is awaited on its owner's stream, of which half are at the second process. Delivery is
   measured from sending the request: *answered* is when the answer to it arrives.
2. One process answers `GET /users/me` on 16 connections, without and with 1,000 open streams, in
   turns; the server has one core, the database and this client have the other. *Calm* is 50
   requests a second on one connection, *busy* as many as it can.
3. What the triggers add to the statement that stores a notification and to a check-in's row.

A stream that ends or an event that does not arrive ends the run with exit code 1.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from itertools import cycle
from typing import Any

import asyncpg
import httpx
import uvloop

from tests.benchmarks.dataset import Caller, Dataset
from tests.benchmarks.load import BenchmarkError, request, run_load
from tests.benchmarks.scenarios import habit_done
from tests.benchmarks.servers.launch import Server
from tests.benchmarks.stage import set_up

STREAM = "/api/v1/notifications/stream"
ME = "/api/v1/users/me"
CHECKINS = "/api/v1/checkins"
STREAMS, DELIVERIES = 100, 1000
MANY = 1000
ROUNDS, SECONDS, CALM_REQUESTS = 3, 3.0, 150
PATIENCE = 15.0


def main() -> None:
    with set_up() as stage, ExitStack() as stack:

        def start() -> Server:
            return stack.enter_context(
                Server("application", stage.server_options(), directory=stage.directory)
            )

        uvloop.run(_run(stage.url, stage.dataset, [start(), start()]))


async def _run(url: str, dataset: Dataset, servers: Sequence[Server]) -> None:
    for server in servers:
        await asyncio.to_thread(server.wait_until_ready)
    await _measure_delivery(dataset, servers)
    await _measure_ordinary_requests(dataset, servers[0])
    await _measure_triggers(url)


class Stream:
    """An open stream; `arrived` has the time at which each system's check-in was told."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        self._news = asyncio.Event()
        self._begun = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self, stack: AsyncExitStack, port: int, token: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        lines = [
            f"GET {STREAM} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {token}",
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        status = await reader.readline()
        if b" 200 " not in status:
            raise BenchmarkError(f"a stream was refused: {status!r}")
        self._reading = asyncio.create_task(self._read(reader))
        stack.callback(self._reading.cancel)
        await asyncio.wait_for(self._begun.wait(), PATIENCE)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"id: "):
                self._begun.set()
            if line.startswith(b'data: {"type":"checkin"'):
                told = json.loads(line[6:])
                self.arrived.setdefault(told["systemId"], time.perf_counter())
                self._news.set()

    async def has(self, system_id: str) -> float:
        while system_id not in self.arrived:
            self.check_open()
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), PATIENCE)
        return self.arrived[system_id]

    def check_open(self) -> None:
        if self._reading is None or self._reading.done():
            raise BenchmarkError("a stream has ended")


async def _measure_delivery(dataset: Dataset, servers: Sequence[Server]) -> None:
    async with AsyncExitStack() as stack:
        streams: list[tuple[Caller, Stream]] = []
        for number, caller in enumerate(dataset.callers[:STREAMS]):
            stream = Stream()
            await stream.open(stack, servers[number % 2].port, caller.token)
            streams.append((caller, stream))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{servers[0].port}")
        )
        answered, delivered = list[float](), list[float]()
        for number, (caller, stream) in zip(range(DELIVERIES), cycle(streams), strict=False):
            habit = caller.habits[number // STREAMS]
            began = time.perf_counter()
            answer = await client.post(
                CHECKINS,
                json=habit_done(habit),
                headers={"Authorization": f"Bearer {caller.token}"},
            )
            if answer.status_code != 201:
                raise BenchmarkError(f"a check-in was refused: {answer.text}")
            answered.append(time.perf_counter() - began)
            delivered.append(await stream.has(habit) - began)
            await asyncio.sleep(0.012)  # a person's act, not the end of another reading's pause
    _print(f"{DELIVERIES} check-ins, {STREAMS} streams, two processes: answered", answered)
    _print(f"{DELIVERIES} check-ins, {STREAMS} streams, two processes: delivered", delivered)


async def _measure_ordinary_requests(dataset: Dataset, server: Server) -> None:
    latencies: dict[tuple[str, int], list[float]] = {}
    per_second: dict[int, list[float]] = {0: [], MANY: []}
    for round_number in range(ROUNDS):
        for count in (0, MANY) if round_number % 2 else (MANY, 0):
            async with AsyncExitStack() as stack:
                opened = [Stream() for _ in range(count)]
                began = time.perf_counter()
                for start in range(0, count, 50):
                    await asyncio.gather(
                        *(
                            opened[n].open(
                                stack,
                                server.port,
                                dataset.callers[n % len(dataset.callers)].token,
                            )
                            for n in range(start, min(start + 50, count))
                        )
                    )
                if count:
                    print(f"  {count} streams opened in {time.perf_counter() - began:.1f} s")
                calm = await _calm(server.port, dataset)
                requests = cycle([request("GET", ME, caller.token) for caller in dataset.callers])
                busy = await run_load(server.port, requests, seconds=SECONDS)
                for stream in opened:
                    stream.check_open()
            latencies.setdefault(("calm", count), []).extend(calm)
            latencies.setdefault(("busy", count), []).extend(busy.latencies)
            per_second[count].append(busy.per_second)
            await asyncio.sleep(0.5)  # the server notices that they have gone
    for (name, count), values in sorted(latencies.items()):
        _print(f"GET /users/me, {name}, {count} open streams", values)
    for count, rates in per_second.items():
        print(f"GET /users/me, busy, {count} open streams: {sorted(rates)[ROUNDS // 2]:.0f}/s")


async def _calm(port: int, dataset: Dataset) -> list[float]:
    took = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for number in range(CALM_REQUESTS):
            token = dataset.callers[number % len(dataset.callers)].token
            began = time.perf_counter()
            answer = await client.get(ME, headers={"Authorization": f"Bearer {token}"})
            took.append(time.perf_counter() - began)
            if answer.status_code != 200:
                raise BenchmarkError(f"unexpected answer: {answer.text}")
            await asyncio.sleep(0.02)
    return took


_NOTIFY = """
INSERT INTO notifications (recipient_id, type, message)
SELECT id, 'goal_achieved', 'x' FROM users OFFSET $1 LIMIT 1
"""
_CHECK_IN = """
INSERT INTO checkins (user_id, system_id, partnership_id, checkin_timestamp_utc,
                      checkin_date_local, checkin_timezone, status)
SELECT s.user_id, s.id, u.current_partnership_id, now(), date '2001-01-01' + $1::int, 'UTC',
       'pending_verification'
FROM systems s JOIN users u ON u.id = s.user_id ORDER BY s.id LIMIT 1
"""


async def _measure_triggers(url: str) -> None:
    connection: Any = await asyncpg.connect(url)
    try:
        for name, table, statement in (
            ("a notification", "notifications", _NOTIFY),
            ("a check-in that waits", "checkins", _CHECK_IN),
        ):
            took: dict[str, list[float]] = {"DISABLE": [], "ENABLE": []}
            for number in range(2000):
                switch = ("DISABLE", "ENABLE")[number // 100 % 2]
                if number % 100 == 0:
                    await connection.execute(
                        f"ALTER TABLE {table} {switch} TRIGGER tell_live_insert"
                    )
                began = time.perf_counter()
                await connection.execute(statement, number if table == "checkins" else number % 200)
                took[switch].append(time.perf_counter() - began)
            _print(f"storing {name}, without the trigger", took["DISABLE"])
            _print(f"storing {name}, with the trigger", took["ENABLE"])
    finally:
        await connection.close()


def _print(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(f"{name}: p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms, {len(ordered)} times")


if __name__ == "__main__":
    main()
