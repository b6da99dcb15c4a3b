"""What tests of background work share: a worker on an application, until nothing is left to do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from fastapi import FastAPI

from app.clients.resend_client import EmailSender
from app.jobs.handler import GiveUp, Handler, Resources, TryAgain
from app.jobs.handlers import HANDLERS
from app.jobs.handlers.email_delivery import EmailDelivery
from app.jobs.periodic import Periodic
from app.jobs.worker import Worker, WorkerOptions, working
from tests.support import rows

QUICK = WorkerOptions(concurrency=4, heartbeat_seconds=1.0, grace_seconds=5.0)

DUE = """
SELECT count(*) AS n FROM pgqueuer
WHERE status = 'picked' OR (status = 'queued' AND execute_after <= clock_timestamp())
"""


def resources_of(app: FastAPI, sender: EmailSender | None = None) -> Resources:
    """The application's, with the local mailbox, or `sender`, for e-mails."""
    resources: Resources = app.state.job_resources
    return replace(resources, sender=sender or app.state.local_mode.sender)


def worker_on(
    app: FastAPI,
    *,
    sender: EmailSender | None = None,
    handlers: Sequence[Handler[Any]] = HANDLERS,
    options: WorkerOptions = QUICK,
    periodic: Sequence[Periodic] = (),
) -> Worker:
    return Worker(
        resources=resources_of(app, sender),
        target=app.state.settings.direct_database,
        options=options,
        handlers=handlers,
        periodic=periodic,
    )


@asynccontextmanager
async def at_work(app: FastAPI, **how: Any) -> AsyncIterator[Worker]:
    worker = worker_on(app, **how)
    async with working(worker):
        yield worker


async def work_off(app: FastAPI, **how: Any) -> None:
    """Have everything done that is due by the database's clock, with a worker's own means."""
    async with at_work(app, **how):
        await until_idle(app)


async def until_idle(app: FastAPI, *, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        left = 1
        while left:
            await asyncio.sleep(0.01)
            (found,) = await rows(app, DUE)
            left = found["n"]


async def deliver_due(app: FastAPI, sender: EmailSender | None = None) -> int:
    """Try every e-mail that is due by the application's clock once; returns how many those are."""
    resources = resources_of(app, sender)
    assert resources.sender is not None
    delivery = EmailDelivery(
        database=resources.database,
        sender=resources.sender,
        clock=resources.clock,
        settings=resources.settings,
    )
    due = await rows(
        app,
        "SELECT id FROM email_outbox WHERE status IN ('pending', 'sending')"
        " AND next_attempt_at <= :now ORDER BY next_attempt_at, id",
        now=app.state.clock.now(),
    )
    for row in due:
        try:
            await delivery.deliver(row["id"])
        except (TryAgain, GiveUp):
            continue
    return len(due)


async def jobs(app: FastAPI) -> list[Any]:
    """The queue, oldest first."""
    return await rows(
        app,
        "SELECT id, entrypoint, status::text, attempts, dedupe_key, convert_from(payload, 'UTF8')"
        " AS payload, execute_after - created AS delay FROM pgqueuer ORDER BY id",
    )


async def make_due(app: FastAPI) -> None:
    """As if the pauses of all jobs were over."""
    async with app.state.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE pgqueuer SET execute_after = now() - interval '1 second'"
        )
