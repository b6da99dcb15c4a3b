"""Reminders that several check-ins wait: soon of new ones, later of old ones, not too often."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from app.jobs.scans.verification_reminder import remind_of_new_checkins, remind_of_old_checkins
from tests.factories import Factory, Person
from tests.jobs.scanning import deactivate, outbox, run, switch
from tests.jobs.working import deliver_due
from tests.support import RACE_ROUNDS, FrozenClock, change_rows, data_of, emails_to, items_of

KIND = "verification_reminder"


async def wait_for(partner: Person, factory: Factory, *titles: str) -> list[str]:
    """Have check-ins of the partner wait; returns their ids."""
    waiting = []
    for title in titles:
        system = await factory.system(partner, title=title, verificationRequired=True)
        waiting.append((await factory.checkin(partner, system["id"]))["id"])
    return waiting


async def remind_often(app: FastAPI, clock: FrozenClock, until: datetime) -> list[datetime]:
    """Both scans on every hour and a minute before it; returns when something was written."""
    written = []
    while clock.now() < until:
        for scan in (remind_of_new_checkins, remind_of_old_checkins):
            if await run(app, scan):
                written.append(clock.now())
        clock.advance(minutes=59 if clock.now().minute == 0 else 1)
    return written


async def test_a_second_check_in_that_waits_is_told_with_the_first(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    await wait_for(bob, factory, "Three pages", "No <i>sugar</i>")

    assert await run(app, remind_of_new_checkins) == 1
    assert await run(app, remind_of_new_checkins) == 0
    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert email["subject"] == "Bob has 2 check-ins for you to verify"
    for title in ("Three pages", "No <i>sugar</i>"):
        assert f"\no {title} (Tuesday, 10 March)\n" in email["text"]
    assert "<i>sugar" not in email["html"]
    assert "https://app.test/activity?filter=verifications" in email["links"]
    assert await emails_to(app, bob.email) == []
    assert len(items_of(await alice.get("/verifications/queue"))) == 2


async def test_one_that_waits_alone_is_not_worth_an_e_mail(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    _, bob = await factory.partners()
    await wait_for(bob, factory, "Three pages")

    assert await remind_often(app, clock, datetime(2026, 3, 11, 9, tzinfo=UTC)) == []
    assert await outbox(app, KIND) == []


async def test_each_of_two_partners_is_told_of_what_waits_for_them(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    await wait_for(bob, factory, "Three pages", "No sugar")
    await wait_for(alice, factory, "Run", "Stretch", "Read")

    assert await run(app, remind_of_new_checkins) == 2
    await deliver_due(app)

    (to_alice,) = await emails_to(app, alice.email)
    (to_bob,) = await emails_to(app, bob.email)
    assert to_alice["subject"].startswith("Bob has 2 ")
    assert to_bob["subject"].startswith("Alice has 3 ")


@pytest.mark.parametrize(("seconds", "told"), [(-1, 1), (0, 0)], ids=["not yet", "over"])
async def test_for_twenty_minutes_a_check_in_is_news(
    seconds: int, told: int, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    _, bob = await factory.partners()
    await wait_for(bob, factory, "Three pages", "No sugar")
    clock.advance(minutes=20, seconds=seconds)

    assert await run(app, remind_of_new_checkins) == told
    assert len(await outbox(app, KIND)) == told


async def test_old_ones_are_told_after_three_hours_to_who_was_not_told_before(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await switch(alice, "verificationEmail", enabled=False)
    await wait_for(bob, factory, "Three pages", "No sugar")
    clock.advance(minutes=20)
    assert await run(app, remind_of_new_checkins) == 0
    await switch(alice, "verificationEmail", enabled=True)

    clock.set(datetime(2026, 3, 10, 11, 59, 59, tzinfo=UTC))
    before = await run(app, remind_of_new_checkins), await run(app, remind_of_old_checkins)
    clock.set(datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    assert before == (0, 0)
    assert await run(app, remind_of_old_checkins) == 1


async def test_there_are_two_a_day_at_most_six_hours_apart_on_the_readers_own_calendar(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    """The reader's date ends at 05:00 UTC until 8 March, and from then on at 04:00."""
    clock.set(datetime(2026, 3, 7, 9, 0, tzinfo=UTC))  # 04:00 in New York
    _, bob = await factory.partners(timezones=("America/New_York", "UTC"))
    await wait_for(bob, factory, "Three pages", "No sugar")

    written = await remind_often(app, clock, datetime(2026, 3, 9, 9, 0, tzinfo=UTC))

    at = [(instant.day, instant.hour, instant.minute) for instant in written]
    assert at == [(7, 9, 0), (7, 15, 0), (8, 5, 0), (8, 11, 0), (9, 4, 0)]


@pytest.mark.parametrize("preference_off", [True, False], ids=["off", "closed"])
async def test_nobody_is_reminded_who_does_not_want_it_or_is_gone(
    preference_off: bool, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await wait_for(bob, factory, "Three pages", "No sugar")
    if preference_off:
        await switch(alice, "verificationEmail", enabled=False)
    else:
        await deactivate(app, alice)

    assert await remind_often(app, clock, datetime(2026, 3, 10, 15, tzinfo=UTC)) == []


async def _verify(alice: Person, bob: Person, waiting: list[str]) -> None:
    body = {"decision": "verified_completed"}
    data_of(await alice.post(f"/verifications/{waiting[0]}/verify", body))


async def _part(alice: Person, bob: Person, waiting: list[str]) -> None:
    data_of(await bob.post("/partnerships/dissolve"))


async def _switch_off(alice: Person, bob: Person, waiting: list[str]) -> None:
    await switch(alice, "verificationEmail", enabled=False)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (_verify, "fewer than two check-ins wait"),
        (_part, "the partnership has ended"),
        (_switch_off, "switched off"),
    ],
    ids=["verified", "parted", "switched off"],
)
async def test_what_is_stale_when_it_should_be_sent_is_not_sent(
    meanwhile: Callable[[Person, Person, list[str]], Awaitable[None]],
    reason: str,
    app: FastAPI,
    factory: Factory,
) -> None:
    alice, bob = await factory.partners()
    waiting = await wait_for(bob, factory, "Three pages", "No sugar")
    assert await run(app, remind_of_new_checkins) == 1
    await meanwhile(alice, bob, waiting)

    await deliver_due(app)

    (row,) = await outbox(app, KIND)
    assert (row["status"], row["last_error"]) == ("cancelled", reason)
    assert KIND not in {email["subject"] for email in await emails_to(app, alice.email)}
    assert not any("verify" in email["subject"] for email in await emails_to(app, alice.email))


async def test_a_check_in_that_is_handed_in_again_is_news(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    first, second = await wait_for(bob, factory, "Three pages", "No sugar")
    query = {"decision": "queried_by_partner", "query": "Which ones?"}
    data_of(await alice.post(f"/verifications/{first}/verify", query))
    clock.advance(hours=2)
    assert await run(app, remind_of_new_checkins) == 0

    data_of(await bob.post(f"/checkins/{first}/resubmit", {"notes": "These."}))

    assert await run(app, remind_of_new_checkins) == 1
    assert second


async def test_of_all_scans_at_once_one_reminds(app: FastAPI, factory: Factory) -> None:
    alice, bob = await factory.partners()
    await wait_for(bob, factory, "Three pages", "No sugar")
    for number in range(1, RACE_ROUNDS + 1):
        await change_rows(
            app,
            "UPDATE checkins SET updated_at = updated_at - interval '3 hours'"
            " WHERE user_id = :id AND updated_at = created_at",
            id=bob.id,
        )
        scans = (remind_of_old_checkins,) * 4
        assert sum(await asyncio.gather(*(run(app, scan) for scan in scans))) == 1
        assert len(await outbox(app, KIND)) == number
        await change_rows(
            app,
            "UPDATE users SET last_aggregated_verification_email_sent_at = NULL WHERE id = :id",
            id=alice.id,
        )
