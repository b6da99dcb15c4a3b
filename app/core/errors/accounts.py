"""Signing up and in, and the profile."""

from app.core.errors.base import AppError, ErrorCode


class InvalidCredentials(AppError):
    status, code = 401, ErrorCode.INVALID_CREDENTIALS
    message = "The e-mail address or the password is wrong."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class EmailNotConfirmed(AppError):
    status, code = 403, ErrorCode.EMAIL_NOT_CONFIRMED
    message = "Please confirm your e-mail address first. We can send you the message again."


class InvalidToken(AppError):
    status, code = 400, ErrorCode.INVALID_TOKEN
    message = "This link is not valid any more. Please ask for a new one."


class WeakPassword(AppError):
    status, code = 422, ErrorCode.WEAK_PASSWORD
    message = "Please choose a stronger password."
    fields = ("password", "newPassword")

    @classmethod
    def with_link_used_up(cls, reasons: tuple[str, ...]) -> "WeakPassword":
        return cls(
            "This password is not strong enough, and this link is used up now. "
            "To choose a stronger one, please ask for a new link.",
            field="newPassword",
            reasons=reasons,
        )


class SamePassword(AppError):
    status, code = 422, ErrorCode.SAME_PASSWORD
    message = (
        "This is the password that you have already, and this link is used up now. "
        "To choose another password, please ask for a new link."
    )
    fields = ("newPassword",)


class AccountDisabled(AppError):
    status, code = 403, ErrorCode.ACCOUNT_DISABLED
    message = "This account is disabled. Please contact support."

    @classmethod
    def because_deleted(cls) -> "AccountDisabled":
        return cls("This account is being deleted.")


class AuthUnavailable(AppError):
    status, code = 503, ErrorCode.AUTH_UNAVAILABLE
    message = "Signing in is not possible at the moment. Please try again in a minute."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=30)


class SignupDisabled(AppError):
    status, code = 403, ErrorCode.SIGNUP_DISABLED
    message = "New accounts cannot be made at the moment."


class InvalidSignature(AppError):
    status, code = 401, ErrorCode.INVALID_SIGNATURE
    message = "The signature of this webhook is missing, wrong or too old."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class WebhooksNotConfigured(AppError):
    status, code = 404, ErrorCode.WEBHOOKS_NOT_CONFIGURED
    message = (
        "Webhooks are not set up: "
        "SUPABASE_WEBHOOK_SECRETS is for those of Supabase, RESEND_WEBHOOK_SECRET for Resend's."
    )


class UsernameTaken(AppError):
    status, code = 409, ErrorCode.USERNAME_TAKEN
    message = "This username is taken. Please choose another one."
