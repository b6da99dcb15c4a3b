"""Counting what is limited, in one statement per attempt."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert

from app.crud.base_crud import BaseCrud
from app.db.models import RateLimit


class RateLimitCrud(BaseCrud):
    async def take(
        self, name: str, subject: str, *, limit: int, window: timedelta, now: datetime
    ) -> bool:
        """Count one attempt in the current window; False when the limit is reached already."""
        started = _window_start(now, window)
        statement = (
            insert(RateLimit)
            .values(
                name=name,
                subject=subject,
                window_started_at=started,
                count=1,
                expires_at=started + window,
            )
            .on_conflict_do_update(
                index_elements=["name", "subject", "window_started_at"],
                set_={"count": RateLimit.count + 1},
                where=RateLimit.count < limit,
            )
            .returning(RateLimit.count)
        )
        return await self.session.scalar(statement) is not None


def seconds_left(now: datetime, window: timedelta) -> int:
    """Until the current window ends, at least 1."""
    return max(1, int((_window_start(now, window) + window - now).total_seconds()))


def _window_start(now: datetime, window: timedelta) -> datetime:
    length = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)
