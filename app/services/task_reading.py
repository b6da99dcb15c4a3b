"""From stored rows to tasks, and to what a client sees of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from app.core.enums import CheckinStatus
from app.core.image_links import ViewerLinks
from app.core.system_cards import card_status, verification_message
from app.core.tasks import DateRange, TaskSort, TaskStatus, TaskType, task_status
from app.crud.crud_card import ListedSystem
from app.crud.crud_task import LoggedDate, WaitingCheckin
from app.crud.crud_user import Account
from app.schemas.task_schemas import Related, TaskActivity, TaskRead
from app.services.card_reading import NO_TIME, dates_due, details_of
from app.services.person_history import PersonHistory

_DECIDED = (CheckinStatus.VERIFIED_COMPLETED, CheckinStatus.QUERIED_BY_PARTNER)


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A system of the person on a date; `logged` is None while nothing is."""

    system: ListedSystem
    due_date: date
    status: TaskStatus
    logged: LoggedDate | None

    @property
    def order(self) -> tuple[time, str, str]:
        return (
            self.system["target_time_local"] or NO_TIME,
            self.system["title"].casefold(),
            str(self.system["id"]),
        )

    @property
    def title(self) -> str:
        return self.system["title"]


@dataclass(frozen=True, slots=True)
class VerificationTask:
    """A check-in of the partner that waits for the person."""

    waiting: WaitingCheckin
    status = TaskStatus.AWAITING_USER_VERIFICATION

    @property
    def due_date(self) -> date:
        return self.waiting["local_date"]

    @property
    def order(self) -> tuple[time, str, str]:
        return NO_TIME, self.waiting["system_title"].casefold(), str(self.waiting["id"])

    @property
    def title(self) -> str:
        return self.waiting["system_title"]


Task = OwnTask | VerificationTask


def own_tasks(
    systems: Mapping[UUID, ListedSystem],
    logged: Sequence[LoggedDate],
    history: PersonHistory,
    dates: DateRange,
) -> Iterator[OwnTask]:
    """What was logged, due or not, and what is due without being logged."""
    done: set[tuple[UUID, date]] = set()
    for row in logged:
        done.add((row["system_id"], row["local_date"]))
        if row["system_id"] in systems:
            status = _status(row["status"], row["local_date"], history)
            yield OwnTask(systems[row["system_id"]], row["local_date"], status, row)
    for system in systems.values():
        for day in dates_due(system, history, *dates, over_before=history.today):
            if (system["id"], day) not in done:
                yield OwnTask(system, day, _status(None, day, history), None)


def _status(logged: CheckinStatus | None, day: date, history: PersonHistory) -> TaskStatus:
    return task_status(logged, day, history.today, history.open_dates)


def sort_tasks(tasks: list[Task], sort_by: TaskSort) -> None:
    """By date, then time, title and id; the other orders only put something before that."""
    tasks.sort(key=lambda task: (task.due_date, task.order))
    if sort_by is TaskSort.DUE_DATE_DESC:
        tasks.sort(key=lambda task: task.due_date, reverse=True)
    elif sort_by in (TaskSort.TITLE_ASC, TaskSort.TITLE_DESC):
        backwards = sort_by is TaskSort.TITLE_DESC
        tasks.sort(key=lambda task: task.title.casefold(), reverse=backwards)


def read_task(account: Account, task: Task, links: ViewerLinks) -> TaskRead:
    if isinstance(task, VerificationTask):
        return _read_verification(account, task.waiting, links)
    system = task.system
    image, comments = evidence(account, task.logged, links)
    return TaskRead(
        id=f"{system['id']}:{task.due_date}",
        title=system["title"],
        type=TaskType.SYSTEM_CHECKIN,
        status=task.status,
        due_date=task.due_date,
        description=details_of(system),
        checkin_id=task.logged["id"] if task.logged else None,
        related_goal=_related(system["goal_id"], system["goal_title"]),
        related_system=Related(id=system["id"], title=system["title"]),
        requires_image_verification=system["verification_required"],
        verification_image_url=image,
        partner_comments=comments,
    )


def _read_verification(account: Account, waiting: WaitingCheckin, links: ViewerLinks) -> TaskRead:
    return TaskRead(
        id=str(waiting["id"]),
        title=waiting["system_title"],
        type=TaskType.PARTNER_VERIFICATION,
        status=TaskStatus.AWAITING_USER_VERIFICATION,
        due_date=waiting["local_date"],
        description=waiting["notes"]
        or verification_message(
            account.partner_display_name, waiting["system_title"], waiting["local_date"], None
        ),
        checkin_id=waiting["id"],
        related_goal=_related(waiting["goal_id"], waiting["goal_title"]),
        related_system=Related(id=waiting["system_id"], title=waiting["system_title"]),
        requires_image_verification=waiting["verification_required"],
        verification_image_url=links.shown(waiting["photo_url"]),
        partner_comments=waiting["verifier_query"],
    )


def evidence(
    account: Account, logged: LoggedDate | None, links: ViewerLinks
) -> tuple[str | None, str | None]:
    """A check-in's photo, and the verifier's question about it while its partnership lasts."""
    if logged is None:
        return None, None
    lasts = logged["partnership_id"] == account.current_partnership_id
    return links.shown(logged["photo_url"]), logged["verifier_query"] if lasts else None


def _related(goal_id: UUID | None, title: str | None) -> Related | None:
    return None if goal_id is None else Related(id=goal_id, title=title or "")


def read_activity(account: Account, row: LoggedDate) -> TaskActivity:
    actor = account.name or account.username or "You"
    if row["status"] in _DECIDED:
        decided_by = row["verified_by_partner_id"]
        is_partner = decided_by is not None and decided_by == account.partner_id
        actor = account.partner_display_name if is_partner else "Your former partner"
    return TaskActivity(
        status=card_status(row["status"], is_owner=True),
        date=row["local_date"],
        actor_name=actor,
    )
