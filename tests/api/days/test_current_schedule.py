"""What one's day asks for: cards of the systems that are due or were logged."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, change_rows, count_rows, data_of, items_of

SCHEDULE = "/systems/current-schedule"


async def names(person: Person, path: str = SCHEDULE) -> list[str]:
    return [card["name"] for card in items_of(await person.get(path))]


async def statuses(person: Person, path: str = SCHEDULE) -> dict[str, str]:
    return {card["name"]: card["status"] for card in items_of(await person.get(path))}


async def test_a_card_has_what_the_day_needs(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice, title="Drink more")
    system = await factory.system(
        alice,
        title="Water",
        description="Before every meal.",
        goalId=goal["id"],
        metricType="counter",
        targetValue=8,
        targetUnit="glasses",
        targetTimeLocal="07:00",
    )
    checkin = await factory.checkin(alice, system["id"], metricValueLogged=6.5)

    (card,) = items_of(await alice.get(SCHEDULE))

    assert card == {
        "id": system["id"],
        "name": "Water",
        "status": "completed",
        "details": "Before every meal.",
        "scheduleTime": "07:00 AM",
        "goalId": goal["id"],
        "goalTitle": "Drink more",
        "metricType": "counter",
        "targetValue": 8,
        "targetUnit": "glasses",
        "lastValue": 6.5,
        "verificationRequired": False,
        "checkinId": checkin["id"],
        "currentStreak": 1,
    }


async def test_a_card_of_a_bare_system_says_when(factory: Factory) -> None:
    alice = await factory.person("Alice")
    days = {"daysOfWeek": [1, 3]}
    system = await factory.system(alice, frequency="weekly", frequencyDetails=days)

    (card,) = items_of(await alice.get(SCHEDULE))

    assert card["details"] == "Tue, Thu"
    assert card["status"] == "todo"
    assert card["currentStreak"] == 0
    for name in ("scheduleTime", "goalId", "goalTitle", "targetValue", "lastValue", "checkinId"):
        assert card[name] is None
    assert card["id"] == system["id"]


async def test_only_what_is_due_is_shown_by_time_then_title(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await factory.system(bob, title="Bob's own")
    for title, at in (("b", None), ("C", None), ("late", "21:00"), ("early", "06:30"), ("a", None)):
        await factory.system(alice, title=title, targetTimeLocal=at)
    weekly = {"frequency": "weekly"}
    await factory.system(alice, title="Sundays", frequencyDetails={"daysOfWeek": [6]}, **weekly)
    await factory.system(alice, title="resting", status="paused")
    await factory.system(alice, title="given up", status="inactive")
    before = await count_rows(app, "checkins", "notifications")

    listed = data_of(await alice.get(SCHEDULE))

    assert [card["name"] for card in listed["items"]] == ["early", "late", "a", "b", "C"]
    assert listed["pagination"] == {
        "currentPage": 1,
        "limit": 20,
        "totalItems": 5,
        "totalPages": 1,
        "hasNextPage": False,
    }
    assert await names(alice, f"{SCHEDULE}?limit=2&page=2") == ["a", "b"]
    assert await names(alice, f"{SCHEDULE}?limit=2&page=9") == []
    assert await count_rows(app, "checkins", "notifications") == before


async def test_equal_titles_have_an_order_too(factory: Factory) -> None:
    alice = await factory.person("Alice")
    ids = sorted([(await factory.system(alice))["id"] for _ in range(5)])

    shown = [items_of(await alice.get(f"{SCHEDULE}?limit=1&page={n}"))[0] for n in range(1, 6)]

    assert [card["id"] for card in shown] == ids


async def test_past_and_future_dates_have_their_own_schedule(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    daily = await factory.system(alice, title="daily")
    sundays = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [6]}}
    await factory.system(alice, title="Sundays", **sundays)
    await factory.checkin(alice, daily["id"])
    clock.set(datetime(2026, 3, 12, 9, tzinfo=UTC))  # Thursday

    assert await statuses(alice, f"{SCHEDULE}?date=2026-03-09") == {}  # before they began
    assert await statuses(alice, f"{SCHEDULE}?date=2026-03-10") == {"daily": "completed"}
    assert await statuses(alice, f"{SCHEDULE}?date=2026-03-11") == {"daily": "todo"}
    assert await statuses(alice, f"{SCHEDULE}?date=2026-03-15") == {
        "daily": "todo",
        "Sundays": "todo",
    }
    assert await names(alice, f"{SCHEDULE}?date=9999-12-31") == ["daily"]
    assert await names(alice, f"{SCHEDULE}?date=0001-01-01") == []


async def test_an_off_day_checkin_is_shown_and_so_is_one_from_before_the_beginning(
    factory: Factory,
) -> None:
    alice = await factory.person("Alice")
    sundays = {"frequency": "weekly", "frequencyDetails": {"daysOfWeek": [6]}}
    system = await factory.system(alice, **sundays)
    assert await names(alice) == []

    await factory.checkin(alice, system["id"])
    await factory.checkin(alice, system["id"], localDate="2026-03-09", status="skipped")

    assert await statuses(alice) == {"Morning run": "completed"}
    assert await statuses(alice, f"{SCHEDULE}?date=2026-03-09") == {"Morning run": "skipped"}


async def test_a_weekly_target_is_shown_until_it_is_met(
    factory: Factory, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 3, 9, 9, tzinfo=UTC))  # Monday
    alice = await factory.person("Alice")
    twice = {"frequency": "weekly", "frequencyDetails": {"timesPerWeek": 2}}
    system = await factory.system(alice, **twice)

    shown = []
    for day in range(9, 17):  # until the next Monday
        clock.set(datetime(2026, 3, day, 15, tzinfo=UTC))
        if day in (10, 12):
            await factory.checkin(alice, system["id"])
        shown.append((await statuses(alice)).get("Morning run"))

    assert shown == ["todo", "completed", "todo", "completed", None, None, None, "todo"]
    assert await names(alice, f"{SCHEDULE}?date=2026-03-11") == []
    assert await names(alice, f"{SCHEDULE}?date=2026-03-22") == ["Morning run"]


async def test_a_pause_hides_what_was_not_logged(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    logged = await factory.system(alice, title="logged")
    other = await factory.system(alice, title="other")
    await factory.checkin(alice, logged["id"])
    for system, starts_on in ((logged, "2026-03-11"), (other, "2026-03-10")):
        await change_rows(
            app,
            "INSERT INTO system_pauses (id, system_id, starts_on)"
            " VALUES (gen_random_uuid(), CAST(:id AS uuid), CAST(:starts_on AS text)::date)",
            id=system["id"],
            starts_on=starts_on,
        )
    await change_rows(app, "UPDATE systems SET status = 'paused'")

    assert await statuses(alice) == {"logged": "completed"}
    assert await names(alice, f"{SCHEDULE}?date=2026-03-11") == []


async def test_the_systems_of_an_archived_goal_show_only_what_was_logged(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")
    goal = await factory.goal(alice)
    await factory.system(alice, title="open", goalId=goal["id"])
    done = await factory.system(alice, title="done", goalId=goal["id"])
    await factory.checkin(alice, done["id"])
    await change_rows(app, "UPDATE goals SET is_archived = true")

    assert await statuses(alice) == {"done": "completed"}
    assert await names(alice, f"{SCHEDULE}?date=2026-03-11") == []


async def test_the_last_value_is_the_newest_up_to_the_date(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice, metricType="pages")
    await factory.checkin(alice, system["id"], metricValueLogged=10)
    clock.advance(days=1)
    await factory.checkin(alice, system["id"], status="skipped")
    clock.advance(days=1)
    await factory.checkin(alice, system["id"], metricValueLogged=30)

    values = []
    for day in ("09", "10", "11", "12", "13"):
        cards = items_of(await alice.get(f"{SCHEDULE}?date=2026-03-{day}"))
        values.append([card["lastValue"] for card in cards])

    assert values == [[], [10], [10], [30], [30]]


@pytest.mark.parametrize(
    ("timezone", "before", "after", "days"),
    [
        ("Pacific/Kiritimati", "2026-03-10T09:59", "2026-03-10T10:00", ("10", "11")),
        ("America/Los_Angeles", "2026-03-08T07:59", "2026-03-08T08:00", ("07", "08")),
        ("America/Los_Angeles", "2026-03-09T06:59", "2026-03-09T07:00", ("08", "09")),  # DST
        ("Europe/Berlin", "2026-03-29T21:59", "2026-03-29T22:00", ("29", "30")),  # DST
    ],
)
async def test_today_ends_at_midnight_on_ones_own_calendar(
    factory: Factory,
    clock: FrozenClock,
    timezone: str,
    before: str,
    after: str,
    days: tuple[str, str],
) -> None:
    clock.set(datetime(2026, 3, 1, 12, tzinfo=UTC))
    alice = await factory.person("Alice", timezone=timezone)
    system = await factory.system(alice)

    clock.set(datetime.fromisoformat(before).replace(tzinfo=UTC))
    checkin = await factory.checkin(alice, system["id"])
    (evening,) = items_of(await alice.get(SCHEDULE))
    clock.set(datetime.fromisoformat(after).replace(tzinfo=UTC))
    (morning,) = items_of(await alice.get(SCHEDULE))

    assert checkin["localDate"] == f"2026-03-{days[0]}"
    assert (evening["status"], evening["checkinId"]) == ("completed", checkin["id"])
    assert (morning["status"], morning["checkinId"]) == ("todo", None)
    assert morning["currentStreak"] == 1
    asked = items_of(await alice.get(f"{SCHEDULE}?date=2026-03-{days[0]}"))
    assert asked[0]["checkinId"] == checkin["id"]


async def test_after_a_move_today_is_that_of_the_new_zone(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Asia/Tokyo")
    system = await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 16, tzinfo=UTC))  # Wednesday, 01:00 in Tokyo
    await factory.checkin(alice, system["id"])
    assert await statuses(alice) == {"Morning run": "completed"}

    data_of(await alice.put("/users/me", {"timezone": "America/New_York"}))  # Tuesday, 12:00

    assert await statuses(alice) == {"Morning run": "todo"}
    assert await statuses(alice, f"{SCHEDULE}?date=2026-03-11") == {"Morning run": "completed"}


@pytest.mark.parametrize("given", ["", "%20", "2026-03-10"])
async def test_a_blank_date_is_today(factory: Factory, given: str) -> None:
    alice = await factory.person("Alice")
    await factory.system(alice)

    assert await statuses(alice, f"{SCHEDULE}?date={given}") == {"Morning run": "todo"}


@pytest.mark.parametrize("given", ["yesterday", "2026-02-29", "10.03.2026", "2026-3", "null"])
@pytest.mark.parametrize("path", [SCHEDULE, "/dashboard"])
async def test_a_date_must_be_one(factory: Factory, path: str, given: str) -> None:
    alice = await factory.person("Alice")

    refused = await alice.get(path, params={"date": given})

    (error,) = assert_error(refused, 422, "validation_failed")["errors"]
    assert error["field"] == "date"


async def test_a_new_account_has_nothing_to_do(factory: Factory) -> None:
    alice = await factory.person("Alice")

    listed: dict[str, Any] = data_of(await alice.get(SCHEDULE))

    assert listed["items"] == []
    assert listed["pagination"]["totalItems"] == 0
