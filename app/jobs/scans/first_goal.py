"""Encouragement for people who confirmed their address and made no goal."""

from datetime import UTC, datetime, timedelta

from app.core.clock import Clock
from app.core.config import Settings
from app.crud.crud_scans import ScanCrud
from app.db.session import Session

AFTER = timedelta(hours=24)
WITHIN = timedelta(hours=48)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def encourage_new_people(session: Session, clock: Clock, settings: Settings) -> int:
    """A day after they confirmed their address, until it is two days."""
    now = clock.now()
    return await ScanCrud(session).write_first_goal_emails(
        verified_since=now - WITHIN, verified_until=now - AFTER, now=now
    )


async def encourage_everybody_else(session: Session, clock: Clock, settings: Settings) -> int:
    """The same for whoever was missed, however long ago."""
    now = clock.now()
    return await ScanCrud(session).write_first_goal_emails(
        verified_since=_EVER, verified_until=now - AFTER, now=now
    )
