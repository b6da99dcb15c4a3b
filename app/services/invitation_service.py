"""Invitations: from an e-mail address to a partner (Specification §4.2)."""

from collections.abc import Callable
from datetime import datetime
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
    NotYours,
    RateLimited,
)
from app.core.image_links import ImageLinks
from app.core.invitations import INVITE_VALID_FOR, hash_token, new_token
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.core.rate_limits import DAY, INVITATIONS, Standing
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.crud.crud_invitation import InvitationCrud, InviteRow
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_partnership import PartnershipCrud
from app.crud.crud_rate_limit import RateLimitCrud, seconds_left
from app.crud.crud_user import Account, UserCrud
from app.db.models import Partnership
from app.db.session import Session
from app.emails.messages import PartnershipAccepted, PartnershipInvitation
from app.schemas.base_schemas import Page, pagination
from app.schemas.partnership_schemas import (
    InvitationDirection,
    InvitationPreview,
    InvitationRead,
    InvitationSent,
    InviteCreate,
    Inviter,
    PartnershipRead,
)
from app.services.notification_service import NotificationService
from app.services.partnership_service import PartnershipService, activate


class InvitationService:
    def __init__(
        self,
        *,
        session: Session,
        clock: Clock,
        settings: Settings,
        links: ImageLinks,
        tell: Callable[[Standing], object],
    ) -> None:
        """`tell` gets where the caller stands with the limit of invitations."""
        self._tell = tell
        self._invitations = InvitationCrud(session)
        self._partnerships = PartnershipCrud(session)
        self._users = UserCrud(session)
        self._limits = RateLimitCrud(session)
        self._outbox = EmailOutboxCrud(session)
        self._notifications = NotificationService(session, clock)
        self._partnership_service = PartnershipService(
            session=session, clock=clock, settings=settings, links=links
        )
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
        await self._count(account, now)
        token = new_token()
        partnership = await self._partnerships.get_open_of(account.id)
        if partnership is None:
            partnership = await self._partnerships.add_pending(account.id, now)
        if partnership.invite_email != data.email:
            partnership.mailed_invite_token = None
        partnership.status = PartnershipStatus.PENDING_INVITE
        partnership.invite_email = data.email
        partnership.invite_message = data.message
        partnership.invite_token = hash_token(token)
        partnership.invite_token_expires_at = now + INVITE_VALID_FOR
        partnership.updated_at = now
        if data.name is not None:
            partnership.name = data.name
        await self._write_invitation(account, data, partnership)
        await self._tell_invited(account, data, partnership)
        return InvitationSent(
            partnership=await self._partnership_service.get(partnership.id, account),
            invite_url=self._link(token),
        )

    def _link(self, token: str) -> str:
        return self._settings.frontend_link(f"/partner-invite/accept?invite_token={token}")

    async def _count(self, account: Account, now: datetime) -> None:
        """Against the limit of the day, which the answer tells. Raises RateLimited."""
        limit = INVITATIONS
        used = await self._limits.take(
            limit.name, str(account.id), limit=limit.quota, window=limit.window, now=now
        )
        resets_in = seconds_left(now, limit.window)
        self._tell(Standing(limit, limit.quota if used is None else used, resets_in))
        if used is None:
            raise RateLimited(
                f"You can send {limit.quota} invitations a day. Please try again tomorrow.",
                retry_after_seconds=resets_in,
            )

    async def preview(self, token: str) -> InvitationPreview:
        """What the holder of a link may see. Raises InviteNotFound, InviteExpired."""
        invite = await self._find_open(token)
        return InvitationPreview(
            inviter=_inviter(invite),
            partnership_name=invite["name"],
            message=invite["invite_message"],
            expires_at=invite["invite_token_expires_at"],
        )

    async def list_for(
        self, account: Account, *, page: PageRequest, direction: InvitationDirection | None
    ) -> Page[InvitationRead]:
        """Sent ones, and those for the caller's confirmed address."""
        now = self._clock.now()
        rows, total = await self._invitations.list_for(
            account.id,
            confirmed_email=account.confirmed_email,
            incoming=direction is not InvitationDirection.OUTGOING,
            outgoing=direction is not InvitationDirection.INCOMING,
            page=page,
            now=now,
        )
        return Page(
            items=[
                InvitationRead(
                    id=row["id"],
                    direction=(
                        InvitationDirection.OUTGOING
                        if row["user1_id"] == account.id
                        else InvitationDirection.INCOMING
                    ),
                    inviter=_inviter(row),
                    invite_email=row["invite_email"],
                    partnership_name=row["name"],
                    message=row["invite_message"],
                    is_expired=row["invite_token_expires_at"] <= now,
                    expires_at=row["invite_token_expires_at"],
                    created_at=row["created_at"],
                )
                for row in rows
            ],
            pagination=pagination(page, total),
        )

    async def accept(self, account: Account, token: str) -> PartnershipRead:
        """Join the partnership behind a link. Of many at the same time, one succeeds.

        Raises InviteNotFound, InviteExpired, InviteForAnotherEmail, NotYours, AlreadyPartnered.
        """
        return await self._accept(account, await self._find_for(account, token), token=token)

    async def accept_by_id(self, account: Account, invitation_id: UUID) -> PartnershipRead:
        """The same from inside the app. Raises InviteNotFound, InviteExpired, AlreadyPartnered."""
        return await self._accept(account, await self._get_received(account, invitation_id))

    async def decline(self, account: Account, token: str) -> None:
        """Raises InviteNotFound, InviteExpired, InviteForAnotherEmail, NotYours."""
        await self._decline(account, await self._find_for(account, token), token=token)

    async def decline_by_id(self, account: Account, invitation_id: UUID) -> None:
        """Raises InviteNotFound, InviteExpired."""
        await self._decline(account, await self._get_received(account, invitation_id))

    async def resend(self, account: Account, invitation_id: UUID) -> InvitationSent:
        """Renew link and expiry. Raises InviteNotFound, NotYours, AlreadyPartnered, RateLimited."""
        invite = await self._get_sent(account, invitation_id)
        return await self.invite(
            account,
            InviteCreate.model_construct(
                email=invite["invite_email"], message=invite["invite_message"], name=None
            ),
        )

    async def cancel(self, account: Account, invitation_id: UUID) -> None:
        """Take an invitation back: its link is dead. Raises InviteNotFound, NotYours."""
        invite = await self._get_sent(account, invitation_id)
        await self._users.lock(account.id)
        await self._invitations.withdraw(invite["id"], self._clock.now())

    async def _accept(
        self, account: Account, invite: InviteRow, *, token: str | None = None
    ) -> PartnershipRead:
        people = await self._users.lock(account.id, invite["user1_id"])
        now = self._clock.now()
        partnership = await self._get_open(invite, now, token)
        if not all(person.is_active for person in people.values()):  # being deleted
            raise InviteNotFound
        if any(person.current_partnership_id is not None for person in people.values()):
            raise AlreadyPartnered("One of you already has an active partnership.")
        await self._partnerships.delete_open_of(account.id)
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
        message = PartnershipAccepted(
            partner_name=account.display_name,
            partnership_name=partnership.name,
            partnership_url=self._settings.frontend_link("/partnership"),
        )
        await self._outbox.add(
            kind=message.kind,
            to_email=people[partnership.user1_id].email,
            user_id=partnership.user1_id,
            payload=message.model_dump(),
            now=now,
        )
        return await self._partnership_service.get(partnership.id, account)

    async def _decline(
        self, account: Account, invite: InviteRow, *, token: str | None = None
    ) -> None:
        await self._users.lock(invite["user1_id"])
        now = self._clock.now()
        await self._get_open(invite, now, token)
        await self._invitations.withdraw(invite["id"], now)
        await self._notifications.notify(
            invite["user1_id"],
            NotificationDraft(
                type=NotificationType.PARTNERSHIP_DECLINED,
                title="Invitation declined",
                message=f"{account.display_name} declined your invitation.",
                actor_id=account.id,
                target_type="partnership",
                target_id=invite["id"],
                target_name=invite["name"],
            ),
        )

    async def _get_open(self, invite: InviteRow, now: datetime, token: str | None) -> Partnership:
        """Locked. Raises InviteNotFound if it was used, renewed or withdrawn before that."""
        partnership = await self._invitations.get_open_for_update(
            invite, now, token_hash=hash_token(token) if token else None
        )
        if partnership is None:
            raise InviteNotFound
        return partnership

    async def _find_open(self, token: str) -> InviteRow:
        invite = await self._invitations.find(hash_token(token))
        if invite is None:
            raise InviteNotFound
        return await self._unless_expired(invite)

    async def _find_for(self, account: Account, token: str) -> InviteRow:
        """One that the account may answer."""
        invite = await self._find_open(token)
        if account.confirmed_email != invite["invite_email"]:
            raise InviteForAnotherEmail
        _require_other_inviter(account, invite)
        return invite

    async def _unless_expired(self, invite: InviteRow) -> InviteRow:
        now = self._clock.now()
        if invite["invite_token_expires_at"] <= now:
            await self._invitations.mark_expired(invite["id"], now)
            raise InviteExpired
        return invite

    async def _get(self, account: Account, invitation_id: UUID) -> InviteRow:
        invite = await self._invitations.get_visible(
            invitation_id, user_id=account.id, confirmed_email=account.confirmed_email
        )
        if invite is None:
            raise InviteNotFound
        return invite

    async def _get_received(self, account: Account, invitation_id: UUID) -> InviteRow:
        invite = await self._get(account, invitation_id)
        _require_other_inviter(account, invite)
        return await self._unless_expired(invite)

    async def _get_sent(self, account: Account, invitation_id: UUID) -> InviteRow:
        invite = await self._get(account, invitation_id)
        if invite["user1_id"] != account.id:
            raise NotYours("This invitation was sent to you: accept or decline it.")
        return invite

    async def _write_invitation(
        self, account: Account, data: InviteCreate, partnership: Partnership
    ) -> None:
        """At most one e-mail a day to anybody, whoever invites: the link can be shared as well.

        Its own link stays good for as long as the invitation, until another e-mail is written.
        """
        now = self._clock.now()
        if not await self._limits.take(
            "invitation_emails", hash_token(data.email), limit=1, window=DAY, now=now
        ):
            return
        token = new_token()
        partnership.mailed_invite_token = hash_token(token)
        message = PartnershipInvitation(
            inviter_name=account.name or account.username or account.email,
            partnership_name=partnership.name,
            personal_message=data.message,
            invite_url=self._link(token),
            valid_days=INVITE_VALID_FOR.days,
        )
        await self._outbox.add(
            kind=message.kind,
            to_email=data.email,
            payload=message.model_dump(),
            now=now,
            dedupe_key=f"invitation:{partnership.mailed_invite_token}",
        )

    async def _tell_invited(
        self, account: Account, data: InviteCreate, partnership: Partnership
    ) -> None:
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


def _require_other_inviter(account: Account, invite: InviteRow) -> None:
    if invite["user1_id"] == account.id:
        raise NotYours("You sent this invitation: only the invited person can answer it.")


def _inviter(row: InviteRow) -> Inviter:
    return Inviter(
        username=row["inviter_username"],
        name=row["inviter_name"],
        profile_image_url=row["inviter_profile_image_url"],
    )
