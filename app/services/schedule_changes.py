"""Changes of what systems ask for: new schedules from tomorrow, pauses and their ends."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from app.core.enums import SystemStatus
from app.core.schedule import SchedulePeriod
from app.core.schedule_changes import schedule_change
from app.crud.crud_schedule import ScheduleCrud
from app.db.models import System
from app.db.session import Session


class ScheduleChanges:
    """Works on systems whose rows are locked; `today` is the date of their owner."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._schedules = ScheduleCrud(session)

    async def reschedule(self, system: System, *, today: date) -> None:
        """Let the system's new schedule apply from tomorrow on."""
        stored = await self._schedules.schedules(system.id)
        change = schedule_change(
            [SchedulePeriod.from_details(*period) for period in stored],
            SchedulePeriod.from_details(today, system.frequency, system.frequency_details),
            today,
        )
        await self._schedules.withdraw(system.id, after=change.kept_until)
        if change.begins_on is not None:
            self._schedules.add_schedule(
                system.id,
                effective_from=change.begins_on,
                frequency=system.frequency,
                details=system.frequency_details,
            )
        await self._session.flush()

    async def settle_pauses(
        self, systems: Sequence[System], *, goal_is_archived: bool, today: date
    ) -> None:
        """Pause those that rest, and end the pauses of the others.

        A system rests while it is not active or its goal is archived: one pause, whichever of the
        two began first and ends last. A pause begins today, or tomorrow if today has been logged;
        it ends today, without a trace if it had not begun before.
        """
        resting: list[UUID] = []
        awake: list[UUID] = []
        for system in systems:
            rests = goal_is_archived or system.status is not SystemStatus.ACTIVE
            (resting if rests else awake).append(system.id)
        if resting:
            await self._schedules.rest(resting, today=today)
        if awake:
            await self._schedules.wake(awake, today=today)
