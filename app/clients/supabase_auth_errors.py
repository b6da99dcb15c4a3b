"""What the errors of Supabase Auth mean to us, by their codes.

https://supabase.com/docs/guides/auth/debugging/error-codes lists the codes. What has no meaning to
a caller (an upstream that is down, a setting that is wrong) becomes AuthUnavailable.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import httpx
import structlog

from app.core.errors import (
    AccountDisabled,
    AppError,
    AuthUnavailable,
    EmailNotConfirmed,
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    NotAuthenticated,
    RateLimited,
    SamePassword,
    SignupDisabled,
    WeakPassword,
)

if TYPE_CHECKING:
    from supabase_auth.errors import AuthError

log = structlog.get_logger()

DEFAULT_RETRY_AFTER_SECONDS: Final = 60
MAX_RETRY_AFTER_SECONDS: Final = 3600


def translate(error: "AuthError") -> AppError:
    """Our error for the vendor's."""
    code = code_of(error) or ""
    if make := _ERRORS.get(code):
        return make(error)
    if code.startswith("over_") or _status(error) == 429:  # also a gateway's, which has no code
        return RateLimited(retry_after_seconds=_retry_after(error))
    log.warning("supabase_auth_failed", vendor_code=code[:50], vendor_status=_status(error))
    return AuthUnavailable()


def code_of(error: BaseException) -> str | None:
    """Supabase's own code, where it is an error of Supabase that has one."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else None


def _status(error: BaseException) -> int | None:
    cause = error.__cause__
    return cause.response.status_code if isinstance(cause, httpx.HTTPStatusError) else None


def _retry_after(error: BaseException) -> int:
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPStatusError):
        value = cause.response.headers.get("retry-after", "")
        if value.isascii() and value.isdecimal():
            return min(int(value[:9]), MAX_RETRY_AFTER_SECONDS)
    return DEFAULT_RETRY_AFTER_SECONDS


_REASONS: Final = {
    "length": "The password is too short.",
    "characters": "The password needs more kinds of characters.",
    "pwned": "This password is known from a data leak.",
}


def _weak_password(error: "AuthError") -> AppError:
    reasons = [str(reason) for reason in getattr(error, "reasons", ())]
    return WeakPassword(
        field="password", reasons=tuple(_REASONS.get(reason, reason) for reason in reasons)
    )


_ERRORS: Final[dict[str, Callable[["AuthError"], AppError]]] = {
    "invalid_credentials": lambda _: InvalidCredentials(),
    "email_not_confirmed": lambda _: EmailNotConfirmed(),
    "user_banned": lambda _: AccountDisabled(),
    "weak_password": _weak_password,
    "same_password": lambda _: SamePassword(field="newPassword"),
    "validation_failed": lambda _: InvalidInput(),
    **dict.fromkeys(("signup_disabled", "email_provider_disabled"), lambda _: SignupDisabled()),
    # The second is a project without a mail server of its own, which writes to its team only.
    **dict.fromkeys(
        ("email_address_invalid", "email_address_not_authorized"),
        lambda _: InvalidInput("We cannot send e-mail to this address.", field="email"),
    ),
    **dict.fromkeys(
        ("otp_expired", "flow_state_not_found", "flow_state_expired"), lambda _: InvalidToken()
    ),
    **dict.fromkeys(
        (
            "bad_jwt",
            "invalid_jwt",
            "no_authorization",
            "user_not_found",
        ),
        lambda _: NotAuthenticated(),
    ),
    **dict.fromkeys(
        (
            "session_not_found",
            "session_expired",
            "refresh_token_not_found",
            "refresh_token_already_used",
        ),
        lambda _: NotAuthenticated("Your session has ended. Please sign in again."),
    ),
}
