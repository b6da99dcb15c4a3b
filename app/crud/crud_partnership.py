"""Partnerships, seen from one of their members."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, case, delete, or_, select, update
from sqlalchemy.orm import aliased

from app.core.enums import PartnershipStatus
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, PagedQuery
from app.db.models import Partnership, User
from app.db.query import Query


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


NOT_YET_ACTIVE = (PartnershipStatus.PENDING_INVITE, PartnershipStatus.EXPIRED_INVITE)

_partner = aliased(User)

_of_member = (
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
        or_(
            Partnership.user1_id == bindparam("user_id"),
            Partnership.user2_id == bindparam("user_id"),
        )
    )
)
OF_MEMBER = Query(
    _of_member.where(Partnership.id == bindparam("partnership_id")),
    PartnershipRow,
)
PAST = PagedQuery(
    _of_member.where(Partnership.status == PartnershipStatus.DISSOLVED).order_by(
        Partnership.dissolved_at.desc(), Partnership.id
    ),
    PartnershipRow,
)


class PartnershipCrud(BaseCrud):
    async def get_for_member(self, partnership_id: UUID, user_id: UUID) -> PartnershipRow | None:
        return await self.session.fetch_one(
            OF_MEMBER, partnership_id=partnership_id, user_id=user_id
        )

    async def list_past(
        self, user_id: UUID, *, page: PageRequest
    ) -> tuple[Sequence[PartnershipRow], int]:
        """Dissolved ones, the latest first."""
        return await PAST.fetch(self.session, page=page, user_id=user_id)

    async def get_open_of(self, inviter_id: UUID) -> Partnership | None:
        """The partnership that waits for a partner, or else the latest whose invitation expired.

        It is locked: nobody marks it as expired meanwhile. Call it with the inviter's row locked.
        """
        return await self.session.scalar(
            select(Partnership)
            .where(Partnership.user1_id == inviter_id, Partnership.status.in_(NOT_YET_ACTIVE))
            .order_by(
                (Partnership.status == PartnershipStatus.PENDING_INVITE).desc(),
                Partnership.created_at.desc(),
            )
            .limit(1)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
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

    async def rename(self, partnership_id: UUID, name: str, now: datetime) -> None:
        """Only while it is active: a name is not changed after the end."""
        await self.session.execute(
            update(Partnership)
            .where(Partnership.id == partnership_id, Partnership.status == PartnershipStatus.ACTIVE)
            .values(name=name, updated_at=now)
        )

    async def delete_open_of(self, inviter_id: UUID) -> None:
        """Withdraw what somebody has out, since they found a partner another way."""
        await self.session.execute(
            delete(Partnership).where(
                Partnership.user1_id == inviter_id, Partnership.status.in_(NOT_YET_ACTIVE)
            )
        )
