"""One of every e-mail, and its rarer forms, with sample data: what the gallery shows."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from app.core.config import Settings
from app.core.unsubscribe_links import Subscription, unsubscribe_links
from app.emails.messages import (
    DailySummary,
    EmailMessage,
    FirstGoal,
    OptionalEmail,
    PartnerDay,
    PartnershipAccepted,
    PartnershipDissolved,
    PartnershipInvitation,
    SummaryLine,
    SummaryList,
    VerificationReminder,
    WaitingCheckin,
)
from app.emails.render import RenderedEmail
from app.local.auth_emails import write_auth_email
from app.local.auth_store import OneTimeToken, Purpose

# Nobody has it: pressing "unsubscribe" in the gallery changes nothing.
_NOBODY = UUID(int=0)
_MONDAY, _TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
_LONG_TITLE = "Practise the slow movement, hands apart, then together, with the metronome"


def sample_account_emails(settings: Settings) -> Mapping[str, RenderedEmail]:
    """Those that Supabase Auth sends elsewhere and its stand-in in local mode, by name."""
    secret = OneTimeToken(token="sample", code="123456")
    return {
        f"account-{purpose.value.replace('_', '-')}": write_auth_email(
            purpose,
            name="Alice",
            address="alice@example.com",
            secret=secret,
            frontend_url=str(settings.frontend_url),
        )
        for purpose in Purpose
    }


def sample_emails(settings: Settings) -> Mapping[str, EmailMessage]:
    """By a name that also stands in addresses, in the order in which people meet them."""
    to = settings.frontend_link
    links = unsubscribe_links(
        public_api_url=str(settings.public_api_url), secret=settings.email_links_secret
    )

    def footer(kind: type[OptionalEmail]) -> dict[str, str]:
        return {
            "unsubscribe_url": links.link(Subscription(_NOBODY, kind.preference)),
            "settings_url": settings.notification_settings_link,
        }

    summary = DailySummary(
        recipient_name="Alice",
        local_date=_TUESDAY,
        streak=12,
        done=_lines(
            "Morning run · 5 km, waits for Bob", "Read before bed · 24 pages", "Meditate · verified"
        ),
        skipped=_lines("Cold shower"),
        open=_lines("Stretch · 09:30 PM", "Write in the journal"),
        missed=_lines("Call grandmother · Monday"),
        partner=PartnerDay(
            name="Bob",
            local_date=_TUESDAY,
            is_same_date=True,
            done=_lines("Three pages of the draft · 3 pages", "Walk to work"),
            skipped_count=0,
            open_count=1,
        ),
        waiting_count=2,
        dashboard_url=to("/dashboard"),
        **footer(DailySummary),
    )
    reminder = VerificationReminder(
        recipient_name="Alice",
        partner_name="Bob",
        count=3,
        waiting=_waiting("Three pages of the draft", "Walk to work", "No sugar"),
        verifications_url=to("/activity?filter=verifications"),
        **footer(VerificationReminder),
    )
    first_goal = FirstGoal(
        recipient_name="Alice",
        has_partner=False,
        new_goal_url=to("/goals/new"),
        **footer(FirstGoal),
    )
    invitation = PartnershipInvitation(
        inviter_name="Alice Wong",
        partnership_name="Early birds",
        personal_message="You said you wanted to write again. I want to run again. Shall we?",
        invite_url=to("/partner-invite/accept?invite_token=sample"),
        valid_days=7,
    )
    return {
        "partnership-invitation": invitation,
        "partnership-invitation-plain": invitation.model_copy(
            update={"partnership_name": None, "personal_message": None}
        ),
        "partnership-accepted": PartnershipAccepted(
            partner_name="Bob Diaz",
            partnership_name="Early birds",
            partnership_url=to("/partnership"),
        ),
        "first-goal": first_goal,
        "first-goal-with-partner": first_goal.model_copy(update={"has_partner": True}),
        "daily-summary": summary,
        "daily-summary-all-done": summary.model_copy(
            update={
                "open": SummaryList(),
                "missed": SummaryList(),
                "skipped": SummaryList(),
                "waiting_count": 0,
            }
        ),
        "daily-summary-alone": summary.model_copy(
            update={"partner": None, "waiting_count": 0, "streak": 0, "recipient_name": None}
        ),
        "daily-summary-long": summary.model_copy(
            update={
                "recipient_name": "Wolfeschlegelsteinhausenbergerdorff",
                "open": SummaryList(
                    lines=[SummaryLine(title=_LONG_TITLE, note="07:00 AM")] * 8, more=11
                ),
                "streak": 1365,
            }
        ),
        "verification-reminder": reminder,
        "verification-reminder-long": reminder.model_copy(
            update={"count": 21, "waiting": _waiting(*[_LONG_TITLE] * 6)}
        ),
        "partnership-dissolved": PartnershipDissolved(
            partner_name="Bob Diaz", account_deleted=False, partnership_url=to("/partnership")
        ),
        "partnership-dissolved-deleted": PartnershipDissolved(
            partner_name=None, account_deleted=True, partnership_url=to("/partnership")
        ),
    }


def _lines(*written: str) -> SummaryList:
    pairs = (line.partition(" · ") for line in written)
    return SummaryList(
        lines=[SummaryLine(title=title, note=note or None) for title, _, note in pairs]
    )


def _waiting(*titles: str) -> list[WaitingCheckin]:
    return [
        WaitingCheckin(system_title=title, local_date=_TUESDAY if number else _MONDAY)
        for number, title in enumerate(titles)
    ]
