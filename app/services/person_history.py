"""A person's whole practice as the rules see it: systems, today, streaks (Specification §4.4).

Dashboard, tasks, progress, check-ins and e-mails all read it here, so that they never disagree.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import structlog

from app.core.clock import Clock
from app.core.schedule import Earlier, SystemHistory, clipped
from app.core.streak_checkpoints import (
    Checkpoint,
    make_checkpoint,
    next_checkpoint,
    total_credited,
)
from app.core.streaks import (
    longest_system_streak,
    longest_user_streak,
    system_streak,
    user_streak,
)
from app.crud.crud_history import HistoryCrud, HistoryRow, PersonHistoryRow
from app.crud.crud_streak_checkpoint import StreakCheckpointCrud
from app.crud.crud_system import SystemRow
from app.db.errors import DATABASE_ERRORS
from app.db.session import Session
from app.services.history import Calendars, system_history

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """As of one instant. `systems` has paused ones and those of archived goals, too.

    `today` is the date in `zone`, the person's current timezone; `open_dates` accept check-ins.
    `earlier` is what the dates come to that the systems' histories may lack.
    """

    zone: str
    today: date
    open_dates: AbstractSet[date]
    systems: Mapping[UUID, SystemHistory]
    earlier: Earlier | None = None

    def streak(self) -> int:
        """The current user streak, in days."""
        return user_streak(
            [*self.systems.values()],
            self.today,
            open_dates=self.open_dates,
            earlier=self.earlier,
        )

    def longest_streak(self) -> int:
        """The longest user streak of all time, in days."""
        return longest_user_streak(
            [*self.systems.values()],
            self.today,
            open_dates=self.open_dates,
            earlier=self.earlier,
        )

    def system_streak(self, system_id: UUID) -> int:
        """The current streak of one system: occurrences, or weeks of a weekly target."""
        return system_streak(self.systems[system_id], self.today, open_dates=self.open_dates)

    def longest_system_streak(self, system_id: UUID) -> int:
        """The longest streak that one system ever had."""
        return longest_system_streak(
            self.systems[system_id], self.today, open_dates=self.open_dates
        )

    def total_completions(self, system_id: UUID) -> int:
        """How many dates of one system were ever credited."""
        return total_credited(self.systems[system_id])


class HistoryReader:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._histories = HistoryCrud(session)
        self._checkpoints = StreakCheckpointCrud(session)
        self._clock = clock

    async def of_people(
        self, user_ids: Sequence[UUID], *, since: date | None = None, begun: date = date.min
    ) -> dict[UUID, PersonHistory]:
        """The histories of some existing people, in one query.

        Streaks are always exact. Credited dates are complete from `since` on; without it, only as
        far back as streaks need them. Streaks over some of the systems need all of their dates:
        `date.min` reads the histories whole. With `begun` they are clipped: as if no system had
        begun before it.

        Once in four weeks, reading somebody's history also writes down what its older dates come
        to, so that the next readers need not read them.
        """
        rows = await self._histories.of_people(user_ids, since=since or date.max, begun=begun)
        people: dict[UUID, PersonHistory] = {}
        made: dict[UUID, Checkpoint[UUID]] = {}
        for user_id in user_ids:
            mine = [row for row in rows if row["user_id"] == user_id]
            if not mine:  # closed meanwhile
                continue
            person = self._read(mine, begun, is_whole=since == date.min)
            people[user_id] = person
            histories = person.systems.values()
            first = min((one.schedule[0].effective_from for one in histories), default=date.max)
            until = next_checkpoint(first, person.today, mine[0]["until"])
            if until is not None and not self._session.in_transaction():
                made[user_id] = make_checkpoint(person.systems, until, person.earlier)
        if made:
            await self._keep(made, begun)
        return people

    async def of_person(self, user_id: UUID, *, since: date | None = None) -> PersonHistory:
        """The same for one existing person."""
        return (await self.of_people([user_id], since=since))[user_id]

    def _read(
        self, rows: Sequence[PersonHistoryRow], begun: date, *, is_whole: bool
    ) -> PersonHistory:
        calendar = Calendars(self._clock.now()).of(rows[0]["zones"])
        return PersonHistory(
            zone=calendar.zone,
            today=calendar.today,
            open_dates=calendar.open_dates,
            systems={
                row["system_id"]: _history(row, begun, is_whole=is_whole)
                for row in rows
                if row["schedules"]
            },
            earlier=None if is_whole else _earlier(rows[0]),
        )

    async def catch_up(self, rows: Iterable[HistoryRow | SystemRow], calendars: Calendars) -> None:
        """Write down what older dates come to, if reading these systems read too many of them."""
        if self._session.in_transaction():
            return
        behind = {
            row["user_id"]
            for row in rows
            if row["schedules"]
            and next_checkpoint(
                date.fromisoformat(row["schedules"][0]["effective_from"]),
                calendars.of(row["zones"]).today,
                row["until"],
            )
        }
        if behind:
            await self.of_people([*behind])

    async def _keep(self, made: Mapping[UUID, Checkpoint[UUID]], begun: date) -> None:
        """Never inside a transaction, which may have deleted what will be there after all."""
        try:
            await self._checkpoints.keep(made, begun=begun)
        except DATABASE_ERRORS as error:
            log.warning("streak_checkpoint_not_kept", error=type(error).__name__)


def _history(row: PersonHistoryRow, begun: date, *, is_whole: bool) -> SystemHistory:
    history = system_history(
        schedules=row["schedules"],
        pauses=row["pauses"],
        credited=row["credited"],
        skipped=row["skipped"],
        earlier=None if is_whole else row["earlier"],
    )
    if begun == date.min:
        return history
    return clipped(history, begun, earlier=history.earlier)


def _earlier(row: PersonHistoryRow) -> Earlier | None:
    if row["until"] is None or row["longest"] is None or row["running"] is None:
        return None
    return Earlier(row["until"], row["longest"], row["running"])
