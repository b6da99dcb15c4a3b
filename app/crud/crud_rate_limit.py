"""Counting what is limited, in one statement per attempt."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sqlalchemy import Integer, bindparam, delete, func, select, tuple_, update
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
            count=bindparam("by", type_=Integer),
            expires_at=bindparam("expires"),
        )
        .on_conflict_do_update(
            index_elements=["name", "subject", "window_started_at"],
            set_={
                "count": func.least(
                    RateLimit.count + bindparam("by", type_=Integer),
                    bindparam("at_most", type_=Integer),
                )
            },
        )
        .returning(RateLimit.count)
        .add_cte(cleaned),
        CountRow,
    )


COUNT_ATTEMPT = _count_attempt()
COUNTED = Query(
    select(RateLimit.count).where(
        RateLimit.name == bindparam("name"),
        RateLimit.subject == bindparam("subject"),
        RateLimit.window_started_at == bindparam("started"),
    ),
    CountRow,
)


GIVE_BACK = Query(
    update(RateLimit)
    .where(
        RateLimit.name == bindparam("given_name"),
        RateLimit.subject == bindparam("given_subject"),
        RateLimit.window_started_at == bindparam("started"),
        RateLimit.count > 0,
    )
    .values(count=RateLimit.count - 1)
    .returning(RateLimit.count),
    CountRow,
)


class NameRow(TypedDict):
    name: str


def _delete_expired() -> Query[NameRow]:
    key = (RateLimit.name, RateLimit.subject, RateLimit.window_started_at)
    expired = (
        select(*key)
        .where(RateLimit.expires_at < parameter("now", RateLimit.expires_at))
        .order_by(RateLimit.expires_at)
        .limit(bindparam("at_most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    return Query(
        delete(RateLimit).where(tuple_(*key).in_(expired)).returning(RateLimit.name), NameRow
    )


DELETE_EXPIRED = _delete_expired()


class AttemptCrud:
    """Counts attempts outside of any transaction: what fails afterwards was counted too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(
        self,
        name: str,
        subject: str,
        *,
        at_most: int,
        window: timedelta,
        now: datetime,
        by: int = 1,
    ) -> int:
        """Count `by` attempts; how many there were in the current window, up to `at_most`."""
        started = window_start(now, window)
        row = await self._database.fetch_one(
            COUNT_ATTEMPT,
            name=name,
            subject=subject,
            started=started,
            expires=started + window,
            at_most=at_most,
            now=now,
            by=by,
        )
        assert row is not None
        return row["count"]

    async def counted(self, name: str, subject: str, *, window: timedelta, now: datetime) -> int:
        """How many attempts there were in the current window so far."""
        row = await self._database.fetch_one(
            COUNTED, name=name, subject=subject, started=window_start(now, window)
        )
        return row["count"] if row else 0

    async def give_back(self, name: str, subject: str, *, window: timedelta, now: datetime) -> None:
        """Undo what was counted at `now`."""
        await self._database.fetch_one(
            GIVE_BACK, given_name=name, given_subject=subject, started=window_start(now, window)
        )


class RateLimitCrud(BaseCrud):
    async def delete_expired(self, *, now: datetime, at_most: int) -> int:
        """Delete some counters whose window is over; returns how many."""
        return len(await self.session.fetch_all(DELETE_EXPIRED, now=now, at_most=at_most))

    async def take(
        self, name: str, subject: str, *, limit: int, window: timedelta, now: datetime
    ) -> int | None:
        """Count one attempt in the current window; how many there are, None beyond the limit."""
        started = window_start(now, window)
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
        return await self.session.scalar(statement)


def seconds_left(now: datetime, window: timedelta) -> int:
    """Until the current window ends, at least 1."""
    return max(1, int((window_start(now, window) + window - now).total_seconds()))


def window_start(now: datetime, window: timedelta) -> datetime:
    """When the window began that `now` lies in."""
    length = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)
