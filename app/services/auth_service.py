"""Signing up, in and out, through Supabase Auth (Specification §2.6)."""

from app.clients.supabase_auth import AuthClient, SupabaseSession
from app.core import rate_limits
from app.core.errors import (
    AccountDisabled,
    EmailNotConfirmed,
    InvalidCredentials,
    UsernameTaken,
)
from app.core.passwords import require_strength
from app.core.security import AccessToken
from app.crud.crud_user import Account, UserCrud
from app.db.session import Session
from app.schemas.auth_schemas import (
    EmailRequest,
    LoginRead,
    LoginRequest,
    OAuth2Token,
    RefreshRequest,
    ResetPasswordRequest,
    SessionRead,
    SignedUpUser,
    SignupRead,
    SignupRequest,
    VerifyEmailRequest,
)
from app.services.account_service import AccountService
from app.services.answer_timing import AnswerSteps, Errands
from app.services.rate_limiter import RateLimiter
from app.services.user_service import read_user


class AuthService:
    """Every attempt is counted first; RateLimited comes from each of the limited operations."""

    def __init__(
        self,
        *,
        session: Session,
        auth: AuthClient,
        accounts: AccountService,
        limiter: RateLimiter,
        steps: AnswerSteps,
        errands: Errands,
    ) -> None:
        self._users = UserCrud(session)
        self._auth = auth
        self._accounts = accounts
        self._limiter = limiter
        self._steps = steps
        self._errands = errands

    async def sign_up(self, data: SignupRequest) -> SignupRead:
        """Ask Supabase for an account. The answer is the same for an address that has one.

        No profile is made here: for a known address Supabase answers with a made-up id.
        Raises UsernameTaken, WeakPassword, SignupDisabled, AuthUnavailable.
        """
        await self._limiter.count(rate_limits.SIGN_UP, address=data.email)
        password = data.password.get_secret_value()
        require_strength(password, field="password")
        if data.username and await self._users.is_username_taken(data.username):
            raise UsernameTaken
        timezone = data.timezone or "UTC"
        metadata = {"username": data.username, "name": data.name, "timezone": timezone}
        async with self._steps.hold_success():
            session = await self._auth.sign_up(
                email=data.email,
                password=password,
                metadata={key: value for key, value in metadata.items() if value is not None},
            )
        return SignupRead(
            user=SignedUpUser(
                email=data.email, username=data.username, name=data.name, timezone=timezone
            ),
            session=_read_session(session) if session else None,
            email_confirmation_required=session is None,
        )

    async def log_in(self, data: LoginRequest) -> LoginRead:
        """Raises InvalidCredentials, EmailNotConfirmed, AccountDisabled, AuthUnavailable."""
        session = await self._sign_in(data.email, data.password.get_secret_value())
        return await self._signed_in(session)

    async def issue_token(self, *, email: str, password: str) -> OAuth2Token:
        """The same as `log_in`, in the shape that OAuth2 prescribes."""
        session = await self._sign_in(email.strip().lower(), password)
        await self._admit(session)
        return OAuth2Token(
            access_token=session.access_token,
            expires_in=session.expires_in,
            refresh_token=session.refresh_token,
        )

    async def refresh(self, data: RefreshRequest) -> LoginRead:
        """Raises NotAuthenticated when the refresh token is not good any more."""
        await self._limiter.count(rate_limits.REFRESH)
        return await self._signed_in(await self._auth.refresh(refresh_token=data.refresh_token))

    async def log_out(self, token: AccessToken) -> None:
        await self._auth.sign_out(access_token=token.raw)

    async def verify_email(self, data: VerifyEmailRequest) -> LoginRead:
        """Confirm the address and sign in. Raises InvalidToken."""
        await self._limiter.count(rate_limits.VERIFY_EMAIL)
        return await self._signed_in(await self._auth.verify_email(token=data.token))

    async def resend_verification(self, data: EmailRequest) -> None:
        """Does not wait for Supabase: whether, and how fast, it sends tells who has an account."""
        await self._limiter.count(rate_limits.RESEND, address=data.email)
        self._errands.send("resend_verification", self._auth.resend_verification(email=data.email))

    async def forgot_password(self, data: EmailRequest) -> None:
        """Does not wait for Supabase, for the same reason."""
        await self._limiter.count(rate_limits.FORGOT, address=data.email)
        self._errands.send("forgot_password", self._auth.send_password_reset(email=data.email))

    async def reset_password(self, data: ResetPasswordRequest) -> None:
        """Raises InvalidToken, WeakPassword, SamePassword.

        A password of a wrong length leaves the link as it was. For what else Supabase asks, it
        uses the link up first, and the error says so.
        """
        await self._limiter.count(rate_limits.RESET)
        new_password = data.new_password.get_secret_value()
        require_strength(new_password, field="newPassword")
        await self._auth.reset_password(token=data.token, new_password=new_password)

    async def _sign_in(self, email: str, password: str) -> SupabaseSession:
        await self._limiter.count(rate_limits.LOG_IN, address=email)
        if "\x00" in email + password:  # an OAuth2 form lets it pass; nobody can have it
            raise InvalidCredentials
        async with self._steps.hold_failure(InvalidCredentials, EmailNotConfirmed, AccountDisabled):
            return await self._auth.sign_in(email=email, password=password)

    async def _signed_in(self, session: SupabaseSession) -> LoginRead:
        account = await self._admit(session)
        return LoginRead(user=read_user(account), **dict(_read_session(session)))

    async def _admit(self, session: SupabaseSession) -> Account:
        """The account of somebody whom Supabase let in. Raises AccountDisabled."""
        return await self._accounts.admit(await self._accounts.synchronise(session.user))


def _read_session(session: SupabaseSession) -> SessionRead:
    return SessionRead(
        token=session.access_token,
        refresh_token=session.refresh_token,
        expires_in=session.expires_in,
        expires_at=session.expires_at,
    )
