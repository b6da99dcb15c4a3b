"""What a day's list of systems shows: which are due, and how each stands for who looks at it.

A system is due on the dates for which its schedule asks. A weekly target asks for no particular
date: it is due on every active date of its week until the target is met, and then on none. Once a
date is over, a weekly target was due on it only if it could not be met any more without that date.
Paused dates, and those before a system began, are never due. Whatever was logged on a date is shown
whether the system was due or not.
"""

from datetime import date, time

from app.core.enums import CheckinStatus, LenientEnum
from app.core.occurrences import Week, monday_of, occurrences
from app.core.schedule import SystemHistory


class CardStatus(LenientEnum):
    """How a system stands on one date, for the person who looks at it; never stored."""

    TODO = "todo"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    PENDING_PARTNER_VERIFICATION = "pendingPartnerVerification"
    AWAITING_USER_VERIFICATION = "awaitingUserVerification"
    QUERIED_BY_PARTNER = "queriedByPartner"
    VERIFIED_COMPLETED = "verifiedCompleted"


_FOR_OWNER = {
    None: CardStatus.TODO,
    CheckinStatus.COMPLETED: CardStatus.COMPLETED,
    CheckinStatus.SKIPPED: CardStatus.SKIPPED,
    CheckinStatus.PENDING_VERIFICATION: CardStatus.PENDING_PARTNER_VERIFICATION,
    CheckinStatus.QUERIED_BY_PARTNER: CardStatus.QUERIED_BY_PARTNER,
    CheckinStatus.VERIFIED_COMPLETED: CardStatus.VERIFIED_COMPLETED,
}
_FOR_PARTNER = _FOR_OWNER | {
    CheckinStatus.PENDING_VERIFICATION: CardStatus.AWAITING_USER_VERIFICATION
}


def card_status(logged: CheckinStatus | None, *, is_owner: bool) -> CardStatus:
    """The status of the date's check-in, None without one, for its owner or for the partner."""
    return (_FOR_OWNER if is_owner else _FOR_PARTNER)[logged]


def due_dates(history: SystemHistory, start: date, end: date, *, over_before: date) -> list[date]:
    """The dates from `start` to `end`, both included, on which the system is due, oldest first.

    Dates before `over_before` are over. Credits have to be known for the whole ISO weeks.
    """
    first, last, over_until = start.toordinal(), end.toordinal(), over_before.toordinal()
    due: list[int] = []
    for occurrence in occurrences(history, monday_of(first), monday_of(last) + 7):
        if not isinstance(occurrence, Week):
            due += (o for o in occurrence.required_ordinals() if first <= o <= last)
        elif occurrence.contribution(history.credited) < occurrence.target:
            chances = occurrence.last_chances(history.credited)
            due += (
                o
                for o in occurrence.days
                if first <= o <= last
                and (o in chances or o >= over_until)
                and date.fromordinal(o) not in history.credited
            )
    due.sort()
    return [date.fromordinal(ordinal) for ordinal in due]


def verification_message(partner: str, system: str, day: date, query: str | None) -> str:
    """What waits for somebody: the partner's question, or, without one, a check-in of `day`."""
    if query is not None:
        return f"{partner} asks about '{system}' of {day:%-d %B}: {query}"
    return f"{partner} asks you to verify '{system}' of {day:%-d %B}."


def clock_time(at: time | None) -> str | None:
    """A wall-clock time as a card shows it: "07:00 AM"."""
    if at is None:
        return None
    return f"{at.hour % 12 or 12:02}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"
