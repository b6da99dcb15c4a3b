"""Check-ins and their verification."""

from datetime import date

from app.core.errors.base import AppError, ErrorCode


class CheckinNotFound(AppError):
    status, code = 404, ErrorCode.CHECKIN_NOT_FOUND
    message = "This check-in does not exist."


class AlreadyCheckedIn(AppError):
    status, code = 409, ErrorCode.ALREADY_CHECKED_IN
    message = (
        "You already checked in for 'Morning run' on 10 March 2026. Change that check-in instead."
    )

    def __init__(self, *, system_title: str, local_date: date) -> None:
        super().__init__(
            f"You already checked in for '{system_title}' on {local_date:%d %B %Y}. "
            "Change that check-in instead."
        )


class CheckinWindowClosed(AppError):
    status, code = 422, ErrorCode.CHECKIN_WINDOW_CLOSED
    message = (
        "The time to check in for 10 March 2026 is over: a day closes at noon of the next one."
    )
    fields = ("localDate",)

    def __init__(self, *, local_date: date, in_future: bool) -> None:
        super().__init__(
            f"{local_date:%d %B %Y} is still ahead of you. Check in when the day has come."
            if in_future
            else f"The time to check in for {local_date:%d %B %Y} is over: "
            "a day closes at noon of the next one."
        )


class MetricValueRequired(AppError):
    status, code = 422, ErrorCode.METRIC_VALUE_REQUIRED
    message = "Enter the value that you reached: this system counts something."
    fields = ("metricValueLogged",)


class MetricValueNotAllowed(AppError):
    status, code = 422, ErrorCode.METRIC_VALUE_NOT_ALLOWED
    message = "A value can only be logged for a completed system that counts something."
    fields = ("metricValueLogged",)


class CheckinLocked(AppError):
    status, code = 409, ErrorCode.CHECKIN_LOCKED
    message = "This check-in cannot be changed any more."

    @classmethod
    def because_verified(cls) -> "CheckinLocked":
        return cls("Your partner has verified this check-in, so it stays as it is.")

    @classmethod
    def because_closed(cls, local_date: date) -> "CheckinLocked":
        return cls(
            f"The time to change your check-in of {local_date:%d %B %Y} is over: "
            "a day closes at noon of the next one."
        )


class NotQueried(AppError):
    status, code = 409, ErrorCode.NOT_QUERIED
    message = "Your partner is not asking anything about this check-in: nothing to resubmit."


class NotAwaitingVerification(AppError):
    status, code = 409, ErrorCode.NOT_AWAITING_VERIFICATION
    message = "This check-in is not waiting for your verification any more."


class CannotVerifyOwn(AppError):
    status, code = 403, ErrorCode.CANNOT_VERIFY_OWN
    message = "Only your partner can verify your check-in."
