"""The rounds: each server in turn, the order reversed each time."""

from collections.abc import Mapping, Sequence
from itertools import islice

import asyncpg

from tests.benchmarks.dataset import Dataset, forget_new_checkins
from tests.benchmarks.load import BenchmarkError, run_load
from tests.benchmarks.report import Figures
from tests.benchmarks.scenarios import Scenario
from tests.benchmarks.servers.launch import Server
from tests.benchmarks.verify import verify

WARM_UP_SECONDS = 30.0

Results = dict[Scenario, dict[str, Figures]]


async def measure(
    database_url: str,
    dataset: Dataset,
    servers: Mapping[str, Server],
    *,
    rounds: int,
    seconds: float,
    scenarios: Sequence[Scenario],
) -> Results:
    """Verify that the servers agree, warm them up, and measure. Raises BenchmarkError."""
    for server in servers.values():
        server.wait_until_ready()
    connection = await asyncpg.connect(database_url)
    results: Results = {
        item: {name: Figures() for name in servers if item.runs_on(name)} for item in scenarios
    }
    try:
        ports = {name: server.port for name, server in servers.items()}
        shortest = await verify(ports, dataset, connection)
        for turn in range(rounds + 1):
            for scenario, figures in results.items():
                for name in list(figures)[:: -1 if turn % 2 else 1]:
                    into, duration = (
                        (figures[name], seconds) if turn else (Figures(), WARM_UP_SECONDS)
                    )
                    try:
                        await _run_once(
                            scenario,
                            servers[name],
                            into,
                            dataset=dataset,
                            shortest_body=shortest[scenario],
                            seconds=duration,
                            is_warm_up=not turn,
                        )
                    except BenchmarkError as error:
                        servers[name].check_alive()
                        complaints = servers[name].complaints()
                        raise BenchmarkError(
                            f"{name}, {scenario.name}: {error}\n{complaints}"
                        ) from None
                    if scenario.writes:
                        await forget_new_checkins(connection)
            if not turn:
                # The first reads have noted things down, and autovacuum is off.
                await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return results


async def _run_once(
    scenario: Scenario,
    server: Server,
    figures: Figures,
    *,
    dataset: Dataset,
    shortest_body: int,
    seconds: float,
    is_warm_up: bool,
) -> None:
    requests = scenario.requests(dataset, shortest_body)
    if is_warm_up:
        requests = islice(requests, len(scenario.callers(dataset)))  # once for everybody
    cpu_before = server.cpu_seconds()
    load = await run_load(server.port, requests, seconds=seconds)
    cpu = server.cpu_seconds() - cpu_before
    server.check_alive()
    figures.per_second.append(load.per_second)
    figures.cpu_ms.append(cpu / len(load.latencies) * 1000)
    figures.latencies += load.latencies
