"""Profiles."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.core.clock import Clock
from app.core.errors import UnknownImage, UsernameTaken
from app.core.usernames import RULE, is_valid_username
from app.crud.crud_upload import UploadCrud
from app.crud.crud_user import Account, UserCrud
from app.db.errors import violated_constraint
from app.db.session import Session
from app.schemas.preference_schemas import UsernameAvailability
from app.schemas.user_schemas import PartnerDetails, UserRead, UserUpdate


class UserService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._users = UserCrud(session)
        self._uploads = UploadCrud(session)
        self._clock = clock

    async def username_availability(self, username: str) -> UsernameAvailability:
        """Whether somebody could take it now; the database decides when they do."""
        normal = username.strip().lower()
        if not is_valid_username(normal):
            reason = RULE
        elif await self._users.is_username_taken(normal):
            reason = UsernameTaken.message
        else:
            return UsernameAvailability(available=True, reason=None)
        return UsernameAvailability(available=False, reason=reason)

    async def update(self, account: Account, data: UserUpdate) -> UserRead:
        """Change only what was sent. Raises UsernameTaken, UnknownImage.

        A new timezone counts from now on: dates that were logged keep the zone they had.
        """
        changes = data.changes()
        await self._check_avatar(account, changes.get("profile_image_url"))
        return await self.change(account, changes)

    async def change(self, account: Account, changes: dict[str, Any]) -> UserRead:
        """Change columns of the profile by their names. Raises UsernameTaken."""
        if not changes:
            return read_user(account)
        new_timezone = None
        if "timezone" in changes:
            # One change at a time, and the later one has the later time.
            before = (await self._users.lock(account.id))[account.id].timezone
            new_timezone = changes["timezone"] if changes["timezone"] != before else None
        now = self._clock.now()
        try:
            await self._users.update(account.id, changes, now)
        except Exception as error:
            if violated_constraint(error) == "uq_users_username_lower":
                raise UsernameTaken from error
            raise
        if new_timezone is not None:
            await self._users.remember_timezone(account.id, new_timezone, now)
        updated = await self._users.get_account(account.id)
        assert updated is not None, "the row was updated in this transaction"
        return read_user(updated)

    async def _check_avatar(self, account: Account, url: str | None) -> None:
        """Of what others' browsers load, all is ours: an address elsewhere would watch them."""
        if url is None or url == account.profile_image_url:
            return
        if not await self._uploads.is_own_avatar(account.id, url):
            raise UnknownImage(field="profileImageUrl")


def read_user(account: Account) -> UserRead:
    partner = (
        PartnerDetails(
            id=account.partner_id,
            name=account.partner_name,
            username=account.partner_username,
            avatar_url=account.partner_profile_image_url,
        )
        if account.partner_id
        else None
    )
    return UserRead(
        id=account.id,
        email=account.email,
        username=account.username,
        name=account.name,
        avatar_url=account.profile_image_url,
        bio=account.bio,
        timezone=account.timezone,
        theme_preference=account.theme_preference,
        is_email_verified=account.is_email_verified,
        current_partnership_id=account.current_partnership_id,
        partner_details=partner,
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


def wall_clock(now: datetime, timezone: str) -> str:
    """ISO 8601 with the zone's offset, to the second."""
    return now.astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")
