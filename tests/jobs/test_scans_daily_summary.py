"""Daily summaries: in the evening of each person's own day, once, and only about something."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import pytest
from fastapi import FastAPI

from app.core.local_time import local_instant, today
from app.jobs.scans.daily_summary import write_daily_summaries
from tests.factories import Factory, end_partnership
from tests.jobs.scanning import (
    KeptSender,
    deactivate,
    outbox,
    profile_changed_at,
    run,
    switch,
    unconfirm,
)
from tests.jobs.working import deliver_due
from tests.support import (
    RACE_ROUNDS,
    FrozenClock,
    change_rows,
    data_of,
    emails_to,
    rows,
)

KIND = "daily_summary"
EVENING = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)


async def test_the_evening_tells_what_was_done_missed_and_is_open_and_the_partners_day(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    clock.advance(days=-1)
    alice, bob = await factory.partners()
    missed = await factory.system(alice, title="Call <b>grandmother</b>")
    run_ = await factory.system(
        alice,
        title="Run",
        metricType="counter",
        targetValue=5,
        targetUnit="km",
        verificationRequired=True,
    )
    await factory.checkin(alice, run_["id"], metricValueLogged=4)
    clock.advance(days=1)
    await factory.checkin(alice, run_["id"], metricValueLogged=5)
    skipped = await factory.system(alice, title="Cold shower")
    await factory.checkin(alice, skipped["id"], status="skipped")
    pages = await factory.system(bob, title="Three pages", verificationRequired=True)
    await factory.checkin(bob, pages["id"])
    clock.set(EVENING)

    assert await run(app, write_daily_summaries) == 2
    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert email["subject"] == "Tuesday, 10 March: 1 done, 1 still open"
    text = email["text"]
    assert "Alice, your Tuesday, 10 March" in text
    assert "Streak: 2 days." in text
    assert "Done:\n+ Run (5 km · waits for Bob)" in text
    assert "Skipped:\n- Cold shower" in text
    assert f"Still open:\no {missed['title']}" in text
    assert f"Missed:\nx {missed['title']} (Monday)" in text
    assert "Bob:\n1 done.\n+ Three pages" in text
    assert "1 check-in of Bob waits for your verification." in text
    assert "<b>grandmother" not in email["html"]
    assert "https://app.test/dashboard" in email["links"]


async def test_it_comes_at_eight_on_ones_own_clock_and_once_a_date(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    tokyo = await factory.person("Aiko", timezone="Asia/Tokyo")
    kathmandu = await factory.person("Maya", timezone="Asia/Kathmandu")
    for person in (tokyo, kathmandu):
        await factory.system(person)
    changed = await profile_changed_at(app, tokyo)
    written: list[tuple[datetime, int]] = []
    clock.set(datetime(2026, 3, 10, 10, 0, tzinfo=UTC))
    while clock.now() < datetime(2026, 3, 11, 12, 0, tzinfo=UTC):
        found = await run(app, write_daily_summaries)
        if found:
            written.append((clock.now(), found))
        clock.advance(minutes=15)

    assert written == [
        (datetime(2026, 3, 10, 11, 0, tzinfo=UTC), 1),
        (datetime(2026, 3, 10, 14, 15, tzinfo=UTC), 1),
        (datetime(2026, 3, 11, 11, 0, tzinfo=UTC), 1),
    ]
    assert [row["user_id"] for row in await outbox(app, KIND)] == [
        tokyo.id,
        kathmandu.id,
        tokyo.id,
    ]
    assert await profile_changed_at(app, tokyo) == changed


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("Pacific/Kiritimati", date(2026, 3, 10)),
    ],
)
async def test_eight_is_eight_when_the_clocks_change(
    zone: str, day: date, app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    clock.set(local_instant(day, time(1), zone) - timedelta(days=2))
    person = await factory.person(timezone=zone)
    await factory.system(person)
    eight = local_instant(day, time(20), zone)

    clock.set(eight - timedelta(seconds=1))
    before = await run(app, write_daily_summaries)
    clock.set(eight)
    after = await run(app, write_daily_summaries)

    assert (before, after) == (0, 1)
    (row,) = await outbox(app, KIND)
    assert row["payload"] == {"local_date": day.isoformat()}


async def test_everybody_gets_one_for_each_of_their_dates_wherever_they_live(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    zones = [
        "Pacific/Pago_Pago",
        "America/St_Johns",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
    ]
    clock.set(datetime(2026, 3, 27, 12, tzinfo=UTC))  # Berlin's clocks change two days later
    people = {(await factory.person(timezone=zone)).id: zone for zone in zones}
    await change_rows(
        app,
        "INSERT INTO systems (user_id, title, frequency, metric_type)"
        " SELECT id, 'Run', 'daily', 'binary' FROM users",
    )
    expected = {
        (user_id, str(today(clock.now(), zone) + timedelta(days=number)))
        for user_id, zone in people.items()
        for number in range(-1, 5)
        if clock.now()
        < local_instant(today(clock.now(), zone) + timedelta(days=number), time(20), zone)
        <= clock.now() + timedelta(days=3)
    }
    for _ in range(3 * 24 * 4):
        clock.advance(minutes=15)
        await run(app, write_daily_summaries)

    written = [(row["user_id"], row["payload"]["local_date"]) for row in await outbox(app, KIND)]
    # Those whose evening had begun already got theirs, too.
    fresh = [entry for entry in written if entry in expected]
    assert len(written) == len(set(written))
    assert set(fresh) == expected


async def test_who_practises_nothing_is_told_of_the_partners_day(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    await factory.checkin(bob, (await factory.system(bob, title="Three pages"))["id"])
    clock.set(EVENING)

    assert await run(app, write_daily_summaries) == 2
    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert "Bob:\n1 done.\n+ Three pages" in email["text"]


async def test_what_was_done_before_the_last_system_was_put_away_is_told(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    system = (await factory.system(alice, title="Run"))["id"]
    await factory.checkin(alice, system)
    data_of(await alice.patch(f"/systems/{system}", {"status": "inactive"}))
    clock.set(EVENING)

    assert await run(app, write_daily_summaries) == 1
    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert "Done:\n+ Run" in email["text"]
    clock.advance(days=1)
    assert await run(app, write_daily_summaries) == 0


async def test_nothing_is_written_for_who_cannot_or_does_not_want_to_get_it(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    names = ("Off", "Closed", "Unconfirmed")
    off, closed, unconfirmed = [await factory.person(name) for name in names]
    for person in (off, closed, unconfirmed):
        await factory.system(person)
    await factory.person("Idle")  # neither practises nor has a partner
    await switch(off, "dailySummaryEmail", enabled=False)
    await deactivate(app, closed)
    await unconfirm(app, unconfirmed)
    clock.set(EVENING)

    assert await run(app, write_daily_summaries) == 0
    assert await outbox(app, KIND) == []


async def test_who_switches_them_on_again_in_the_evening_gets_that_days(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person()
    await factory.system(alice)
    await switch(alice, "dailySummaryEmail", enabled=False)
    clock.set(EVENING)
    assert await run(app, write_daily_summaries) == 0

    await switch(alice, "dailySummaryEmail", enabled=True)

    assert await run(app, write_daily_summaries) == 1


async def test_a_day_on_which_nothing_was_due_and_nothing_happened_is_not_told(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, _ = await factory.partners()
    details = {"daysOfWeek": [4]}
    await factory.system(alice, frequency="weekly", frequencyDetails=details)
    clock.set(EVENING)

    await run(app, write_daily_summaries)
    await deliver_due(app)

    reasons = {row["last_error"] for row in await outbox(app, KIND)}
    assert reasons == {"nothing was due and nothing happened"}
    assert await emails_to(app, alice.email) == []


async def test_without_a_partner_it_says_nothing_of_one(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    for person in (alice, bob):
        await factory.checkin(person, (await factory.system(person, title="Run"))["id"])
    await end_partnership(app, alice, bob)
    clock.set(EVENING)

    await run(app, write_daily_summaries)
    await deliver_due(app)

    (email,) = await emails_to(app, alice.email)
    assert "Bob" not in email["text"] + email["html"]
    assert email["subject"] == "Tuesday, 10 March: 1 done"


async def test_it_can_be_unsubscribed_with_one_click(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    alice, sender = await factory.person(), KeptSender()
    await factory.system(alice)
    clock.set(EVENING)
    await run(app, write_daily_summaries)

    await deliver_due(app, sender)

    (email,) = sender.sent
    link = email.headers["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    assert email.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert email.content.html.count(link) == 1
    answer = await alice.client.post(
        link, data={"List-Unsubscribe": "One-Click"}, headers={"Authorization": ""}
    )
    assert answer.status_code == 200
    preferences = data_of(await alice.get("/users/me/notification-preferences"))["preferences"]
    assert [item["id"] for item in preferences if not item["enabled"]] == ["dailySummaryEmail"]
    clock.advance(days=1)
    assert await run(app, write_daily_summaries) == 0


async def test_of_scans_at_once_one_writes_each_summary(
    app: FastAPI, factory: Factory, clock: FrozenClock
) -> None:
    await change_rows(
        app,
        "INSERT INTO users (email, is_email_verified) SELECT n || '@example.com', true"
        " FROM generate_series(1, 100) AS n",
    )
    await change_rows(
        app,
        "INSERT INTO systems (user_id, title, frequency, metric_type)"
        " SELECT id, 'Run', 'daily', 'binary' FROM users",
    )
    clock.set(EVENING)
    for number in range(1, RACE_ROUNDS + 1):
        written = await asyncio.gather(*(run(app, write_daily_summaries) for _ in range(4)))
        # What one scan holds another leaves to it: nobody waits, and nobody is left out.
        assert sum(written) == 100
        found = await rows(
            app,
            "SELECT count(*) AS n, count(DISTINCT user_id) AS people FROM email_outbox"
            " WHERE payload ->> 'local_date' = :day",
            day=clock.now().date().isoformat(),
        )
        assert dict(found[0]) == {"n": 100, "people": 100}
        (queue,) = await rows(app, "SELECT count(*) AS n FROM pgqueuer")
        assert queue["n"] == 100 * number
        clock.advance(days=1)
