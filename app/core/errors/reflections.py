"""Reflections and the activity feed."""

from datetime import date
from uuid import UUID

from app.core.errors.base import AppError, ErrorCode


class ReflectionNotFound(AppError):
    status, code = 404, ErrorCode.REFLECTION_NOT_FOUND
    message = "This reflection does not exist."


class ReflectionExists(AppError):
    status, code = 409, ErrorCode.REFLECTION_EXISTS
    message = "You already reflected on 10 March 2026. Change that reflection instead."

    def __init__(self, *, local_date: date, reflection_id: UUID) -> None:
        super().__init__(
            f"You already reflected on {local_date:%d %B %Y}. Change that reflection instead.",
            existing_id=reflection_id,
        )


class ReflectionInFuture(AppError):
    status, code = 422, ErrorCode.REFLECTION_IN_FUTURE
    message = "This day is still ahead of you. Reflect on it when it has come."
    fields = ("reflectionDateLocal",)


class UnknownPrompt(AppError):
    status, code = 422, ErrorCode.UNKNOWN_PROMPT
    message = "This prompt is not one of ours. Send the text of your own prompt with it."
    fields = ("promptId",)


class ActivityNotFound(AppError):
    status, code = 404, ErrorCode.ACTIVITY_NOT_FOUND
    message = "This item is not in the feed any more. Load the feed from its beginning."
