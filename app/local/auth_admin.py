"""The operations of Supabase Auth that need the secret key: users seen from the server's side."""

import secrets
from typing import Any
from uuid import UUID

from app.local import auth_store as store
from app.local.auth_core import AuthCore, Json
from app.local.auth_errors import AuthError, email_exists
from app.local.auth_input import (
    AdminUserBody,
    DeleteUserBody,
    ban_length,
    checked_email,
    merged,
)
from app.local.auth_passwords import check_strength
from app.local.auth_store import StoredUser
from app.local.auth_views import user_json

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 1000
_MAX_PAGE = 1_000_000


class AuthAdmin:
    def __init__(self, core: AuthCore) -> None:
        self._core = core

    async def list_users(self, *, page: str, per_page: str) -> tuple[Json, int]:
        """One page, and the number of all users."""
        asked_page = _positive(page, default=1, most=_MAX_PAGE)
        size = _positive(per_page, default=DEFAULT_PER_PAGE, most=MAX_PER_PAGE)
        async with self._core.engine().connect() as connection:
            users, total = await store.list_users(connection, page=asked_page, per_page=size)
        return {"users": [user_json(user) for user in users], "aud": "authenticated"}, total

    async def create_user(self, body: AdminUserBody) -> Json:
        _refuse_phone(body)
        if not body.email:
            message = "Cannot create a user without either an email or phone"
            raise AuthError(400, "validation_failed", message)
        email = checked_email(body.email)
        now = self._core.clock.now()
        banned_for = ban_length(body.ban_duration) if body.ban_duration else None
        password_hash = await self._core.passwords.hash(body.password or secrets.token_hex(32))
        async with self._core.engine().begin() as connection:
            user = await store.insert_user(
                connection,
                user_id=user_id_from(body.id, status=400) if body.id else None,
                email=email,
                password_hash=password_hash,
                user_metadata=merged(body.user_metadata or {}, {}),
                app_metadata=body.app_metadata,
                confirmed=body.email_confirm,
                now=now,
            )
            if user is None:
                raise email_exists()
            if banned_for:
                user = await store.update_user(
                    connection, user.id, now=now, banned_until=now + banned_for
                )
        return user_json(_present(user))

    async def get_user(self, user_id: str) -> Json:
        return user_json(await self._find(user_id))

    async def update_user(self, user_id: str, body: AdminUserBody) -> Json:
        user = await self._find(user_id)
        _refuse_phone(body)
        now = self._core.clock.now()
        values: dict[str, Any] = {}
        if body.email:
            values["email"] = checked_email(body.email)
        if body.email_confirm:
            values["email_confirmed_at"] = user.email_confirmed_at or now
        if body.ban_duration:
            banned_for = ban_length(body.ban_duration)
            values["banned_until"] = now + banned_for if banned_for else None
        if body.user_metadata is not None:
            values["user_metadata"] = merged(user.user_metadata, body.user_metadata)
        if body.app_metadata is not None:
            values["app_metadata"] = merged(user.app_metadata, body.app_metadata)
        if body.password is not None:
            check_strength(body.password)
            values["password_hash"] = await self._core.passwords.hash(body.password)
        async with self._core.engine().begin() as connection:
            changed = await store.update_user(connection, user.id, now=now, **values)
            if body.password is not None:
                await store.end_sessions(connection, user.id)
                await store.drop_one_time_tokens(connection, user.id)
        return user_json(_present(changed))

    async def delete_user(self, user_id: str, body: DeleteUserBody) -> Json:
        """Delete the user, sessions and links included; every token of theirs is dead at once."""
        if body.should_soft_delete:
            message = "The local stand-in deletes users for good: should_soft_delete must be false"
            raise AuthError(422, "validation_failed", message)
        async with self._core.engine().begin() as connection:
            if not await store.delete_user(connection, user_id_from(user_id, status=404)):
                raise _not_found()
        return {}

    async def _find(self, user_id: str) -> StoredUser:
        async with self._core.engine().connect() as connection:
            return _present(await store.find_by_id(connection, user_id_from(user_id, status=404)))


def user_id_from(raw: str, *, status: int) -> UUID:
    """Raises AuthError `validation_failed` with `status` when it is no UUID."""
    try:
        return UUID(raw)
    except ValueError:
        raise AuthError(status, "validation_failed", "user_id must be an UUID") from None


def _positive(raw: str, *, default: int, most: int) -> int:
    if not raw:
        return default
    # Seven digits hold every number allowed; int() refuses to parse thousands of them.
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 7 and int(raw) > 0):
        message = f"Bad Pagination Parameters: {raw[:20]!r} is not a positive number"
        raise AuthError(400, "validation_failed", message)
    return min(int(raw), most)


def _present(user: StoredUser | None) -> StoredUser:
    if user is None:
        raise _not_found()
    return user


def _not_found() -> AuthError:
    return AuthError(404, "user_not_found", "User not found")


def _refuse_phone(body: AdminUserBody) -> None:
    if body.phone:
        raise AuthError(400, "phone_provider_disabled", "Phone users are not supported locally")
