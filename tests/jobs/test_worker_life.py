"""A worker ends when it is told to, loses no job by it, and outlives everything else."""

import asyncio
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.core.config import DatabaseTarget
from app.jobs import worker as worker_module
from app.jobs.job_queries import NAMES
from app.jobs.worker import Worker, WorkerOptions
from tests.jobs.probing import Probe, Recorder, listed, put_in, until
from tests.jobs.working import (
    QUICK,
    at_work,
    jobs,
    resources_of,
    until_idle,
    work_off,
    worker_on,
)
from tests.support import change_rows, rows


async def test_stopping_waits_for_what_runs_and_starts_nothing_new(app: FastAPI) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        started.set()
        await go_on.wait()

    probe = Recorder(wait)
    worker = worker_on(app, handlers=[probe.handler()])
    running = asyncio.create_task(worker.run())
    await put_in(app, Probe(number=1))
    await asyncio.wait_for(started.wait(), 5)

    worker.stop()
    await put_in(app, Probe(number=2))
    await asyncio.wait({running}, timeout=0.3)
    assert not running.done()
    go_on.set()
    await asyncio.wait_for(running, 5)

    assert probe.done == [1]
    (left,) = await jobs(app)
    assert (left["status"], left["attempts"]) == ("queued", 0)
    assert "2" in left["payload"]


async def test_what_does_not_finish_in_time_goes_back_into_the_queue_at_once(
    app: FastAPI,
) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.sleep(60)

    probe = Recorder(hang)
    options = WorkerOptions(concurrency=2, heartbeat_seconds=30, grace_seconds=0.1)
    worker = worker_on(app, handlers=[probe.handler()], options=options)
    running = asyncio.create_task(worker.run())
    await put_in(app, Probe(number=7))
    await asyncio.wait_for(started.wait(), 5)
    worker.stop()
    await asyncio.wait_for(running, 5)

    (job,) = await listed(app)
    assert (job["status"], job["last_error"]) == ("queued", "Interrupted")
    await work_off(app, handlers=[probe.handler()])
    assert probe.done == [7, 7]
    assert await jobs(app) == []


async def test_a_worker_that_is_cancelled_loses_no_job(app: FastAPI) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.sleep(60)

    probe = Recorder(hang)
    running = asyncio.create_task(worker_on(app, handlers=[probe.handler()]).run())
    await put_in(app, Probe())
    await asyncio.wait_for(started.wait(), 5)
    running.cancel()
    await asyncio.wait({running}, timeout=5)

    assert running.done()
    (job,) = await jobs(app)
    assert job["status"] == "queued"


async def test_what_a_dead_worker_had_taken_is_done_by_another_after_its_heartbeat_stopped(
    app: FastAPI,
) -> None:
    probe = Recorder()
    await put_in(app, Probe(number=1), Probe(number=2))
    await change_rows(
        app,
        "UPDATE pgqueuer SET status = 'picked', queue_manager_id = :dead,"
        " heartbeat = now() - (payload = :old)::int * interval '1 hour'",
        dead=uuid4(),
        old=b'{"number":1}',
    )
    options = WorkerOptions(concurrency=2, heartbeat_seconds=60)
    async with at_work(app, handlers=[probe.handler()], options=options):
        await until(lambda: bool(probe.done))
    assert probe.done == [1], "the other may still be at work"


async def test_the_worker_outlives_the_loss_of_its_connection(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "PAUSE_AFTER_FAULT_SECONDS", 0.05)
    probe = Recorder()
    async with at_work(app, handlers=[probe.handler()]):
        await put_in(app, Probe(number=1))
        await until_idle(app)
        await change_rows(
            app,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'duotrak-worker'",
        )
        await put_in(app, Probe(number=2))
        await until_idle(app)
    assert probe.done == [1, 2]


async def test_the_worker_waits_for_a_database_that_is_away(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "PAUSE_AFTER_FAULT_SECONDS", 0.02)
    worker = Worker(
        resources=resources_of(app),
        target=DatabaseTarget("postgresql+asyncpg://u@127.0.0.1:1/none", False, False),
        options=QUICK,
    )
    running = asyncio.create_task(worker.run())
    await asyncio.wait({running}, timeout=0.3)
    assert not running.done()
    worker.stop()
    await asyncio.wait_for(running, 3)


async def test_behind_a_transaction_pooler_it_says_so_and_asks_again_and_again(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    direct = app.state.settings.direct_database
    probe = Recorder()
    worker = Worker(
        resources=resources_of(app),
        target=DatabaseTarget(direct.url, direct.ssl, True),
        options=QUICK,
        handlers=[probe.handler()],
        periodic=(),
    )
    running = asyncio.create_task(worker.run())
    for number in range(3):  # one at least is put in while the worker waits
        await put_in(app, Probe(number=number))
        await until_idle(app)
    others = "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    listening = await rows(app, f"{others} AND query ILIKE 'listen%pgqueuer%'")
    worker.stop()
    await asyncio.wait_for(running, 5)

    assert probe.done == [0, 1, 2]
    assert listening == []
    told = [line for line in capsys.readouterr().out.splitlines() if "jobs_polled" in line]
    assert len(told) == 1
    assert "DATABASE_DIRECT_URL" in told[0]


async def test_names_of_other_peoples_variables_do_not_confuse_the_queue(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library would read CHANNEL, TRIGGER and the like from the environment."""
    assert NAMES.channel == "ch_pgqueuer"
    monkeypatch.setenv("CHANNEL", "elsewhere")
    monkeypatch.setenv("QUEUE_TABLE", "elsewhere")
    probe = Recorder()
    await put_in(app, Probe())
    await work_off(app, handlers=[probe.handler()])
    assert probe.done == [0]
