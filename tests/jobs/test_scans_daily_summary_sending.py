"""Daily summaries between being written and being sent: nothing stale goes out."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.jobs.scans.daily_summary import write_daily_summaries
from tests.factories import Factory, Person
from tests.jobs.scanning import deactivate, outbox, run, switch, unconfirm
from tests.jobs.working import deliver_due
from tests.support import FrozenClock, change_rows, emails_to

KIND = "daily_summary"
EVENING = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)


async def _switch_off(app: FastAPI, alice: Person, clock: FrozenClock) -> None:
    await switch(alice, "dailySummaryEmail", enabled=False)


async def _let_the_date_end(app: FastAPI, alice: Person, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 3, 11, 12, 0, tzinfo=UTC))


async def _close(app: FastAPI, alice: Person, clock: FrozenClock) -> None:
    await deactivate(app, alice)


async def _lose_confirmation(app: FastAPI, alice: Person, clock: FrozenClock) -> None:
    await unconfirm(app, alice)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (_switch_off, "switched off"),
        (_let_the_date_end, "its date is over"),
        (_close, "the account is closed"),
        (_lose_confirmation, "the address is not confirmed"),
    ],
    ids=["switched off", "date over", "account closed", "address unconfirmed"],
)
async def test_what_is_stale_when_it_should_be_sent_is_not_sent(
    meanwhile: Callable[[FastAPI, Person, FrozenClock], Awaitable[None]],
    reason: str,
    app: FastAPI,
    factory: Factory,
    clock: FrozenClock,
) -> None:
    alice = await factory.person()
    await factory.system(alice)
    clock.set(EVENING)
    assert await run(app, write_daily_summaries) == 1
    await meanwhile(app, alice, clock)

    await deliver_due(app)

    (row,) = await outbox(app, KIND)
    assert (row["status"], row["last_error"]) == ("cancelled", reason)
    assert row["payload"] == {}
    assert await emails_to(app, alice.email) == []


async def test_an_address_that_refuses_e_mails_gets_none(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    before, later = await factory.person("Before"), await factory.person("Later")
    for person in (before, later):
        await factory.system(person)
    suppress = (
        "INSERT INTO email_suppressions (address_hash, reason)"
        " VALUES (encode(sha256(convert_to(:email, 'UTF8')), 'hex'), 'bounced')"
    )
    await change_rows(app, suppress, email=before.email)
    clock.set(EVENING)

    assert await run(app, write_daily_summaries) == 1
    await change_rows(app, suppress, email=later.email)
    await deliver_due(app)

    (row,) = await outbox(app, KIND)
    assert (row["user_id"], row["status"]) == (later.id, "cancelled")
    assert row["last_error"] == "the address refuses e-mails"
    assert await emails_to(app, later.email) == []


async def test_it_goes_to_the_address_that_the_person_has_now(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    await factory.system(alice)
    clock.set(EVENING)
    await run(app, write_daily_summaries)
    new = f"{uuid4().hex}@example.com"
    await change_rows(app, "UPDATE users SET email = :new WHERE id = :id", new=new, id=alice.id)

    await deliver_due(app)

    assert await emails_to(app, alice.email) == []
    assert len(await emails_to(app, new)) == 1
