"""The life of a partnership (Specification §4.2)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.clock import Clock
from app.core.config import Settings
from app.core.enums import PartnershipStatus
from app.core.errors import AlreadyPartnered, NoActivePartnership, PartnershipNotFound
from app.core.image_links import ImageLinks
from app.core.paging import PageRequest
from app.crud.crud_message import MessageCrud
from app.crud.crud_partnership import PartnershipCrud, PartnershipRow
from app.crud.crud_user import Account, UserCrud
from app.db.models import Partnership, User
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.message_schemas import MessageRead
from app.schemas.partnership_schemas import PartnershipRead, PastPartnership
from app.schemas.user_schemas import PartnerDetails, PublicUser
from app.services.dissolution import Dissolution
from app.services.message_reading import read_message
from app.services.user_service import wall_clock


class PartnershipService:
    def __init__(
        self, *, session: Session, clock: Clock, settings: Settings, links: ImageLinks
    ) -> None:
        self._partnerships = PartnershipCrud(session)
        self._users = UserCrud(session)
        self._messages = MessageCrud(session)
        self._dissolution = Dissolution(session, clock, settings)
        self._clock = clock
        self._links = links

    async def set_up(self, account: Account, name: str) -> PartnershipRead:
        """Name a partnership before anybody is invited; the one that waits is renamed.

        Raises AlreadyPartnered.
        """
        person = (await self._users.lock(account.id))[account.id]
        if person.current_partnership_id is not None:
            raise AlreadyPartnered
        now = self._clock.now()
        partnership = await self._partnerships.get_open_of(account.id)
        if partnership is None or partnership.status is not PartnershipStatus.PENDING_INVITE:
            partnership = await self._partnerships.add_pending(account.id, now)
        partnership.name = name
        partnership.updated_at = now
        return await self.get(partnership.id, account)

    async def current(self, account: Account) -> PartnershipRead:
        """Raises NoActivePartnership."""
        if account.current_partnership_id is None:
            raise NoActivePartnership
        return await self.get(account.current_partnership_id, account)

    async def partner(self, account: Account) -> PublicUser:
        """Raises NoActivePartnership."""
        partner = (await self.current(account)).partner
        if partner is None:
            raise NoActivePartnership
        return partner

    async def rename(self, account: Account, name: str) -> PartnershipRead:
        """Raises NoActivePartnership."""
        if account.current_partnership_id is None:
            raise NoActivePartnership
        await self._partnerships.rename(account.current_partnership_id, name, self._clock.now())
        return await self.get(account.current_partnership_id, account)

    async def dissolve(self, account: Account) -> PastPartnership:
        """End the active partnership for both. Raises NoActivePartnership."""
        partnership_id = account.current_partnership_id
        if partnership_id is None or not await self._dissolution.dissolve(
            partnership_id=partnership_id, by=account.id
        ):
            raise NoActivePartnership
        return _read_past(await self._row(partnership_id, account.id), account.id)

    async def history(self, account: Account, *, page: PageRequest) -> Page[PastPartnership]:
        rows, total = await self._partnerships.list_past(account.id, page=page)
        return Page(
            items=[_read_past(row, account.id) for row in rows],
            pagination=pagination(page, total),
        )

    async def past_messages(
        self, account: Account, partnership_id: UUID, *, page: PageRequest
    ) -> Page[MessageRead]:
        """The thread of a past partnership, newest first. Raises PartnershipNotFound."""
        row = await self._partnerships.get_for_member(partnership_id, account.id)
        if row is None or row["status"] is not PartnershipStatus.DISSOLVED:
            raise PartnershipNotFound
        messages, total = await self._messages.list_thread(partnership_id, account.id, page=page)
        links = self._links.seen_by(account.id, self._clock.now())
        return Page(
            items=[read_message(message, links) for message in messages],
            pagination=pagination(page, total),
        )

    async def get(self, partnership_id: UUID, account: Account) -> PartnershipRead:
        """A partnership of the caller. Raises NoActivePartnership."""
        row = await self._row(partnership_id, account.id)
        return PartnershipRead(
            id=row["id"],
            name=row["name"],
            status=row["status"],
            partner=partner_profile(row, self._clock.now()),
            invite_email=row["invite_email"],
            invite_expires_at=row["invite_token_expires_at"],
            activated_at=row["activated_at"],
            dissolved_at=row["dissolved_at"],
            created_at=row["created_at"],
            role=_role(row, account.id),
        )

    async def _row(self, partnership_id: UUID, user_id: UUID) -> PartnershipRow:
        row = await self._partnerships.get_for_member(partnership_id, user_id)
        if row is None:
            raise NoActivePartnership
        return row


def partner_profile(row: PartnershipRow, now: datetime) -> PublicUser | None:
    """The other member as the caller sees them at `now`; None before anybody has joined."""
    if row["partner_id"] is None or row["partner_timezone"] is None:
        return None
    return PublicUser(
        id=row["partner_id"],
        username=row["partner_username"],
        name=row["partner_name"],
        avatar_url=row["partner_profile_image_url"],
        bio=row["partner_bio"],
        timezone=row["partner_timezone"],
        local_time=wall_clock(now, row["partner_timezone"]),
    )


def activate(
    partnership: Partnership, people: dict[UUID, User], accepter_id: UUID, now: datetime
) -> None:
    """Make partners of two people whose rows are locked and who have no partner."""
    partnership.user2_id = accepter_id
    partnership.status = PartnershipStatus.ACTIVE
    partnership.invite_token = partnership.mailed_invite_token = None
    partnership.invite_token_expires_at = None
    partnership.activated_at = partnership.updated_at = now
    for person in people.values():
        person.current_partnership_id = partnership.id
        person.updated_at = now


def _read_past(row: PartnershipRow, user_id: UUID) -> PastPartnership:
    return PastPartnership(
        id=row["id"],
        name=row["name"],
        status=row["status"],
        partner=PartnerDetails(
            id=row["partner_id"],
            name=row["partner_name"],
            username=row["partner_username"],
            avatar_url=row["partner_profile_image_url"],
        )
        if row["partner_id"]
        else None,
        activated_at=row["activated_at"],
        dissolved_at=row["dissolved_at"],
        created_at=row["created_at"],
        role=_role(row, user_id),
    )


def _role(row: PartnershipRow, user_id: UUID) -> Literal["inviter", "invitee"]:
    return "inviter" if row["user1_id"] == user_id else "invitee"
