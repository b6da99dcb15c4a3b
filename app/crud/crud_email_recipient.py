"""Whether an optional e-mail may still go to somebody, when its turn has come."""

from collections.abc import Collection
from typing import TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, String, any_, bindparam, select
from sqlalchemy.dialects.postgresql import JSONB

from app.core.notification_catalogue import NotificationPreference
from app.crud.base_crud import BaseCrud, IdRow
from app.crud.crud_suppression import is_suppressed
from app.db.models import Goal, User
from app.db.query import Query


class StandingRow(TypedDict):
    is_switched_off: bool
    is_suppressed: bool


STANDING = Query(
    select(
        User.notification_preferences.contains(bindparam("off", type_=JSONB)).label(
            "is_switched_off"
        ),
        is_suppressed(User.email).label("is_suppressed"),
    ).where(User.id == bindparam("user_id")),
    StandingRow,
)
OWNERS = Query(
    select(User.id)
    .where(User.email == any_(bindparam("addresses", type_=ARRAY(String))), User.is_email_verified)
    .order_by(User.id),
    IdRow,
)
ANY_GOAL = Query(select(Goal.id).where(Goal.user_id == bindparam("user_id")).limit(1), IdRow)


class EmailRecipientCrud(BaseCrud):
    async def standing(
        self, user_id: UUID, preference: NotificationPreference
    ) -> StandingRow | None:
        """What the person chose, and what came back from their present address."""
        return await self.session.fetch_one(
            STANDING, user_id=user_id, off=[{"id": preference.value, "enabled": False}]
        )

    async def accounts_of(self, addresses: Collection[str]) -> list[UUID]:
        """Whose confirmed addresses these are, in the order in which people are locked."""
        found = await self.session.fetch_all(OWNERS, addresses=list(addresses))
        return [row["id"] for row in found]

    async def has_goal(self, user_id: UUID) -> bool:
        return await self.session.fetch_one(ANY_GOAL, user_id=user_id) is not None
