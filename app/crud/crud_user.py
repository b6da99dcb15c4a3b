"""Accounts: the profile rows of people who signed in through Supabase Auth."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import bindparam, case, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core.enums import PartnershipStatus, ThemePreference
from app.core.notification_catalogue import default_preferences
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import Partnership, User, UserTimezone
from app.db.query import Query, parameter


@dataclass(frozen=True, slots=True)
class Account:
    """The signed-in person and, while a partnership is active, the partner: one row, one read."""

    id: UUID
    email: str
    username: str | None
    name: str | None
    profile_image_url: str | None
    bio: str | None
    timezone: str
    theme_preference: ThemePreference
    is_active: bool
    is_email_verified: bool
    current_partnership_id: UUID | None
    created_at: datetime
    updated_at: datetime
    partner_id: UUID | None
    partner_name: str | None
    partner_username: str | None
    partner_profile_image_url: str | None

    @property
    def confirmed_email(self) -> str | None:
        """The address, once it is confirmed to be this person's."""
        return self.email if self.is_email_verified else None

    @property
    def display_name(self) -> str:
        """How others are told who this is; never the address."""
        return self.name or self.username or "Your partner"

    @property
    def partner_display_name(self) -> str:
        """How this person is told who the partner is."""
        return self.partner_name or self.partner_username or "Your partner"

    @property
    def self_and_partner_ids(self) -> list[UUID]:
        """Whose goals, systems and check-ins this person may see."""
        return [self.id] if self.partner_id is None else [self.id, self.partner_id]


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """What Supabase says of an account; `email_verified_at` is null until confirmed."""

    user_id: UUID
    email: str
    email_verified_at: datetime | None


_partner = aliased(User)

ACCOUNT = Query(
    select(
        User.id,
        User.email,
        User.username,
        User.name,
        User.profile_image_url,
        User.bio,
        User.timezone,
        User.theme_preference,
        User.is_active,
        User.is_email_verified,
        User.current_partnership_id,
        User.created_at,
        User.updated_at,
        _partner.id.label("partner_id"),
        _partner.name.label("partner_name"),
        _partner.username.label("partner_username"),
        _partner.profile_image_url.label("partner_profile_image_url"),
    )
    .select_from(User)
    .outerjoin(
        Partnership,
        (Partnership.id == User.current_partnership_id)
        & (Partnership.status == PartnershipStatus.ACTIVE),
    )
    .outerjoin(
        _partner,
        _partner.id
        == case(
            (Partnership.user1_id == User.id, Partnership.user2_id), else_=Partnership.user1_id
        ),
    )
    .where(User.id == bindparam("user_id")),
    Account,
)


def _provision() -> Query[IdRow]:
    """Create the row, or bring its address up to date; and remember the first timezone."""
    wanted = parameter("username", User.username)
    taken = select(User.id).where(func.lower(User.username) == wanted).correlate(None).exists()
    new = insert(User).values(
        id=bindparam("user_id"),
        email=bindparam("email"),
        username=case((taken, null()), else_=wanted),
        name=bindparam("name"),
        timezone=bindparam("timezone"),
        is_email_verified=bindparam("is_email_verified"),
        email_verified_at=bindparam("email_verified_at"),
        notification_preferences=bindparam("notification_preferences"),
        created_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
    saved = (
        new.on_conflict_do_update(
            index_elements=[User.id],
            set_={
                "email": new.excluded.email,
                "is_email_verified": new.excluded.is_email_verified,
                "email_verified_at": func.coalesce(
                    User.email_verified_at, new.excluded.email_verified_at
                ),
                "updated_at": new.excluded.updated_at,
            },
        )
        .returning(User.id)
        .cte("saved")
    )
    first_zone = (
        insert(UserTimezone)
        .from_select(
            ["user_id", "used_from", "timezone"],
            select(
                saved.c.id,
                parameter("now", UserTimezone.used_from),
                parameter("timezone", UserTimezone.timezone),
            ).where(~exists().where(UserTimezone.user_id == saved.c.id)),
        )
        .on_conflict_do_nothing()
        .cte("first_zone")
    )
    return Query(select(saved.c.id).add_cte(first_zone), IdRow)


PROVISION = _provision()
OWNER_OF_EMAIL = Query(select(User.id).where(User.email == bindparam("email")), IdRow)
REPLACE_EMAIL = Query(
    update(User)
    .where(User.id == bindparam("user_id"), User.email == bindparam("old_email"))
    .values(email=bindparam("new_email"), updated_at=bindparam("now"))
    .returning(User.id),
    IdRow,
)
USERNAME_TAKEN = Query(
    select(User.id).where(func.lower(User.username) == func.lower(bindparam("username"))), IdRow
)


class PreferencesRow(TypedDict):
    notification_preferences: list[dict[str, Any]]


NOTIFICATION_PREFERENCES = Query(
    select(User.notification_preferences).where(User.id == bindparam("user_id")), PreferencesRow
)


class UserCrud(BaseCrud):
    async def get_account(self, user_id: UUID) -> Account | None:
        return await self.session.fetch_one(ACCOUNT, user_id=user_id)

    async def provision(
        self,
        known: KnownAddress,
        *,
        username: str | None,
        name: str | None,
        timezone: str,
        now: datetime,
    ) -> None:
        """Create or update the row; a username that is taken meanwhile is left out.

        Raises a violation of `uq_users_email` when another row still holds the address.
        """
        await self.session.fetch_one(
            PROVISION,
            user_id=known.user_id,
            email=known.email,
            username=username,
            name=name,
            timezone=timezone,
            is_email_verified=known.email_verified_at is not None,
            email_verified_at=known.email_verified_at,
            notification_preferences=default_preferences(),
            now=now,
        )

    async def owner_of_email(self, email: str) -> UUID | None:
        row = await self.session.fetch_one(OWNER_OF_EMAIL, email=email)
        return row["id"] if row else None

    async def get_notification_preferences(self, user_id: UUID) -> list[dict[str, Any]]:
        row = await self.session.fetch_one(NOTIFICATION_PREFERENCES, user_id=user_id)
        return row["notification_preferences"] if row else []

    async def is_username_taken(self, username: str) -> bool:
        return await self.session.fetch_one(USERNAME_TAKEN, username=username) is not None

    async def replace_email(self, user_id: UUID, *, old: str, new: str, now: datetime) -> None:
        """Final at once outside a transaction: one that went on to `provision` could deadlock."""
        await self.session.fetch_one(
            REPLACE_EMAIL, user_id=user_id, old_email=old, new_email=new, now=now
        )

    async def update(self, user_id: UUID, changes: dict[str, Any], now: datetime) -> None:
        """Raises a violation of `uq_users_username_lower` when the username is taken."""
        await self.session.execute(
            update(User).where(User.id == user_id).values(**changes, updated_at=now)
        )

    async def remember_timezone(self, user_id: UUID, timezone: str, now: datetime) -> None:
        await self.session.execute(
            insert(UserTimezone)
            .values(user_id=user_id, timezone=timezone, used_from=now)
            .on_conflict_do_update(
                index_elements=["user_id", "used_from"], set_={"timezone": timezone}
            )
        )

    async def lock(self, *user_ids: UUID) -> dict[UUID, User]:
        """Lock people's rows, always in the order of their ids, so that no two locks cross.

        Rows that point at a locked person can still be written (FOR NO KEY UPDATE): else somebody
        who holds one of two people and notifies the other would wait in a circle.
        """
        rows = await self.session.scalars(
            select(User)
            .where(or_(*(User.id == user_id for user_id in user_ids)))
            .order_by(User.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return {user.id: user for user in rows}

    async def find_by_email(self, email: str) -> User | None:
        return await self.session.scalar(select(User).where(User.email == email))
