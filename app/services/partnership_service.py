"""Finding a partner (Specification §4.2)."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.core.clock import Clock
from app.core.config import Settings
from app.core.enums import PartnershipStatus
from app.core.errors import (
    AlreadyPartnered,
    CannotInviteSelf,
    InviteExpired,
    InviteForAnotherEmail,
    InviteNotFound,
    NoActivePartnership,
    RateLimited,
)
from app.core.invitations import INVITE_VALID_FOR, hash_token, new_token
from app.core.notification_catalogue import NotificationType
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_partnership import InviteRow, PartnershipCrud, PartnershipRow
from app.crud.crud_rate_limit import RateLimitCrud, seconds_left
from app.crud.crud_user import Account, UserCrud
from app.db.models import Partnership, User
from app.db.session import Session
from app.emails.messages import PartnershipInvitation
from app.schemas.partnership_schemas import (
    InvitationPreview,
    InvitationSent,
    InviteCreate,
    Inviter,
    PartnershipRead,
)
from app.schemas.user_schemas import PublicUser
from app.services.notification_service import NotificationService
from app.services.user_service import wall_clock

INVITES_PER_DAY = 5
DAY = timedelta(days=1)


class PartnershipService:
    def __init__(self, *, session: Session, clock: Clock, settings: Settings) -> None:
        self._partnerships = PartnershipCrud(session)
        self._users = UserCrud(session)
        self._limits = RateLimitCrud(session)
        self._outbox = EmailOutboxCrud(session)
        self._notifications = NotificationService(session, clock)
        self._clock = clock
        self._settings = settings

    async def invite(self, account: Account, data: InviteCreate) -> InvitationSent:
        """Invite an address; again for the same or another one replaces link and expiry.

        The answer does not tell whether the address has an account or a partner.
        Raises CannotInviteSelf, AlreadyPartnered, RateLimited.
        """
        if data.email == account.email:
            raise CannotInviteSelf
        # One invitation of a person at a time, and none while somebody accepts the last one.
        inviter = (await self._users.lock(account.id))[account.id]
        if inviter.current_partnership_id is not None:
            raise AlreadyPartnered
        now = self._clock.now()
        if not await self._limits.take(
            "invitations", str(account.id), limit=INVITES_PER_DAY, window=DAY, now=now
        ):
            raise RateLimited(
                f"You can send {INVITES_PER_DAY} invitations a day. Please try again tomorrow.",
                retry_after_seconds=seconds_left(now, DAY),
            )
        token = new_token()
        partnership = await self._partnerships.get_pending_of(account.id)
        if partnership is None:
            partnership = await self._partnerships.add_pending(account.id, now)
        partnership.invite_email = data.email
        partnership.invite_message = data.message
        partnership.invite_token = hash_token(token)
        partnership.invite_token_expires_at = now + INVITE_VALID_FOR
        partnership.updated_at = now
        if data.name is not None:
            partnership.name = data.name
        invite_url = self._settings.frontend_link(f"/partner-invite/accept?invite_token={token}")
        await self._tell_invited(account, data, partnership, invite_url)
        return InvitationSent(
            partnership=await self._get(partnership.id, account.id), invite_url=invite_url
        )

    async def preview(self, token: str) -> InvitationPreview:
        """What the holder of a link may see. Raises InviteNotFound, InviteExpired."""
        invite = await self._find_open(token)
        return InvitationPreview(
            inviter=Inviter(
                username=invite["inviter_username"],
                name=invite["inviter_name"],
                profile_image_url=invite["inviter_profile_image_url"],
            ),
            partnership_name=invite["name"],
            message=invite["invite_message"],
            expires_at=invite["invite_token_expires_at"],
        )

    async def accept(self, account: Account, token: str) -> PartnershipRead:
        """Join the partnership behind a link. Of many at the same time, one succeeds.

        Raises InviteNotFound, InviteExpired, InviteForAnotherEmail, AlreadyPartnered.
        """
        invite = await self._find_open(token)
        if not account.is_email_verified or account.email != invite["invite_email"]:
            raise InviteForAnotherEmail
        people = await self._users.lock(account.id, invite["user1_id"])
        now = self._clock.now()
        partnership = await self._partnerships.get_invite_for_update(hash_token(token), now)
        if partnership is None:  # used, renewed or withdrawn before we held the locks
            raise InviteNotFound
        if any(person.current_partnership_id is not None for person in people.values()):
            raise AlreadyPartnered("One of you already has an active partnership.")
        await self._partnerships.delete_pending_of(account.id)
        activate(partnership, people, account.id, now)
        await self._notifications.notify(
            partnership.user1_id,
            NotificationDraft(
                type=NotificationType.PARTNERSHIP_ACCEPTED,
                title="Invitation accepted",
                message=f"{account.display_name} accepted: you are partners now.",
                actor_id=account.id,
                target_type="partnership",
                target_id=partnership.id,
                target_name=partnership.name,
            ),
        )
        return await self._get(partnership.id, account.id)

    async def current(self, account: Account) -> PartnershipRead:
        """Raises NoActivePartnership."""
        if account.current_partnership_id is None:
            raise NoActivePartnership
        return await self._get(account.current_partnership_id, account.id)

    async def _find_open(self, token: str) -> InviteRow:
        invite = await self._partnerships.find_invite(hash_token(token))
        if invite is None:
            raise InviteNotFound
        now = self._clock.now()
        if invite["invite_token_expires_at"] <= now:
            await self._partnerships.mark_expired(invite["id"], now)
            raise InviteExpired
        if invite["status"] is PartnershipStatus.EXPIRED_INVITE:
            raise InviteExpired
        return invite

    async def _tell_invited(
        self, account: Account, data: InviteCreate, partnership: Partnership, invite_url: str
    ) -> None:
        now = self._clock.now()
        # At most one e-mail a day to anybody, whoever invites; the link can be shared all the same.
        if await self._limits.take(
            "invitation_emails", hash_token(data.email), limit=1, window=DAY, now=now
        ):
            message = PartnershipInvitation(
                inviter_name=account.name or account.username or "Somebody",
                partnership_name=partnership.name,
                personal_message=data.message,
                invite_url=invite_url,
                valid_days=INVITE_VALID_FOR.days,
            )
            self._outbox.add(
                kind=message.kind, to_email=data.email, payload=message.model_dump(), now=now
            )
        invited = await self._users.find_by_email(data.email)
        if invited is not None:
            await self._notifications.notify(
                invited.id,
                NotificationDraft(
                    type=NotificationType.PARTNERSHIP_INVITED,
                    title="You are invited",
                    message=f"{account.display_name} invites you to be accountability partners.",
                    actor_id=account.id,
                    target_type="partnership",
                    target_id=partnership.id,
                    target_name=partnership.name,
                ),
            )

    async def _get(self, partnership_id: UUID, user_id: UUID) -> PartnershipRead:
        row = await self._partnerships.get_for_member(partnership_id, user_id)
        if row is None:
            raise NoActivePartnership
        return self._read(row, user_id)

    def _read(self, row: PartnershipRow, user_id: UUID) -> PartnershipRead:
        role: Literal["inviter", "invitee"] = "inviter" if row["user1_id"] == user_id else "invitee"
        return PartnershipRead(
            id=row["id"],
            name=row["name"],
            status=row["status"],
            partner=self._partner(row),
            invite_email=row["invite_email"],
            invite_expires_at=row["invite_token_expires_at"],
            activated_at=row["activated_at"],
            dissolved_at=row["dissolved_at"],
            created_at=row["created_at"],
            role=role,
        )

    def _partner(self, row: PartnershipRow) -> PublicUser | None:
        if row["partner_id"] is None or row["partner_timezone"] is None:
            return None
        return PublicUser(
            id=row["partner_id"],
            username=row["partner_username"],
            name=row["partner_name"],
            avatar_url=row["partner_profile_image_url"],
            bio=row["partner_bio"],
            timezone=row["partner_timezone"],
            local_time=wall_clock(self._clock.now(), row["partner_timezone"]),
        )


def activate(
    partnership: Partnership, people: dict[UUID, User], accepter_id: UUID, now: datetime
) -> None:
    """Make partners of two people whose rows are locked and who have no partner."""
    partnership.user2_id = accepter_id
    partnership.status = PartnershipStatus.ACTIVE
    partnership.invite_token = None
    partnership.invite_token_expires_at = None
    partnership.activated_at = partnership.updated_at = now
    for person in people.values():
        person.current_partnership_id = partnership.id
        person.updated_at = now
