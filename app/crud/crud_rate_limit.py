"""Counting what is limited, in one statement per attempt."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sqlalchemy import Integer, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.crud.base_crud import BaseCrud
from app.db.models import RateLimit
from app.db.query import Query, parameter
from app.db.session import Database

# Each attempt removes a few counters that no window needs any more: the table stays small by
# itself.
_REMOVED_PER_ATTEMPT = 5


class CountRow(TypedDict):
    count: int


def _count_attempt() -> Query[CountRow]:
    key = (RateLimit.name, RateLimit.subject, RateLimit.window_started_at)
    lapsed = (
        select(*key)
        .where(RateLimit.expires_at < parameter("now", RateLimit.expires_at))
        .order_by(RateLimit.expires_at)
        .limit(_REMOVED_PER_ATTEMPT)
        .with_for_update(skip_locked=True)
    )
    cleaned = delete(RateLimit).where(tuple_(*key).in_(lapsed)).cte("cleaned")
    return Query(
        insert(RateLimit)
        .values(
            name=bindparam("name"),
            subject=bindparam("subject"),
            window_started_at=bindparam("started"),
            count=1,
            expires_at=bindparam("expires"),
        )
        .on_conflict_do_update(
            index_elements=["name", "subject", "window_started_at"],
            set_={"count": func.least(RateLimit.count + 1, bindparam("at_most", type_=Integer))},
        )
        .returning(RateLimit.count)
        .add_cte(cleaned),
        CountRow,
    )


COUNT_ATTEMPT = _count_attempt()


class AttemptCrud:
    """Counts attempts outside of any transaction: what fails afterwards was counted too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(
        self, name: str, subject: str, *, at_most: int, window: timedelta, now: datetime
    ) -> int:
        """Count one attempt; how many there were in the current window, up to `at_most`."""
        started = _window_start(now, window)
        row = await self._database.fetch_one(
            COUNT_ATTEMPT,
            name=name,
            subject=subject,
            started=started,
            expires=started + window,
            at_most=at_most,
            now=now,
        )
        assert row is not None
        return row["count"]


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
