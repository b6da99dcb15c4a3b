"""From histories and sums to the numbers of the progress page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.core.consistency import Tally, most_consistent_day, plural_weekday
from app.core.enums import SystemMetricType
from app.core.progress import tallies, total
from app.core.progress_ranges import DateRange
from app.core.schedule import SystemHistory
from app.core.streaks import longest_user_streak, user_streak
from app.crud.crud_partnership import PartnershipRow
from app.crud.crud_progress import GoalNameRow, SystemNameRow, SystemTotalsRow
from app.schemas.progress_schemas import (
    ConsistencyPoint,
    MetricTotal,
    ProgressRead,
    ProgressStats,
    RangeRead,
    SystemChoice,
    SystemEngagement,
)
from app.services.partnership_service import partner_profile
from app.services.person_history import PersonHistory

MOST_SYSTEMS_LISTED = 200

Totals = Mapping[UUID, SystemTotalsRow]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the page is about: `names` are all systems that the caller may see."""

    viewer_id: UUID
    names: Sequence[SystemNameRow]
    goal: GoalNameRow | None
    system: SystemNameRow | None

    def narrows(self, owner_id: UUID) -> bool:
        chosen = self.system or self.goal
        return chosen is not None and chosen["user_id"] == owner_id

    def is_about_goal_of(self, owner_id: UUID) -> bool:
        """As a whole, so that streaks are over some of the systems."""
        return self.goal is not None and self.system is None and self.narrows(owner_id)

    def of_goal(self, owner_id: UUID) -> list[SystemNameRow]:
        """Somebody's systems, only those of the goal if that is theirs."""
        goal_id = self.goal["id"] if self.goal and self.goal["user_id"] == owner_id else None
        return [
            row
            for row in self.names
            if row["user_id"] == owner_id and (goal_id is None or row["goal_id"] == goal_id)
        ]

    def of(self, owner_id: UUID) -> list[SystemNameRow]:
        """Somebody's systems as far as the page is about them."""
        if self.system is not None and self.narrows(owner_id):
            return [self.system]
        return self.of_goal(owner_id)

    def goal_title(self) -> str | None:
        if self.goal is not None:
            return self.goal["title"]
        return self.system["goal_title"] if self.system else None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two people: the systems that count, and the history that they belong to."""

    owner_id: UUID
    person: PersonHistory
    systems: Mapping[UUID, SystemHistory]
    names: Sequence[SystemNameRow]
    is_whole: bool

    @classmethod
    def of(cls, person: PersonHistory, scope: Scope, owner_id: UUID) -> "Side":
        names = scope.of(owner_id)
        chosen = {row["id"] for row in names}
        narrowed = scope.narrows(owner_id)
        systems = {
            system_id: history
            for system_id, history in person.systems.items()
            if not narrowed or system_id in chosen
        }
        return cls(owner_id, person, systems, names, is_whole=not narrowed)

    def series(self, range_: DateRange) -> list[Tally]:
        return tallies(
            self.systems.values(), range_, self.person.today, open_dates=self.person.open_dates
        )

    def streaks(self, scope: Scope) -> tuple[int, int]:
        """The current and the longest one: of the person, of a goal's systems, or of a system."""
        if self.is_whole:
            return self.person.streak(), self.person.longest_streak()
        histories = [*self.systems.values()]
        now, is_open = self.person.today, self.person.open_dates
        if scope.system is not None and scope.narrows(self.owner_id):
            if not histories:  # deleted meanwhile
                return 0, 0
            return (
                self.person.system_streak(scope.system["id"]),
                self.person.longest_system_streak(scope.system["id"]),
            )
        return (
            user_streak(histories, now, open_dates=is_open),
            longest_user_streak(histories, now, open_dates=is_open),
        )

    def stats(
        self, scope: Scope, range_: DateRange, series: Sequence[Tally], totals: Totals
    ) -> ProgressStats:
        current, longest = self.streaks(scope)
        best_day = most_consistent_day(
            self.systems.values(),
            *range_,
            self.person.today,
            open_dates=self.person.open_dates,
        )
        rows = [totals[system_id] for system_id in self.systems if system_id in totals]
        verified = sum(row["verified"] for row in rows)
        decided = verified + sum(row["queried"] for row in rows)
        return ProgressStats(
            overall_consistency=total(series).percent(),
            current_streak=current,
            longest_streak=longest,
            most_consistent_day=None if best_day is None else plural_weekday(best_day),
            total_check_ins=sum(row["credited"] for row in rows),
            systems_completed=len(rows),
            verified_rate=Tally(verified, decided).percent(),
        )


def read_progress(
    scope: Scope,
    range_: DateRange,
    own: Side,
    partner: Side | None,
    totals: Totals,
    partnership: PartnershipRow | None,
    now: datetime,
) -> ProgressRead:
    own_series = own.series(range_)
    partner_series = partner.series(range_) if partner else None
    return ProgressRead(
        goal_title=scope.goal_title(),
        range=RangeRead(start_date=range_.start, end_date=range_.end),
        partner_profile=partner_profile(partnership, now) if partnership else None,
        personal_stats=own.stats(scope, range_, own_series, totals),
        partner_stats=partner.stats(scope, range_, partner_series, totals)
        if partner and partner_series is not None
        else None,
        user_systems_list=[
            SystemChoice(
                id=row["id"], name=row["title"], goal_id=row["goal_id"], status=row["status"]
            )
            for row in scope.of_goal(own.owner_id)[:MOST_SYSTEMS_LISTED]
        ],
        consistency_over_time=_points(range_, own_series, partner_series),
        system_engagement=_engagement(own, partner, totals),
        metric_totals=[
            MetricTotal(
                system_id=row["id"],
                system_name=row["title"],
                metric_type=row["metric_type"],
                unit=row["target_unit"],
                total=totals[row["id"]]["metric"] if row["id"] in totals else 0.0,
            )
            for row in own.names
            if row["metric_type"] is not SystemMetricType.BINARY
        ][:MOST_SYSTEMS_LISTED],
    )


def _points(
    range_: DateRange, own: Sequence[Tally], partner: Sequence[Tally] | None
) -> list[ConsistencyPoint]:
    by_week = range_.by_week()
    return [
        ConsistencyPoint(
            date=bucket.start,
            date_label=_label(bucket.start, by_week=by_week),
            user_consistency=own[number].percent(),
            partner_consistency=partner[number].percent() if partner else None,
        )
        for number, bucket in enumerate(range_.buckets())
    ]


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _label(day: date, *, by_week: bool) -> str:
    """ "Mon 9 Mar", or "Week of 9 Mar 2026"."""
    short = f"{day.day} {_MONTHS[day.month - 1]}"
    return f"Week of {short} {day.year}" if by_week else f"{_WEEKDAYS[day.weekday()]} {short}"


def _engagement(own: Side, partner: Side | None, totals: Totals) -> list[SystemEngagement]:
    def logged(row: SystemNameRow) -> int:
        return totals[row["id"]]["credited"] if row["id"] in totals else 0

    listed = [
        SystemEngagement(
            system_id=row["id"],
            system_name=row["title"],
            user_logged_count=logged(row),
            partner_logged_count=0 if partner else None,
        )
        for row in own.names[:MOST_SYSTEMS_LISTED]
    ]
    if partner is not None:
        listed += [
            SystemEngagement(
                system_id=row["id"],
                system_name=row["title"],
                user_logged_count=0,
                partner_logged_count=logged(row),
            )
            for row in partner.names[:MOST_SYSTEMS_LISTED]
        ]
    return listed
