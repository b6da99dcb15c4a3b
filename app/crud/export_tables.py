"""Which rows and columns are a person's data, table by table: the contents of the export.

Every table and every column of the schema is named here, as exported or as left out and why; a
test compares this with the models. What a partner wrote is the partner's data and is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.enums import PartnershipStatus
from app.db.base_class import Base
from app.db.models import (
    AiUsage,
    Checkin,
    Comment,
    DirectMessage,
    EmailOutbox,
    Goal,
    Notification,
    Partnership,
    Reaction,
    Reflection,
    StreakMilestone,
    System,
    SystemPause,
    SystemSchedule,
    Upload,
    User,
    UserTimezone,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """`confirmed_email` is None while nobody showed that the address is this person's."""

    id: UUID
    confirmed_email: str | None


@dataclass(frozen=True, slots=True)
class TableExport:
    """`belongs` chooses the rows; `only_if` replaces a column by null where it is not theirs."""

    key: str
    model: type[Base]
    belongs: Callable[[Owner], ColumnElement[bool]]
    columns: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    only_if: Mapping[str, Callable[[Owner], ColumnElement[bool]]] = field(default_factory=dict)

    def selected(self, owner: Owner) -> list[ColumnElement[Any]]:
        table = self.model.__table__.c
        return [
            case((self.only_if[name](owner), table[name])).label(name)
            if name in self.only_if
            else table[name]
            for name in self.columns
        ]


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_OWNER = "whose it is: always the person of the export"
_INTERNAL = "how the service does its work, not about the person"


def _own_systems(owner: Owner) -> Any:
    return select(System.id).where(System.user_id == owner.id)


def _is_own_address(column: InstrumentedAttribute[Any], owner: Owner) -> ColumnElement[bool]:
    return false() if owner.confirmed_email is None else column == owner.confirmed_email


def _invited(owner: Owner) -> ColumnElement[bool]:
    """Invitations that somebody else sent to the confirmed address and that wait."""
    return and_(
        _is_own_address(Partnership.invite_email, owner),
        Partnership.user1_id != owner.id,
        Partnership.status == PartnershipStatus.PENDING_INVITE,
    )


ACCOUNT = TableExport(
    key="account",
    model=User,
    belongs=lambda owner: User.id == owner.id,
    columns=_names(
        "id email username name profile_image_url bio timezone is_active "
        "is_email_verified email_verified_at current_partnership_id theme_preference "
        "notification_preferences last_daily_summary_sent_at "
        "last_daily_summary_local_date first_goal_email_sent "
        "last_aggregated_verification_email_sent_at "
        "previous_aggregated_verification_email_sent_at created_at updated_at"
    ),
)

EXPORTED: tuple[TableExport, ...] = (
    TableExport(
        key="user_timezones",
        model=UserTimezone,
        belongs=lambda owner: UserTimezone.user_id == owner.id,
        columns=_names("used_from timezone"),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="partnerships",
        model=Partnership,
        belongs=lambda owner: or_(
            Partnership.user1_id == owner.id, Partnership.user2_id == owner.id
        ),
        columns=_names(
            "id name user1_id user2_id status invite_email invite_message "
            "invite_token_expires_at activated_at dissolved_at created_at updated_at"
        ),
        left_out={
            "invite_token": "the hash of a secret",
            "mailed_invite_token": "the hash of a secret",
        },
        only_if={"invite_message": lambda owner: Partnership.user1_id == owner.id},
    ),
    TableExport(
        key="invitations_received",
        model=Partnership,
        belongs=_invited,
        columns=_names("id user1_id invite_email invite_token_expires_at created_at"),
    ),
    TableExport(
        key="goals",
        model=Goal,
        belongs=lambda owner: Goal.user_id == owner.id,
        columns=_names(
            "id title description category priority status start_date target_date "
            "ai_assistance_inputs ai_generated_plan_details achieved_at is_archived created_at "
            "updated_at"
        ),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="systems",
        model=System,
        belongs=lambda owner: System.user_id == owner.id,
        columns=_names(
            "id goal_id title description status frequency frequency_details metric_type "
            "target_value target_unit target_time_local verification_required "
            "checkin_reminder reminder_time_local last_reminder_local_date ai_assistance_used "
            "created_at updated_at"
        ),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="system_schedules",
        model=SystemSchedule,
        belongs=lambda owner: SystemSchedule.system_id.in_(_own_systems(owner)),
        columns=_names("system_id effective_from frequency frequency_details"),
    ),
    TableExport(
        key="system_pauses",
        model=SystemPause,
        belongs=lambda owner: SystemPause.system_id.in_(_own_systems(owner)),
        columns=_names("id system_id starts_on ends_on"),
    ),
    TableExport(
        key="checkins",
        model=Checkin,
        belongs=lambda owner: Checkin.user_id == owner.id,
        columns=_names(
            "id system_id partnership_id checkin_timestamp_utc original_local_timestamp_str "
            "checkin_date_local checkin_timezone is_late status metric_value_logged notes "
            "photo_url verified_by_partner_id verified_at_utc verifier_query created_at "
            "updated_at"
        ),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="verifications_given",
        model=Checkin,
        belongs=lambda owner: Checkin.verified_by_partner_id == owner.id,
        columns=_names("id partnership_id status verified_at_utc verifier_query"),
    ),
    TableExport(
        key="streak_milestones",
        model=StreakMilestone,
        belongs=lambda owner: StreakMilestone.user_id == owner.id,
        columns=_names("id partnership_id length local_date reached_at"),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="reflections",
        model=Reflection,
        belongs=lambda owner: Reflection.user_id == owner.id,
        columns=_names(
            "id partnership_id reflection_date_local content prompt_id prompt_text created_at "
            "updated_at"
        ),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="direct_messages",
        model=DirectMessage,
        belongs=lambda owner: DirectMessage.sender_id == owner.id,
        columns=_names(
            "id partnership_id text_content emoji_content image_url sent_at_utc read_at_utc "
            "reply_to_activity_id reply_to_activity_summary created_at updated_at"
        ),
        left_out={"sender_id": _OWNER},
    ),
    TableExport(
        key="comments",
        model=Comment,
        belongs=lambda owner: Comment.user_id == owner.id,
        columns=_names(
            "id text_content target_type target_id parent_comment_id created_at updated_at"
        ),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="reactions",
        model=Reaction,
        belongs=lambda owner: Reaction.user_id == owner.id,
        columns=_names("id emoji target_type target_id created_at"),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="notifications",
        model=Notification,
        belongs=lambda owner: Notification.recipient_id == owner.id,
        columns=_names(
            "id actor_user_id type title message link_to is_read read_at_utc icon_identifier "
            "target_type target_id target_name created_at"
        ),
        left_out={"recipient_id": _OWNER},
    ),
    TableExport(
        key="uploads",
        model=Upload,
        belongs=lambda owner: Upload.user_id == owner.id,
        columns=_names("id purpose path url content_type size created_at"),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="ai_usage",
        model=AiUsage,
        belongs=lambda owner: AiUsage.user_id == owner.id,
        columns=_names(
            "id operation model prompt_version tokens_read tokens_written latency_ms outcome "
            "created_at"
        ),
        left_out={"user_id": _OWNER},
    ),
    TableExport(
        key="email_outbox",
        model=EmailOutbox,
        belongs=lambda owner: or_(
            EmailOutbox.user_id == owner.id, _is_own_address(EmailOutbox.to_email, owner)
        ),
        columns=_names("id kind to_email status created_at sent_at"),
        left_out={
            "user_id": _OWNER,
            "payload": "holds links that are secrets; emptied once sent",
            "attempts": _INTERNAL,
            "next_attempt_at": _INTERNAL,
            "attempted_at": _INTERNAL,
            "unclear_since": _INTERNAL,
            "last_error": _INTERNAL,
            "history": _INTERNAL,
            "dedupe_key": _INTERNAL,
        },
    ),
)

TABLES_LEFT_OUT: Mapping[str, str] = {
    "account_deletions": "an account that is being deleted cannot ask for an export",
    "email_suppressions": "digests of addresses, which belong to nobody in particular",
    "idempotency_keys": "answers of the last 24 hours, kept for repeated requests",
    "live_events": "that something else in this document changed within the last 24 hours",
    "periodic_runs": _INTERNAL,
    "rate_limits": _INTERNAL,
    "streak_checkpoints": "what follows from schedules and check-ins, kept to be found sooner",
}
