"""Reminders that several of the partner's check-ins wait for a verification."""

from datetime import timedelta

from app.core.clock import Clock
from app.core.config import Settings
from app.core.local_moments import local_days
from app.crud.crud_scans import ScanCrud
from app.db.session import Session

APART = timedelta(hours=6)
WAITED_LONG = timedelta(hours=3)
# Longer than from one scan to the next, should one come late: whoever was reminded is not again.
NEWS = timedelta(minutes=20)


async def remind_of_new_checkins(session: Session, clock: Clock, settings: Settings) -> int:
    """Where a check-in has become pending of late, and at least two are pending now.

    Looked for every few minutes rather than while a check-in is logged: that stays as quick as it
    was, and several in a row are one reminder.
    """
    now = clock.now()
    return await ScanCrud(session).write_reminders_of_newly_waiting(
        local_days(now), pending_since=now - NEWS, last_sent_until=now - APART, now=now
    )


async def remind_of_old_checkins(session: Session, clock: Clock, settings: Settings) -> int:
    """Where at least two have been pending for three hours."""
    now = clock.now()
    return await ScanCrud(session).write_reminders_of_long_waiting(
        local_days(now), pending_until=now - WAITED_LONG, last_sent_until=now - APART, now=now
    )
