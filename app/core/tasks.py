"""What somebody has to do: own systems on their dates, and the partner's check-ins that wait."""

from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.core.enums import CheckinStatus, LenientEnum
from app.core.system_cards import CardStatus, card_status

MAX_DAYS = 92
# How far back somebody is reminded that the partner asks about a check-in.
QUERY_MEMORY = timedelta(days=MAX_DAYS - 1)


class TaskType(StrEnum):
    SYSTEM_CHECKIN = "system_checkin"
    PARTNER_VERIFICATION = "partner_verification"


class TaskStatus(LenientEnum):
    """A card's status, where `todo` is told apart by whether its date is over.

    `overdue`: the date is over but still accepts a check-in. `missed`: it does not any more.
    """

    TODO = "todo"
    OVERDUE = "overdue"
    MISSED = "missed"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    PENDING_PARTNER_VERIFICATION = "pendingPartnerVerification"
    AWAITING_USER_VERIFICATION = "awaitingUserVerification"
    QUERIED_BY_PARTNER = "queriedByPartner"
    VERIFIED_COMPLETED = "verifiedCompleted"


class TaskFilter(LenientEnum):
    """Every status, and `pending`: whatever the person can do something about."""

    PENDING = "pending"
    TODO = "todo"
    OVERDUE = "overdue"
    MISSED = "missed"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    PENDING_PARTNER_VERIFICATION = "pendingPartnerVerification"
    AWAITING_USER_VERIFICATION = "awaitingUserVerification"
    QUERIED_BY_PARTNER = "queriedByPartner"
    VERIFIED_COMPLETED = "verifiedCompleted"

    def admits(self, status: TaskStatus) -> bool:
        if self is TaskFilter.PENDING:
            return status in WAITS_FOR_THE_PERSON
        return self.value == status.value


class TaskSort(LenientEnum):
    DUE_DATE_ASC = "dueDate_asc"
    DUE_DATE_DESC = "dueDate_desc"
    TITLE_ASC = "title_asc"
    TITLE_DESC = "title_desc"


WAITS_FOR_THE_PERSON = frozenset(
    {
        TaskStatus.TODO,
        TaskStatus.OVERDUE,
        TaskStatus.QUERIED_BY_PARTNER,
        TaskStatus.AWAITING_USER_VERIFICATION,
    }
)


class DateRange(NamedTuple):
    """Local dates; both belong to it."""

    first: date
    last: date


def task_status(
    logged: CheckinStatus | None, day: date, today: date, open_dates: AbstractSet[date]
) -> TaskStatus:
    """How an own system's date stands; `logged` is None without a check-in."""
    status = card_status(logged, is_owner=True)
    if status is not CardStatus.TODO or day >= today:
        return TaskStatus(status.value)
    return TaskStatus.OVERDUE if day in open_dates else TaskStatus.MISSED


def task_dates(first: date | None, last: date | None, today: date) -> DateRange:
    """The range that is asked for; a bound that is left out is today, or the other one beyond it.

    Raises ValueError with a sentence for the person when it is reversed or too long.
    """
    first = first or min(today, last or today)
    last = last or max(today, first)
    if last < first:
        raise ValueError("The last date must not be before the first one.")
    if (last - first).days >= MAX_DAYS:
        raise ValueError(f"Ask for at most {MAX_DAYS} days at once.")
    return DateRange(first, last)
