"""E-mails as typed messages. Each has three templates named after its kind.

An optional one belongs to the preference that switches it off.
"""

from datetime import date
from typing import ClassVar

from pydantic import BaseModel

from app.core.notification_catalogue import NotificationPreference


class EmailMessage(BaseModel):
    """The fields are what its templates may use. `kind` names the templates and the outbox row."""

    kind: ClassVar[str]


class OptionalEmail(EmailMessage):
    """One that its recipient can switch off.

    `unsubscribe_url` does so without a login; `settings_url` leads to all such choices.
    """

    preference: ClassVar[NotificationPreference]

    unsubscribe_url: str
    settings_url: str


class PartnershipInvitation(EmailMessage):
    kind: ClassVar[str] = "partnership_invitation"

    inviter_name: str
    partnership_name: str | None
    personal_message: str | None
    invite_url: str
    valid_days: int


class PartnershipAccepted(EmailMessage):
    kind: ClassVar[str] = "partnership_accepted"

    partner_name: str
    partnership_name: str | None
    partnership_url: str


class PartnershipDissolved(EmailMessage):
    """`partner_name` is left out when the partner's account is deleted."""

    kind: ClassVar[str] = "partnership_dissolved"

    partner_name: str | None
    account_deleted: bool
    partnership_url: str


class SummaryLine(BaseModel):
    """A system, and a few words on how it stands."""

    title: str
    note: str | None = None


class SummaryList(BaseModel):
    """The first lines of a list, and how many more it has."""

    lines: list[SummaryLine] = []
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.lines) + self.more


class PartnerDay(BaseModel):
    """How the partner's own date stands: `is_same_date` tells whether it is the summary's."""

    name: str
    local_date: date
    is_same_date: bool
    done: SummaryList
    skipped_count: int
    open_count: int


class DailySummary(OptionalEmail):
    """A person's date as it stands when the e-mail is sent.

    `open` can still be logged; `missed` cannot any more, and is of the date before.
    `waiting_count` is how many of the partner's check-ins wait for this person.
    """

    kind: ClassVar[str] = "daily_summary"
    preference: ClassVar[NotificationPreference] = NotificationPreference.DAILY_SUMMARY_EMAIL

    recipient_name: str | None
    local_date: date
    streak: int
    done: SummaryList
    skipped: SummaryList
    open: SummaryList
    missed: SummaryList
    partner: PartnerDay | None
    waiting_count: int
    dashboard_url: str


class WaitingCheckin(BaseModel):
    """A check-in of the partner that waits for a verification."""

    system_title: str
    local_date: date


class VerificationReminder(OptionalEmail):
    kind: ClassVar[str] = "verification_reminder"
    preference: ClassVar[NotificationPreference] = NotificationPreference.VERIFICATION_EMAIL

    recipient_name: str | None
    partner_name: str
    count: int
    waiting: list[WaitingCheckin]
    verifications_url: str


class FirstGoal(OptionalEmail):
    kind: ClassVar[str] = "first_goal"
    preference: ClassVar[NotificationPreference] = NotificationPreference.ONBOARDING_EMAIL

    recipient_name: str | None
    has_partner: bool
    new_goal_url: str


MESSAGES: dict[str, type[EmailMessage]] = {
    message.kind: message
    for message in (
        PartnershipInvitation,
        PartnershipAccepted,
        PartnershipDissolved,
        DailySummary,
        VerificationReminder,
        FirstGoal,
    )
}
# What unsubscribing, and a complaint, switches off.
EMAIL_PREFERENCES: tuple[NotificationPreference, ...] = tuple(
    message.preference for message in MESSAGES.values() if issubclass(message, OptionalEmail)
)
