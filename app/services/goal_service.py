"""Goals (Specification §4.3)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.consistency import goal_progress
from app.core.enums import GoalPriority, GoalStatus
from app.core.errors import GoalDatesReversed, GoalNotFound, NotYours
from app.core.local_time import today
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.crud_goal import GoalCrud, GoalRow
from app.crud.crud_history import HistoryCrud, HistoryRow
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_system import SystemCrud
from app.crud.crud_user import Account, UserCrud
from app.db.errors import violated_constraint
from app.db.models import Goal
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.goal_schemas import (
    GoalCreate,
    GoalRead,
    GoalSort,
    GoalUpdate,
    GoalWithSystems,
)
from app.services.history import Calendars, system_history
from app.services.notification_service import NotificationService
from app.services.person_history import HistoryReader
from app.services.schedule_changes import ScheduleChanges
from app.services.system_service import SystemService

DATES_IN_ORDER = "ck_goals_dates_in_order"
# Progress without a target date looks at 30 dates, and a week among them as a whole.
PROGRESS_LOOKS_BACK = timedelta(days=37)


class GoalService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._goals = GoalCrud(session)
        self._histories = HistoryCrud(session)
        self._people = HistoryReader(session, clock)
        self._systems = SystemCrud(session)
        self._users = UserCrud(session)
        self._system_service = SystemService(session, clock)
        self._changes = ScheduleChanges(session)
        self._notifications = NotificationService(session, clock)
        self._clock = clock

    async def create(self, account: Account, data: GoalCreate) -> GoalRead:
        """Raises GoalDatesReversed.

        One that was achieved already tells nobody: it did not become so just now.
        """
        return await self._read_own(account, await self.add(account, data))

    async def add(
        self,
        account: Account,
        data: GoalCreate,
        *,
        ai_assistance_inputs: dict[str, Any] | None = None,
        ai_generated_plan_details: str | None = None,
    ) -> UUID:
        """The same for one that may have been planned with the assistant; only its id."""
        now = self._clock.now()
        goal = Goal(
            user_id=account.id,
            **data.model_dump(),
            ai_assistance_inputs=ai_assistance_inputs,
            ai_generated_plan_details=ai_generated_plan_details,
            achieved_at=now if data.status is GoalStatus.ACHIEVED else None,
            created_at=now,
            updated_at=now,
        )
        try:
            await self._goals.add(goal)
        except Exception as error:
            if violated_constraint(error) == DATES_IN_ORDER:
                raise GoalDatesReversed from error
            raise
        return goal.id

    async def update(self, account: Account, goal_id: UUID, data: GoalUpdate) -> GoalRead:
        """Change only what was sent; tell the active partner when the goal becomes achieved.

        Raises GoalNotFound, NotYours, GoalDatesReversed.
        """
        owner_id = await self._goals.get_owner(goal_id, account.self_and_partner_ids)
        if owner_id is None:
            raise GoalNotFound
        if owner_id != account.id:
            raise NotYours
        if data.model_fields_set:
            await self._change(account, goal_id, data.changes())
        return await self._read_own(account, goal_id)

    async def _change(self, account: Account, goal_id: UUID, changes: dict[str, Any]) -> None:
        partner_id = None
        if changes.get("status") is GoalStatus.ACHIEVED or "is_archived" in changes:
            partner_id = await self._lock_owner(account)
        goal = await self._goals.lock(goal_id, account.id)
        if goal is None:
            raise GoalNotFound
        was_achieved, was_archived = goal.status is GoalStatus.ACHIEVED, goal.is_archived
        for name, value in changes.items():
            setattr(goal, name, value)
        now = self._clock.now()
        goal.updated_at = now
        is_achieved = goal.status is GoalStatus.ACHIEVED
        if is_achieved != was_achieved:
            goal.achieved_at = now if is_achieved else None
        try:
            await self._goals.save()
        except Exception as error:
            if violated_constraint(error) == DATES_IN_ORDER:
                field = "targetDate" if "target_date" in changes else "startDate"
                raise GoalDatesReversed(field=field) from error
            raise
        if goal.is_archived != was_archived:
            await self._changes.settle_pauses(
                await self._systems.lock_all_of_goal(goal_id),
                goal_is_archived=goal.is_archived,
                today=today(now, account.timezone),
            )
        if is_achieved and not was_achieved and partner_id is not None:
            await self._notifications.notify(partner_id, _achieved(account, goal))

    async def _lock_owner(self, account: Account) -> UUID | None:
        """The partner of now, who stays it until this transaction ends."""
        owner = (await self._users.lock(account.id)).get(account.id)
        if owner is None:  # the account is being deleted
            raise GoalNotFound
        if owner.current_partnership_id == account.current_partnership_id:
            return account.partner_id
        current = await self._users.get_account(account.id)
        return current.partner_id if current else None

    async def delete(self, account: Account, goal_id: UUID) -> None:
        """With its systems and their check-ins. Raises GoalNotFound, NotYours."""
        if await self._goals.delete_own(goal_id, account.id):
            return
        if await self._goals.get_owner(goal_id, account.self_and_partner_ids):
            raise NotYours
        raise GoalNotFound

    async def get(self, account: Account, goal_id: UUID) -> GoalWithSystems:
        """One of the caller's or the active partner's. Raises GoalNotFound."""
        visible_to = account.self_and_partner_ids
        row = await self._goals.get_visible(goal_id, visible_to)
        if row is None:
            raise GoalNotFound
        if row["user_id"] != account.id:
            row["ai_assistance_inputs"] = None  # said to the assistant, not to the partner
        (goal,) = await self._with_progress([row])
        systems = await self._systems.all_of_goal(goal_id, visible_to)
        return GoalWithSystems(**dict(goal), systems=await self._system_service.read_all(systems))

    async def list_own(
        self,
        account: Account,
        *,
        page: PageRequest,
        sort_by: GoalSort,
        archived: bool,
        status: GoalStatus | None,
        priority: GoalPriority | None,
        category: str | None,
        search: str | None,
    ) -> Page[GoalRead]:
        rows, total = await self._goals.list_own(
            account.id,
            page=page,
            sort_by=sort_by,
            archived=archived,
            status=status,
            priority=priority,
            category=category,
            search=search,
        )
        return Page(items=await self._with_progress(rows), pagination=pagination(page, total))

    async def _read_own(self, account: Account, goal_id: UUID) -> GoalRead:
        row = await self._goals.get_visible(goal_id, [account.id])
        if row is None:
            raise GoalNotFound
        (read,) = await self._with_progress([row])
        return read

    async def _with_progress(self, rows: Sequence[GoalRow]) -> list[GoalRead]:
        """Read the histories of all the goals' systems at once, if there are any."""
        histories: dict[UUID, list[HistoryRow]] = defaultdict(list)
        in_progress = [
            row for row in rows if row["systems_count"] and row["status"] is not GoalStatus.ACHIEVED
        ]
        now = self._clock.now()
        calendars = Calendars(now)
        if in_progress:
            found = await self._histories.of_goals(
                [row["id"] for row in in_progress],
                [*{row["user_id"] for row in in_progress}],
                lately=now.date() - PROGRESS_LOOKS_BACK,
            )
            for history in found:
                if history["goal_id"] is not None:
                    histories[history["goal_id"]].append(history)
            await self._people.catch_up(found, calendars)
        return [
            GoalRead.model_validate(
                {**row, "progress_value": self._progress(row, histories[row["id"]], calendars)}
            )
            for row in rows
        ]

    def _progress(self, row: GoalRow, histories: Sequence[HistoryRow], calendars: Calendars) -> int:
        achieved = row["status"] is GoalStatus.ACHIEVED
        if achieved or not histories:
            return 100 if achieved else 0
        calendar = calendars.of(histories[0]["zones"])
        return goal_progress(
            [
                system_history(
                    schedules=history["schedules"],
                    pauses=history["pauses"],
                    credited=history["credited"],
                    skipped=history["skipped"],
                    earlier=history["earlier"],
                )
                for history in histories
            ],
            row["start_date"] or today(row["created_at"], calendar.zone),
            row["target_date"],
            calendar.today,
            open_dates=calendar.open_dates,
        )


def _achieved(account: Account, goal: Goal) -> NotificationDraft:
    return NotificationDraft(
        type=NotificationType.GOAL_ACHIEVED,
        title="Goal achieved",
        message=f"{account.display_name} achieved '{goal.title}'.",
        actor_id=account.id,
        target_type="goal",
        target_id=goal.id,
        target_name=goal.title,
        link_values=(("goal_id", str(goal.id)),),
    )
