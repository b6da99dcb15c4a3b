"""Checking in after the timezone changed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, items_of, rows


async def move(person: Person, timezone: str) -> None:
    assert data_of(await person.put("/users/me", {"timezone": timezone}))["timezone"] == timezone


async def log(person: Person, system: dict[str, Any], local_date: str) -> Any:
    return await person.post("/checkins", {"systemId": system["id"], "localDate": local_date})


async def test_travelling_east_never_closes_a_date_early(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="America/New_York")
    first, second = await factory.system(alice), await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 14, tzinfo=UTC))  # Tuesday, 10:00 in New York
    await move(alice, "Asia/Tokyo")  # Tuesday, 23:00 there

    clock.set(datetime(2026, 3, 10, 15, 59, tzinfo=UTC))  # Wednesday, 00:59; 11:59 in New York
    late = data_of(await log(alice, first, "2026-03-09"), 201)
    clock.set(datetime(2026, 3, 10, 16, 0, tzinfo=UTC))
    refused = await log(alice, second, "2026-03-09")

    assert late["isLate"] is True
    assert_error(refused, 422, "checkin_window_closed")
    assert data_of(await log(alice, second, "2026-03-11"), 201)["isLate"] is False


async def test_after_going_east_the_day_left_behind_keeps_its_own_noon(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="America/New_York")
    first, second = await factory.system(alice), await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 23, tzinfo=UTC))  # Tuesday, 19:00 in New York
    await move(alice, "Asia/Tokyo")

    clock.set(datetime(2026, 3, 11, 15, 59, tzinfo=UTC))  # Wednesday 11:59 in New York
    data_of(await log(alice, first, "2026-03-10"), 201)
    clock.set(datetime(2026, 3, 11, 16, 1, tzinfo=UTC))

    assert_error(await log(alice, second, "2026-03-10"), 422, "checkin_window_closed")


async def test_travelling_west_keeps_the_date_that_began(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Asia/Tokyo")
    first, second = await factory.system(alice), await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 16, tzinfo=UTC))  # Wednesday, 01:00 in Tokyo
    await factory.checkin(alice, first["id"])
    await move(alice, "America/New_York")  # Tuesday, 12:00 there

    again = await log(alice, first, "2026-03-11")
    other = data_of(await log(alice, second, "2026-03-11"), 201)
    today = await factory.checkin(alice, first["id"])

    assert_error(again, 409, "already_checked_in")
    assert other["isLate"] is False
    assert today["localDate"] == "2026-03-10"
    assert_error(await log(alice, second, "2026-03-12"), 422, "checkin_window_closed")
    zones = await rows(app, "SELECT checkin_timezone FROM checkins ORDER BY created_at, id")
    assert sorted(row["checkin_timezone"] for row in zones) == [
        "America/New_York",
        "America/New_York",
        "Asia/Tokyo",
    ]


async def test_a_date_lived_twice_over_the_date_line_is_one_date(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Pacific/Auckland")
    system = await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 9, tzinfo=UTC))  # Tuesday, 22:00 in Auckland
    await factory.checkin(alice, system["id"])
    await move(alice, "Pacific/Honolulu")  # Monday, 23:00 there

    clock.set(datetime(2026, 3, 10, 11, tzinfo=UTC))  # Tuesday again
    refused = await alice.post("/checkins", {"systemId": system["id"]})

    assert_error(refused, 409, "already_checked_in")
    assert len(await rows(app, "SELECT id FROM checkins")) == 1


async def test_a_date_skipped_over_the_date_line_can_still_be_logged(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Pacific/Pago_Pago")
    system = await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 10, 30, tzinfo=UTC))  # Monday, 23:30
    await factory.checkin(alice, system["id"])
    await move(alice, "Pacific/Kiritimati")  # Wednesday, 00:30: Tuesday never came

    lost = data_of(await log(alice, system, "2026-03-10"), 201)
    today = await factory.checkin(alice, system["id"])

    assert lost["isLate"] is True
    assert today["localDate"] == "2026-03-11"
    assert data_of(await alice.get(f"/systems/{system['id']}"))["currentStreak"] == 3


async def test_what_was_logged_keeps_its_date_whatever_the_zone_becomes(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Asia/Tokyo")
    system = await factory.system(alice)
    clock.set(datetime(2026, 3, 10, 16, tzinfo=UTC))
    checkin = await factory.checkin(alice, system["id"])

    for zone in ("Pacific/Pago_Pago", "UTC", "Pacific/Kiritimati"):
        await move(alice, zone)
        clock.advance(minutes=1)
        (listed,) = items_of(await alice.get("/checkins"))
        assert listed == checkin


@pytest.mark.parametrize("moves", [1, 2, 25])
async def test_moving_about_does_not_open_other_dates(
    factory: Factory, app: FastAPI, clock: FrozenClock, moves: int
) -> None:
    alice = await factory.person("Alice", timezone="UTC")
    system = await factory.system(alice)
    for number in range(moves):
        await move(alice, ("Pacific/Kiritimati", "Pacific/Pago_Pago")[number % 2])
        clock.advance(seconds=1)
    await move(alice, "UTC")

    for closed in ("2026-03-07", "2026-03-08", "2026-03-12", "2026-03-13"):
        assert_error(await log(alice, system, closed), 422, "checkin_window_closed")

    assert await rows(app, "SELECT id FROM checkins") == []


async def test_a_zone_left_long_ago_does_not_matter(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice", timezone="Pacific/Pago_Pago")
    system = await factory.system(alice)
    await move(alice, "UTC")
    clock.set(datetime(2026, 3, 20, 12, 1, tzinfo=UTC))

    assert_error(await log(alice, system, "2026-03-19"), 422, "checkin_window_closed")
    assert data_of(await log(alice, system, "2026-03-20"), 201)["isLate"] is False


async def test_sending_the_same_zone_again_changes_nothing(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Europe/Berlin")
    clock.advance(hours=1)

    await move(alice, "Europe/Berlin")

    (use,) = await rows(app, "SELECT timezone FROM user_timezones")
    assert use["timezone"] == "Europe/Berlin"
