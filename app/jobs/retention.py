"""Deletes what is kept for a while only: old notifications that were read, and live events."""

from datetime import datetime, timedelta

from app.core.clock import Clock
from app.core.config import Settings
from app.core.live_position import KEPT_FOR
from app.crud.crud_live_event import LiveEventCrud
from app.crud.crud_notification import NotificationCrud
from app.db.session import Session
from app.jobs.sweeps import BATCH, in_batches

READ_NOTIFICATIONS_KEPT_FOR = timedelta(days=90)


async def delete_expired(session: Session, now: datetime) -> int:
    """Delete what has expired by `now`, in statements of a moment each; returns how many rows.

    Outside a transaction each batch is final at once. Any number of processes may do it.
    """
    notifications, events = NotificationCrud(session), LiveEventCrud(session)
    return await in_batches(
        lambda: notifications.delete_read(before=now - READ_NOTIFICATIONS_KEPT_FOR, at_most=BATCH)
    ) + await in_batches(lambda: events.delete_old(before=now - KEPT_FOR, at_most=BATCH))


async def delete_old_content(session: Session, clock: Clock, settings: Settings) -> int:
    """As a periodic job."""
    return await delete_expired(session, clock.now())
