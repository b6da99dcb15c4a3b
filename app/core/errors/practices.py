"""Goals and systems."""

from app.core.errors.base import AppError, ErrorCode


class GoalNotFound(AppError):
    status, code = 404, ErrorCode.GOAL_NOT_FOUND
    message = "This goal does not exist."


class GoalDatesReversed(AppError):
    status, code = 422, ErrorCode.GOAL_DATES_REVERSED
    message = "The target date must not be before the start date."
    fields = ("targetDate", "startDate")


class SystemNotFound(AppError):
    status, code = 404, ErrorCode.SYSTEM_NOT_FOUND
    message = "This system does not exist."


class SystemNotActive(AppError):
    status, code = 409, ErrorCode.SYSTEM_NOT_ACTIVE
    message = "'Morning run' is not active. Activate it again to check in."

    def __init__(self, *, system_title: str) -> None:
        super().__init__(f"'{system_title}' is not active. Activate it again to check in.")


class MetricTypeInUse(AppError):
    status, code = 409, ErrorCode.METRIC_TYPE_IN_USE
    message = (
        "Values have been logged for this system, so what it counts cannot change any more. "
        "Create another system for the new metric."
    )
