"""From a row of the activity feed to what the partner reads."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any, assert_never
from uuid import UUID

from pydantic import TypeAdapter

from app.core.activity import RANKS, ActivityId, ActivityType
from app.core.enums import CheckinStatus, SystemFrequency
from app.core.image_links import ViewerLinks
from app.core.schedule import describe_schedule
from app.crud.crud_activity import ActivityRow
from app.schemas.activity_schemas import (
    ActivityActor,
    ActivityContent,
    ActivityItem,
    ActivityTarget,
    CheckinContent,
    GoalAchievedContent,
    GoalCreatedContent,
    MilestoneContent,
    PartnershipContent,
    ReflectionContentRead,
    SystemCreatedContent,
    TargetType,
)
from app.services.reaction_reading import read_reactions

_TYPES = {rank: kind for kind, rank in RANKS.items()}
_CONTENT: TypeAdapter[ActivityContent] = TypeAdapter(ActivityContent)

# How PostgreSQL spells, in JSON, the two dates that asyncpg keeps as infinite ones.
_INFINITE_DATES = {"-infinity": date.min, "infinity": date.max}
_ANY_DATES = ("target_date", "reflection_date_local")

_CHECKIN_WORDS: dict[CheckinStatus, tuple[str, str]] = {
    CheckinStatus.COMPLETED: ("Checked in", "{name} completed '{title}'."),
    CheckinStatus.SKIPPED: ("Skipped", "{name} skipped '{title}'."),
    CheckinStatus.PENDING_VERIFICATION: (
        "Waiting for your verification",
        "{name} completed '{title}' and asks you to verify it.",
    ),
    CheckinStatus.VERIFIED_COMPLETED: (
        "Verified",
        "{name} completed '{title}', and you verified it.",
    ),
    CheckinStatus.QUERIED_BY_PARTNER: (
        "Queried",
        "{name} completed '{title}', and you asked about it.",
    ),
}
_GOAL_WORDS: dict[ActivityType, tuple[str, str]] = {
    ActivityType.GOAL_CREATED: ("New goal", "{name} has a new goal: '{title}'."),
    ActivityType.GOAL_ACHIEVED: ("Goal achieved", "{name} achieved the goal '{title}'."),
}


@dataclass(frozen=True, slots=True)
class _Story:
    """What an item says in words, and what it leads to."""

    title: str
    message: str
    target_type: TargetType
    target_id: UUID
    target_name: str | None


def read_activity(
    row: ActivityRow, actor: ActivityActor, links: ViewerLinks
) -> ActivityItem | None:
    """The item that tells the viewer of `links` of `actor`; None for the row of an empty page."""
    if row["rank"] is None or row["row_id"] is None or row["at"] is None:
        return None
    kind = _TYPES[row["rank"]]
    content = _read_content(kind, row["content"] or {}, links)
    name = actor.name or "Your partner"
    story = _tell(content, name)
    return ActivityItem(
        id=str(ActivityId(kind, row["row_id"])),
        type=kind,
        partner_name=name,
        title=story.title,
        message=story.message,
        timestamp=row["at"],
        actor=actor,
        target=ActivityTarget(type=story.target_type, id=story.target_id, name=story.target_name),
        content=content,
        reactions=read_reactions(row["reactions"], links.viewer_id),
        comments_count=row["comments_count"] or 0,
    )


def _read_content(
    kind: ActivityType, stored: dict[str, Any], links: ViewerLinks
) -> ActivityContent:
    values = stored | {"type": kind}
    for key in values.keys() & _ANY_DATES:
        values[key] = _INFINITE_DATES.get(values[key], values[key])
    if kind is ActivityType.SYSTEM_CHECKIN:
        values["photo_url"] = links.shown(stored["photo_url"])
    if kind is ActivityType.SYSTEM_CREATED:
        at = stored["target_time_local"]
        values["schedule_description"] = describe_schedule(
            SystemFrequency(stored["frequency"]),
            stored["frequency_details"],
            time.fromisoformat(at) if at else None,
        )
    return _CONTENT.validate_python(values)


def _tell(content: ActivityContent, name: str) -> _Story:
    match content:
        case CheckinContent():
            title, words = _CHECKIN_WORDS[content.status]
            message = words.format(name=name, title=content.system_title)
            return _Story(title, message, "checkin", content.checkin_id, content.system_title)
        case GoalCreatedContent() | GoalAchievedContent():
            title, words = _GOAL_WORDS[content.type]
            message = words.format(name=name, title=content.goal_title)
            return _Story(title, message, "goal", content.goal_id, content.goal_title)
        case SystemCreatedContent():
            message = f"{name} has a new system: '{content.system_title}'."
            return _Story("New system", message, "system", content.system_id, content.system_title)
        case ReflectionContentRead():
            day = f"{content.reflection_date_local:%d %B %Y}"
            message = f"{name} reflected on {day}."
            return _Story("New reflection", message, "reflection", content.reflection_id, day)
        case MilestoneContent():
            days = f"{content.streak_length} days"
            return _Story(
                f"{days} in a row",
                f"{name} reached a streak of {days}.",
                "streak_milestone",
                content.milestone_id,
                days,
            )
        case PartnershipContent():
            return _Story(
                "Partnership started",
                f"You and {name} became partners.",
                "partnership",
                content.partnership_id,
                content.partnership_name,
            )
    assert_never(content)
