"""Reminders of systems, as notifications, at the time that their owners chose."""

from datetime import timedelta

from app.core.clock import Clock
from app.core.config import Settings
from app.core.local_moments import merged, wall_times_everywhere
from app.crud.crud_scans_reminders import ReminderScanCrud
from app.db.session import Session

# A little longer than from one scan to the next, should one come late.
RECENTLY = timedelta(minutes=3)
# After an outage: late, but of the same day's practice.
LATELY = timedelta(hours=2)


async def remind_now(session: Session, clock: Clock, settings: Settings) -> int:
    """Of what is due on a date whose reminder time came just now."""
    return await _remind(session, clock, RECENTLY)


async def remind_late(session: Session, clock: Clock, settings: Settings) -> int:
    """The same for the last two hours, so that an outage delays reminders and loses few."""
    return await _remind(session, clock, LATELY)


async def _remind(session: Session, clock: Clock, within: timedelta) -> int:
    now = clock.now()
    moments = wall_times_everywhere(now - within, now)
    return await ReminderScanCrud(session).write_reminders(moments, merged(moments), now)
