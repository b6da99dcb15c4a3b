"""The AI planner."""

from app.core.errors.base import AppError, ErrorCode


class AiNotConfigured(AppError):
    status, code = 503, ErrorCode.AI_NOT_CONFIGURED
    message = "The assistant is not set up here. You can plan your goal yourself."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=3600)


class AiUnavailable(AppError):
    status, code = 502, ErrorCode.AI_UNAVAILABLE
    message = "The assistant could not answer. Please try again, or plan your goal yourself."


class AiBusy(AppError):
    status, code = 503, ErrorCode.AI_BUSY
    message = "The assistant has too much to do at the moment. Please try again in a minute."

    def __init__(self, *, retry_after_seconds: int = 30) -> None:
        super().__init__(retry_after_seconds=retry_after_seconds)


class AiRefused(AppError):
    status, code = 422, ErrorCode.AI_REFUSED
    message = "The assistant cannot help with this request. Please describe your goal differently."
    fields = ("userInput", "goalTitle")

    def __init__(self, *, field: str) -> None:
        super().__init__(field=field)
