"""Systems: practices on a schedule (Specification §4.4)."""

from uuid import UUID

from app.core.clock import Clock
from app.core.enums import SystemStatus
from app.core.errors import GoalNotFound, NotYours, SystemNotFound
from app.core.local_time import current_zone, open_dates, today
from app.core.paging import PageRequest
from app.core.schedule import describe_schedule
from app.core.streaks import system_streak
from app.crud.crud_goal import GoalCrud
from app.crud.crud_system import SystemCrud, SystemRow
from app.crud.crud_user import Account
from app.db.models import System
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.system_schemas import SystemCreate, SystemCreateInGoal, SystemRead
from app.services.history import system_history, zone_uses


class SystemService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._systems = SystemCrud(session)
        self._goals = GoalCrud(session)
        self._clock = clock

    async def create(self, account: Account, data: SystemCreate) -> SystemRead:
        """Start a practice today. Raises GoalNotFound, NotYours for the partner's goal."""
        goal_id = data.goal_id
        if goal_id is not None:
            owner_id = await self._goals.get_owner(goal_id, account.self_and_partner_ids)
            if owner_id is None:
                raise GoalNotFound
            if owner_id != account.id:
                raise NotYours
        now = self._clock.now()
        system = System(user_id=account.id, **data.model_dump(), created_at=now, updated_at=now)
        await self._systems.add(system, starts_on=today(now, account.timezone))
        return await self.get(account, system.id)

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
        return self.read(row)

    async def list_own(
        self,
        account: Account,
        *,
        page: PageRequest,
        goal_id: UUID | None,
        status: SystemStatus | None,
    ) -> Page[SystemRead]:
        rows, total = await self._systems.list_visible(
            [account.id], page=page, goal_id=goal_id, status=status
        )
        return Page(items=[self.read(row) for row in rows], pagination=pagination(page, total))

    async def list_of_goal(
        self, account: Account, goal_id: UUID, *, page: PageRequest
    ) -> Page[SystemRead]:
        """Raises GoalNotFound."""
        visible_to = account.self_and_partner_ids
        if await self._goals.get_owner(goal_id, visible_to) is None:
            raise GoalNotFound
        rows, total = await self._systems.list_visible(visible_to, page=page, goal_id=goal_id)
        return Page(items=[self.read(row) for row in rows], pagination=pagination(page, total))

    def read(self, row: SystemRow) -> SystemRead:
        """The row with what follows from its schedule and history, in the owner's calendar."""
        now = self._clock.now()
        zones = zone_uses(row["zones"])
        history = system_history(
            schedules=row["schedules"],
            pauses=row["pauses"],
            credited=row["credited"],
            skipped=row["skipped"],
        )
        return SystemRead.model_validate(
            {
                **row,
                "schedule_description": describe_schedule(
                    row["frequency"], row["frequency_details"], row["target_time_local"]
                ),
                "current_streak": system_streak(
                    history,
                    today(now, current_zone(zones)),
                    open_dates=open_dates(now, zones),
                ),
            }
        )
