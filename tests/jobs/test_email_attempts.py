"""Attempts that cross: only the latest one decides, and nothing that is settled is undone."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from app.clients.resend_client import Refusal
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.db.models import EmailOutbox
from tests.jobs.delivering import (
    UNCLEAR,
    Recorder,
    history,
    outbox,
    queue,
    refused,
)
from tests.jobs.working import deliver_due
from tests.support import FrozenClock


async def as_read(app: FastAPI) -> EmailOutbox:
    """The only e-mail, as somebody has read it who is about to send it."""
    (row,) = await outbox(app)
    async with app.state.database.session() as session, session.begin():
        email = await EmailOutboxCrud(session).get_unsettled(row["id"])
        assert isinstance(email, EmailOutbox)
        session.expunge(email)
    return email


async def begin(app: FastAPI, email: EmailOutbox) -> int | None:
    async with app.state.database.session() as session, session.begin():
        attempt: int | None = await EmailOutboxCrud(session).begin_attempt(
            email, app.state.clock.now()
        )
    return attempt


async def report(app: FastAPI, email_id: Any, event: str, detail: str | None = None) -> None:
    async with app.state.database.session() as session, session.begin():
        assert await EmailOutboxCrud(session).record_event(
            email_id, event=event, at=app.state.clock.now(), detail=detail
        )


async def test_of_two_who_have_read_the_same_e_mail_one_sends_it(app: FastAPI) -> None:
    await queue(app, "bob@example.com")
    email = await as_read(app)

    assert await begin(app, email) == 1
    assert await begin(app, email) is None

    (row,) = await outbox(app)
    assert (row["status"], row["attempts"]) == ("sending", 1)
    assert row["unclear_since"] is None


async def test_an_e_mail_that_was_settled_after_it_was_read_is_not_sent(app: FastAPI) -> None:
    await queue(app, "bob@example.com")
    email = await as_read(app)
    await report(app, email.id, "delivered")

    assert await begin(app, email) is None

    (row,) = await outbox(app)
    assert (row["status"], row["attempts"], history(row)) == ("sent", 0, ["delivered"])


@pytest.mark.parametrize("refusal", [Refusal.LATER, Refusal.FOR_EVER], ids=lambda it: it.name)
async def test_a_late_failure_does_not_settle_the_attempt_that_is_under_way(
    refusal: Refusal, app: FastAPI
) -> None:
    await queue(app, "bob@example.com")
    first_fails, first_waits, second_waits = asyncio.Event(), asyncio.Event(), asyncio.Event()
    seen: list[Any] = []

    async def fail_late() -> None:
        first_waits.set()
        await first_fails.wait()
        raise refused(refusal)

    async def see_the_first_one_fail() -> None:
        second_waits.set()
        await first
        seen.extend(await outbox(app))

    first = asyncio.create_task(deliver_due(app, Recorder(fail_late)))
    await first_waits.wait()
    second = asyncio.create_task(deliver_due(app, Recorder(see_the_first_one_fail)))
    await second_waits.wait()
    first_fails.set()
    await second

    (meanwhile,), (row,) = seen, await outbox(app)
    assert (meanwhile["status"], meanwhile["attempts"]) == ("sending", 2)
    assert (row["status"], history(row), row["last_error"]) == ("sent", ["sent"], None)


@pytest.mark.parametrize("fails", [True, False], ids=["failure", "success"])
async def test_what_the_vendor_reports_during_an_attempt_outlasts_its_end(
    fails: bool, app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    (row,) = await outbox(app)
    delivered_at = clock.now()

    async def end_after_the_report() -> None:
        await report(app, row["id"], "delivered")
        clock.advance(seconds=30)
        if fails:
            raise refused(UNCLEAR)

    await deliver_due(app, Recorder(end_after_the_report))

    (row,) = await outbox(app)
    assert (row["status"], row["sent_at"]) == ("sent", delivered_at)
    assert history(row) == ["delivered"]
    assert (row["payload"], row["unclear_since"]) == ({}, None)


async def test_a_crash_after_what_was_unclear_does_not_begin_the_day_anew(
    app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    began = clock.now()
    await deliver_due(app, Recorder(refused(UNCLEAR)))
    clock.advance(hours=23)
    with pytest.raises(asyncio.CancelledError):
        await deliver_due(app, Recorder(asyncio.CancelledError()))
    clock.advance(hours=2)
    sender = Recorder()

    await deliver_due(app, sender)

    (row,) = await outbox(app)
    assert (row["status"], row["unclear_since"]) == ("parked", began)
    assert sender.sent == []


@pytest.mark.parametrize("event", ["delivered", "bounced", "complained"])
async def test_each_report_of_what_only_happens_to_a_sent_e_mail_settles_what_was_unclear(
    event: str, app: FastAPI, clock: FrozenClock
) -> None:
    await queue(app, "bob@example.com")
    await deliver_due(app, Recorder(refused(UNCLEAR)))
    (row,) = await outbox(app)
    await report(app, row["id"], event)
    clock.advance(hours=2)
    sender = Recorder()

    assert await deliver_due(app, sender) == 0

    (row,) = await outbox(app)
    assert (row["status"], row["payload"], history(row)) == ("sent", {}, ["unclear", event])
    assert sender.sent == []


async def test_a_report_that_comes_again_after_another_is_noted_once(app: FastAPI) -> None:
    await queue(app, "bob@example.com")
    (row,) = await outbox(app)

    for event in ("delivered", "delivery_delayed", "delivered", "delivery_delayed"):
        await report(app, row["id"], event)
    await report(app, row["id"], "bounced", "Transient")
    await report(app, row["id"], "bounced", "Permanent")

    (row,) = await outbox(app)
    assert history(row) == ["delivered", "delivery_delayed", "bounced", "bounced"]
    assert [entry["detail"] for entry in row["history"][-2:]] == ["Transient", "Permanent"]
