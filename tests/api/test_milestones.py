"""Streaks that are told to both partners."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, change_rows, count_rows, data_of, items_of, rows

# Checked in on each of the `days` dates that end yesterday, since before then.
PAST = """
    INSERT INTO checkins (user_id, system_id, status, checkin_date_local, checkin_timezone,
                          checkin_timestamp_utc, created_at, updated_at)
    SELECT :user, :system, 'completed', CAST(:today AS date) - n, 'UTC', now(), now(), now()
    FROM generate_series(1, :days) AS n
"""
OLD = "UPDATE system_schedules SET effective_from = CAST(:today AS date) - 500"


async def with_streak(
    factory: Factory, app: FastAPI, owner: Person, days: int, **fields: Any
) -> dict[str, Any]:
    """A daily system that was done on the `days` dates before 10 March."""
    system = await factory.system(owner, **fields)
    today = datetime(2026, 3, 10, tzinfo=UTC).date()
    await change_rows(app, OLD, today=today)
    await change_rows(app, PAST, user=owner.id, system=system["id"], today=today, days=days)
    return system


async def told(person: Person) -> list[str]:
    """Messages about milestones, newest first."""
    query = "/notifications?eventType=streak_milestone"
    return [item["message"] for item in items_of(await person.get(query))]


async def stored(app: FastAPI) -> list[tuple[str, int]]:
    sql = "SELECT local_date, length FROM streak_milestones ORDER BY local_date"
    return [(str(row["local_date"]), row["length"]) for row in await rows(app, sql)]


async def test_the_third_date_in_a_row_is_told_to_both(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    partnership = data_of(await alice.get("/partnerships/current"))["id"]
    system = await factory.system(alice, verificationRequired=True)
    for _ in range(2):
        await factory.checkin(alice, system["id"])
        clock.advance(days=1)
    assert await stored(app) == []

    await factory.checkin(alice, system["id"])

    (row,) = await rows(app, "SELECT * FROM streak_milestones")
    assert (row["user_id"], row["length"]) == (alice.id, 3)
    assert (str(row["local_date"]), row["reached_at"]) == ("2026-03-12", clock.now())
    assert str(row["partnership_id"]) == partnership
    assert await told(alice) == ["You reached a streak of 3 days."]
    assert await told(bob) == ["Alice reached a streak of 3 days."]
    assert items_of(await carol.get("/notifications")) == []
    notice = items_of(await bob.get("/notifications?eventType=streak_milestone"))[0]
    assert (notice["icon"], notice["actionLink"]) == ("Flame", "/progress")
    assert notice["actor"]["id"] == str(alice.id)
    assert notice["target"] == {
        "type": "streak_milestone",
        "id": str(row["id"]),
        "name": "3 days",
    }
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])
    assert await stored(app) == [("2026-03-12", 3)]


@pytest.mark.parametrize("length", [3, 7, 14, 30, 60, 100, 180, 365])
async def test_each_milestone_is_told(factory: Factory, app: FastAPI, length: int) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, length - 1)

    await factory.checkin(alice, system["id"])

    assert await stored(app) == [("2026-03-10", length)]
    assert await told(alice) == [f"You reached a streak of {length} days."]
    assert await told(bob) == [f"Alice reached a streak of {length} days."]


@pytest.mark.parametrize("length", [1, 2, 4, 6, 8, 13, 29, 31, 364, 366])
async def test_other_lengths_are_not_told(factory: Factory, app: FastAPI, length: int) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, length - 1)

    await factory.checkin(alice, system["id"])

    assert await stored(app) == []
    assert await told(alice) == await told(bob) == []


async def test_without_a_partner_it_is_told_to_oneself(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    system = await with_streak(factory, app, alice, 6)

    await factory.checkin(alice, system["id"])

    (row,) = await rows(app, "SELECT partnership_id FROM streak_milestones")
    assert row["partnership_id"] is None
    assert await told(alice) == ["You reached a streak of 7 days."]
    assert await count_rows(app, "notifications") == (1,)


async def test_each_ones_own_preference_decides(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    off = {"preferences": [{"id": "goalProgress", "enabled": False}]}
    data_of(await bob.put("/users/me/notification-preferences", off))
    system = await with_streak(factory, app, alice, 6)

    await factory.checkin(alice, system["id"])

    assert await stored(app) == [("2026-03-10", 7)]
    assert await told(alice) == ["You reached a streak of 7 days."]
    assert await told(bob) == []


async def test_a_skip_reaches_nothing(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 6)

    await factory.checkin(alice, system["id"], status="skipped")

    assert await stored(app) == []
    assert await told(alice) == await told(bob) == []


async def test_a_second_system_on_the_date_tells_nothing_again(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 6)
    other = await factory.system(alice)

    await factory.checkin(alice, system["id"])
    await factory.checkin(alice, other["id"])

    assert await stored(app) == [("2026-03-10", 7)]
    assert len(await told(alice)) == len(await told(bob)) == 1


async def test_a_date_that_was_credited_already_reaches_nothing(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()
    await with_streak(factory, app, alice, 6)
    first, second = await factory.system(alice), await factory.system(alice)
    await factory.checkin(alice, first["id"])
    await change_rows(app, "DELETE FROM streak_milestones")

    await factory.checkin(alice, second["id"])

    assert await stored(app) == []


async def test_a_late_checkin_counts_for_its_own_date(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 5)
    clock.advance(days=1)
    await factory.checkin(alice, system["id"])
    assert await stored(app) == []  # 6, and yesterday is still open

    await factory.checkin(alice, system["id"], localDate="2026-03-10")

    assert await stored(app) == [("2026-03-10", 7)]
    assert await told(bob) == ["Alice reached a streak of 7 days."]


async def test_a_retry_tells_once(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 6)
    body, key = {"systemId": system["id"]}, {"Idempotency-Key": "once"}

    first = await alice.post("/checkins", body, headers=key)
    second = await alice.post("/checkins", body, headers=key)
    third = await alice.post("/checkins", body)

    assert data_of(first, 201) == data_of(second, 201)
    assert third.status_code == 409
    assert len(await told(alice)) == len(await told(bob)) == 1
    assert len(await stored(app)) == 1


async def test_deleting_and_adding_again_tells_once(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 6)
    other = await factory.system(alice)

    for again in (system, other, system):
        checkin = await factory.checkin(alice, again["id"])
        data_of(await alice.put(f"/checkins/{checkin['id']}", {"status": "skipped"}))
        data_of(await alice.put(f"/checkins/{checkin['id']}", {"status": "completed"}))
        assert (await alice.delete(f"/checkins/{checkin['id']}")).status_code == 204

    assert await stored(app) == [("2026-03-10", 7)]
    assert len(await told(alice)) == len(await told(bob)) == 1


async def test_the_same_streak_is_not_told_again_when_it_gets_there_a_day_later(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 6)
    checkin = await factory.checkin(alice, system["id"])
    assert (await alice.delete(f"/checkins/{checkin['id']}")).status_code == 204
    clock.advance(days=1)

    await factory.checkin(alice, system["id"])  # 7 again: the 10th is open, hence neutral

    assert await stored(app) == [("2026-03-10", 7)]
    assert len(await told(alice)) == len(await told(bob)) == 1


async def test_a_new_streak_is_told_anew(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    for run in range(2):
        for _ in range(3):
            await factory.checkin(alice, system["id"])
            clock.advance(days=1)
        if not run:
            clock.advance(days=1)  # missed

    assert await stored(app) == [("2026-03-12", 3), ("2026-03-16", 3)]
    assert len(await told(alice)) == len(await told(bob)) == 2


async def test_a_skip_that_is_completed_after_all_reaches_a_milestone(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    system = await with_streak(factory, app, alice, 6, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"], status="skipped")
    assert await stored(app) == []

    data_of(await alice.put(f"/checkins/{checkin['id']}", {"status": "completed"}))

    assert await stored(app) == [("2026-03-10", 7)]
    assert await told(alice) == ["You reached a streak of 7 days."]
    assert await told(bob) == ["Alice reached a streak of 7 days."]


async def test_off_days_and_excused_skips_neither_break_nor_lengthen(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _ = await factory.partners()
    days = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [1, 3, 4, 0]}}
    system = await factory.system(alice, **days)  # Tuesday, Thursday, Friday, Monday
    for status, pause in (("completed", 2), ("skipped", 1), ("completed", 3), ("completed", 1)):
        await factory.checkin(alice, system["id"], status=status)
        clock.advance(days=pause)

    assert await stored(app) == [("2026-03-16", 3)]


async def test_a_refused_checkin_reaches_nothing(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    system = await with_streak(factory, app, alice, 6, metricType="counter")
    before = await count_rows(app, "checkins", "notifications")

    refused = await alice.post("/checkins", {"systemId": system["id"]})

    assert refused.status_code == 422
    assert await stored(app) == []
    assert await count_rows(app, "checkins", "notifications") == before


async def test_a_date_far_east_of_utc_is_looked_up_like_any_other(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Pacific/Kiritimati")
    first, second = await factory.system(alice), await factory.system(alice)
    for _ in range(3):
        await factory.checkin(alice, first["id"])
        await factory.checkin(alice, second["id"])
        clock.advance(days=1)

    assert await stored(app) == [("2026-03-12", 3)]
    assert len(await told(alice)) == 1
