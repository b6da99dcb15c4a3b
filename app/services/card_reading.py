"""System cards: what a person's day asks for, and how it stands (Specification §4.5)."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.enums import SystemStatus
from app.core.errors import NoActivePartnership
from app.core.local_time import today
from app.core.paging import PageRequest
from app.core.schedule import describe_schedule
from app.core.system_cards import card_status, clock_time, due_dates
from app.crud.crud_card import CardCrud, CardRow, ListedSystem
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.card_schemas import SystemCard
from app.services.person_history import HistoryReader, PersonHistory

# Longer than since the Monday of anybody's today, whatever the zone.
_A_WEEK_ANYWHERE = timedelta(days=8)
NO_TIME = time.max  # sorts after every time


class CardReader:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._cards = CardCrud(session)
        self._histories = HistoryReader(session, clock)
        self._clock = clock

    async def my_day(
        self, account: Account, day: date | None, *, page: PageRequest
    ) -> Page[SystemCard]:
        """The caller's cards of one local date, default today."""
        history = await self.history_for(account, day)
        rows = await self.due_on(history, account.id, day or history.today)
        return _page(rows, history, page, is_owner=True)

    async def partners_today(self, account: Account, *, page: PageRequest) -> Page[SystemCard]:
        """The partner's cards of the partner's own today. Raises NoActivePartnership."""
        if account.partner_id is None:
            raise NoActivePartnership
        since = self._clock.now().date() - _A_WEEK_ANYWHERE
        histories = await self._histories.of_people([account.partner_id], since=since)
        history = histories.get(account.partner_id)
        if history is None:  # gone meanwhile
            raise NoActivePartnership
        rows = await self.due_on(history, account.partner_id, history.today)
        return _page(rows, history, page, is_owner=False)

    async def history_for(self, account: Account, day: date | None) -> PersonHistory:
        """The caller's history with the credits of the week around `day`, default today."""
        around = day or today(self._clock.now(), account.timezone)
        return await self._histories.of_person(account.id, since=monday_before(around))

    async def due_on(self, history: PersonHistory, owner_id: UUID, day: date) -> list[CardRow]:
        """What is due or logged on `day`, in the order of the day: by time, title and id."""
        rows = await self._cards.all_on(owner_id, day)
        return sorted((row for row in rows if _belongs(row, history, day)), key=_by_time)


def monday_before(day: date) -> date:
    """The first date of the ISO week of `day`."""
    return day - timedelta(days=day.weekday())


def read_cards(
    rows: Sequence[CardRow], history: PersonHistory, *, is_owner: bool
) -> list[SystemCard]:
    """The rows as the owner or the partner sees them."""
    return [
        SystemCard(
            id=row["id"],
            name=row["title"],
            status=card_status(row["checkin_status"], is_owner=is_owner),
            details=details_of(row),
            schedule_time=clock_time(row["target_time_local"]),
            goal_id=row["goal_id"],
            goal_title=row["goal_title"],
            metric_type=row["metric_type"],
            target_value=row["target_value"],
            target_unit=row["target_unit"],
            last_value=row["last_value"],
            verification_required=row["verification_required"],
            checkin_id=row["checkin_id"],
            current_streak=history.system_streak(row["id"]) if row["id"] in history.systems else 0,
        )
        for row in rows
    ]


def details_of(row: ListedSystem) -> str:
    """The description; without one, the schedule in words."""
    return row["description"] or describe_schedule(row["frequency"], row["frequency_details"], None)


def dates_due(
    system: ListedSystem, history: PersonHistory, start: date, end: date, *, over_before: date
) -> list[date]:
    """The dates from `start` to `end` on which a system is due, as `core.system_cards` says.

    The systems of an archived goal are due on none.
    """
    own = history.systems.get(system["id"])
    if own is None or system["goal_is_archived"]:
        return []
    due = due_dates(own, start, end, over_before=over_before)
    if system["status"] is SystemStatus.ACTIVE:
        return due
    # What rests takes no check-in any more, even on a date before the rest that is still open.
    closed_before = min(history.open_dates)
    return [day for day in due if day < closed_before]


def _belongs(row: CardRow, history: PersonHistory, day: date) -> bool:
    return row["checkin_id"] is not None or bool(
        dates_due(row, history, day, day, over_before=min(history.open_dates))
    )


def _by_time(row: CardRow) -> tuple[time, str, UUID]:
    return row["target_time_local"] or NO_TIME, row["title"].casefold(), row["id"]


def _page(
    rows: Sequence[CardRow], history: PersonHistory, page: PageRequest, *, is_owner: bool
) -> Page[SystemCard]:
    shown = rows[page.offset : page.offset + page.limit]
    return Page(
        items=read_cards(shown, history, is_owner=is_owner),
        pagination=pagination(page, len(rows)),
    )
