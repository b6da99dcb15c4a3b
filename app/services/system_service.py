"""Systems: practices on a schedule (Specification §4.4)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from app.core.clock import Clock
from app.core.enums import SystemStatus
from app.core.errors import (
    GoalNotFound,
    InvalidInput,
    MetricTypeInUse,
    NotYours,
    SystemNotFound,
)
from app.core.local_time import newest_past, today
from app.core.paging import PageRequest
from app.core.schedule import describe_schedule
from app.core.streaks import system_streak
from app.crud.crud_goal import GoalCrud
from app.crud.crud_system import SystemCrud, SystemRow
from app.crud.crud_user import Account, UserCrud
from app.db.models import System
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.system_schemas import (
    SystemCreate,
    SystemCreateInGoal,
    SystemRead,
    SystemUpdate,
)
from app.services.history import Calendar, Calendars, system_history
from app.services.person_history import HistoryReader
from app.services.schedule_changes import ScheduleChanges


class SystemService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._systems = SystemCrud(session)
        self._goals = GoalCrud(session)
        self._users = UserCrud(session)
        self._changes = ScheduleChanges(session)
        self._histories = HistoryReader(session, clock)
        self._clock = clock

    async def create(self, account: Account, data: SystemCreate) -> SystemRead:
        """Start a practice today. Raises GoalNotFound, NotYours for the partner's goal.

        In an archived goal it asks for nothing until the goal is taken back.
        """
        goal_is_archived = await self._is_archived(account, data.goal_id)
        system_id = await self.add(account, data, goal_is_archived=goal_is_archived)
        return await self.get(account, system_id)

    async def add(self, account: Account, data: SystemCreate, *, goal_is_archived: bool) -> UUID:
        """The same for a goal that is known to be the caller's, if it has one; only its id."""
        now = self._clock.now()
        system = System(user_id=account.id, **data.model_dump(), created_at=now, updated_at=now)
        rests = goal_is_archived or system.status is not SystemStatus.ACTIVE
        await self._systems.add(system, starts_on=today(now, account.timezone), rests=rests)
        return system.id

    async def create_in_goal(
        self, account: Account, goal_id: UUID, data: SystemCreateInGoal
    ) -> SystemRead:
        """Raises GoalNotFound, NotYours."""
        return await self.create(
            account, SystemCreate.model_construct(**data.model_dump(), goal_id=goal_id)
        )

    async def get(self, account: Account, system_id: UUID) -> SystemRead:
        """One of the caller's or the active partner's. Raises SystemNotFound."""
        row = await self._systems.get_visible(system_id, account.self_and_partner_ids)
        if row is None:
            raise SystemNotFound
        (read,) = await self.read_all([row])
        return read

    async def update(self, account: Account, system_id: UUID, data: SystemUpdate) -> SystemRead:
        """Change only what was sent; a new schedule applies from tomorrow on.

        Raises SystemNotFound, NotYours, GoalNotFound, InvalidInput, MetricTypeInUse.
        """
        may_rest = not data.model_fields_set.isdisjoint({"status", "goal_id"})
        if may_rest:
            await self._users.lock(account.id)
        found = await self._systems.get_access(system_id, account.self_and_partner_ids)
        if found is None:
            raise SystemNotFound
        if found["user_id"] != account.id:
            raise NotYours
        if not data.model_fields_set:
            return await self.get(account, system_id)
        goal_is_archived = None
        if may_rest:
            goal_id = data.goal_id if "goal_id" in data.model_fields_set else found["goal_id"]
            goal_is_archived = await self._is_archived(account, goal_id)
        await self._change(account, system_id, data, goal_is_archived=goal_is_archived)
        return await self.get(account, system_id)

    async def _is_archived(self, account: Account, goal_id: UUID | None) -> bool:
        """Of a goal of the caller's, which stays so. Raises GoalNotFound, NotYours."""
        if goal_id is None:
            return False
        goal = await self._goals.hold(goal_id, account.self_and_partner_ids)
        if goal is None:
            raise GoalNotFound
        if goal.owner_id != account.id:
            raise NotYours
        return goal.is_archived

    async def _change(
        self,
        account: Account,
        system_id: UUID,
        data: SystemUpdate,
        *,
        goal_is_archived: bool | None,
    ) -> None:
        """`goal_is_archived` is None where the system rests, or not, as it did before."""
        system = await self._systems.lock(system_id, account.id)
        if system is None:
            raise SystemNotFound
        before = _values(system)
        try:
            changes = data.applied_to(before)
        except ValidationError as error:
            raise _refusal(error) from None
        if changes.get("metric_type", system.metric_type) is not system.metric_type and (
            await self._systems.has_logged_values(system_id)
        ):
            raise MetricTypeInUse
        for name, value in changes.items():
            setattr(system, name, value)
        now = self._clock.now()
        system.updated_at = now
        local_date = today(now, account.timezone)
        changed = {name for name, value in changes.items() if value != before[name]}
        if changed & {"frequency", "frequency_details"}:
            await self._changes.reschedule(system, today=local_date)
        if changed & {"checkin_reminder", "reminder_time_local"} and system.reminder_time_local:
            # What is over by now is not made up for.
            over = newest_past(system.reminder_time_local, now, account.timezone)
            system.last_reminder_local_date = max(over, system.last_reminder_local_date or over)
        if goal_is_archived is not None:
            await self._changes.settle_pauses(
                [system], goal_is_archived=goal_is_archived, today=local_date
            )

    async def delete(self, account: Account, system_id: UUID) -> None:
        """With its check-ins. Raises SystemNotFound, NotYours."""
        if await self._systems.delete_own(system_id, account.id):
            return
        if await self._systems.get_access(system_id, account.self_and_partner_ids):
            raise NotYours
        raise SystemNotFound

    async def list_own(
        self,
        account: Account,
        *,
        page: PageRequest,
        goal_id: UUID | None,
        status: SystemStatus | None,
        archived: bool | None,
    ) -> Page[SystemRead]:
        """Without a word on `archived`: all of `goal_id`, else none of an archived goal."""
        if archived is None and goal_id is None:
            archived = False
        rows, total = await self._systems.list_visible(
            [account.id], page=page, goal_id=goal_id, status=status, archived=archived
        )
        return Page(items=await self.read_all(rows), pagination=pagination(page, total))

    async def list_of_goal(
        self, account: Account, goal_id: UUID, *, page: PageRequest
    ) -> Page[SystemRead]:
        """Raises GoalNotFound."""
        visible_to = account.self_and_partner_ids
        if await self._goals.get_owner(goal_id, visible_to) is None:
            raise GoalNotFound
        rows, total = await self._systems.list_visible(visible_to, page=page, goal_id=goal_id)
        return Page(items=await self.read_all(rows), pagination=pagination(page, total))

    async def read_all(self, rows: Sequence[SystemRow]) -> list[SystemRead]:
        """The rows with what follows from schedule and history, in their owners' calendars."""
        calendars = Calendars(self._clock.now())
        await self._histories.catch_up(rows, calendars)
        return [_read(row, calendars.of(row["zones"])) for row in rows]


def _read(row: SystemRow, calendar: Calendar) -> SystemRead:
    history = system_history(
        schedules=row["schedules"],
        pauses=row["pauses"],
        credited=row["credited"],
        skipped=row["skipped"],
        earlier=row["earlier"],
    )
    return SystemRead.model_validate(
        {
            **row,
            "schedule_description": describe_schedule(
                row["frequency"], row["frequency_details"], row["target_time_local"]
            ),
            "current_streak": system_streak(
                history, calendar.today, open_dates=calendar.open_dates
            ),
        }
    )


def _values(system: System) -> dict[str, Any]:
    """What can be changed, by the names of the fields, which are those of the columns."""
    return {name: getattr(system, name) for name in SystemUpdate.model_fields}


def _refusal(error: ValidationError) -> InvalidInput:
    problem = error.errors()[0]
    field = to_camel(str(problem["loc"][0]))
    reason = problem["msg"].removeprefix("Value error, ").rstrip(".")
    reason = reason[:1].lower() + reason[1:]
    return InvalidInput(f"Please check {field}: {reason}.", field=field, reasons=(reason,))
