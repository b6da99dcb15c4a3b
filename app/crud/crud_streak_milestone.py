"""Streak milestones: each is told once."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Date, bindparam, not_, select
from sqlalchemy.dialects.postgresql import insert

from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import StreakMilestone
from app.db.query import Query, parameter

_GIVEN = {
    "user_id": StreakMilestone.user_id,
    "partnership_id": StreakMilestone.partnership_id,
    "length": StreakMilestone.length,
    "local_date": StreakMilestone.local_date,
    "reached_at": StreakMilestone.reached_at,
}
_told_of_the_same_streak = (
    select(StreakMilestone.id)
    .where(
        StreakMilestone.user_id == bindparam("given_user_id"),
        StreakMilestone.length == bindparam("given_length"),
        StreakMilestone.local_date > bindparam("told_since", type_=Date),
    )
    .exists()
)
RECORD = Query(
    insert(StreakMilestone)
    .from_select(
        [*_GIVEN],
        select(*(parameter(f"given_{name}", column) for name, column in _GIVEN.items())).where(
            not_(_told_of_the_same_streak)
        ),
        include_defaults=False,
    )
    .on_conflict_do_nothing(index_elements=["user_id", "local_date"])
    .returning(StreakMilestone.id),
    IdRow,
)


class StreakMilestoneCrud(BaseCrud):
    async def record(
        self,
        user_id: UUID,
        *,
        length: int,
        local_date: date,
        partnership_id: UUID | None,
        now: datetime,
    ) -> UUID | None:
        """The new row's id; None when this date has one, or this streak was told before.

        A streak that has to begin anew needs as many dates as it is long to get there again.
        """
        row = await self.session.fetch_one(
            RECORD,
            given_user_id=user_id,
            given_partnership_id=partnership_id,
            given_length=length,
            given_local_date=local_date,
            given_reached_at=now,
            told_since=local_date - timedelta(days=length),
        )
        return row["id"] if row else None
