"""Every type of notification: who may switch it off, its icon, and where it leads.

The one list that the product has. `icon` names a Lucide icon of the client; `link` is a path of
the client, filled with the ids of the target.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.enums import LenientEnum


class NotificationPreference(StrEnum):
    SYSTEM_UPDATES = "systemUpdates"
    GOAL_PROGRESS = "goalProgress"
    PARTNER_ACTIVITY = "partnerActivity"
    VERIFICATION_REQUESTS = "verificationRequests"
    MESSAGES = "messages"
    REMINDERS = "reminders"
    DAILY_SUMMARY_EMAIL = "dailySummaryEmail"
    VERIFICATION_EMAIL = "verificationEmail"
    ONBOARDING_EMAIL = "onboardingEmail"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    NotificationPreference.SYSTEM_UPDATES: "System Updates",
    NotificationPreference.GOAL_PROGRESS: "Goal Progress & Streaks",
    NotificationPreference.PARTNER_ACTIVITY: "Partner Activity",
    NotificationPreference.VERIFICATION_REQUESTS: "Verification Requests",
    NotificationPreference.MESSAGES: "Messages",
    NotificationPreference.REMINDERS: "Reminders",
    NotificationPreference.DAILY_SUMMARY_EMAIL: "Daily Summary Email",
    NotificationPreference.VERIFICATION_EMAIL: "Verification Reminder Email",
    NotificationPreference.ONBOARDING_EMAIL: "Tips & Onboarding Email",
}


def default_preferences() -> list[dict[str, Any]]:
    """What a new user starts with: everything on (Specification §4.1)."""
    return [{"id": item.value, "label": item.label, "enabled": True} for item in _LABELS]


class NotificationType(LenientEnum):
    PARTNER_CHECKIN_COMPLETED = "partner_checkin_completed"
    VERIFICATION_REQUESTED = "verification_requested"
    CHECKIN_VERIFIED = "checkin_verified"
    CHECKIN_QUERIED = "checkin_queried"
    PARTNERSHIP_INVITED = "partnership_invited"
    PARTNERSHIP_ACCEPTED = "partnership_accepted"
    PARTNERSHIP_DECLINED = "partnership_declined"
    PARTNERSHIP_DISSOLVED = "partnership_dissolved"


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """`preference` is None for what nobody can switch off: the life of a partnership."""

    icon: str
    link: str
    preference: NotificationPreference | None


CATALOGUE: dict[NotificationType, NotificationKind] = {
    NotificationType.PARTNER_CHECKIN_COMPLETED: NotificationKind(
        "CheckCircle2", "/partnership?tab=activity", NotificationPreference.PARTNER_ACTIVITY
    ),
    NotificationType.VERIFICATION_REQUESTED: NotificationKind(
        "BellRing", "/activity?filter=verifications", NotificationPreference.VERIFICATION_REQUESTS
    ),
    NotificationType.CHECKIN_VERIFIED: NotificationKind(
        "BadgeCheck", "/systems/{system_id}", NotificationPreference.VERIFICATION_REQUESTS
    ),
    NotificationType.CHECKIN_QUERIED: NotificationKind(
        "HelpCircle", "/systems/{system_id}", NotificationPreference.VERIFICATION_REQUESTS
    ),
    NotificationType.PARTNERSHIP_INVITED: NotificationKind("UserPlus", "/partnership/setup", None),
    NotificationType.PARTNERSHIP_ACCEPTED: NotificationKind("HeartHandshake", "/partnership", None),
    NotificationType.PARTNERSHIP_DECLINED: NotificationKind("UserX", "/partnership", None),
    NotificationType.PARTNERSHIP_DISSOLVED: NotificationKind("UserX", "/partnership", None),
}
