"""Notifications and live updates."""

from app.core.errors.base import AppError, ErrorCode


class NotificationNotFound(AppError):
    status, code = 404, ErrorCode.NOTIFICATION_NOT_FOUND
    message = "This notification does not exist."


class LiveUpdatesUnavailable(AppError):
    status, code = 503, ErrorCode.LIVE_UPDATES_UNAVAILABLE
    message = "Live updates are interrupted. Everything else works: reload to see what is new."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=5)
