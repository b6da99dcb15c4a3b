"""What Supabase decides about an account that has a profile: its address, whether it may sign in.

Each write is one statement that changes nothing when there is nothing to change.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, or_, select, update

from app.crud.base_crud import BaseCrud, IdRow
from app.crud.crud_user import KnownAddress
from app.db.models import AccountDeletion, User
from app.db.query import Query, parameter

_is_being_deleted = exists().where(AccountDeletion.user_id == User.id)


def _take_over() -> Query[IdRow]:
    email = parameter("email", User.email)
    verified_at = parameter("email_verified_at", User.email_verified_at)
    # Whoever asked to be deleted does not come back.
    is_active = and_(parameter("may_sign_in", User.is_active), ~_is_being_deleted)
    is_verified = verified_at.is_not(None)
    return Query(
        update(User)
        .where(
            User.id == bindparam("user_id"),
            or_(
                User.email != email,
                User.is_email_verified != is_verified,
                User.is_active != is_active,
            ),
        )
        .values(
            email=email,
            is_email_verified=is_verified,
            email_verified_at=func.coalesce(User.email_verified_at, verified_at),
            is_active=is_active,
            updated_at=parameter("now", User.updated_at),
        )
        .returning(User.id),
        IdRow,
    )


TAKE_OVER = _take_over()
BEING_DELETED = Query(
    select(AccountDeletion.user_id.label("id")).where(
        AccountDeletion.user_id == bindparam("user_id")
    ),
    IdRow,
)


class AccountStateCrud(BaseCrud):
    async def take_over(self, known: KnownAddress, *, may_sign_in: bool, now: datetime) -> bool:
        """Whether the row changed; a row is never made. `email_verified_at` is set only once.

        Raises a violation of `uq_users_email` when another row still holds the address.
        """
        changed = await self.session.fetch_one(
            TAKE_OVER,
            user_id=known.user_id,
            email=known.email,
            email_verified_at=known.email_verified_at,
            may_sign_in=may_sign_in,
            now=now,
        )
        return changed is not None

    async def is_being_deleted(self, user_id: UUID) -> bool:
        return await self.session.fetch_one(BEING_DELETED, user_id=user_id) is not None
