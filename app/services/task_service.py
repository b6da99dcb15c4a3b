"""Tasks: what somebody has to do today, what is late, and what waits for a word.

A system on a date is a task of its owner; a check-in that waits is a task of the partner.
"""

from datetime import date, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.enums import CheckinStatus
from app.core.errors import InvalidInput, SystemNotFound
from app.core.image_links import ImageLinks
from app.core.local_time import today
from app.core.paging import PageRequest
from app.core.schedule import describe_schedule
from app.core.tasks import (
    QUERY_MEMORY,
    WAITS_FOR_THE_PERSON,
    DateRange,
    TaskFilter,
    TaskSort,
    task_dates,
    task_status,
)
from app.crud.crud_task import TaskCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.task_schemas import SystemTaskRead, TaskRead
from app.services.card_reading import dates_due, details_of, monday_before
from app.services.person_history import HistoryReader, PersonHistory
from app.services.task_reading import (
    OwnTask,
    Task,
    VerificationTask,
    evidence,
    own_tasks,
    read_activity,
    read_task,
    sort_tasks,
)

# No date that is open is further from today than this.
_REACH = timedelta(days=2)
_EVER = DateRange(date.min, date.max)


class TaskService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._tasks = TaskCrud(session)
        self._histories = HistoryReader(session, clock)
        self._clock = clock
        self._links = links

    async def list_own(
        self,
        account: Account,
        *,
        page: PageRequest,
        status: TaskFilter | None,
        first: date | None,
        last: date | None,
        sort_by: TaskSort,
    ) -> Page[TaskRead]:
        """The tasks of some dates; without any, today's and what waits for the caller before it.

        Raises InvalidInput for a range that is reversed or too long.
        """
        if first is None and last is None:
            found = await self._current(account)
        else:
            found = await self._between(account, first, last)
        chosen = [task for task in found if status is None or status.admits(task.status)]
        sort_tasks(chosen, sort_by)
        links = self._links.seen_by(account.id, self._clock.now())
        shown = chosen[page.offset : page.offset + page.limit]
        return Page(
            items=[read_task(account, task, links) for task in shown],
            pagination=pagination(page, len(chosen)),
        )

    async def _current(self, account: Account) -> list[Task]:
        around = today(self._clock.now(), account.timezone)
        history = await self._history(account, around - _REACH)
        dates = DateRange(min(history.open_dates), history.today)
        own = await self._own(account, history, dates, queried_since=history.today - QUERY_MEMORY)
        current: list[Task] = [
            task
            for task in own
            if task.due_date == history.today or task.status in WAITS_FOR_THE_PERSON
        ]
        return current + await self._verifications(account, _EVER)

    async def _between(self, account: Account, first: date | None, last: date | None) -> list[Task]:
        try:
            dates = task_dates(first, last, today(self._clock.now(), account.timezone))
        except ValueError as error:
            raise InvalidInput(str(error), field="dueDateTo") from error
        history = await self._history(account, dates.first)
        own = await self._own(account, history, dates, queried_since=dates.first)
        return [*own, *await self._verifications(account, dates)]

    async def _history(self, account: Account, first: date) -> PersonHistory:
        return await self._histories.of_person(account.id, since=monday_before(first))

    async def _own(
        self,
        account: Account,
        history: PersonHistory,
        dates: DateRange,
        *,
        queried_since: date,
    ) -> list[OwnTask]:
        systems = {system["id"]: system for system in await self._tasks.systems(account.id)}
        logged = await self._tasks.logged(account.id, dates, queried_since=queried_since)
        return [*own_tasks(systems, logged, history, dates)]

    async def _verifications(self, account: Account, dates: DateRange) -> list[VerificationTask]:
        if account.current_partnership_id is None:
            return []
        waiting = await self._tasks.waiting(account.current_partnership_id, account.id, dates)
        return [VerificationTask(checkin) for checkin in waiting]

    async def get(self, account: Account, system_id: UUID) -> SystemTaskRead:
        """One of the caller's own systems as of today. Raises SystemNotFound."""
        around = today(self._clock.now(), account.timezone)
        history = await self._history(account, around)
        system = await self._tasks.system(system_id, account.id)
        if system is None or system_id not in history.systems:
            raise SystemNotFound
        recent = await self._tasks.recently_logged(system_id, account.id)
        todays = next((row for row in recent if row["local_date"] == history.today), None)
        is_due = dates_due(system, history, history.today, history.today, over_before=history.today)
        asked_about = todays or next(
            (row for row in recent if row["status"] is CheckinStatus.QUERIED_BY_PARTNER), None
        )
        links = self._links.seen_by(account.id, self._clock.now())
        image, comments = evidence(account, asked_about, links)
        return SystemTaskRead(
            id=system_id,
            name=system["title"],
            status=task_status(
                todays and todays["status"], history.today, history.today, history.open_dates
            )
            if todays or is_due
            else None,
            goal_id=system["goal_id"],
            goal_name=system["goal_title"],
            assigned_date=history.systems[system_id].schedule[0].effective_from,
            details=details_of(system),
            requires_image_verification=system["verification_required"],
            verification_image_url=image,
            partner_comments=comments,
            recent_activity=[read_activity(account, row) for row in recent],
            schedule_description=describe_schedule(
                system["frequency"], system["frequency_details"], system["target_time_local"]
            ),
            current_streak_for_system=history.system_streak(system_id),
            longest_streak_for_system=history.longest_system_streak(system_id),
            total_completions=history.total_completions(system_id),
        )
