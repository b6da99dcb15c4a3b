"""Which local dates accept a check-in, in zones all over the world."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI

from tests.factories import Factory
from tests.support import FrozenClock, assert_error, data_of, rows

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
]
TUESDAY = date(2026, 3, 10)
MONDAY = TUESDAY - timedelta(days=1)


def at(zone: str, day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """The instant at which clocks in the zone show this."""
    return datetime.combine(day, time(hour, minute, second), ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
async def test_yesterday_is_open_until_noon_and_late(
    factory: Factory, app: FastAPI, clock: FrozenClock, zone: str
) -> None:
    clock.set(at(zone, MONDAY, 8))
    alice = await factory.person("Alice", timezone=zone)
    first, second = await factory.system(alice), await factory.system(alice)

    clock.set(at(zone, TUESDAY, 11, 59))
    late = await factory.checkin(alice, first["id"], localDate=MONDAY.isoformat())
    clock.set(at(zone, TUESDAY, 12, 1))
    body = {"systemId": second["id"], "localDate": MONDAY.isoformat()}
    refused = await alice.post("/checkins", body)

    assert late["isLate"] is True
    assert late["localDate"] == "2026-03-09"
    (error,) = assert_error(refused, 422, "checkin_window_closed")["errors"]
    assert error["field"] == "localDate"
    (row,) = await rows(app, "SELECT * FROM checkins")
    assert row["checkin_timezone"] == zone
    assert str(row["system_id"]) == first["id"]


@pytest.mark.parametrize(
    ("hour", "minute", "second", "status"),
    [(11, 59, 59, 201), (12, 0, 0, 422), (12, 0, 1, 422)],
)
async def test_a_date_closes_at_noon_exactly(
    factory: Factory, clock: FrozenClock, hour: int, minute: int, second: int, status: int
) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    clock.set(at("UTC", TUESDAY, hour, minute, second))

    response = await alice.post(
        "/checkins", {"systemId": system["id"], "localDate": MONDAY.isoformat()}
    )

    assert response.status_code == status


@pytest.mark.parametrize("zone", ZONES)
async def test_the_default_date_is_today_in_the_persons_zone(
    factory: Factory, clock: FrozenClock, zone: str
) -> None:
    alice = await factory.person("Alice", timezone=zone)
    for clock_time, expected in ((time(0, 0), TUESDAY), (time(23, 59, 59), TUESDAY)):
        system = await factory.system(alice)
        clock.set(datetime.combine(TUESDAY, clock_time, ZoneInfo(zone)).astimezone(UTC))

        checkin = await factory.checkin(alice, system["id"])

        assert checkin["localDate"] == expected.isoformat()
        assert checkin["isLate"] is False


@pytest.mark.parametrize("zone", ZONES)
async def test_the_future_and_the_far_past_are_closed(
    factory: Factory, app: FastAPI, clock: FrozenClock, zone: str
) -> None:
    clock.set(at(zone, TUESDAY, 23, 59, 59))
    alice, _ = await factory.partners(timezones=(zone, "UTC"))
    system = await factory.system(alice)

    for days in (1, 2, 3, 365, -1, -2, -3, -365):
        local_date = (TUESDAY + timedelta(days=days)).isoformat()
        refused = await alice.post("/checkins", {"systemId": system["id"], "localDate": local_date})
        message = assert_error(refused, 422, "checkin_window_closed")["message"]
        assert ("ahead" in message) == (days > 0)

    assert await rows(app, "SELECT id FROM checkins") == []
    assert await rows(app, "SELECT id FROM notifications") == []


@pytest.mark.parametrize("extreme", ["0001-01-01", "9999-12-31", "1582-10-15"])
async def test_the_ends_of_the_calendar_are_no_fault(factory: Factory, extreme: str) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)

    refused = await alice.post("/checkins", {"systemId": system["id"], "localDate": extreme})

    assert_error(refused, 422, "checkin_window_closed")


@pytest.mark.parametrize(
    ("zone", "day", "open_until"),
    [
        # Saturday's noon comes after the clocks went forward, an hour earlier than usual.
        ("America/New_York", date(2026, 3, 7), datetime(2026, 3, 8, 16, tzinfo=UTC)),
        # Sunday itself has 23 hours; it closes on Monday as usual.
        ("America/New_York", date(2026, 3, 8), datetime(2026, 3, 9, 16, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 28), datetime(2026, 3, 29, 10, tzinfo=UTC)),
        # An hour later, when they go back.
        ("America/Los_Angeles", date(2026, 10, 31), datetime(2026, 11, 1, 20, tzinfo=UTC)),
        ("Europe/London", date(2026, 10, 24), datetime(2026, 10, 25, 12, tzinfo=UTC)),
        # Half an hour.
        ("Australia/Lord_Howe", date(2026, 4, 4), datetime(2026, 4, 5, 1, 30, tzinfo=UTC)),
        # Midnight itself does not exist on 24 April in Cairo.
        ("Africa/Cairo", date(2026, 4, 23), datetime(2026, 4, 24, 9, tzinfo=UTC)),
    ],
)
async def test_noon_is_noon_on_days_on_which_the_clocks_change(
    factory: Factory, clock: FrozenClock, zone: str, day: date, open_until: datetime
) -> None:
    clock.set(at(zone, day, 8))
    alice = await factory.person("Alice", timezone=zone)
    system, other = await factory.system(alice), await factory.system(alice)

    clock.set(open_until - timedelta(seconds=1))
    checkin = await factory.checkin(alice, system["id"], localDate=day.isoformat())
    clock.set(open_until)
    refused = await alice.post("/checkins", {"systemId": other["id"], "localDate": day.isoformat()})

    assert checkin["isLate"] is True
    assert_error(refused, 422, "checkin_window_closed")


async def test_the_first_midnight_of_a_day_without_one_belongs_to_it(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice", timezone="Africa/Cairo")
    before, after = await factory.system(alice), await factory.system(alice)

    clock.set(datetime(2026, 4, 23, 21, 59, 59, tzinfo=UTC))  # 23:59:59
    old = await factory.checkin(alice, before["id"])
    clock.set(datetime(2026, 4, 23, 22, 0, 0, tzinfo=UTC))  # 01:00:00, a second later
    new = await factory.checkin(alice, after["id"])

    assert (old["localDate"], new["localDate"]) == ("2026-04-23", "2026-04-24")


async def test_an_hour_lived_twice_is_one_date(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice", timezone="America/Los_Angeles")
    system = await factory.system(alice)
    clock.set(datetime(2026, 11, 1, 8, 30, tzinfo=UTC))  # 01:30, the first time
    await factory.checkin(alice, system["id"])

    clock.set(datetime(2026, 11, 1, 9, 30, tzinfo=UTC))  # 01:30, the second time
    refused = await alice.post("/checkins", {"systemId": system["id"]})

    assert_error(refused, 409, "already_checked_in")


async def test_a_late_checkin_counts_for_its_date(factory: Factory, clock: FrozenClock) -> None:
    alice = await factory.person("Alice")
    system = await factory.system(alice)
    clock.advance(days=1)

    await factory.checkin(alice, system["id"], localDate="2026-03-10")
    await factory.checkin(alice, system["id"])

    assert data_of(await alice.get(f"/systems/{system['id']}"))["currentStreak"] == 2
