"""The progress page, from the same histories as every streak."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.core.enums import PartnershipStatus
from app.core.errors import GoalNotFound, InvalidInput, SystemNotFound
from app.core.heatmap import heatmap
from app.core.local_time import today
from app.core.progress_ranges import (
    DateRange,
    DateRangePreset,
    DatesRefused,
    custom_range,
    preset_range,
)
from app.crud.crud_partnership import PartnershipCrud, PartnershipRow
from app.crud.crud_progress import ProgressCrud, SystemNameRow
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import Page, Pagination
from app.schemas.progress_schemas import HeatmapDay, ProgressRead
from app.services.history import system_history
from app.services.person_history import HistoryReader
from app.services.progress_reading import Scope, Side, read_progress

DAYS_OF_A_LEAP_YEAR = 366


@dataclass(frozen=True, slots=True)
class ProgressRequest:
    preset: DateRangePreset
    start_date: date | None
    end_date: date | None
    goal_id: UUID | None
    system_id: UUID | None
    compare_partner: bool

    def custom(self) -> DateRange | None:
        """The dates of a custom range. Raises InvalidInput."""
        if self.preset is not DateRangePreset.CUSTOM:
            for field, day in (("startDate", self.start_date), ("endDate", self.end_date)):
                if day is not None:
                    raise InvalidInput(
                        "To give dates of your own, choose the preset `custom`.", field=field
                    )
            return None
        try:
            return custom_range(self.start_date, self.end_date)
        except DatesRefused as error:
            raise InvalidInput(str(error), field=error.field) from None


class ProgressService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._progress = ProgressCrud(session)
        self._partnerships = PartnershipCrud(session)
        self._histories = HistoryReader(session, clock)
        self._clock = clock

    async def read(self, account: Account, request: ProgressRequest) -> ProgressRead:
        """The caller's progress and, if asked for, the active partner's beside it.

        A goal or system narrows the numbers of the one whose it is. Raises InvalidInput,
        GoalNotFound, SystemNotFound.
        """
        now = self._clock.now()
        custom = request.custom()
        scope = await self._scope(account, request)
        partnership = await self._partnership(account) if request.compare_partner else None

        local_today = today(now, account.timezone)
        known = custom
        if known is None and request.preset is not DateRangePreset.ALL_TIME:
            known = preset_range(request.preset, local_today, began=local_today)
        person = await self._histories.of_person(account.id, since=_since(known, scope, account.id))
        own = Side.of(person, scope, account.id)
        range_ = known or preset_range(
            request.preset, local_today, began=_beginning(own, local_today)
        )
        began = _began(partnership) if partnership else None
        partner = await self._partner(partnership, scope, known) if partnership else None
        totals = await self._progress.totals(
            account.id,
            start=range_.start,
            end=range_.end,
            partner_id=partner.owner_id if partner else None,
            partner_since=began or date.max,
        )
        return read_progress(
            scope, range_, own, partner, totals, partnership if partner else None, now
        )

    async def heatmap(self, account: Account, year: int | None) -> Page[HeatmapDay]:
        """Every date of a year, by default of the present one, in the caller's calendar."""
        local_today = today(self._clock.now(), account.timezone)
        year = local_today.year if year is None else year
        rows = await self._progress.year(account.id, start=date(year, 1, 1), end=date(year, 12, 31))
        days = heatmap(
            [
                system_history(
                    schedules=row["schedules"],
                    pauses=row["pauses"],
                    credited=row["credited"],
                    skipped=row["skipped"],
                )
                for row in rows
                if row["schedules"]
            ],
            year,
            local_today,
        )
        return Page(
            items=[
                HeatmapDay(date=entry.day, required=entry.required, credited=entry.credited)
                for entry in days
            ],
            pagination=Pagination(
                current_page=1,
                limit=DAYS_OF_A_LEAP_YEAR,
                total_items=len(days),
                total_pages=1,
                has_next_page=False,
            ),
        )

    async def _partner(
        self, partnership: PartnershipRow, scope: Scope, range_: DateRange | None
    ) -> Side | None:
        """The partner since the partnership began; None if they closed their account meanwhile."""
        partner_id, began = partnership["partner_id"], _began(partnership)
        if partner_id is None or began is None:
            return None
        found = await self._histories.of_people(
            [partner_id], since=_since(range_, scope, partner_id), begun=began
        )
        return Side.of(found[partner_id], scope, partner_id) if found else None

    async def _scope(self, account: Account, request: ProgressRequest) -> Scope:
        """What the caller asks about. Raises GoalNotFound, SystemNotFound."""
        visible_to = account.self_and_partner_ids
        goal = None
        if request.goal_id is not None:
            goal = await self._progress.get_goal(request.goal_id, visible_to)
            if goal is None:
                raise GoalNotFound
        names = await self._progress.names(visible_to)
        system: SystemNameRow | None = None
        if request.system_id is not None:
            system = next((row for row in names if row["id"] == request.system_id), None)
            if system is None or (goal is not None and system["goal_id"] != goal["id"]):
                raise SystemNotFound
        return Scope(account.id, names, goal, system)

    async def _partnership(self, account: Account) -> PartnershipRow | None:
        if account.current_partnership_id is None:
            return None
        row = await self._partnerships.get_for_member(account.current_partnership_id, account.id)
        return row if row and row["status"] is PartnershipStatus.ACTIVE else None


def _since(range_: DateRange | None, scope: Scope, owner_id: UUID) -> date:
    """From when on somebody's credited dates are needed.

    From the Monday of the range, since a week with a target counts as a whole; and from the very
    beginning for streaks over the systems of one goal, or when that is the range.
    """
    if range_ is None or scope.is_about_goal_of(owner_id):
        return date.min
    return range_.start - timedelta(days=range_.start.weekday())


def _began(partnership: PartnershipRow) -> date | None:
    """The date in the partner's calendar on which the partnership began."""
    if partnership["activated_at"] is None or partnership["partner_timezone"] is None:
        return None
    return today(partnership["activated_at"], partnership["partner_timezone"])


def _beginning(own: Side, default: date) -> date:
    return min(
        (history.schedule[0].effective_from for history in own.systems.values()), default=default
    )
