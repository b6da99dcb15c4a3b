"""Supabase Auth: the calls that the product makes, and what they raise.

A Supabase client keeps the last session in memory, so one that is shared mixes people up. Each
operation here gets a client of its own over one shared HTTP pool, which costs microseconds.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import httpx
import structlog

from app.clients.supabase_auth_errors import code_of, translate
from app.core.errors import AuthUnavailable, NotAuthenticated, WeakPassword
from app.core.jwks import JwksUnavailable

if TYPE_CHECKING:
    from supabase import AsyncClient
    from supabase_auth.types import Session as VendorSession
    from supabase_auth.types import User as VendorUser

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SupabaseUser:
    """`email_confirmed_at` is the only word on whether the address belongs to the user."""

    id: UUID
    email: str
    email_confirmed_at: datetime | None
    metadata: Mapping[str, Any]
    banned_until: datetime | None = None

    def is_banned(self, now: datetime) -> bool:
        return self.banned_until is not None and self.banned_until > now


@dataclass(frozen=True, slots=True)
class SupabaseSession:
    """`expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    expires_at: datetime
    user: SupabaseUser


class AuthClient(Protocol):
    """Every call raises AuthUnavailable when Supabase is down or slow, RateLimited on its 429."""

    async def sign_up(
        self, *, email: str, password: str, metadata: Mapping[str, Any]
    ) -> SupabaseSession | None:
        """A session where addresses need no confirmation, else None; None for a known address.

        Raises WeakPassword, SignupDisabled, InvalidInput.
        """
        ...

    async def sign_in(self, *, email: str, password: str) -> SupabaseSession:
        """Raises InvalidCredentials, EmailNotConfirmed, AccountDisabled."""
        ...

    async def refresh(self, *, refresh_token: str) -> SupabaseSession:
        """Raises NotAuthenticated when the refresh token was used, revoked or never issued."""
        ...

    async def sign_out(self, *, access_token: str) -> None:
        """End this session. A session that has ended already is no error."""
        ...

    async def get_user(self, *, access_token: str) -> SupabaseUser:
        """Ask who this is. Raises NotAuthenticated when the session or the user is gone."""
        ...

    async def find_user(self, *, user_id: UUID) -> SupabaseUser | None:
        """Look somebody up with the service's own key; None for who was deleted too."""
        ...

    async def delete_user(self, *, user_id: UUID) -> bool:
        """Delete somebody for good; False when there was no such user (any more)."""
        ...

    async def verify_email(self, *, token: str) -> SupabaseSession:
        """Confirm an address with the token of the e-mail. Raises InvalidToken."""
        ...

    async def resend_verification(self, *, email: str) -> None: ...

    async def send_password_reset(self, *, email: str) -> None: ...

    async def reset_password(self, *, token: str, new_password: str) -> None:
        """Raises InvalidToken, WeakPassword, SamePassword."""
        ...

    async def fetch_jwks(self) -> Mapping[str, object]:
        """The public keys of access tokens. Raises JwksUnavailable."""
        ...


class SupabaseAuthClient:
    """AuthClient over the `supabase` package."""

    def __init__(
        self,
        *,
        url: str,
        publishable_key: str,
        secret_key: str,
        http: httpx.AsyncClient,
        timeout_seconds: float,
    ) -> None:
        self._url = url.rstrip("/")
        self._publishable_key = publishable_key
        self._secret_key = secret_key
        self._http = http
        self._timeout_seconds = timeout_seconds

    async def sign_up(
        self, *, email: str, password: str, metadata: Mapping[str, Any]
    ) -> SupabaseSession | None:
        async with self._client() as client:
            try:
                answer = await client.auth.sign_up(
                    {"email": email, "password": password, "options": {"data": dict(metadata)}}
                )
            except Exception as error:
                match code_of(error):
                    case "user_already_exists" | "email_exists":
                        return None
                    # Confirmed addresses get no e-mail: saying so would tell them apart.
                    case "over_email_send_rate_limit":
                        log.warning("confirmation_email_limited")
                        return None
                raise
            return _session(answer.session) if answer.session else None

    async def sign_in(self, *, email: str, password: str) -> SupabaseSession:
        async with self._client() as client:
            answer = await client.auth.sign_in_with_password({"email": email, "password": password})
            return _session(answer.session)

    async def refresh(self, *, refresh_token: str) -> SupabaseSession:
        async with self._client() as client:
            answer = await client.auth.refresh_session(refresh_token)
            return _session(answer.session)

    async def sign_out(self, *, access_token: str) -> None:
        try:
            async with self._client() as client:
                await client.auth.admin.sign_out(access_token, "local")
        except NotAuthenticated:
            pass

    async def get_user(self, *, access_token: str) -> SupabaseUser:
        async with self._client() as client:
            answer = await client.auth.get_user(access_token)
            if answer is None:
                raise NotAuthenticated
            return _user(answer.user)

    async def find_user(self, *, user_id: UUID) -> SupabaseUser | None:
        async with self._client(self._secret_key) as client:
            try:
                answer = await client.auth.admin.get_user_by_id(str(user_id))
            except Exception as error:
                if code_of(error) == "user_not_found":
                    return None
                raise
            return None if answer.user.deleted_at else _user(answer.user)

    async def delete_user(self, *, user_id: UUID) -> bool:
        async with self._client(self._secret_key) as client:
            try:
                await client.auth.admin.delete_user(str(user_id))
            except Exception as error:
                if code_of(error) == "user_not_found":
                    return False
                raise
            return True

    async def verify_email(self, *, token: str) -> SupabaseSession:
        async with self._client() as client:
            # Not "email": that would take the link for a new password as well.
            answer = await client.auth.verify_otp({"token_hash": token, "type": "signup"})
            return _session(answer.session)

    async def resend_verification(self, *, email: str) -> None:
        async with self._client() as client:
            await client.auth.resend({"type": "signup", "email": email})

    async def send_password_reset(self, *, email: str) -> None:
        async with self._client() as client:
            await client.auth.reset_password_for_email(email)

    async def reset_password(self, *, token: str, new_password: str) -> None:
        try:
            async with self._client() as client:
                # The client keeps the session of the recovery link for the second call.
                await client.auth.verify_otp({"token_hash": token, "type": "recovery"})
                await client.auth.update_user({"password": new_password})
        except WeakPassword as error:
            raise WeakPassword.with_link_used_up(error.reasons) from error

    async def fetch_jwks(self) -> Mapping[str, object]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._http.get(f"{self._url}/auth/v1/.well-known/jwks.json")
                response.raise_for_status()
                document = response.json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            raise JwksUnavailable from error
        if not isinstance(document, dict):
            raise JwksUnavailable
        return document

    @asynccontextmanager
    async def _client(self, key: str | None = None) -> AsyncIterator["AsyncClient"]:
        """A client for one operation, with our timeout; the vendor's errors stop here."""
        # Here, since importing it takes a third of a second that a start-up need not wait for.
        from supabase import AsyncClientOptions, acreate_client
        from supabase_auth.errors import AuthError

        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield await acreate_client(
                    self._url,
                    key or self._publishable_key,
                    AsyncClientOptions(
                        auto_refresh_token=False,
                        persist_session=False,
                        flow_type="implicit",
                        httpx_client=self._http,
                    ),
                )
        except AuthError as error:
            raise translate(error) from error
        except (TimeoutError, httpx.HTTPError) as error:
            raise AuthUnavailable from error
        except (ValueError, OverflowError) as error:  # an answer that is not what it should be
            raise AuthUnavailable from error


def _session(session: "VendorSession | None") -> SupabaseSession:
    if session is None:
        raise AuthUnavailable
    expires_at = session.expires_at
    if expires_at is None:
        raise AuthUnavailable
    return SupabaseSession(
        access_token=session.access_token,
        refresh_token=session.refresh_token,
        token_type=session.token_type,
        expires_in=session.expires_in,
        expires_at=datetime.fromtimestamp(expires_at, UTC),
        user=_user(session.user),
    )


def _user(user: "VendorUser") -> SupabaseUser:
    if not user.email:
        raise NotAuthenticated
    return SupabaseUser(
        id=UUID(user.id),
        email=user.email.lower(),
        email_confirmed_at=user.email_confirmed_at,
        metadata=user.user_metadata or {},
        banned_until=datetime.fromisoformat(user.banned_until) if user.banned_until else None,
    )
