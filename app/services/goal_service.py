"""Goals (Specification §4.3)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.consistency import goal_progress
from app.core.enums import GoalPriority, GoalStatus
from app.core.errors import GoalDatesReversed, GoalNotFound
from app.core.local_time import current_zone, open_dates, today
from app.core.paging import PageRequest
from app.crud.crud_goal import GoalCrud, GoalRow
from app.crud.crud_history import HistoryCrud, HistoryRow
from app.crud.crud_system import SystemCrud
from app.crud.crud_user import Account
from app.db.errors import violated_constraint
from app.db.models import Goal
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.goal_schemas import GoalCreate, GoalRead, GoalSort, GoalWithSystems
from app.services.history import system_history, zone_uses
from app.services.system_service import SystemService

# Progress without a target date looks at 30 dates, and a week among them as a whole.
PROGRESS_LOOKS_BACK = timedelta(days=37)


class GoalService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._goals = GoalCrud(session)
        self._histories = HistoryCrud(session)
        self._systems = SystemCrud(session)
        self._system_service = SystemService(session, clock)
        self._clock = clock

    async def create(self, account: Account, data: GoalCreate) -> GoalRead:
        """Raises GoalDatesReversed."""
        now = self._clock.now()
        goal = Goal(user_id=account.id, **data.model_dump(), created_at=now, updated_at=now)
        try:
            await self._goals.add(goal)
        except Exception as error:
            if violated_constraint(error) == "ck_goals_dates_in_order":
                raise GoalDatesReversed from error
            raise
        row = await self._goals.get_visible(goal.id, [account.id])
        assert row is not None, "the row was inserted in this transaction"
        (read,) = await self._with_progress([row])
        return read

    async def get(self, account: Account, goal_id: UUID) -> GoalWithSystems:
        """One of the caller's or the active partner's. Raises GoalNotFound."""
        visible_to = account.self_and_partner_ids
        row = await self._goals.get_visible(goal_id, visible_to)
        if row is None:
            raise GoalNotFound
        (goal,) = await self._with_progress([row])
        systems = await self._systems.all_of_goal(goal_id, visible_to)
        return GoalWithSystems(
            **dict(goal), systems=[self._system_service.read(system) for system in systems]
        )

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

    async def _with_progress(self, rows: Sequence[GoalRow]) -> list[GoalRead]:
        """Read the histories of all the goals' systems at once, if there are any."""
        histories: dict[UUID, list[HistoryRow]] = defaultdict(list)
        with_systems = [row for row in rows if row["systems_count"]]
        if with_systems:
            since = min(self._progress_since(row) for row in with_systems)
            goal_ids = [row["id"] for row in with_systems]
            for history in await self._histories.of_goals(goal_ids, since=since):
                if history["goal_id"] is not None:
                    histories[history["goal_id"]].append(history)
        return [
            GoalRead.model_validate(
                {**row, "progress_value": self._progress(row, histories[row["id"]])}
            )
            for row in rows
        ]

    def _progress_since(self, row: GoalRow) -> date:
        # A day earlier, since `created_at` may be another date in the owner's zone.
        begun = row["start_date"] or row["created_at"].date() - timedelta(days=1)
        return min(begun, self._clock.now().date() - PROGRESS_LOOKS_BACK)

    def _progress(self, row: GoalRow, histories: Sequence[HistoryRow]) -> int:
        achieved = row["status"] is GoalStatus.ACHIEVED
        if achieved or not histories:
            return 100 if achieved else 0
        now = self._clock.now()
        zones = zone_uses(histories[0]["zones"])
        zone = current_zone(zones)
        return goal_progress(
            [
                system_history(
                    schedules=history["schedules"],
                    pauses=history["pauses"],
                    credited=history["credited"],
                    skipped=history["skipped"],
                )
                for history in histories
            ],
            row["start_date"] or today(row["created_at"], zone),
            row["target_date"],
            today(now, zone),
            open_dates=open_dates(now, zones),
        )
