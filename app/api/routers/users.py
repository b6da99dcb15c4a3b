"""Profiles (Specification §4.1)."""

from app.api.deps import CurrentUser, Users
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.user_schemas import UserRead, UserUpdate
from app.services.user_service import read_user

router = ApiRouter(prefix="/users", tags=["Users"])


@router.get("/me", summary="Read my profile")
async def get_me(user: CurrentUser) -> Envelope[UserRead]:
    """The signed-in user; on the first request after signing up the profile is made."""
    return envelope(read_user(user), "Your profile.")


@router.put("/me", summary="Change my profile", responses=errors(ErrorCode.USERNAME_TAKEN))
async def update_me(data: UserUpdate, user: CurrentUser, users: Users) -> Envelope[UserRead]:
    """Only the fields that are sent change."""
    return envelope(await users.update(user, data), "Profile saved.")


@router.patch(
    "/me",
    operation_id="patchMe",
    summary="Change parts of my profile",
    responses=errors(ErrorCode.USERNAME_TAKEN),
)
async def patch_me(data: UserUpdate, user: CurrentUser, users: Users) -> Envelope[UserRead]:
    """The same as PUT: only the fields that are sent change."""
    return envelope(await users.update(user, data), "Profile saved.")
