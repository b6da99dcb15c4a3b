"""Periodic jobs: one run for each tick, however many workers look at the clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import Clock
from app.core.config import Settings
from app.db.session import Session
from app.jobs.handlers import periodic as periodic_handler
from app.jobs.periodic import PERIODIC, Periodic, latest_ticks, seconds_to_next_tick
from tests.jobs.working import at_work, jobs, make_due, until_idle, work_off, worker_on
from tests.support import FrozenClock, rows

NINE = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


class Runs:
    """A periodic job that notes its runs, and fails while `fault` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cron: str = "*/10 * * * *") -> None:
        self.at: list[datetime] = []
        self.fault: Exception | None = None
        self.periodic = (Periodic("probe", cron, self._run),)
        monkeypatch.setattr(periodic_handler, "PERIODIC", self.periodic)

    async def _run(self, session: Session, clock: Clock, settings: Settings) -> int:
        self.at.append(clock.now())
        if self.fault is not None:
            raise self.fault
        return 1


def test_every_periodic_job_has_a_name_of_its_own_and_a_readable_schedule() -> None:
    assert len({job.name for job in PERIODIC}) == len(PERIODIC)
    for job in PERIODIC:
        assert croniter.is_valid(job.cron), job.name
        assert len(job.name) <= 64


@pytest.mark.parametrize(
    ("now", "tick"),
    [
        (NINE, NINE),
        (NINE - timedelta(microseconds=1), NINE - timedelta(minutes=10)),
        (NINE + timedelta(minutes=9, seconds=59), NINE),
        (NINE + timedelta(minutes=10), NINE + timedelta(minutes=10)),
    ],
)
def test_the_latest_tick_is_at_or_before_now(now: datetime, tick: datetime) -> None:
    async def never(_session: Session, _clock: Clock, _settings: Settings) -> int:
        raise AssertionError

    job = Periodic("p", "*/10 * * * *", never)
    assert latest_ticks([job], now) == {"p": tick}


@given(st.integers(0, 6 * 365 * 86_400_000).map(lambda ms: NINE + timedelta(milliseconds=ms)))
def test_a_tick_stays_the_latest_until_the_next_one_is_due(now: datetime) -> None:
    ticks = latest_ticks(PERIODIC, now)
    left = timedelta(seconds=seconds_to_next_tick(PERIODIC, now))
    assert timedelta(0) < left <= timedelta(hours=24)
    assert all(tick <= now for tick in ticks.values())
    assert latest_ticks(PERIODIC, now + left - timedelta(milliseconds=1)) == ticks
    assert latest_ticks(PERIODIC, now + left) != ticks


async def test_two_workers_start_one_run_for_each_tick(
    app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(monkeypatch)
    workers = [worker_on(app, periodic=runs.periodic) for _ in range(2)]
    async with at_work(app), at_work(app):
        for _ in range(5):
            await asyncio.gather(*(worker.tick({}) for worker in workers for _ in range(5)))
            await until_idle(app)
            clock.advance(minutes=10)
    assert runs.at == [NINE + timedelta(minutes=10 * number) for number in range(5)]


async def test_workers_look_at_the_clock_by_themselves(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(monkeypatch)
    async with at_work(app, periodic=runs.periodic), at_work(app, periodic=runs.periodic):
        for _ in range(500):
            if runs.at:
                break
            await asyncio.sleep(0.01)
        await until_idle(app)
    assert runs.at == [NINE]


async def test_of_ticks_that_nobody_saw_only_the_latest_is_made_up_for(
    app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(monkeypatch)
    worker = worker_on(app, periodic=runs.periodic)
    await worker.tick({})
    await work_off(app)
    clock.advance(hours=7)
    await worker.tick({})
    await work_off(app)
    clock.advance(minutes=-30)  # of a machine whose clock is slow
    await worker.tick({})
    await work_off(app)
    assert runs.at == [NINE, NINE + timedelta(hours=7)]


async def test_while_a_run_goes_on_the_next_tick_starts_no_second_one(
    app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_on(app, periodic=Runs(monkeypatch).periodic)
    for _ in range(3):
        await worker.tick({})
        clock.advance(minutes=10)
    assert len(await jobs(app)) == 1


async def test_a_run_that_fails_is_held_and_gives_way_to_the_next_tick(
    app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(monkeypatch)
    runs.fault = ValueError("private")
    worker = worker_on(app, periodic=runs.periodic)
    for _ in range(2):
        await worker.tick({})
        for _ in range(periodic_handler.HANDLER.attempts):
            await work_off(app)
            await make_due(app)
        assert [job["status"] for job in await jobs(app)] == ["failed"]
        clock.advance(minutes=10)
    runs.fault = None
    await worker.tick({})
    await work_off(app)

    assert len(runs.at) == 2 * periodic_handler.HANDLER.attempts + 1
    assert await jobs(app) == []


async def test_what_a_failing_run_had_begun_is_undone_and_what_a_good_one_begins_is_committed(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception | None] = [ValueError(), None]

    async def run(session: Session, clock: Clock, settings: Settings) -> int:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "INSERT INTO rate_limits VALUES ('probe', 's', now(), 1, now())"
        )
        fault = faults.pop(0)
        if fault:
            raise fault
        return 1

    job = Periodic("probe", "* * * * *", run)
    monkeypatch.setattr(periodic_handler, "PERIODIC", (job,))
    await worker_on(app, periodic=(job,)).tick({})
    await work_off(app)
    assert await rows(app, "SELECT 1 FROM rate_limits") == []
    await make_due(app)
    await work_off(app)
    assert len(await rows(app, "SELECT 1 FROM rate_limits")) == 1


async def test_one_that_this_version_does_not_know_is_left_to_others(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_on(app, periodic=Runs(monkeypatch).periodic)
    await worker.tick({})
    monkeypatch.setattr(periodic_handler, "PERIODIC", ())
    await work_off(app)
    (job,) = await jobs(app)
    assert (job["status"], job["attempts"]) == ("queued", 1)


async def test_all_of_them_run_on_an_empty_database(app: FastAPI) -> None:
    await worker_on(app, periodic=PERIODIC).tick({})
    assert len(await jobs(app)) == len(PERIODIC)
    await work_off(app)
    assert await jobs(app) == []
