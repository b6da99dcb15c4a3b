"""Workers killed at every point of a delivery: no e-mail is lost, and none goes out twice.

`DUOTRAK_FAULT_ROUNDS=20` for a thorough look.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.crud.crud_email_outbox import EmailOutboxCrud
from tests.fakes.resend_server import ResendServer, resend_server
from tests.jobs.dying_worker import POINTS
from tests.jobs.working import jobs
from tests.support import rows

ROUNDS = int(os.environ.get("DUOTRAK_FAULT_ROUNDS", "1"))
PAYLOAD = {
    "partner_name": "Alice",
    "account_deleted": True,
    "partnership_url": "https://app.test/partnership",
}
DUOTRAK = str(Path(sys.executable).with_name("duotrak"))


@pytest.fixture
async def vendor() -> AsyncIterator[ResendServer]:
    async with resend_server() as fake:
        yield fake


def settings_of(app: FastAPI, vendor: ResendServer) -> dict[str, str]:
    """What a worker in a process of its own is told: the same database, and Resend."""
    return os.environ | {
        "ENVIRONMENT": "test",
        "DATABASE_URL": app.state.settings.database_url.get_secret_value(),
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_test",
        "SUPABASE_SECRET_KEY": "sb_secret_test",
        "EMAIL_MODE": "resend",
        "RESEND_API_KEY": "re_test",
        "RESEND_API_URL": vendor.url,
        "JOB_HEARTBEAT_SECONDS": "2",
        "LOG_LEVEL": "WARNING",
    }


async def start(app: FastAPI, vendor: ResendServer, *command: str) -> "asyncio.subprocess.Process":
    return await asyncio.create_subprocess_exec(*command, env=settings_of(app, vendor))


async def queue(app: FastAPI, number: int) -> dict[UUID, str]:
    """Addresses by the ids of the e-mails to them."""
    written: dict[UUID, str] = {}
    async with app.state.database.session() as session, session.begin():
        for address in (f"person-{index}@example.com" for index in range(number)):
            email_id = await EmailOutboxCrud(session).add(
                kind="partnership_dissolved",
                to_email=address,
                payload=PAYLOAD,
                now=app.state.clock.now(),
            )
            assert email_id is not None
            written[email_id] = address
    return written


async def all_delivered(app: FastAPI) -> None:
    """A job that two workers had at once, on a machine too busy for heartbeats, waits a minute."""
    async with asyncio.timeout(150):
        left = 1
        while left:
            await asyncio.sleep(0.05)
            left = len([job for job in await jobs(app) if job["entrypoint"] == "deliver_email"])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", range(ROUNDS))
async def test_workers_killed_at_every_point_lose_no_e_mail_and_send_none_twice(
    number: int, app: FastAPI, vendor: ResendServer
) -> None:
    emails = await queue(app, 2 * len(POINTS) + 2)

    victims = [
        await start(app, vendor, sys.executable, "-m", "tests.jobs.dying_worker", point)
        for point in POINTS
    ]
    ends = await asyncio.wait_for(
        asyncio.gather(*(victim.wait() for victim in victims)), timeout=60
    )
    assert ends == [-signal.SIGKILL] * len(POINTS), "each died at its point"
    left = await jobs(app)
    assert left, "what they had taken is still there"
    rescuer = await start(app, vendor, DUOTRAK, "worker")
    try:
        await all_delivered(app)
    finally:
        rescuer.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(rescuer.wait(), 12) == 0

    for email_id, address in emails.items():
        requests = [request for request in vendor.requests if request.body["to"] == address]
        assert {request.idempotency_key for request in requests} == {str(email_id)}, address
    assert set(vendor.delivered) == {str(email_id) for email_id in emails}
    assert len(vendor.requests) > len(emails), "something was sent again"
    settled = await rows(app, "SELECT status, payload, attempts FROM email_outbox")
    assert {row["status"] for row in settled} == {"sent"}
    assert {str(row["payload"]) for row in settled} == {"{}"}
    assert max(row["attempts"] for row in settled) > 1


async def test_a_worker_told_to_stop_finishes_its_e_mail_first(
    app: FastAPI, vendor: ResendServer
) -> None:
    vendor.take_seconds = 1.0
    await queue(app, 1)
    worker = await start(app, vendor, DUOTRAK, "worker")
    await asyncio.wait_for(vendor.arrived.wait(), 20)
    worker.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(worker.wait(), 12) == 0

    assert [row["status"] for row in await rows(app, "SELECT status FROM email_outbox")] == ["sent"]
    assert len(vendor.requests) == 1
    assert "deliver_email" not in {job["entrypoint"] for job in await jobs(app)}
