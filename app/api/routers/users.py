"""Profiles (Specification §4.1)."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from app.api.deps import CurrentUser, Deletions, Exports, LiveUser, Partnerships, Preferences, Users
from app.api.limits import limited
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.core.rate_limits import EXPORTS
from app.schemas.account_schemas import AccountDelete, AccountDeletionRead, AccountExport
from app.schemas.base_schemas import Envelope, NoNul, envelope
from app.schemas.preference_schemas import (
    PreferencesRead,
    PreferencesUpdate,
    ThemeUpdate,
    UsernameAvailability,
)
from app.schemas.user_schemas import PublicUser, UserRead, UserUpdate
from app.services.user_service import read_user

router = ApiRouter(prefix="/users", tags=["Users"])


@router.get("/me", summary="Read my profile")
async def get_me(user: CurrentUser) -> Envelope[UserRead]:
    """The signed-in user; on the first request after signing up the profile is made."""
    return envelope(read_user(user), "Your profile.")


@router.put(
    "/me",
    summary="Change my profile",
    responses=errors(ErrorCode.USERNAME_TAKEN, ErrorCode.UNKNOWN_IMAGE),
)
async def update_me(data: UserUpdate, user: CurrentUser, users: Users) -> Envelope[UserRead]:
    """Only the fields that are sent change."""
    return envelope(await users.update(user, data), "Profile saved.")


@router.patch(
    "/me",
    operation_id="patchMe",
    summary="Change parts of my profile",
    responses=errors(ErrorCode.USERNAME_TAKEN, ErrorCode.UNKNOWN_IMAGE),
)
async def patch_me(data: UserUpdate, user: CurrentUser, users: Users) -> Envelope[UserRead]:
    """The same as PUT: only the fields that are sent change."""
    return envelope(await users.update(user, data), "Profile saved.")


@router.delete("/me", status_code=202, summary="Delete my account")
async def delete_me(
    data: AccountDelete, user: LiveUser, deletions: Deletions
) -> Envelope[AccountDeletionRead]:
    """Closes the account at once and deletes everything of it within minutes, for good.

    An active partnership ends and the partner is told. Every token is refused from now on, with
    403 `account_disabled`. Needs a session that has not ended.
    """
    requested = await deletions.request(user.id)
    return envelope(requested, "Your account is closed and its data is being deleted.")


@router.get(
    "/me/export",
    summary="Download everything stored about me",
    response_class=StreamingResponse,
    responses={
        200: {
            "model": AccountExport,
            "description": "One JSON document, as a file to save.",
            "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
        }
    },
)
@limited(EXPORTS)
async def export_me(user: CurrentUser, exports: Exports) -> StreamingResponse:
    """Complete and as of one instant, without the usual envelope; see AccountExport.

    At most 10 an hour. While too many people download theirs: 503, with `Retry-After`.
    """
    export = await exports.prepare(user)
    return StreamingResponse(
        export.chunks(),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{export.filename}"',
            "Content-Length": str(export.size),
        },
    )


@router.put("/me/theme-preference", summary="Choose light or dark")
async def set_theme(
    data: ThemeUpdate, user: CurrentUser, preferences: Preferences
) -> Envelope[UserRead]:
    """`system` follows the device."""
    return envelope(await preferences.set_theme(user, data.theme), "Theme saved.")


@router.get("/me/notification-preferences", summary="Read what I am told about")
async def get_notification_preferences(
    user: CurrentUser, preferences: Preferences
) -> Envelope[PreferencesRead]:
    """Every preference there is; the life of a partnership cannot be switched off."""
    return envelope(await preferences.get(user), "Your preferences.")


@router.put("/me/notification-preferences", summary="Choose what I am told about")
async def update_notification_preferences(
    data: PreferencesUpdate, user: CurrentUser, preferences: Preferences
) -> Envelope[PreferencesRead]:
    """Send all or some, as `[{"id", "enabled"}]`; the answer is the full list."""
    return envelope(await preferences.update(user, data), "Preferences saved.")


@router.get("/username-availability", summary="Is a username free?")
async def get_username_availability(
    username: Annotated[str, Query(max_length=100), NoNul], users: Users
) -> Envelope[UsernameAvailability]:
    """Needs no sign-in, so that a sign-up form can ask."""
    found = await users.username_availability(username)
    return envelope(found, found.reason or "This username is free.")


@router.get(
    "/partner",
    summary="Read my partner's profile",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP),
)
async def get_partner(user: CurrentUser, partnerships: Partnerships) -> Envelope[PublicUser]:
    """The active partner, with the time on their wall clock."""
    return envelope(await partnerships.partner(user), "Your partner.")
