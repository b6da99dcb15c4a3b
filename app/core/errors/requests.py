"""What may be wrong with any request."""

from app.core.errors.base import AppError, ErrorCode


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
