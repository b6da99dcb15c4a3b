"""Which systems a date shows, by example and against the reference; how a card is worded."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import CheckinStatus, SystemFrequency
from app.core.schedule import Pause, SchedulePeriod, SystemHistory
from app.core.system_cards import (
    CardStatus,
    card_status,
    clock_time,
    due_dates,
    verification_message,
)
from tests.core.streak_reference import (
    DAY,
    all_occurrences,
    asks_for,
    dates,
    histories,
    thorough,
)

MONDAY = date(2026, 9, 7)
WEEK = [MONDAY + n * DAY for n in range(7)]


def system(
    log: str = "", *, pauses: tuple[Pause, ...] = (), begun: date = MONDAY, **details: object
) -> SystemHistory:
    """One letter a date from the Monday on: x is credited, s skipped, a dot nothing."""
    frequency = SystemFrequency.WEEKLY if details else SystemFrequency.DAILY
    entries = {MONDAY + n * DAY: entry for n, entry in enumerate(log)}
    return SystemHistory(
        (SchedulePeriod.from_details(begun, frequency, details),),
        pauses,
        credited={day for day, entry in entries.items() if entry == "x"},
        skipped={day for day, entry in entries.items() if entry == "s"},
    )


def due_in_week(history: SystemHistory, *, over_before: date = MONDAY) -> str:
    """Mo to Su: the initials of the due dates, dots for the others."""
    due = due_dates(history, WEEK[0], WEEK[-1], over_before=over_before)
    return "".join("MTWTFSS"[day.weekday()] if day in due else "." for day in WEEK)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (system(), "MTWTFSS"),
        (system("xs"), "MTWTFSS"),
        (system(days_of_week=[0, 2, 4]), "M.W.F.."),
        (system(".x", days_of_week=[0, 2, 4]), "M.W.F.."),
        (system(begun=WEEK[2]), "..WTFSS"),
        (system(pauses=(Pause(WEEK[1], WEEK[3]),)), "M..TFSS"),
        (system(pauses=(Pause(WEEK[4]),)), "MTWT..."),
        (system(pauses=(Pause(WEEK[4], WEEK[4]),)), "MTWTFSS"),
    ],
)
def test_required_dates_are_due_whatever_was_logged(history: SystemHistory, expected: str) -> None:
    assert due_in_week(history) == expected
    assert due_in_week(history, over_before=WEEK[-1] + DAY) == expected


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", "MTWTFSS"),
        ("x", ".TWTFSS"),
        ("x.s.x", ".TWT.SS"),
        ("x.x.x", "......."),
        ("xxxx", "......."),
        ("......x", "MTWTFS."),
    ],
)
def test_a_weekly_target_is_due_on_every_date_until_it_is_met(log: str, expected: str) -> None:
    assert due_in_week(system(log, times_per_week=3)) == expected


def test_a_met_week_says_nothing_about_the_next() -> None:
    history = system("xxx", times_per_week=3)
    next_week = due_dates(history, MONDAY + 7 * DAY, MONDAY + 13 * DAY, over_before=MONDAY)
    assert len(next_week) == 7


@pytest.mark.parametrize(
    ("log", "today", "expected"),
    [
        ("", 0, "MTWTFSS"),
        ("", 4, "....FSS"),  # nothing done so far was asked for on any particular date
        ("", 6, "....FSS"),  # but without Friday and Saturday the target could not be met
        ("x...", 5, ".....SS"),
        ("x.x....", 7, "......S"),
        ("x.x...x", 7, "......."),
    ],
)
def test_once_over_a_weekly_target_was_due_on_its_last_chances_only(
    log: str, today: int, expected: str
) -> None:
    over_before = MONDAY + today * DAY
    assert due_in_week(system(log, times_per_week=3), over_before=over_before) == expected


def test_a_shortened_week_needs_no_more_than_it_has() -> None:
    history = system("....xx", begun=WEEK[4], times_per_week=3)
    assert due_in_week(history) == "......S"
    assert due_in_week(system(begun=WEEK[5], times_per_week=5)) == ".....SS"


def test_the_ends_of_the_calendar_are_dates_like_any_other() -> None:
    ever = SystemHistory((SchedulePeriod.from_details(date.min, SystemFrequency.DAILY, None),))
    for day in (date.min, date.max):
        assert due_dates(ever, day, day, over_before=day) == [day]
    target = SchedulePeriod.from_details(date.min, SystemFrequency.WEEKLY, {"times_per_week": 2})
    for day in (date.min, date.max):
        assert due_dates(SystemHistory((target,)), day, day, over_before=day) == [day]
    assert due_dates(ever, MONDAY, MONDAY - DAY, over_before=MONDAY) == []


@thorough
@given(histories(), dates, st.integers(0, 20), dates)
def test_due_dates_are_those_that_the_reference_finds(
    history: SystemHistory, start: date, length: int, over_before: date
) -> None:
    end = start + length * DAY
    first = min(history.schedule[0].effective_from, start)
    found = all_occurrences(history, first, end + 7 * DAY)

    def is_due(day: date) -> bool:
        for occurrence in found:
            if day in occurrence.dates:
                if not occurrence.is_week:
                    return True
                if occurrence.is_met(history) or day in history.credited:
                    return False
                return day >= over_before or asks_for(history, day, end + 7 * DAY)
        return False

    expected = [start + n * DAY for n in range(length + 1) if is_due(start + n * DAY)]
    assert due_dates(history, start, end, over_before=over_before) == expected


@thorough
@given(histories(), dates, dates)
def test_a_range_is_the_sum_of_its_dates(
    history: SystemHistory, start: date, over_before: date
) -> None:
    end = start + 9 * DAY
    alone = [
        day
        for day in (start + n * DAY for n in range(10))
        if due_dates(history, day, day, over_before=over_before)
    ]
    assert due_dates(history, start, end, over_before=over_before) == alone


@thorough
@given(histories(), dates, dates)
def test_what_is_over_is_due_only_if_it_was_due_before(
    history: SystemHistory, day: date, over_before: date
) -> None:
    if due_dates(history, day, day, over_before=over_before):
        assert due_dates(history, day, day, over_before=date.min)


@pytest.mark.parametrize(
    ("logged", "owner_sees", "partner_sees"),
    [
        (None, "todo", "todo"),
        ("completed", "completed", "completed"),
        ("skipped", "skipped", "skipped"),
        ("pending_verification", "pendingPartnerVerification", "awaitingUserVerification"),
        ("queried_by_partner", "queriedByPartner", "queriedByPartner"),
        ("verified_completed", "verifiedCompleted", "verifiedCompleted"),
    ],
)
def test_a_status_depends_on_who_looks(
    logged: str | None, owner_sees: str, partner_sees: str
) -> None:
    status = CheckinStatus(logged) if logged else None
    assert card_status(status, is_owner=True) == owner_sees
    assert card_status(status, is_owner=False) == partner_sees


def test_every_checkin_status_and_every_card_status_is_covered() -> None:
    seen = {
        card_status(status, is_owner=is_owner)
        for status in (None, *CheckinStatus)
        for is_owner in (True, False)
    }
    assert seen == set(CardStatus)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (None, None),
        (time(0, 0), "12:00 AM"),
        (time(0, 5), "12:05 AM"),
        (time(7, 0), "07:00 AM"),
        (time(11, 59), "11:59 AM"),
        (time(12, 0), "12:00 PM"),
        (time(13, 30), "01:30 PM"),
        (time(23, 59), "11:59 PM"),
    ],
)
def test_a_time_is_shown_on_a_twelve_hour_clock(at: time | None, shown: str | None) -> None:
    assert clock_time(at) == shown


def test_an_alert_says_who_asks_what() -> None:
    day = date(2026, 3, 9)
    assert (
        verification_message("Bob", "Run", day, None) == "Bob asks you to verify 'Run' of 9 March."
    )
    assert verification_message("Bob", "Run", day, "How far?") == (
        "Bob asks about 'Run' of 9 March: How far?"
    )
