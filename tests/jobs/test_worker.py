"""What a worker does with jobs: each once, again if it failed, and held if it goes on failing."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver

from app.crud.crud_job import JobCrud
from app.jobs.handler import GiveUp, Handler, Resources, TryAgain
from app.jobs.payloads import Payload
from app.jobs.queue import enqueue
from app.jobs.worker import LONGEST_WAIT_SECONDS
from tests.jobs.probing import Other, Probe, Recorder, listed, put_in, until
from tests.jobs.working import (
    QUICK,
    at_work,
    jobs,
    make_due,
    work_off,
)
from tests.support import change_rows, rows

SECRET = "her private words"


async def test_each_job_is_done_once_and_leaves_the_queue(app: FastAPI) -> None:
    probe = Recorder()
    await put_in(app, *(Probe(number=number) for number in range(25)))

    await asyncio.gather(*(work_off(app, handlers=[probe.handler()]) for _ in range(3)))

    assert sorted(probe.done) == list(range(25))
    assert await jobs(app) == []


async def test_a_job_starts_within_moments_of_its_commit(app: FastAPI) -> None:
    done = asyncio.Event()

    async def finish() -> None:
        done.set()

    probe = Recorder(finish, finish)
    async with at_work(app, handlers=[probe.handler()]):
        await put_in(app, Probe())
        await asyncio.wait_for(done.wait(), 5)
        done.clear()
        began = time.perf_counter()
        await put_in(app, Probe())
        await asyncio.wait_for(done.wait(), 5)
        waited = time.perf_counter() - began
        assert waited < LONGEST_WAIT_SECONDS / 2, "it was told, and did not ask"


async def test_what_fails_is_tried_again_with_growing_pauses_and_then_held(app: FastAPI) -> None:
    probe = Recorder(*(ValueError(SECRET) for _ in range(4)))
    await put_in(app, Probe())
    pauses: list[float] = []
    for attempt in range(1, 4):
        await work_off(app, handlers=[probe.handler(attempts=4)])
        (job,) = await jobs(app)
        assert (job["status"], job["attempts"]) == ("queued", attempt)
        (left,) = await rows(app, "SELECT execute_after - now() AS left FROM pgqueuer")
        pauses.append(left["left"].total_seconds())
        await make_due(app)
    await work_off(app, handlers=[probe.handler(attempts=4)])

    (held,) = await listed(app)
    assert (held["status"], held["job"], held["last_error"]) == ("failed", "probe", "ValueError")
    assert len(probe.done) == 4
    for number, pause in enumerate(pauses):
        planned = 10 * 2**number
        assert planned * 0.75 - 5 < pause < planned * 1.25
    await make_due(app)
    await work_off(app, handlers=[probe.handler()])
    assert len(probe.done) == 4, "held means held"
    # What people wrote may stand in an exception's message: nothing of it is kept.
    log = await rows(
        app, "SELECT traceback::text AS t FROM pgqueuer_log WHERE traceback IS NOT NULL"
    )
    assert len(log) == 4
    assert not [row for row in log if SECRET in row["t"]]


async def test_a_held_job_is_done_after_somebody_says_so(app: FastAPI) -> None:
    probe = Recorder(GiveUp("NotPossible"))
    await put_in(app, Probe(number=1), Probe(number=2))
    await work_off(app, handlers=[probe.handler()])
    (held,) = await listed(app, status="failed")
    assert held["last_error"] == "NotPossible"

    async with app.state.database.session() as session:
        assert (await JobCrud(session).retry([held["id"] + 1000])).back == 0
        assert (await JobCrud(session).retry([held["id"]])).back == 1
        assert (await JobCrud(session).retry(None)).back == 0
    await work_off(app, handlers=[probe.handler()])

    assert sorted(probe.done) == [1, 1, 2]
    assert await jobs(app) == []


async def test_all_held_jobs_can_be_retried_even_beside_newer_equal_ones(app: FastAPI) -> None:
    probe = Recorder(GiveUp("A"), GiveUp("B"))
    for _ in range(2):
        async with app.state.database.session() as session, session.begin():
            assert await enqueue(session, Probe(), dedupe_key="same")
        await work_off(app, handlers=[probe.handler()])
    async with app.state.database.session() as session, session.begin():
        assert await enqueue(session, Probe(), dedupe_key="same")

    async with app.state.database.session() as session:
        assert (await JobCrud(session).retry(None)).back == 2
    await work_off(app, handlers=[probe.handler()])

    assert len(probe.done) == 5
    assert await jobs(app) == []


async def test_what_has_to_wait_is_no_failure_however_often(app: FastAPI) -> None:
    probe = Recorder(*(TryAgain("NotYet", after=timedelta(hours=1)) for _ in range(5)))
    await put_in(app, Probe())
    for _ in range(5):
        await work_off(app, handlers=[probe.handler(attempts=2)])
        (job,) = await listed(app)
        assert (job["status"], job["last_error"]) == ("queued", "NotYet")
        await make_due(app)
    await work_off(app, handlers=[probe.handler(attempts=2)])
    assert await jobs(app) == []


async def test_a_job_that_waited_often_has_all_its_attempts_left_when_it_first_fails(
    app: FastAPI,
) -> None:
    waits = [TryAgain("NotYet", after=timedelta(0)) for _ in range(5)]
    probe = Recorder(*waits, ValueError(), *waits, ValueError())
    await put_in(app, Probe())
    for failures in (1, 2):
        await work_off(app, handlers=[probe.handler(attempts=3)])
        (job,) = await listed(app)
        assert (job["status"], job["failures"], job["last_error"]) == (
            "queued",
            failures,
            "ValueError",
        )
        await make_due(app)
    await work_off(app, handlers=[probe.handler(attempts=3)])
    assert len(probe.done) == 13
    assert await jobs(app) == []


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionError(SECRET),
        asyncpg.LockNotAvailableError(SECRET),
        asyncpg.DeadlockDetectedError(SECRET),
        asyncpg.CannotConnectNowError(SECRET),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_while_the_database_is_away_or_busy_a_job_waits_and_is_never_held(
    fault: Exception, app: FastAPI
) -> None:
    probe = Recorder(*([fault] * 4))
    await put_in(app, Probe())
    for _ in range(4):
        await work_off(app, handlers=[probe.handler(attempts=1)])
        (job,) = await listed(app)
        assert (job["status"], job["failures"]) == ("queued", 0)
        assert job["last_error"] == type(fault).__name__
        (left,) = await rows(app, "SELECT execute_after - now() AS left FROM pgqueuer")
        assert 10 < left["left"].total_seconds() < 60
        await make_due(app)
    await work_off(app, handlers=[probe.handler(attempts=1)])
    assert await jobs(app) == []


async def test_a_job_that_cannot_be_put_back_at_once_is_not_held_but_taken_again(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its row is locked for too long, or the connection breaks at that moment."""
    execute = AsyncpgDriver.execute
    refused: list[str] = []

    async def refuse_once(driver: AsyncpgDriver, query: str, *arguments: Any) -> str:
        if "execute_after = " in query and not refused:
            refused.append(query)
            raise asyncpg.LockNotAvailableError
        return await execute(driver, query, *arguments)

    monkeypatch.setattr(AsyncpgDriver, "execute", refuse_once)
    probe = Recorder(TryAgain("NotYet", after=timedelta(0)))
    await put_in(app, Probe())
    await work_off(app, handlers=[probe.handler(attempts=1)])

    assert refused
    assert probe.done == [0, 0]
    assert await jobs(app) == []


async def test_a_job_that_takes_too_long_is_ended_and_the_others_go_on(app: FastAPI) -> None:
    ended: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    probe = Recorder(hang)
    await put_in(app, *(Probe(number=number) for number in range(5)))

    await work_off(app, handlers=[probe.handler(timeout_seconds=0.2)])

    (job,) = await listed(app)
    assert (job["status"], job["last_error"]) == ("queued", "TookTooLong")
    assert sorted(probe.done) == list(range(5))
    assert ended == [True]


@pytest.mark.parametrize("payload", [b"not json", b'{"number": "x"}', None])
async def test_a_payload_that_cannot_be_read_is_a_failure_like_others(
    payload: bytes | None, app: FastAPI
) -> None:
    class Strict(Payload):
        job = "probe"
        number: int

    async def never(_payload: Strict, _resources: Resources) -> None:
        raise AssertionError

    await change_rows(
        app,
        "INSERT INTO pgqueuer (priority, entrypoint, payload, status)"
        " VALUES (0, 'probe', :payload, 'queued')",
        payload=payload,
    )
    await work_off(app, handlers=[Handler(Strict, never, attempts=1)])
    (job,) = await listed(app)
    assert (job["status"], job["last_error"]) == ("failed", "ValidationError")


async def test_a_kind_that_this_version_does_not_know_waits_for_one_that_does(
    app: FastAPI,
) -> None:
    probe = Recorder()
    await put_in(app, Other(), Probe())
    async with at_work(app, handlers=[probe.handler()]):
        await until(lambda: bool(probe.done))
    (left,) = await jobs(app)
    assert (left["entrypoint"], left["status"], left["attempts"]) == ("other", "queued", 0)


async def test_no_more_jobs_than_allowed_run_at_once(app: FastAPI) -> None:
    running, most = 0, 0

    async def take_a_while() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    probe = Recorder(*([take_a_while] * 20))
    await put_in(app, *(Probe() for _ in range(20)))
    await work_off(app, handlers=[probe.handler()])
    assert most == QUICK.concurrency
