"""The one place where an active partnership ends (Specification §4.2)."""

from uuid import UUID

from app.core.clock import Clock
from app.core.config import Settings
from app.core.notification_catalogue import NotificationType
from app.crud.crud_dissolution import DissolutionCrud
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_user import UserCrud
from app.db.models import User
from app.db.session import Session
from app.emails.messages import PartnershipDissolved
from app.services.notification_service import NotificationService


class Dissolution:
    def __init__(self, session: Session, clock: Clock, settings: Settings) -> None:
        self._users = UserCrud(session)
        self._dissolutions = DissolutionCrud(session)
        self._outbox = EmailOutboxCrud(session)
        self._notifications = NotificationService(session, clock)
        self._clock = clock
        self._settings = settings

    async def dissolve(
        self, *, partnership_id: UUID, by: UUID, because_account_is_deleted: bool = False
    ) -> bool:
        """End it for both and tell the other one; False when it was not active any more.

        Check-ins that wait for a word become completed. Writing a check-in and deciding on one
        hold a shared lock on a member's row, so both people's locks, taken here in the order of
        their ids, leave none behind: what came before is settled, what comes after sees the end.
        When the account is deleted, the other is told without a name: nothing of it shall stay.
        """
        members = await self._dissolutions.members(partnership_id)
        if by not in members:
            return False
        people = await self._users.lock(*members)
        now = self._clock.now()
        if not await self._dissolutions.end(partnership_id, now):
            return False
        for person in people.values():
            person.current_partnership_id = None
            person.updated_at = now
        await self._dissolutions.settle_checkins(partnership_id, now)
        ender = people.pop(by)
        (other,) = people.values()
        await self._tell(other, None if because_account_is_deleted else ender, partnership_id)
        return True

    async def _tell(self, other: User, ender: User | None, partnership_id: UUID) -> None:
        name = (ender.name or ender.username) if ender else None
        await self._notifications.notify(
            other.id,
            NotificationDraft(
                type=NotificationType.PARTNERSHIP_DISSOLVED,
                title="Partnership ended",
                message=f"{name or 'Your partner'} ended your partnership."
                if ender
                else "Your partner deleted their account, so your partnership has ended.",
                actor_id=ender.id if ender else None,
                target_type="partnership" if ender else None,
                target_id=partnership_id if ender else None,
            ),
        )
        message = PartnershipDissolved(
            partner_name=name,
            account_deleted=ender is None,
            partnership_url=self._settings.frontend_link("/partnership"),
        )
        await self._outbox.add(
            kind=message.kind,
            to_email=other.email,
            user_id=other.id,
            payload=message.model_dump(),
            now=self._clock.now(),
        )
