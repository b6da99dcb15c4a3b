"""Partnerships and the invitations that lead to them."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, case, delete, or_, select, update
from sqlalchemy.orm import aliased

from app.core.enums import PartnershipStatus
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import Partnership, User
from app.db.query import Query


class InviteRow(TypedDict):
    id: UUID
    status: PartnershipStatus
    user1_id: UUID
    name: str | None
    invite_email: str
    invite_message: str | None
    invite_token_expires_at: datetime
    inviter_username: str | None
    inviter_name: str | None
    inviter_profile_image_url: str | None


class PartnershipRow(TypedDict):
    """A partnership from the side of `viewer`; the partner's columns are null while pending."""

    id: UUID
    name: str | None
    status: PartnershipStatus
    user1_id: UUID
    invite_email: str | None
    invite_token_expires_at: datetime | None
    activated_at: datetime | None
    dissolved_at: datetime | None
    created_at: datetime
    partner_id: UUID | None
    partner_username: str | None
    partner_name: str | None
    partner_profile_image_url: str | None
    partner_bio: str | None
    partner_timezone: str | None


_inviter = aliased(User)
_partner = aliased(User)

INVITE = Query(
    select(
        Partnership.id,
        Partnership.status,
        Partnership.user1_id,
        Partnership.name,
        Partnership.invite_email,
        Partnership.invite_message,
        Partnership.invite_token_expires_at,
        _inviter.username.label("inviter_username"),
        _inviter.name.label("inviter_name"),
        _inviter.profile_image_url.label("inviter_profile_image_url"),
    )
    .join(_inviter, _inviter.id == Partnership.user1_id)
    .where(
        Partnership.invite_token == bindparam("token_hash"),
        or_(
            Partnership.status == PartnershipStatus.PENDING_INVITE,
            Partnership.status == PartnershipStatus.EXPIRED_INVITE,
        ),
    ),
    InviteRow,
)

MARK_EXPIRED = Query(
    update(Partnership)
    .where(
        Partnership.id == bindparam("partnership_id"),
        Partnership.status == PartnershipStatus.PENDING_INVITE,
        Partnership.invite_token_expires_at <= bindparam("now"),
    )
    .values(status=PartnershipStatus.EXPIRED_INVITE, updated_at=bindparam("now"))
    .returning(Partnership.id),
    IdRow,
)

OF_MEMBER = Query(
    select(
        Partnership.id,
        Partnership.name,
        Partnership.status,
        Partnership.user1_id,
        Partnership.invite_email,
        Partnership.invite_token_expires_at,
        Partnership.activated_at,
        Partnership.dissolved_at,
        Partnership.created_at,
        _partner.id.label("partner_id"),
        _partner.username.label("partner_username"),
        _partner.name.label("partner_name"),
        _partner.profile_image_url.label("partner_profile_image_url"),
        _partner.bio.label("partner_bio"),
        _partner.timezone.label("partner_timezone"),
    )
    .outerjoin(
        _partner,
        _partner.id
        == case(
            (Partnership.user1_id == bindparam("user_id"), Partnership.user2_id),
            else_=Partnership.user1_id,
        ),
    )
    .where(
        Partnership.id == bindparam("partnership_id"),
        or_(
            Partnership.user1_id == bindparam("user_id"),
            Partnership.user2_id == bindparam("user_id"),
        ),
    ),
    PartnershipRow,
)


class PartnershipCrud(BaseCrud):
    async def find_invite(self, token_hash: str) -> InviteRow | None:
        """The pending or expired invitation behind a link."""
        return await self.session.fetch_one(INVITE, token_hash=token_hash)

    async def mark_expired(self, partnership_id: UUID, now: datetime) -> None:
        await self.session.fetch_one(MARK_EXPIRED, partnership_id=partnership_id, now=now)

    async def get_for_member(self, partnership_id: UUID, user_id: UUID) -> PartnershipRow | None:
        return await self.session.fetch_one(
            OF_MEMBER, partnership_id=partnership_id, user_id=user_id
        )

    async def get_pending_of(self, inviter_id: UUID) -> Partnership | None:
        """The one partnership that waits for a partner. Call it with the inviter's row locked."""
        return await self.session.scalar(
            select(Partnership).where(
                Partnership.user1_id == inviter_id,
                Partnership.status == PartnershipStatus.PENDING_INVITE,
            )
        )

    async def add_pending(self, inviter_id: UUID, now: datetime) -> Partnership:
        partnership = Partnership(
            user1_id=inviter_id,
            status=PartnershipStatus.PENDING_INVITE,
            created_at=now,
            updated_at=now,
        )
        self.session.add(partnership)
        await self.session.flush()
        return partnership

    async def get_invite_for_update(self, token_hash: str, now: datetime) -> Partnership | None:
        """The invitation, locked, if it can still be accepted."""
        return await self.session.scalar(
            select(Partnership)
            .where(
                Partnership.invite_token == token_hash,
                Partnership.status == PartnershipStatus.PENDING_INVITE,
                Partnership.invite_token_expires_at > now,
            )
            .with_for_update()
        )

    async def delete_pending_of(self, inviter_id: UUID) -> None:
        """Withdraw what somebody has out, since they found a partner another way."""
        await self.session.execute(
            delete(Partnership).where(
                Partnership.user1_id == inviter_id,
                Partnership.status == PartnershipStatus.PENDING_INVITE,
            )
        )
