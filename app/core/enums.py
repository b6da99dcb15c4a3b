"""The closed sets of values that are stored and sent (Specification §4)."""

import re
from enum import StrEnum

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class LenientEnum(StrEnum):
    """Matches input without regard to case; spaces and hyphens count as underscores.

    Several words may be written in camelCase or with underscores, however the value itself is.
    """

    @classmethod
    def _missing_(cls, value: object) -> "LenientEnum | None":
        if not isinstance(value, str):
            return None
        wanted = _spellings(value)
        return next((member for member in cls if wanted & _spellings(member.value)), None)


def _spellings(value: str) -> set[str]:
    """In lower case: as it is, and with its words, if it is camelCase, set apart."""
    joined = value.strip().replace(" ", "_").replace("-", "_")
    return {joined.lower(), _HUMP.sub("_", joined).lower()}


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
    PARKED = "parked"
    CANCELLED = "cancelled"


class SuppressionReason(LenientEnum):
    """Why an address gets no optional e-mail any more."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


class UploadPurpose(LenientEnum):
    CHECKIN = "checkin"
    MESSAGE = "message"
    AVATAR = "avatar"
