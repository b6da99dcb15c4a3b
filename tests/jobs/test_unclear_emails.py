"""E-mails of which nobody knows whether they were sent: the same id for a day, then parked."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.crud.crud_email_outbox import EmailOutboxCrud
from app.jobs.handlers.email_delivery import (
    KEY_IS_KNOWN_FOR,
)
from tests.jobs.delivering import (
    LATER,
    UNCLEAR,
    Recorder,
    history,
    outbox,
    queue,
    refused,
    try_until_next,
)
from tests.jobs.working import deliver_due, jobs, make_due, work_off
from tests.support import FrozenClock, change_rows, rows


async def test_what_is_unclear_is_sent_again_with_the_same_id_and_parked_after_a_day(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    began = clock.now()
    sender = Recorder(*(refused(UNCLEAR) for _ in range(100)))
    row = await try_until_next(app, clock, sender)
    assert row["unclear_since"] == began
    while row["status"] == "pending":
        tried = len(sender.sent)
        row = await try_until_next(app, clock, sender)

    assert row["status"] == "parked"
    assert row["payload"] == {}
    assert history(row) == ["unclear", "parked"]
    assert len(sender.sent) == tried > 20
    assert len(sender.ids) == 1
    assert KEY_IS_KNOWN_FOR <= clock.now() - began <= timedelta(hours=26)
    clock.advance(days=1)
    assert await deliver_due(app, sender) == 0


async def test_a_clear_refusal_does_not_clear_up_what_an_earlier_attempt_did(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    sender = Recorder(refused(LATER), refused(UNCLEAR), refused(LATER))
    first = await try_until_next(app, clock, sender)
    second = await try_until_next(app, clock, sender)
    third = await try_until_next(app, clock, sender)
    assert first["unclear_since"] is None
    assert third["unclear_since"] == second["attempted_at"]

    clock.advance(days=1)
    parked = await try_until_next(app, clock, sender)

    assert parked["status"] == "parked"
    assert history(parked) == ["refused", "unclear", "refused", "parked"]
    assert len(sender.sent) == 3


async def test_a_parked_e_mail_is_a_held_job_that_sends_nothing_however_often_it_is_done(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    await work_off(app, sender=Recorder(refused(UNCLEAR)))
    clock.advance(days=1)
    await make_due(app)
    sender = Recorder()
    await work_off(app, sender=sender)

    assert [job["status"] for job in await jobs(app)] == ["failed"]
    (told,) = await rows(
        app, "SELECT traceback->>'exception_message' AS m FROM pgqueuer_log WHERE status = 'failed'"
    )
    assert told["m"] == "EmailParked"
    await change_rows(app, "UPDATE pgqueuer SET status = 'queued', execute_after = now()")
    await work_off(app, sender=sender)
    assert await jobs(app) == []
    assert sender.sent == []
    assert [row["status"] for row in await outbox(app)] == ["parked"]


async def test_what_the_vendor_reports_settles_what_was_unclear(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    row = await try_until_next(app, clock, Recorder(refused(UNCLEAR)))
    for _ in range(2):  # reports come more than once
        async with app.state.database.session() as session, session.begin():
            known = await EmailOutboxCrud(session).record_event(
                row["id"], event="delivered", at=clock.now()
            )
            assert known
            assert not await EmailOutboxCrud(session).record_event(
                UUID(int=1), event="delivered", at=clock.now()
            )
    sender = Recorder()
    assert await deliver_due(app, sender) == 0

    (row,) = await outbox(app)
    assert (row["status"], row["payload"], row["sent_at"]) == ("sent", {}, clock.now())
    assert history(row) == ["unclear", "delivered"]


async def test_a_report_that_says_nothing_about_sending_is_only_noted(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    (row,) = await outbox(app)
    async with app.state.database.session() as session, session.begin():
        await EmailOutboxCrud(session).record_event(
            row["id"], event="delivery_delayed", at=clock.now(), detail="full"
        )
    sender = Recorder()
    await work_off(app, sender=sender)
    (row,) = await outbox(app)
    assert history(row) == ["delivery_delayed", "sent"]
    assert len(sender.sent) == 1


async def test_after_a_crash_while_sending_it_is_sent_again_with_the_same_id(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    sender = Recorder(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await deliver_due(app, sender)
    assert [row["status"] for row in await outbox(app)] == ["sending"]

    assert await deliver_due(app, sender) == 1

    assert len(sender.sent) == 2
    assert len(sender.ids) == 1
    (row,) = await outbox(app)
    assert (row["status"], row["attempts"]) == ("sent", 2)
    assert row["unclear_since"] is not None


async def test_a_crash_that_nobody_noticed_for_a_day_parks_the_e_mail(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    sender = Recorder(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await deliver_due(app, sender)
    clock.advance(days=1)
    await deliver_due(app, sender)
    assert [row["status"] for row in await outbox(app)] == ["parked"]
    assert len(sender.sent) == 1
