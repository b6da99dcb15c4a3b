"""The closed sets of values that are stored and sent (Specification §4)."""

from enum import StrEnum


class LenientEnum(StrEnum):
    """Matches input without regard to case; spaces and hyphens count as underscores."""

    @classmethod
    def _missing_(cls, value: object) -> "LenientEnum | None":
        if not isinstance(value, str):
            return None
        normal = value.strip().lower().replace(" ", "_").replace("-", "_")
        return next((member for member in cls if member.value.lower() == normal), None)


class PartnershipStatus(LenientEnum):
    PENDING_INVITE = "pending_invite"
    ACTIVE = "active"
    DISSOLVED = "dissolved"
    EXPIRED_INVITE = "expired_invite"


class GoalStatus(LenientEnum):
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    ACHIEVED = "achieved"
    ON_HOLD = "on_hold"
    ABANDONED = "abandoned"


class GoalPriority(LenientEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class SystemFrequency(LenientEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


class SystemMetricType(LenientEnum):
    BINARY = "binary"
    COUNTER = "counter"
    DURATION = "duration"
    PAGES = "pages"


class SystemStatus(LenientEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    PAUSED = "paused"


class CheckinStatus(LenientEnum):
    COMPLETED = "completed"
    SKIPPED = "skipped"
    PENDING_VERIFICATION = "pending_verification"
    VERIFIED_COMPLETED = "verified_completed"
    QUERIED_BY_PARTNER = "queried_by_partner"


class ThemePreference(LenientEnum):
    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class ReactionTarget(LenientEnum):
    CHECKIN = "checkin"
    REFLECTION = "reflection"
    DIRECT_MESSAGE = "direct_message"


class CommentTarget(LenientEnum):
    CHECKIN = "checkin"
    REFLECTION = "reflection"
    GOAL = "goal"


class EmailStatus(LenientEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class UploadPurpose(LenientEnum):
    CHECKIN = "checkin"
    MESSAGE = "message"
    AVATAR = "avatar"
