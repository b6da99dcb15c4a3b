"""What the operations of the Supabase Auth stand-in build on: keys, callers, sessions, e-mails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.core.clock import Clock
from app.local import auth_store as store
from app.local.auth_emails import send_auth_email, token_lifetime
from app.local.auth_errors import AuthError, too_many_emails
from app.local.auth_keys import BadTokenError, SigningKey
from app.local.auth_passwords import Passwords
from app.local.auth_schema import load_signing_key
from app.local.auth_store import Purpose, StoredSession, StoredUser
from app.local.auth_views import session_json
from app.local.mailbox import Mailbox

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a valid access token belongs to, in a session that is still alive."""

    user: StoredUser
    session: StoredSession


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: StoredUser
    session: StoredSession
    refresh_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthOptions:
    issuer: str
    frontend_url: str
    autoconfirm: bool
    email_interval: timedelta


class AuthCore:
    def __init__(
        self,
        *,
        engine: Callable[[], AsyncEngine],
        clock: Clock,
        mailbox: Mailbox,
        passwords: Passwords,
        options: AuthOptions,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.passwords = passwords
        self.options = options
        self._mailbox = mailbox
        self._key: tuple[AsyncEngine, SigningKey] | None = None

    async def signing_key(self) -> SigningKey:
        """Read once for each engine: another engine may mean another database."""
        engine = self.engine()
        if self._key is None or self._key[0] is not engine:
            async with engine.connect() as connection:
                self._key = (engine, await load_signing_key(connection))
        return self._key[1]

    async def authenticate(self, token: str) -> Caller:
        """Raises AuthError 403 `bad_jwt`, `user_not_found` or `session_not_found`."""
        key = await self.signing_key()
        try:
            claims = key.verify(token, issuer=self.options.issuer, now=self.clock.now())
        except BadTokenError as error:
            message = f"invalid JWT: unable to parse or verify signature, {error}"
            raise AuthError(403, "bad_jwt", message) from error
        async with self.engine().connect() as connection:
            user = await store.find_by_id(connection, UUID(claims["sub"]))
            session = await store.find_session(connection, UUID(claims["session_id"]))
        if user is None:
            raise user_gone()
        if session is None:
            message = "Session from session_id claim in JWT does not exist"
            raise AuthError(403, "session_not_found", message)
        return Caller(user, session)

    async def start_session(
        self, connection: AsyncConnection, user_id: UUID, *, method: str
    ) -> SignedIn:
        """Sign the user in, in the caller's transaction. Raises AuthError `user_not_found`."""
        now = self.clock.now()
        # First, because it locks the row: the user cannot be deleted under the new session.
        user = await store.update_user(connection, user_id, now=now, last_sign_in_at=now)
        if user is None:
            raise user_gone()
        session = await store.create_session(connection, user_id, method=method, now=now)
        return SignedIn(user, session, await store.add_refresh_token(connection, session.id))

    async def session_json(self, signed_in: SignedIn) -> Json:
        """The answer to a sign-in. Call it outside of a transaction: it may need a connection."""
        return session_json(
            signed_in.user,
            signed_in.session,
            refresh_token=signed_in.refresh_token,
            key=await self.signing_key(),
            issuer=self.options.issuer,
            now=self.clock.now(),
        )

    async def send_link(self, user: StoredUser, purpose: Purpose, *, to: str) -> StoredUser:
        """E-mail a new link. Raises AuthError 429 `over_email_send_rate_limit`."""
        self.check_email_interval(getattr(user, purpose.sent_at_column))
        now = self.clock.now()
        async with self.engine().begin() as connection:
            changed = await store.update_user(
                connection, user.id, now=now, **{purpose.sent_at_column: now}
            )
            if changed is None:
                return user  # Deleted meanwhile: nobody to write to.
            secret = await store.replace_one_time_token(
                connection,
                user.id,
                purpose=purpose,
                email=to,
                expires_at=now + token_lifetime(purpose),
            )
        await send_auth_email(
            self._mailbox,
            user=user,
            to=to,
            purpose=purpose,
            secret=secret,
            frontend_url=self.options.frontend_url,
        )
        return changed

    def check_email_interval(self, last_sent: datetime | None) -> None:
        """Raises AuthError 429 when the last e-mail of this kind is too recent."""
        if last_sent is not None:
            left = last_sent + self.options.email_interval - self.clock.now()
            if left > timedelta(0):
                raise too_many_emails(max(1, round(left.total_seconds())))


def user_gone() -> AuthError:
    return AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
