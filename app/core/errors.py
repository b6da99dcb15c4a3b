"""Every error that the API answers with: one enum of stable codes, one class for each situation.

Services raise these; `api/error_handlers.py` is the only place that turns them into HTTP answers.
A message is a sentence that can be shown to a person; a private cause is logged, never sent.
"""

from datetime import date
from enum import StrEnum


class ErrorCode(StrEnum):
    # Produced by the framework or for every operation
    BAD_REQUEST = "bad_request"
    MALFORMED_JSON = "malformed_json"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    NOT_YOURS = "not_yours"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    VALIDATION_FAILED = "validation_failed"
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"
    SERVICE_UNAVAILABLE = "service_unavailable"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    INVALID_IDEMPOTENCY_KEY = "invalid_idempotency_key"
    REQUEST_IN_PROGRESS = "request_in_progress"
    # Accounts
    INVALID_CREDENTIALS = "invalid_credentials"
    EMAIL_NOT_CONFIRMED = "email_not_confirmed"
    INVALID_TOKEN = "invalid_token"
    WEAK_PASSWORD = "weak_password"
    SAME_PASSWORD = "same_password"
    ACCOUNT_DISABLED = "account_disabled"
    AUTH_UNAVAILABLE = "auth_unavailable"
    SIGNUP_DISABLED = "signup_disabled"
    INVALID_SIGNATURE = "invalid_signature"
    WEBHOOKS_NOT_CONFIGURED = "webhooks_not_configured"
    USERNAME_TAKEN = "username_taken"
    # Partnerships
    NO_ACTIVE_PARTNERSHIP = "no_active_partnership"
    PARTNERSHIP_NOT_FOUND = "partnership_not_found"
    ALREADY_PARTNERED = "already_partnered"
    CANNOT_INVITE_SELF = "cannot_invite_self"
    INVITE_NOT_FOUND = "invite_not_found"
    INVITE_EXPIRED = "invite_expired"
    INVITE_FOR_ANOTHER_EMAIL = "invite_for_another_email"
    # Goals, systems, check-ins
    GOAL_NOT_FOUND = "goal_not_found"
    GOAL_DATES_REVERSED = "goal_dates_reversed"
    SYSTEM_NOT_FOUND = "system_not_found"
    SYSTEM_NOT_ACTIVE = "system_not_active"
    CHECKIN_NOT_FOUND = "checkin_not_found"
    ALREADY_CHECKED_IN = "already_checked_in"
    CHECKIN_WINDOW_CLOSED = "checkin_window_closed"
    METRIC_VALUE_REQUIRED = "metric_value_required"
    METRIC_VALUE_NOT_ALLOWED = "metric_value_not_allowed"
    UNKNOWN_IMAGE = "unknown_image"
    INVALID_IMAGE = "invalid_image"
    IMAGE_NOT_FOUND = "image_not_found"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    NOT_AWAITING_VERIFICATION = "not_awaiting_verification"
    CANNOT_VERIFY_OWN = "cannot_verify_own"


class AppError(Exception):
    """A situation that the API answers with `status` and `code`; `field` is the one to blame."""

    status: int = 500
    code: ErrorCode = ErrorCode.INTERNAL_ERROR
    message: str = "Something went wrong on our side. Please try again."

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        reasons: tuple[str, ...] = (),
        retry_after_seconds: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.field = field
        self.reasons = reasons
        self.headers = dict(headers or {})
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)


class NotAuthenticated(AppError):
    status, code = 401, ErrorCode.NOT_AUTHENTICATED
    message = "Please sign in: a valid access token is required."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class UnsupportedMediaType(AppError):
    status, code = 415, ErrorCode.UNSUPPORTED_MEDIA_TYPE
    message = "Send the body as JSON with the header Content-Type: application/json."


class InvalidInput(AppError):
    status, code = 422, ErrorCode.VALIDATION_FAILED
    message = "Please check what you entered."


class RateLimited(AppError):
    status, code = 429, ErrorCode.RATE_LIMITED
    message = "Too many requests. Please wait a little and try again."


class ServiceUnavailable(AppError):
    status, code = 503, ErrorCode.SERVICE_UNAVAILABLE
    message = "The service is busy or restarting. Please try again in a moment."

    def __init__(self, message: str | None = None, *, retry_after_seconds: int = 2) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)


class NotYours(AppError):
    status, code = 403, ErrorCode.NOT_YOURS
    message = "This belongs to your partner: you can look at it, but not change it."


class InvalidIdempotencyKey(AppError):
    status, code = 400, ErrorCode.INVALID_IDEMPOTENCY_KEY
    message = "Idempotency-Key must be 1 to 255 printable ASCII characters."


class IdempotencyKeyReused(AppError):
    status, code = 422, ErrorCode.IDEMPOTENCY_KEY_REUSED
    message = "This Idempotency-Key was already used for a different request. Use a new one."


class RequestInProgress(AppError):
    status, code = 409, ErrorCode.REQUEST_IN_PROGRESS
    message = "The first request with this Idempotency-Key is still running. Try again shortly."


# Accounts ---------------------------------------------------------------------------------------


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


class SamePassword(AppError):
    status, code = 422, ErrorCode.SAME_PASSWORD
    message = "The new password must differ from the old one."


class AccountDisabled(AppError):
    status, code = 403, ErrorCode.ACCOUNT_DISABLED
    message = "This account is disabled. Please contact support."


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
    message = "Webhooks are not set up: SUPABASE_WEBHOOK_SECRETS is empty."


class UsernameTaken(AppError):
    status, code = 409, ErrorCode.USERNAME_TAKEN
    message = "This username is taken. Please choose another one."


# Partnerships -----------------------------------------------------------------------------------


class NoActivePartnership(AppError):
    status, code = 404, ErrorCode.NO_ACTIVE_PARTNERSHIP
    message = "You have no active partnership yet. Invite a partner to start one."


class AlreadyPartnered(AppError):
    status, code = 409, ErrorCode.ALREADY_PARTNERED
    message = "You already have an active partnership."


class PartnershipNotFound(AppError):
    status, code = 404, ErrorCode.PARTNERSHIP_NOT_FOUND
    message = "This partnership does not exist."


class CannotInviteSelf(AppError):
    status, code = 400, ErrorCode.CANNOT_INVITE_SELF
    message = "You cannot invite yourself. Enter your partner's e-mail address."


class InviteNotFound(AppError):
    status, code = 404, ErrorCode.INVITE_NOT_FOUND
    message = "This invitation does not exist or was already used. Ask your partner for a new one."


class InviteExpired(AppError):
    status, code = 410, ErrorCode.INVITE_EXPIRED
    message = "This invitation has expired. Ask your partner to send it again."


class InviteForAnotherEmail(AppError):
    status, code = 403, ErrorCode.INVITE_FOR_ANOTHER_EMAIL
    message = (
        "This invitation was sent to another e-mail address. "
        "Sign in with that address, and confirm it, to accept."
    )


# Goals, systems, check-ins ----------------------------------------------------------------------


class GoalNotFound(AppError):
    status, code = 404, ErrorCode.GOAL_NOT_FOUND
    message = "This goal does not exist."


class GoalDatesReversed(AppError):
    status, code = 422, ErrorCode.GOAL_DATES_REVERSED
    message = "The target date must not be before the start date."

    def __init__(self) -> None:
        super().__init__(field="targetDate")


class SystemNotFound(AppError):
    status, code = 404, ErrorCode.SYSTEM_NOT_FOUND
    message = "This system does not exist."


class SystemNotActive(AppError):
    status, code = 409, ErrorCode.SYSTEM_NOT_ACTIVE

    def __init__(self, *, system_title: str) -> None:
        super().__init__(f"{system_title!r} is not active. Activate it again to check in.")


class CheckinNotFound(AppError):
    status, code = 404, ErrorCode.CHECKIN_NOT_FOUND
    message = "This check-in does not exist."


class AlreadyCheckedIn(AppError):
    status, code = 409, ErrorCode.ALREADY_CHECKED_IN

    def __init__(self, *, system_title: str, local_date: date) -> None:
        super().__init__(
            f"You already checked in for {system_title!r} on {local_date:%d %B %Y}. "
            "Change that check-in instead."
        )


class CheckinWindowClosed(AppError):
    status, code = 422, ErrorCode.CHECKIN_WINDOW_CLOSED

    def __init__(self, *, local_date: date, in_future: bool) -> None:
        super().__init__(
            f"{local_date:%d %B %Y} is still ahead of you. Check in when the day has come."
            if in_future
            else f"The time to check in for {local_date:%d %B %Y} is over: "
            "a day closes at noon of the next one.",
            field="localDate",
        )


class MetricValueRequired(AppError):
    status, code = 422, ErrorCode.METRIC_VALUE_REQUIRED
    message = "Enter the value that you reached: this system counts something."

    def __init__(self) -> None:
        super().__init__(field="metricValueLogged")


class MetricValueNotAllowed(AppError):
    status, code = 422, ErrorCode.METRIC_VALUE_NOT_ALLOWED
    message = "A value can only be logged for a completed system that counts something."

    def __init__(self) -> None:
        super().__init__(field="metricValueLogged")


class UnknownImage(AppError):
    status, code = 422, ErrorCode.UNKNOWN_IMAGE
    message = "This image is not one of your uploads. Upload it first and use the address you get."

    def __init__(self, *, field: str) -> None:
        super().__init__(field=field)


class InvalidImage(AppError):
    status, code = 422, ErrorCode.INVALID_IMAGE
    message = "This file is not a JPEG, PNG, WebP or GIF image."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, field="file")


class ImageTooLarge(AppError):
    status, code = 413, ErrorCode.BODY_TOO_LARGE
    message = "This image is too large: 10 MB are the limit."


class ImageNotFound(AppError):
    status, code = 404, ErrorCode.IMAGE_NOT_FOUND
    message = "This image does not exist, or the link to it has expired."


class StorageUnavailable(AppError):
    status, code = 503, ErrorCode.STORAGE_UNAVAILABLE
    message = "Images cannot be saved or shown at the moment. Please try again in a minute."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=30)


class NotAwaitingVerification(AppError):
    status, code = 409, ErrorCode.NOT_AWAITING_VERIFICATION
    message = "This check-in is not waiting for your verification any more."


class CannotVerifyOwn(AppError):
    status, code = 403, ErrorCode.CANNOT_VERIFY_OWN
    message = "Only your partner can verify your check-in."
