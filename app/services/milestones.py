"""Telling both partners when a streak reaches a milestone."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from app.core.clock import Clock
from app.core.milestones import is_milestone, milestone_within
from app.core.notification_catalogue import NotificationType
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_streak_milestone import StreakMilestoneCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.services.notification_service import NotificationService
from app.services.person_history import HistoryReader, PersonHistory


class Milestones:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._milestones = StreakMilestoneCrud(session)
        self._histories = HistoryReader(session, clock)
        self._notifications = NotificationService(session, clock)
        self._clock = clock

    async def is_near(self, owner_id: UUID, system_id: UUID, local_date: date) -> bool:
        """Whether crediting this date may make the person's streak a milestone.

        It may also if it takes the other dates that are still open: they may be checked in on at
        this very moment. Only a look, to learn whether it is worth locking anything.
        """
        person = await self._of(owner_id)
        if person is None or system_id not in person.systems:
            return False  # deleted meanwhile
        system = person.systems[system_id]
        credited = replace(system, credited=frozenset({*system.credited, local_date}))
        person = replace(person, systems={**person.systems, system_id: credited})
        dates = {day for history in person.systems.values() for day in history.credited}
        return milestone_within(person.streak(), spare=len(person.open_dates - dates))

    async def tell(self, account: Account, system_id: UUID, local_date: date) -> None:
        """Record and tell the milestone that crediting this date of this system has reached.

        In the caller's transaction, after the credit was written, with the person's row locked:
        of several dates credited at once, the last one sees them all. Does nothing when another
        system was credited on this date before, or the streak is no milestone.
        """
        person = await self._of(account.id)
        if person is None or _credited_before(person, system_id, local_date):
            return
        length, now = person.streak(), self._clock.now()
        if not is_milestone(length):
            return
        milestone_id = await self._milestones.record(
            account.id,
            length=length,
            local_date=local_date,
            partnership_id=account.current_partnership_id,
            now=now,
        )
        if milestone_id is None:
            return
        for recipient_id, who in ((account.id, "You"), (account.partner_id, account.display_name)):
            if recipient_id is not None:
                await self._notifications.notify(
                    recipient_id,
                    NotificationDraft(
                        type=NotificationType.STREAK_MILESTONE,
                        title=f"{length} days in a row",
                        message=f"{who} reached a streak of {length} days.",
                        actor_id=account.id,
                        target_type="streak_milestone",
                        target_id=milestone_id,
                        target_name=f"{length} days",
                    ),
                )

    async def _of(self, owner_id: UUID) -> PersonHistory | None:
        return (await self._histories.of_people([owner_id])).get(owner_id)


def _credited_before(person: PersonHistory, system_id: UUID, local_date: date) -> bool:
    return any(
        local_date in history.credited
        for other_id, history in person.systems.items()
        if other_id != system_id
    )
