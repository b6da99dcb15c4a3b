"""Daily summaries, in the evening of each person's own day."""

from datetime import time

from app.core.clock import Clock
from app.core.config import Settings
from app.core.local_moments import local_days
from app.crud.crud_scans import ScanCrud
from app.db.session import Session

EVENING = time(20)


async def write_daily_summaries(session: Session, clock: Clock, settings: Settings) -> int:
    """For everybody whose clock has shown 20:00 on a date of which none was written."""
    now = clock.now()
    return await ScanCrud(session).write_daily_summaries(local_days(now, past=EVENING), now)
