"""What a dashboard counts and calls attention to, in one row."""

from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Date, Select, Uuid, bindparam, func, literal, not_, select, union_all
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.core.enums import CheckinStatus
from app.crud.base_crud import BaseCrud
from app.db.models import Checkin, Notification, Reflection, System
from app.db.query import Query

ALERTS = 20


class SummaryRow(TypedDict):
    """`alerts` are JSON objects: `id, system_id, system_title, local_date, query`.

    Their `query` is null where a check-in of the partner waits for the person.
    """

    unread_notifications: int
    awaiting_verification: int
    reflection_id: UUID | None
    alerts: list[dict[str, Any]]


_viewer_id = bindparam("viewer_id", type_=Uuid)
_partnership_id = bindparam("partnership_id", type_=Uuid)
_awaits_viewer = (
    Checkin.partnership_id == _partnership_id,
    Checkin.user_id != _viewer_id,
    Checkin.status == CheckinStatus.PENDING_VERIFICATION,
)


def _alerts() -> Select[Any]:
    """What the partner asked first, then what waits for the person, each oldest first."""

    def some(urgency: int, query: Any, *conditions: Any) -> Select[Any]:
        oldest = (
            select(
                literal(urgency).label("urgency"),
                Checkin.id,
                Checkin.system_id,
                Checkin.checkin_date_local,
                Checkin.checkin_timestamp_utc,
                query.label("query"),
            )
            .where(*conditions)
            .order_by(Checkin.checkin_timestamp_utc, Checkin.id)
            .limit(ALERTS)
            .subquery()
        )
        return select(oldest)

    queried = some(
        0,
        Checkin.verifier_query,
        Checkin.user_id == _viewer_id,
        Checkin.checkin_date_local >= bindparam("queried_since", type_=Date),
        Checkin.partnership_id == _partnership_id,
        Checkin.status == CheckinStatus.QUERIED_BY_PARTNER,
    )
    awaiting = some(1, literal(None, Checkin.verifier_query.type), *_awaits_viewer)
    both = union_all(queried, awaiting).subquery()
    order = (both.c.urgency, both.c.checkin_timestamp_utc, both.c.id)
    chosen = select(both).order_by(*order).limit(ALERTS).subquery()
    alert = func.jsonb_build_object(
        "id",
        chosen.c.id,
        "system_id",
        chosen.c.system_id,
        "system_title",
        System.title,
        "local_date",
        chosen.c.checkin_date_local,
        "query",
        chosen.c.query,
    )
    in_order = aggregate_order_by(
        alert, chosen.c.urgency, chosen.c.checkin_timestamp_utc, chosen.c.id
    )
    return select(
        func.coalesce(func.jsonb_agg(in_order), func.jsonb_build_array(), type_=JSONB)
    ).join_from(chosen, System, System.id == chosen.c.system_id)


SUMMARY = Query(
    select(
        select(func.count())
        .where(Notification.recipient_id == _viewer_id, not_(Notification.is_read))
        .scalar_subquery()
        .label("unread_notifications"),
        select(func.count())
        .select_from(Checkin)
        .where(*_awaits_viewer)
        .scalar_subquery()
        .label("awaiting_verification"),
        select(Reflection.id)
        .where(
            Reflection.user_id == _viewer_id,
            Reflection.reflection_date_local == bindparam("day", type_=Date),
        )
        .scalar_subquery()
        .label("reflection_id"),
        _alerts().scalar_subquery().label("alerts"),
    ),
    SummaryRow,
)
_NOTHING = SummaryRow(
    unread_notifications=0, awaiting_verification=0, reflection_id=None, alerts=[]
)


class DashboardCrud(BaseCrud):
    async def summary(
        self, viewer_id: UUID, partnership_id: UUID | None, day: date, *, queried_since: date
    ) -> SummaryRow:
        """The reflection is that of `day`; everything else is as of now.

        Of the person's own check-ins, queried ones are looked for from `queried_since` on.
        """
        row = await self.session.fetch_one(
            SUMMARY,
            viewer_id=viewer_id,
            partnership_id=partnership_id,
            day=day,
            queried_since=queried_since,
        )
        return row or _NOTHING
