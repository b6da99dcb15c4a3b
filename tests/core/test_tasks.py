"""Which dates a list of tasks covers, and how a date of a system stands."""

from datetime import date, timedelta

import pytest

from app.core.enums import CheckinStatus
from app.core.tasks import (
    MAX_DAYS,
    DateRange,
    TaskFilter,
    TaskStatus,
    task_dates,
    task_status,
)

TODAY = date(2026, 3, 10)
YESTERDAY, TOMORROW = date(2026, 3, 9), date(2026, 3, 11)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (TODAY, TODAY)),
        (YESTERDAY, None, (YESTERDAY, TODAY)),
        (TOMORROW, None, (TOMORROW, TOMORROW)),
        (None, TOMORROW, (TODAY, TOMORROW)),
        (None, YESTERDAY, (YESTERDAY, YESTERDAY)),
        (YESTERDAY, TOMORROW, (YESTERDAY, TOMORROW)),
        (date.max, None, (date.max, date.max)),
        (None, date.min, (date.min, date.min)),
        (TODAY, TODAY + timedelta(days=MAX_DAYS - 1), (TODAY, TODAY + timedelta(days=91))),
    ],
)
def test_a_missing_bound_is_today_unless_that_lies_beyond(
    first: date | None, last: date | None, expected: tuple[date, date]
) -> None:
    assert task_dates(first, last, TODAY) == DateRange(*expected)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (TODAY, YESTERDAY, "before the first"),
        (TODAY, TODAY + timedelta(days=MAX_DAYS), "at most 92 days"),
        (date.min, None, "at most 92 days"),
        (None, date.max, "at most 92 days"),
        (date.min, date.max, "at most 92 days"),
    ],
)
def test_a_range_is_neither_reversed_nor_too_long(
    first: date | None, last: date | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        task_dates(first, last, TODAY)


@pytest.mark.parametrize(
    ("day", "open_dates", "expected"),
    [
        (TODAY, {TODAY}, "todo"),
        (TOMORROW, {TODAY}, "todo"),
        (YESTERDAY, {TODAY, YESTERDAY}, "overdue"),
        (YESTERDAY, {TODAY}, "missed"),
    ],
)
def test_what_was_not_logged_is_told_apart_by_its_date(
    day: date, open_dates: set[date], expected: str
) -> None:
    assert task_status(None, day, TODAY, open_dates) == expected


@pytest.mark.parametrize("day", [YESTERDAY, TODAY])
@pytest.mark.parametrize("logged", CheckinStatus)
def test_what_was_logged_stands_as_on_its_owners_card(logged: CheckinStatus, day: date) -> None:
    expected = {"pending_verification": "pendingPartnerVerification"}.get(logged)
    head, *tail = logged.split("_")
    camel = head + "".join(word.title() for word in tail)
    assert task_status(logged, day, TODAY, {TODAY}) == (expected or camel)


def test_a_filter_admits_its_own_status_and_pending_all_that_can_be_acted_on() -> None:
    for status in TaskStatus:
        admitting = {wanted.value for wanted in TaskFilter if wanted.admits(status)}
        assert admitting - {"pending"} == {status.value}
    assert {status.value for status in TaskStatus if TaskFilter.PENDING.admits(status)} == {
        "todo",
        "overdue",
        "queriedByPartner",
        "awaitingUserVerification",
    }
