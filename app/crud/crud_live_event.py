"""What is new for the people who have a stream of live updates open."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, String, Uuid, bindparam, delete, select, text

from app.core.enums import CheckinStatus
from app.crud.base_crud import BaseCrud
from app.db.models import LiveEvent
from app.db.query import Query, is_among


class NewsRow(TypedDict):
    """An event for the stream `place`, or no event (`event_id` is None) but its new `snapshot`.

    `is_active`: the account is not closed. `is_ahead`: the stream's own snapshot is of another
    database. `is_visible`: the person may see the target; the columns after it are its own, all
    None when it is gone.
    """

    place: int
    snapshot: str
    is_active: bool | None
    is_ahead: bool | None
    event_id: int | None
    event: str | None
    target_id: UUID | None
    is_visible: bool | None
    owner_id: UUID | None
    system_id: UUID | None
    status: CheckinStatus | None
    local_date: date | None
    partnership_id: UUID | None
    sender_id: UUID | None


class EventIdRow(TypedDict):
    id: int


# Of each stream's person, what its snapshot does not see and this statement's does.
NEWS = Query(
    text("""
SELECT stream.place - 1 AS place, CAST(pg_current_snapshot() AS text) AS snapshot,
       viewer.is_active,
       pg_snapshot_xmax(stream.snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS is_ahead,
       fresh.id AS event_id, fresh.event, fresh.target_id,
       checkin.user_id = stream.user_id
           OR owner.current_partnership_id = viewer.current_partnership_id
           OR stream.user_id IN (thread.user1_id, thread.user2_id) AS is_visible,
       checkin.user_id AS owner_id, checkin.system_id, checkin.status,
       checkin.checkin_date_local AS local_date, message.partnership_id, message.sender_id
FROM ROWS FROM (
    unnest(CAST(:user_ids AS uuid[])), unnest(CAST(CAST(:snapshots AS text[]) AS pg_snapshot[]))
) WITH ORDINALITY AS stream(user_id, snapshot, place)
LEFT JOIN users AS viewer ON viewer.id = stream.user_id
LEFT JOIN LATERAL (
    SELECT id, event, target_id FROM live_events
    WHERE live_events.user_id = stream.user_id
      AND transaction_id >= CAST(CAST(pg_snapshot_xmin(stream.snapshot) AS text) AS bigint)
      AND NOT pg_visible_in_snapshot(CAST(CAST(transaction_id AS text) AS xid8), stream.snapshot)
    ORDER BY id LIMIT :at_most
) AS fresh ON true
LEFT JOIN checkins AS checkin
    ON fresh.event IN ('checkin', 'verification') AND checkin.id = fresh.target_id
LEFT JOIN users AS owner ON owner.id = checkin.user_id
LEFT JOIN direct_messages AS message ON fresh.event = 'message' AND message.id = fresh.target_id
LEFT JOIN partnerships AS thread ON thread.id = message.partnership_id
ORDER BY stream.place, fresh.id
""")
    .bindparams(
        bindparam("user_ids", type_=ARRAY(Uuid)),
        bindparam("snapshots", type_=ARRAY(String)),
        bindparam("at_most", type_=Integer),
    )
    .columns(),
    NewsRow,
)
# Ids are nearly in the order of time, so that the oldest need no index of their own.
_oldest = (
    select(LiveEvent.id, LiveEvent.created_at)
    .order_by(LiveEvent.id)
    .limit(bindparam("at_most", type_=Integer))
    .subquery()
)
DELETE_OLD = Query(
    delete(LiveEvent)
    .where(
        is_among(
            LiveEvent.id,
            select(_oldest.c.id).where(
                _oldest.c.created_at < bindparam("before", type_=DateTime(timezone=True))
            ),
        )
    )
    .returning(LiveEvent.id),
    EventIdRow,
)


class LiveEventCrud(BaseCrud):
    async def news(
        self, user_ids: Sequence[UUID], snapshots: Sequence[str | None], *, at_most: int
    ) -> list[NewsRow]:
        """In the order of the streams, each one's events in that of their ids, so many at most.

        Without a snapshot there are no events for a stream, only where it begins.
        """
        return await self.session.fetch_all(
            NEWS, user_ids=user_ids, snapshots=snapshots, at_most=at_most
        )

    async def delete_old(self, *, before: datetime, at_most: int) -> int:
        """Delete some events made before an instant, the oldest first; returns how many."""
        return len(await self.session.fetch_all(DELETE_OLD, before=before, at_most=at_most))
