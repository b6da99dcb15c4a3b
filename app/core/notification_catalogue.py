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
    NEW_DIRECT_MESSAGE = "new_direct_message"
    MESSAGE_REACTION = "message_reaction"
    NEW_COMMENT = "new_comment"
    NEW_REACTION = "new_reaction"
    PARTNERSHIP_INVITED = "partnership_invited"
    PARTNERSHIP_ACCEPTED = "partnership_accepted"
    PARTNERSHIP_DECLINED = "partnership_declined"
    PARTNERSHIP_DISSOLVED = "partnership_dissolved"
    REFLECTION_ADDED = "reflection_added"
    GOAL_ACHIEVED = "goal_achieved"
    STREAK_MILESTONE = "streak_milestone"
    SYSTEM_REMINDER = "system_reminder"


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
    NotificationType.NEW_DIRECT_MESSAGE: NotificationKind(
        "MessageSquare", "/partnership?tab=chat", NotificationPreference.MESSAGES
    ),
    NotificationType.MESSAGE_REACTION: NotificationKind(
        "Smile", "/partnership?tab=chat", NotificationPreference.MESSAGES
    ),
    # These two lead to what was commented or reacted on: `target_link` says where that is.
    NotificationType.NEW_COMMENT: NotificationKind(
        "MessageCircle", "{target_link}", NotificationPreference.PARTNER_ACTIVITY
    ),
    NotificationType.NEW_REACTION: NotificationKind(
        "Smile", "{target_link}", NotificationPreference.PARTNER_ACTIVITY
    ),
    NotificationType.PARTNERSHIP_INVITED: NotificationKind("UserPlus", "/partnership/setup", None),
    NotificationType.PARTNERSHIP_ACCEPTED: NotificationKind("HeartHandshake", "/partnership", None),
    NotificationType.PARTNERSHIP_DECLINED: NotificationKind("UserX", "/partnership", None),
    NotificationType.PARTNERSHIP_DISSOLVED: NotificationKind("UserX", "/partnership", None),
    NotificationType.REFLECTION_ADDED: NotificationKind(
        "BookOpen", "/partnership?tab=activity", NotificationPreference.PARTNER_ACTIVITY
    ),
    NotificationType.GOAL_ACHIEVED: NotificationKind(
        "Trophy", "/goals/{goal_id}", NotificationPreference.GOAL_PROGRESS
    ),
    NotificationType.STREAK_MILESTONE: NotificationKind(
        "Flame", "/progress", NotificationPreference.GOAL_PROGRESS
    ),
    NotificationType.SYSTEM_REMINDER: NotificationKind(
        "AlarmClock", "/dashboard", NotificationPreference.REMINDERS
    ),
}
