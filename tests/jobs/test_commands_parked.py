"""`duotrak jobs retry` and e-mails of which it is unclear whether they were sent."""

import asyncio

import pytest
from fastapi import FastAPI

from app.jobs.handler import GiveUp
from tests.jobs.delivering import UNCLEAR, outbox, queue, refused
from tests.jobs.delivering import Recorder as Sender
from tests.jobs.probing import Probe, Recorder, put_in
from tests.jobs.test_commands import duotrak, listed
from tests.jobs.working import jobs, make_due, work_off
from tests.support import FrozenClock

STAYS = (
    "1 job stays held: its e-mail is parked, since it may have been sent already, "
    "and is not sent again.\n"
)


@pytest.fixture
async def url(app: FastAPI, clock: FrozenClock) -> str:
    """Of a queue with the held job of a parked e-mail."""
    await queue(app, "bob@example.com")
    await work_off(app, sender=Sender(refused(UNCLEAR)))
    clock.advance(days=1)
    await make_due(app)
    await work_off(app, sender=Sender())
    (row,) = await outbox(app)
    assert row["status"] == "parked"
    found: str = app.state.settings.database_url.get_secret_value()
    return found


async def is_listed(app: FastAPI, url: str) -> bool:
    """After whatever waits was done; nothing has been sent by that."""
    sender = Sender()
    await work_off(app, sender=sender)
    done = await asyncio.to_thread(duotrak, url, "jobs", "list", "--status", "held")
    assert sender.sent == []
    return [row[1] for row in listed(done.stdout)] == ["deliver_email"]


async def test_retrying_all_leaves_a_parked_e_mail_on_the_list_and_says_so(
    app: FastAPI, url: str
) -> None:
    done = await asyncio.to_thread(duotrak, url, "jobs", "retry", "--all-held")

    assert (done.returncode, done.stdout) == (0, STAYS)
    assert await is_listed(app, url)


async def test_naming_a_parked_e_mail_is_refused(app: FastAPI, url: str) -> None:
    (held,) = await jobs(app)

    done = await asyncio.to_thread(duotrak, url, "jobs", "retry", str(held["id"]))

    assert (done.returncode, done.stdout, done.stderr) == (1, "", STAYS)
    assert await is_listed(app, url)


async def test_other_held_jobs_go_back_beside_a_parked_e_mail(app: FastAPI, url: str) -> None:
    probe = Recorder(GiveUp("VendorGone"))
    await put_in(app, Probe(number=1))
    await work_off(app, handlers=[probe.handler()])

    done = await asyncio.to_thread(duotrak, url, "jobs", "retry", "--all-held")

    assert (done.returncode, done.stdout) == (0, "1 job is back in the queue.\n" + STAYS)
    assert sorted(job["status"] for job in await jobs(app)) == ["failed", "queued"]


async def test_an_e_mail_that_is_held_for_another_reason_is_retried(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    broken = Sender(*[RuntimeError("boom")] * 8)
    for _ in range(8):
        await work_off(app, sender=broken)
        clock.advance(hours=1)
        await make_due(app)
    assert [job["status"] for job in await jobs(app)] == ["failed"]

    url = app.state.settings.database_url.get_secret_value()
    done = await asyncio.to_thread(duotrak, url, "jobs", "retry", "--all-held")

    assert (done.returncode, done.stdout) == (0, "1 job is back in the queue.\n")
