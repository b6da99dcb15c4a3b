"""Every query of the Supabase Auth stand-in. Callers open the transaction; nothing here commits."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.local.auth_errors import email_exists
from app.local.auth_schema import one_time_tokens, refresh_tokens, sessions, users

REFRESH_REUSE_INTERVAL = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class StoredUser:
    id: UUID
    email: str
    password_hash: str
    email_confirmed_at: datetime | None
    confirmation_sent_at: datetime | None
    recovery_sent_at: datetime | None
    new_email: str | None
    email_change_sent_at: datetime | None
    last_sign_in_at: datetime | None
    banned_until: datetime | None
    app_metadata: dict[str, Any]
    user_metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    def is_banned(self, now: datetime) -> bool:
        return self.banned_until is not None and now < self.banned_until


@dataclass(frozen=True, slots=True)
class StoredSession:
    id: UUID
    user_id: UUID
    method: str
    created_at: datetime


class Purpose(Enum):
    """What a link in an e-mail is for."""

    CONFIRMATION = "confirmation"
    RECOVERY = "recovery"
    EMAIL_CHANGE = "email_change"

    @property
    def sent_at_column(self) -> str:
        return f"{self.value}_sent_at"


class RefreshProblem(Enum):
    NOT_FOUND = "not found"
    ALREADY_USED = "already used"


# Users -------------------------------------------------------------------------------------------


async def find_by_email(connection: AsyncConnection, email: str) -> StoredUser | None:
    """`email` in any case."""
    query = select(users).where(users.c.email == email.lower())
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else StoredUser(**row._mapping)


async def find_by_id(connection: AsyncConnection, user_id: UUID) -> StoredUser | None:
    row = (await connection.execute(select(users).where(users.c.id == user_id))).one_or_none()
    return None if row is None else StoredUser(**row._mapping)


async def list_users(
    connection: AsyncConnection, *, page: int, per_page: int
) -> tuple[list[StoredUser], int]:
    """One page, newest first, and the number of all users. `page` counts from 1."""
    query = (
        select(users)
        .order_by(users.c.created_at.desc(), users.c.id)
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    total = await connection.scalar(select(func.count()).select_from(users))
    rows = await connection.execute(query)
    return [StoredUser(**row._mapping) for row in rows], total or 0


async def insert_user(
    connection: AsyncConnection,
    *,
    email: str,
    password_hash: str,
    user_metadata: dict[str, Any],
    app_metadata: dict[str, Any] | None = None,
    confirmed: bool,
    now: datetime,
    user_id: UUID | None = None,
) -> StoredUser | None:
    """The new user, or None when the address (or the id) is taken."""
    user_id = user_id or uuid4()
    statement = (
        insert(users)
        .values(
            id=user_id,
            email=email,
            password_hash=password_hash,
            email_confirmed_at=now if confirmed else None,
            app_metadata={"provider": "email", "providers": ["email"]} | (app_metadata or {}),
            user_metadata=user_metadata,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
        .returning(users)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else StoredUser(**row._mapping)


async def update_user(
    connection: AsyncConnection, user_id: UUID, *, now: datetime, **values: object
) -> StoredUser | None:
    """The changed user, or None when it is gone. Raises AuthError `email_exists`."""
    statement = (
        update(users).where(users.c.id == user_id).values(**values, updated_at=now).returning(users)
    )
    try:
        row = (await connection.execute(statement)).one_or_none()
    except IntegrityError as error:
        raise email_exists() from error
    return None if row is None else StoredUser(**row._mapping)


async def delete_user(connection: AsyncConnection, user_id: UUID) -> bool:
    """Delete the user with everything that belongs to it. False when there was none."""
    deleted = await connection.execute(delete(users).where(users.c.id == user_id))
    return bool(deleted.rowcount)


# Sessions ----------------------------------------------------------------------------------------


async def create_session(
    connection: AsyncConnection, user_id: UUID, *, method: str, now: datetime
) -> StoredSession:
    session = StoredSession(id=uuid4(), user_id=user_id, method=method, created_at=now)
    await connection.execute(
        insert(sessions).values(id=session.id, user_id=user_id, method=method, created_at=now)
    )
    return session


async def find_session(connection: AsyncConnection, session_id: UUID) -> StoredSession | None:
    query = select(sessions).where(sessions.c.id == session_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else StoredSession(**row._mapping)


async def end_sessions(
    connection: AsyncConnection,
    user_id: UUID,
    *,
    only: UUID | None = None,
    keep: UUID | None = None,
) -> None:
    """End the sessions of a user: all of them, `only` one, or all but the one to `keep`."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if only is not None:
        statement = statement.where(sessions.c.id == only)
    if keep is not None:
        statement = statement.where(sessions.c.id != keep)
    await connection.execute(statement)


async def add_refresh_token(
    connection: AsyncConnection, session_id: UUID, *, parent: str | None = None
) -> str:
    token = secrets.token_urlsafe(18)
    await connection.execute(
        insert(refresh_tokens).values(token=token, parent=parent, session_id=session_id)
    )
    return token


async def rotate_refresh_token(
    connection: AsyncConnection, token: str, *, now: datetime
) -> tuple[StoredSession, str] | RefreshProblem:
    """The session of `token` and the token that follows it.

    A used token is forgiven when its successor was never used (the client lost the answer: it gets
    that same successor) or within 10 seconds (two tabs). Any other reuse is taken for theft: it
    revokes every token of the session, so the caller must commit after ALREADY_USED too.
    """
    of_token = select(refresh_tokens.c.session_id).where(refresh_tokens.c.token == token)
    # The lock on the session makes concurrent refreshes of it take turns.
    locked = await connection.execute(
        select(sessions).where(sessions.c.id == of_token.scalar_subquery()).with_for_update()
    )
    session_row = locked.one_or_none()
    if session_row is None:
        return RefreshProblem.NOT_FOUND
    session = StoredSession(**session_row._mapping)
    used = (
        await connection.execute(select(refresh_tokens).where(refresh_tokens.c.token == token))
    ).one()
    of_session = refresh_tokens.c.session_id == session.id
    if used.revoked:
        successor = select(refresh_tokens.c.token).where(
            of_session, refresh_tokens.c.revoked.is_(False), refresh_tokens.c.parent == token
        )
        unused = await connection.scalar(successor.order_by(refresh_tokens.c.id.desc()).limit(1))
        if unused is not None:
            return session, unused
        if used.rotated_at is None or now > used.rotated_at + REFRESH_REUSE_INTERVAL:
            await connection.execute(
                update(refresh_tokens).where(of_session).values(revoked=True, rotated_at=None)
            )
            return RefreshProblem.ALREADY_USED
    else:
        await connection.execute(
            update(refresh_tokens)
            .where(refresh_tokens.c.id == used.id)
            .values(revoked=True, rotated_at=now)
        )
    return session, await add_refresh_token(connection, session.id, parent=token)


# Links in e-mails --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """The secrets of one e-mail: `token` for its link, `code` (six digits) to type in."""

    token: str
    code: str


async def replace_one_time_token(
    connection: AsyncConnection,
    user_id: UUID,
    *,
    purpose: Purpose,
    email: str,
    expires_at: datetime,
) -> OneTimeToken:
    """A new token; the one that was sent before for the same purpose works no more."""
    secret = OneTimeToken(token=secrets.token_hex(28), code=f"{secrets.randbelow(10**6):06}")
    values = {
        "token_hash": _hashed(secret.token),
        "code_hash": _hashed(email + secret.code),
        "expires_at": expires_at,
    }
    statement = insert(one_time_tokens).values(user_id=user_id, purpose=purpose.value, **values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[one_time_tokens.c.user_id, one_time_tokens.c.purpose], set_=values
        )
    )
    return secret


async def take_one_time_token(
    connection: AsyncConnection,
    *,
    purposes: tuple[Purpose, ...],
    now: datetime,
    token: str = "",
    email: str = "",
    code: str = "",
) -> tuple[UUID, Purpose] | None:
    """Use up a token, found by `token` or by `email` and `code`. None if wrong, used or expired.

    When the caller's transaction is rolled back, the token is unused again.
    """
    matches = (
        one_time_tokens.c.token_hash == _hashed(token)
        if token
        else one_time_tokens.c.code_hash == _hashed(email.lower() + code)
    )
    statement = (
        delete(one_time_tokens)
        .where(
            matches,
            one_time_tokens.c.purpose.in_([purpose.value for purpose in purposes]),
            one_time_tokens.c.expires_at > now,
        )
        .returning(one_time_tokens.c.user_id, one_time_tokens.c.purpose)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else (row.user_id, Purpose(row.purpose))


async def drop_one_time_tokens(connection: AsyncConnection, user_id: UUID) -> None:
    await connection.execute(delete(one_time_tokens).where(one_time_tokens.c.user_id == user_id))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
