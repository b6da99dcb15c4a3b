"""Invitations: partnerships that wait for the owner of an e-mail address."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Boolean, Integer, and_, bindparam, or_, select, update
from sqlalchemy.orm import aliased

from app.core.enums import PartnershipStatus
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery
from app.db.models import Partnership, User
from app.db.query import Query, is_among


class InviteRow(TypedDict):
    id: UUID
    status: PartnershipStatus
    user1_id: UUID
    name: str | None
    invite_email: str
    invite_message: str | None
    invite_token_expires_at: datetime
    created_at: datetime
    inviter_username: str | None
    inviter_name: str | None
    inviter_profile_image_url: str | None


_inviter = aliased(User)
_invites = (
    select(
        Partnership.id,
        Partnership.status,
        Partnership.user1_id,
        Partnership.name,
        Partnership.invite_email,
        Partnership.invite_message,
        Partnership.invite_token_expires_at,
        Partnership.created_at,
        _inviter.username.label("inviter_username"),
        _inviter.name.label("inviter_name"),
        _inviter.profile_image_url.label("inviter_profile_image_url"),
    )
    .join(_inviter, _inviter.id == Partnership.user1_id)
    .where(
        Partnership.invite_token.is_not(None),
        or_(
            Partnership.status == PartnershipStatus.PENDING_INVITE,
            Partnership.status == PartnershipStatus.EXPIRED_INVITE,
        ),
    )
)

_has_token = or_(
    Partnership.invite_token == bindparam("token_hash"),
    Partnership.mailed_invite_token == bindparam("token_hash"),
)
BY_TOKEN = Query(_invites.where(_has_token), InviteRow)
# Visible to who sent it and to the owner of the address, once that is confirmed.
VISIBLE = Query(
    _invites.where(
        Partnership.id == bindparam("invitation_id"),
        or_(
            Partnership.user1_id == bindparam("user_id"),
            Partnership.invite_email == bindparam("confirmed_email"),
        ),
    ),
    InviteRow,
)
LIST = PagedQuery(
    _invites.where(
        or_(
            and_(
                bindparam("outgoing", type_=Boolean), Partnership.user1_id == bindparam("user_id")
            ),
            and_(
                bindparam("incoming", type_=Boolean),
                Partnership.invite_email == bindparam("confirmed_email"),
                Partnership.status == PartnershipStatus.PENDING_INVITE,
                Partnership.invite_token_expires_at > bindparam("now"),
            ),
        )
    ).order_by(Partnership.created_at.desc(), Partnership.id),
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
MARK_ALL_EXPIRED = Query(
    update(Partnership)
    .where(
        is_among(
            Partnership.id,
            select(Partnership.id)
            .where(
                Partnership.status == PartnershipStatus.PENDING_INVITE,
                Partnership.invite_token_expires_at <= bindparam("now"),
            )
            .limit(bindparam("at_most", type_=Integer))
            .with_for_update(skip_locked=True),
        )
    )
    .values(status=PartnershipStatus.EXPIRED_INVITE, updated_at=bindparam("now"))
    .returning(Partnership.id),
    IdRow,
)


class InvitationCrud(BaseCrud):
    async def find(self, token_hash: str) -> InviteRow | None:
        """The pending or expired invitation behind a link."""
        return await self.session.fetch_one(BY_TOKEN, token_hash=token_hash)

    async def get_visible(
        self, invitation_id: UUID, *, user_id: UUID, confirmed_email: str | None
    ) -> InviteRow | None:
        return await self.session.fetch_one(
            VISIBLE,
            invitation_id=invitation_id,
            user_id=user_id,
            confirmed_email=confirmed_email,
        )

    async def list_for(
        self,
        user_id: UUID,
        *,
        confirmed_email: str | None,
        incoming: bool,
        outgoing: bool,
        page: PageRequest,
        now: datetime,
    ) -> tuple[Sequence[InviteRow], int]:
        """Newest first: sent ones, expired included, and received ones that can be accepted."""
        return await LIST.fetch(
            self.session,
            page=page,
            user_id=user_id,
            confirmed_email=confirmed_email,
            incoming=incoming,
            outgoing=outgoing,
            now=now,
        )

    async def mark_all_expired(self, *, now: datetime, at_most: int) -> int:
        """Mark some that nobody answered in time; returns how many. Locked ones wait."""
        return len(await self.session.fetch_all(MARK_ALL_EXPIRED, now=now, at_most=at_most))

    async def mark_expired(self, partnership_id: UUID, now: datetime) -> None:
        await self.session.fetch_one(MARK_EXPIRED, partnership_id=partnership_id, now=now)

    async def get_open_for_update(
        self, invite: InviteRow, now: datetime, *, token_hash: str | None
    ) -> Partnership | None:
        """The invitation, locked, if it still is for the same person and can be answered.

        With `token_hash`, that of the link by which it was found, if that still leads to it.
        """
        still = (
            select(Partnership)
            .where(
                Partnership.id == invite["id"],
                Partnership.invite_email == invite["invite_email"],
                Partnership.status == PartnershipStatus.PENDING_INVITE,
                Partnership.invite_token_expires_at > now,
            )
            .with_for_update()
        )
        if token_hash is None:
            return await self.session.scalar(still)
        return await self.session.scalar(still.where(_has_token), {"token_hash": token_hash})

    async def withdraw(self, partnership_id: UUID, now: datetime) -> None:
        """The partnership waits on, without an invitation: its links are dead."""
        await self.session.execute(
            update(Partnership)
            .where(
                Partnership.id == partnership_id,
                Partnership.status.in_(
                    (PartnershipStatus.PENDING_INVITE, PartnershipStatus.EXPIRED_INVITE)
                ),
            )
            .values(
                invite_email=None,
                invite_message=None,
                invite_token=None,
                mailed_invite_token=None,
                invite_token_expires_at=None,
                updated_at=now,
            )
        )
