"""What systems ask for over time: schedules and pauses. Call it with the systems locked."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.enums import SystemFrequency
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import Checkin, System, SystemPause, SystemSchedule, User
from app.db.query import Query

# Whatever makes a system rest or wake, moves it or deletes it first locks its owner, so that all of
# it happens one after the other, and goals and systems need no order among themselves.
LOCKED_OWNER = select(
    select(User.id)
    .where(User.id == bindparam("owner_id"))
    .with_for_update(key_share=True)
    .cte("owner")
    .c.id
).scalar_subquery()


class ScheduleRow(NamedTuple):
    effective_from: date
    frequency: SystemFrequency
    frequency_details: dict[str, Any] | None


SCHEDULES = Query(
    select(
        SystemSchedule.effective_from, SystemSchedule.frequency, SystemSchedule.frequency_details
    )
    .where(SystemSchedule.system_id == bindparam("system_id"))
    .order_by(SystemSchedule.effective_from),
    ScheduleRow,
)


_of_these = any_(bindparam("system_ids", type_=ARRAY(Uuid)))
_last_logged = (
    select(func.max(Checkin.checkin_date_local))
    .where(Checkin.system_id == System.id)
    .correlate(System)
    .scalar_subquery()
)
REST = Query(
    insert(SystemPause)
    .from_select(
        ["system_id", "starts_on"],
        # A later date than today may be logged already, after travelling west.
        select(System.id, func.greatest(bindparam("today", type_=Date), _last_logged + 1)).where(
            System.id == _of_these
        ),
        include_defaults=False,
    )
    .on_conflict_do_nothing(index_elements=["system_id"], index_where=SystemPause.ends_on.is_(None))
    .returning(SystemPause.id),
    IdRow,
)
FORGET = Query(
    delete(SystemPause)
    .where(
        SystemPause.system_id == _of_these,
        SystemPause.ends_on.is_(None),
        SystemPause.starts_on >= bindparam("today", type_=Date),
    )
    .returning(SystemPause.id),
    IdRow,
)
WAKE = Query(
    update(SystemPause)
    .where(SystemPause.system_id == _of_these, SystemPause.ends_on.is_(None))
    .values(ends_on=bindparam("today", type_=Date))
    .returning(SystemPause.id),
    IdRow,
)


class ScheduleCrud(BaseCrud):
    async def schedules(self, system_id: UUID) -> list[ScheduleRow]:
        """All of one system's, oldest first."""
        return await self.session.fetch_all(SCHEDULES, system_id=system_id)

    async def withdraw(self, system_id: UUID, *, after: date) -> None:
        """Remove the schedules that begin later than `after`."""
        await self.session.execute(
            delete(SystemSchedule)
            .where(SystemSchedule.system_id == system_id, SystemSchedule.effective_from > after)
            .execution_options(synchronize_session=False)
        )

    def add_schedule(
        self,
        system_id: UUID,
        *,
        effective_from: date,
        frequency: SystemFrequency,
        details: dict[str, Any] | None,
    ) -> None:
        self.session.add(
            SystemSchedule(
                system_id=system_id,
                effective_from=effective_from,
                frequency=frequency,
                frequency_details=details,
            )
        )

    async def rest(self, system_ids: Sequence[UUID], *, today: date) -> None:
        """Pause those that are not paused yet: from today, unless it has been logged.

        What was done or skipped counts, and the pause follows on it.
        """
        await self.session.fetch_all(REST, system_ids=system_ids, today=today)

    async def wake(self, system_ids: Sequence[UUID], *, today: date) -> None:
        """End their pauses today; one that had not begun before leaves no trace."""
        await self.session.fetch_all(FORGET, system_ids=system_ids, today=today)
        await self.session.fetch_all(WAKE, system_ids=system_ids, today=today)
