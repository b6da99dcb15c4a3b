"""What the end of a partnership changes, besides the two people's own rows."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select, update

from app.core.enums import CheckinStatus, PartnershipStatus
from app.crud.base_crud import BaseCrud
from app.db.models import Checkin, Partnership, User
from app.db.query import Query


class MembersRow(TypedDict):
    user1_id: UUID
    user2_id: UUID


class CurrentRow(TypedDict):
    current_partnership_id: UUID | None


MEMBERS = Query(
    select(Partnership.user1_id, Partnership.user2_id).where(
        Partnership.id == bindparam("partnership_id"),
        Partnership.status == PartnershipStatus.ACTIVE,
    ),
    MembersRow,
)


CURRENT = Query(
    select(User.current_partnership_id).where(User.id == bindparam("user_id")), CurrentRow
)


class DissolutionCrud(BaseCrud):
    async def current_of(self, user_id: UUID) -> UUID | None:
        """The active partnership of somebody, as of now and not locked."""
        row = await self.session.fetch_one(CURRENT, user_id=user_id)
        return row["current_partnership_id"] if row else None

    async def members(self, partnership_id: UUID) -> list[UUID]:
        """The two people of an active partnership; empty when it is not active."""
        row = await self.session.fetch_one(MEMBERS, partnership_id=partnership_id)
        return [row["user1_id"], row["user2_id"]] if row else []

    async def end(self, partnership_id: UUID, now: datetime) -> bool:
        """Compare and set; False when it was not active. Call it with both people locked."""
        ended = await self.session.scalar(
            update(Partnership)
            .where(Partnership.id == partnership_id, Partnership.status == PartnershipStatus.ACTIVE)
            .values(status=PartnershipStatus.DISSOLVED, dissolved_at=now, updated_at=now)
            .returning(Partnership.id)
        )
        return ended is not None

    async def settle_checkins(self, partnership_id: UUID, now: datetime) -> None:
        """Nobody is left to judge them: what waits for a word is completed.

        A question keeps its text. It was no verification, so who asked and when is not kept as one:
        `verified_by_partner_id` would make it look verified.
        """
        await self.session.execute(
            update(Checkin)
            .where(
                Checkin.partnership_id == partnership_id,
                Checkin.status.in_(
                    [CheckinStatus.PENDING_VERIFICATION, CheckinStatus.QUERIED_BY_PARTNER]
                ),
            )
            .values(
                status=CheckinStatus.COMPLETED,
                verified_by_partner_id=None,
                verified_at_utc=None,
                updated_at=now,
            )
            .execution_options(synchronize_session=False)
        )
