"""Every code, and what all errors have in common."""

from enum import StrEnum
from uuid import UUID


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
    METRIC_TYPE_IN_USE = "metric_type_in_use"
    CHECKIN_NOT_FOUND = "checkin_not_found"
    ALREADY_CHECKED_IN = "already_checked_in"
    CHECKIN_WINDOW_CLOSED = "checkin_window_closed"
    METRIC_VALUE_REQUIRED = "metric_value_required"
    METRIC_VALUE_NOT_ALLOWED = "metric_value_not_allowed"
    UNKNOWN_IMAGE = "unknown_image"
    INVALID_IMAGE = "invalid_image"
    IMAGE_NOT_FOUND = "image_not_found"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    CHECKIN_LOCKED = "checkin_locked"
    NOT_AWAITING_VERIFICATION = "not_awaiting_verification"
    NOT_QUERIED = "not_queried"
    CANNOT_VERIFY_OWN = "cannot_verify_own"
    # Messages, reactions, comments
    MESSAGE_NOT_FOUND = "message_not_found"
    MESSAGE_TOO_OLD = "message_too_old"
    COMMENT_NOT_FOUND = "comment_not_found"
    REPLY_TO_REPLY = "reply_to_reply"
    # Reflections and the activity feed
    REFLECTION_NOT_FOUND = "reflection_not_found"
    REFLECTION_EXISTS = "reflection_exists"
    REFLECTION_IN_FUTURE = "reflection_in_future"
    UNKNOWN_PROMPT = "unknown_prompt"
    ACTIVITY_NOT_FOUND = "activity_not_found"
    # Notifications
    NOTIFICATION_NOT_FOUND = "notification_not_found"
    LIVE_UPDATES_UNAVAILABLE = "live_updates_unavailable"
    # AI planner
    AI_NOT_CONFIGURED = "ai_not_configured"
    AI_UNAVAILABLE = "ai_unavailable"
    AI_BUSY = "ai_busy"
    AI_REFUSED = "ai_refused"


class AppError(Exception):
    """A situation that the API answers with `status` and `code`; `field` is the one to blame.

    `message` is what is said, or an example of it, and `fields` are those that may be to blame, the
    usual one first. `existing_id` is that of the thing of which there can only be one.
    """

    status: int = 500
    code: ErrorCode = ErrorCode.INTERNAL_ERROR
    message: str = "Something went wrong on our side. Please try again."
    fields: tuple[str, ...] = ()

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        reasons: tuple[str, ...] = (),
        retry_after_seconds: int | None = None,
        headers: dict[str, str] | None = None,
        existing_id: UUID | None = None,
    ) -> None:
        super().__init__(message or self.message)
        self.field = field or next(iter(self.fields), None)
        self.existing_id = existing_id
        self.reasons = reasons
        self.headers = dict(headers or {})
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)
