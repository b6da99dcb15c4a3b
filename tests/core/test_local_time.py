"""Local dates, instants and check-in windows: examples, and agreement with a slow search."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.core.local_time import (
    CheckinWindow,
    ZoneUse,
    checkin_window,
    closes_at,
    is_known_timezone,
    local_instant,
    open_dates,
    today,
)

ZONES = (
    "UTC",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Etc/GMT+12",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
EVER_SINCE = datetime(2000, 1, 1, tzinfo=UTC)

zones = st.sampled_from(ZONES)
# Weeks in which clocks change somewhere, and the one in which Apia skipped a date.
stretches = st.sampled_from(
    [date(2011, 12, 28), date(2026, 3, 7), date(2026, 3, 28), date(2026, 10, 3), date(2026, 10, 31)]
)
days = st.builds(lambda start, offset: start + offset * DAY, stretches, st.integers(-3, 4))
quarters = st.builds(lambda n: time(n // 4, n % 4 * 15), st.integers(0, 95))
thorough = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def living_in(timezone: str) -> list[ZoneUse]:
    return [ZoneUse(timezone, EVER_SINCE, None)]


def travelled(*legs: tuple[str, datetime], to: str) -> list[ZoneUse]:
    """Each leg is a zone and the instant at which it was left."""
    uses, since = [], EVER_SINCE
    for timezone, left in legs:
        uses.append(ZoneUse(timezone, since, left))
        since = left
    return [*uses, ZoneUse(to, since, None)]


@pytest.mark.parametrize("name", ZONES)
def test_iana_zones_are_known(name: str) -> None:
    assert is_known_timezone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "europe/london",
        "Europe/London ",
        "Europe",
        "Europe/",
        "../Europe/London",
        "/usr/share/zoneinfo/Europe/London",
        "Europe/../Europe/London",
        "posix/Europe/London",
        "right/Europe/London",
        "localtime",
        "posixrules",
        "Factory",
        "+02:00",
        "Mars/Olympus",
        "UTC\0",
    ],
)
def test_other_names_are_not_zones(name: str) -> None:
    assert not is_known_timezone(name)


def test_today_is_the_date_on_the_local_calendar() -> None:
    now = utc("2026-09-29T11:30")
    assert today(now, "Pacific/Kiritimati") == date(2026, 9, 30)
    assert today(now, "Etc/GMT+12") == date(2026, 9, 28)


def test_today_refuses_an_instant_without_a_zone() -> None:
    with pytest.raises(ValueError, match="needs a timezone"):
        today(utc("2026-09-29").replace(tzinfo=None), "UTC")


@pytest.mark.parametrize(
    ("day", "at", "timezone", "instant"),
    [
        (date(2026, 3, 8), time(2, 30), "America/New_York", "2026-03-08T07:00"),
        (date(2026, 11, 1), time(1, 30), "America/Los_Angeles", "2026-11-01T08:30"),
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", "2026-10-03T15:30"),
        (date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe", "2026-04-04T14:45"),
        (date(2011, 12, 30), time(7), "Pacific/Apia", "2011-12-30T10:00"),
        (date(2011, 12, 31), time(7), "Pacific/Apia", "2011-12-30T17:00"),
        (date(2018, 11, 4), time(0), "America/Sao_Paulo", "2018-11-04T03:00"),
        (date(2024, 4, 14), time(2, 30), "Africa/Casablanca", "2024-04-14T02:00"),
        (date(2026, 9, 29), time(7), "Asia/Kathmandu", "2026-09-29T01:15"),
    ],
)
def test_local_times_around_clock_changes(day: date, at: time, timezone: str, instant: str) -> None:
    assert local_instant(day, at, timezone) == utc(instant)


def test_the_instant_after_a_gap_has_no_fraction() -> None:
    at = time(2, 30, 15, 123_456)
    assert local_instant(date(2026, 3, 8), at, "America/New_York") == utc("2026-03-08T07:00")


@given(days, quarters, zones)
@thorough
def test_local_instant_is_the_first_that_clocks_show(day: date, at: time, timezone: str) -> None:
    assert local_instant(day, at, timezone) == first_instant_showing(day, at, timezone)


@given(days, quarters, days, quarters, zones)
@thorough
def test_later_local_times_never_come_earlier(
    day: date, at: time, other_day: date, other_at: time, timezone: str
) -> None:
    earlier, later = sorted([(day, at), (other_day, other_at)])
    assert local_instant(*earlier, timezone) <= local_instant(*later, timezone)


MONDAY = date(2026, 9, 28)
TUESDAY, WEDNESDAY = MONDAY + DAY, MONDAY + 2 * DAY


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (time(0), CheckinWindow.OPEN_LATE),
        (time(11, 59), CheckinWindow.OPEN_LATE),
        (time(12), CheckinWindow.CLOSED),
        (time(12, 1), CheckinWindow.CLOSED),
    ],
)
@pytest.mark.parametrize("timezone", ZONES)
def test_monday_is_open_late_until_noon_on_tuesday(
    timezone: str, at: time, outcome: CheckinWindow
) -> None:
    now = local_instant(TUESDAY, at, timezone)
    assert checkin_window(MONDAY, now, living_in(timezone)) is outcome


@pytest.mark.parametrize("timezone", ZONES)
def test_a_date_opens_at_its_first_instant(timezone: str) -> None:
    begins = local_instant(MONDAY, time.min, timezone)
    uses = living_in(timezone)
    assert checkin_window(MONDAY, begins - timedelta(seconds=1), uses) is CheckinWindow.IN_FUTURE
    assert checkin_window(MONDAY, begins, uses) is CheckinWindow.OPEN


@pytest.mark.parametrize(
    ("day", "outcome"),
    [(date.min, CheckinWindow.CLOSED), (date.max, CheckinWindow.IN_FUTURE)],
)
def test_absurd_dates_are_refused(day: date, outcome: CheckinWindow) -> None:
    assert checkin_window(day, utc("2026-09-29T11:30"), living_in("Asia/Tokyo")) is outcome


def test_eastward_over_the_date_line_monday_closes_at_noon_in_the_zone_left_behind() -> None:
    left = local_instant(MONDAY, time(20), "America/Los_Angeles")
    uses = travelled(("America/Los_Angeles", left), to="Pacific/Kiritimati")
    assert today(left, "Pacific/Kiritimati") == TUESDAY
    assert closes_at(MONDAY, uses) == local_instant(TUESDAY, time(12), "America/Los_Angeles")
    assert checkin_window(MONDAY, left, uses) is CheckinWindow.OPEN_LATE
    assert checkin_window(TUESDAY, left, uses) is CheckinWindow.OPEN
    # On Wednesday morning in Kiritimati it is still Tuesday morning in Los Angeles.
    wednesday = local_instant(WEDNESDAY, time(8), "Pacific/Kiritimati")
    assert checkin_window(MONDAY, wednesday, uses) is CheckinWindow.OPEN_LATE
    assert open_dates(wednesday, uses) == {MONDAY, TUESDAY, WEDNESDAY}


def test_eastward_a_date_that_was_never_lived_can_still_be_made_up() -> None:
    left = local_instant(MONDAY, time(23, 59), "Pacific/Pago_Pago")
    uses = travelled(("Pacific/Pago_Pago", left), to="Pacific/Kiritimati")
    assert today(left, "Pacific/Kiritimati") == WEDNESDAY
    assert checkin_window(TUESDAY, left, uses) is CheckinWindow.OPEN_LATE
    # Tuesday never began in Pago Pago while it was in use.
    assert closes_at(TUESDAY, uses) == local_instant(WEDNESDAY, time(12), "Pacific/Kiritimati")


def test_westward_a_date_that_is_lived_twice_is_one_date_and_stays_open() -> None:
    left = local_instant(TUESDAY, time(15), "Pacific/Kiritimati")
    uses = travelled(("Pacific/Kiritimati", left), to="America/Los_Angeles")
    assert today(left, "America/Los_Angeles") == MONDAY
    assert checkin_window(MONDAY, left, uses) is CheckinWindow.OPEN
    assert checkin_window(TUESDAY, left, uses) is CheckinWindow.OPEN
    assert checkin_window(WEDNESDAY, left, uses) is CheckinWindow.IN_FUTURE
    assert closes_at(TUESDAY, uses) == local_instant(WEDNESDAY, time(12), "America/Los_Angeles")


def test_westward_a_date_that_had_closed_opens_again() -> None:
    left = local_instant(TUESDAY, time(13), "Asia/Tokyo")
    assert checkin_window(MONDAY, left, living_in("Asia/Tokyo")) is CheckinWindow.CLOSED
    uses = travelled(("Asia/Tokyo", left), to="America/Los_Angeles")
    assert today(left, "America/Los_Angeles") == MONDAY
    assert checkin_window(MONDAY, left, uses) is CheckinWindow.OPEN


def test_a_zone_that_was_left_before_the_date_began_there_does_not_count() -> None:
    left = local_instant(MONDAY, time(12), "America/Los_Angeles")
    uses = travelled(("America/Los_Angeles", left), to="Asia/Tokyo")
    assert closes_at(WEDNESDAY, uses) == local_instant(WEDNESDAY + DAY, time(12), "Asia/Tokyo")


def test_a_zone_that_was_left_as_the_date_began_there_does_not_count() -> None:
    left = local_instant(MONDAY, time.min, "America/Los_Angeles")
    uses = travelled(("America/Los_Angeles", left), to="Asia/Tokyo")
    assert closes_at(MONDAY, uses) == local_instant(TUESDAY, time(12), "Asia/Tokyo")
    a_moment_later = left + timedelta(microseconds=1)
    uses = travelled(("America/Los_Angeles", a_moment_later), to="Asia/Tokyo")
    assert closes_at(MONDAY, uses) == local_instant(TUESDAY, time(12), "America/Los_Angeles")


def test_a_round_trip_between_two_midnights_leaves_its_zone_out() -> None:
    there = local_instant(MONDAY, time(9), "Europe/London")
    back = local_instant(MONDAY, time(18), "Europe/London")
    uses = travelled(("Europe/London", there), ("America/New_York", back), to="Europe/London")
    # New York lived on Monday, not on Tuesday.
    assert closes_at(MONDAY, uses) == local_instant(TUESDAY, time(12), "America/New_York")
    assert closes_at(TUESDAY, uses) == local_instant(WEDNESDAY, time(12), "Europe/London")


def test_in_apia_the_date_that_was_skipped_is_late_as_soon_as_it_exists() -> None:
    uses = living_in("Pacific/Apia")
    assert open_dates(utc("2011-12-30T09:59"), uses) == {date(2011, 12, 29)}
    morning = utc("2011-12-30T10:00")
    assert today(morning, "Pacific/Apia") == date(2011, 12, 31)
    assert checkin_window(date(2011, 12, 30), morning, uses) is CheckinWindow.OPEN_LATE


def test_nobody_is_without_a_zone() -> None:
    with pytest.raises(ValueError, match="No timezone is in use"):
        open_dates(utc("2026-09-29T11:30"), [])


@st.composite
def journeys(draw: st.DrawFn) -> tuple[datetime, list[ZoneUse]]:
    """An instant, and up to four zones in which someone lived until then."""
    now = local_instant(draw(days), draw(quarters), draw(zones))
    hours_ago = sorted(draw(st.lists(st.integers(1, 120), max_size=3, unique=True)), reverse=True)
    legs = [(draw(zones), now - timedelta(hours=hours)) for hours in hours_ago]
    return now, travelled(*legs, to=draw(zones))


@given(journeys(), st.integers(-4, 4))
@thorough
def test_the_window_agrees_with_a_search(
    journey: tuple[datetime, list[ZoneUse]], offset: int
) -> None:
    now, uses = journey
    local_date = today(now, uses[-1].timezone) + offset * DAY
    assert checkin_window(local_date, now, uses) is searched_window(local_date, now, uses)


@given(journeys())
@thorough
def test_open_dates_are_those_with_an_open_window_and_today_is_one(
    journey: tuple[datetime, list[ZoneUse]],
) -> None:
    now, uses = journey
    here = today(now, uses[-1].timezone)
    nearby = [here + offset * DAY for offset in range(-8, 9)]
    expected = {day for day in nearby if checkin_window(day, now, uses).is_open}
    assert open_dates(now, uses) == expected
    assert here in expected


@given(journeys(), zones, st.integers(1, 400))
@thorough
def test_travelling_never_closes_an_open_date(
    journey: tuple[datetime, list[ZoneUse]], destination: str, minutes: int
) -> None:
    now, uses = journey
    leaving = now + timedelta(minutes=minutes)
    *earlier, current = uses
    left = ZoneUse(current.timezone, current.used_from, leaving)
    arrived = [*earlier, left, ZoneUse(destination, leaving, None)]
    # A date that begins at this very instant does so in the zone that is no longer in use.
    midnight = local_instant(today(leaving, current.timezone), time.min, current.timezone)
    assume(leaving != midnight)
    assert open_dates(leaving, uses) <= open_dates(leaving, arrived)


@given(journeys(), st.integers(-3, 3))
@thorough
def test_a_date_never_closes_before_noon_of_the_next_in_the_current_zone(
    journey: tuple[datetime, list[ZoneUse]], offset: int
) -> None:
    now, uses = journey
    local_date = today(now, uses[-1].timezone) + offset * DAY
    noon = local_instant(local_date + DAY, time(12), uses[-1].timezone)
    assert closes_at(local_date, uses) >= noon


def first_instant_showing(day: date, at: time, timezone: str) -> datetime:
    """By search: the first quarter of an hour that shows the time, or a later one if none does."""
    wall = datetime.combine(day, at)
    start = wall.replace(tzinfo=UTC) - timedelta(hours=30)
    instants = [start + n * QUARTER for n in range(60 * 4)]
    shown = [(wall_clock(instant, timezone), instant) for instant in instants]
    exact = [instant for clock, instant in shown if clock == wall]
    return exact[0] if exact else next(instant for clock, instant in shown if clock > wall)


def searched_window(local_date: date, now: datetime, uses: Sequence[ZoneUse]) -> CheckinWindow:
    here = wall_clock(now, uses[-1].timezone).date()
    if local_date == here:
        return CheckinWindow.OPEN
    lived = [use for use in uses if was_used_since(local_date, use, now + 10 * DAY)]
    if local_date > here:
        return CheckinWindow.OPEN if lived[:-1] else CheckinWindow.IN_FUTURE
    noons = [first_instant_showing(local_date + DAY, time(12), use.timezone) for use in lived]
    return CheckinWindow.CLOSED if now >= max(noons) else CheckinWindow.OPEN_LATE


def was_used_since(local_date: date, use: ZoneUse, horizon: datetime) -> bool:
    instant = max(use.used_from, horizon - 20 * DAY)
    until = use.used_until or horizon
    while instant < until:
        if wall_clock(instant, use.timezone).date() >= local_date:
            return True
        instant += QUARTER
    return False


def wall_clock(instant: datetime, timezone: str) -> datetime:
    return instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, fold=0)
