"""The activity feed: what the partner did, each kind of act with a content of its own."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.activity import ACTIVITY_ID_PATTERN, ActivityType
from app.core.enums import (
    CheckinStatus,
    GoalPriority,
    GoalStatus,
    SystemFrequency,
    SystemMetricType,
)
from app.schemas.base_schemas import ResponseSchema
from app.schemas.reaction_schemas import ReactionSummary

ActivityIdText = Annotated[
    str,
    Field(
        max_length=64,
        pattern=ACTIVITY_ID_PATTERN,
        examples=["system_checkin:0f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d"],
    ),
]


TargetType = Literal["checkin", "goal", "system", "reflection", "streak_milestone", "partnership"]


class ActivityActor(ResponseSchema):
    id: UUID
    name: str | None = Field(examples=["Bob"])
    avatar_url: str | None


class ActivityTarget(ResponseSchema):
    """What comments and reactions are about where there can be some, and what a link leads to."""

    type: TargetType = Field(examples=["checkin"])
    id: UUID
    name: str | None = Field(examples=["Morning run"])


class CheckinContent(ResponseSchema):
    """A check-in as it stands now; skipped ones are shown as such."""

    type: Literal[ActivityType.SYSTEM_CHECKIN]
    checkin_id: UUID
    system_id: UUID
    system_title: str = Field(examples=["Morning run"])
    goal_id: UUID | None
    goal_title: str | None
    status: CheckinStatus
    local_date: date = Field(description="In the partner's calendar.")
    is_late: bool
    metric_type: SystemMetricType
    metric_value_logged: float | None
    target_value: float | None
    target_unit: str | None
    notes: str | None
    photo_url: str | None
    verifier_query: str | None


class _GoalContent(ResponseSchema):
    goal_id: UUID
    goal_title: str = Field(examples=["Run a half marathon"])
    description: str | None
    category: str | None
    priority: GoalPriority | None
    status: GoalStatus = Field(description="As of now.")
    target_date: date | None
    is_archived: bool


class GoalCreatedContent(_GoalContent):
    type: Literal[ActivityType.GOAL_CREATED]


class GoalAchievedContent(_GoalContent):
    type: Literal[ActivityType.GOAL_ACHIEVED]


class SystemCreatedContent(ResponseSchema):
    type: Literal[ActivityType.SYSTEM_CREATED]
    system_id: UUID
    system_title: str = Field(examples=["Morning run"])
    description: str | None
    goal_id: UUID | None
    goal_title: str | None
    frequency: SystemFrequency
    schedule_description: str = Field(examples=["Mon, Wed, Fri at 07:00"])


class ReflectionContentRead(ResponseSchema):
    type: Literal[ActivityType.REFLECTION_ADDED]
    reflection_id: UUID
    reflection_date_local: date = Field(description="In the partner's calendar.")
    reflection_content: str
    prompt_id: str | None
    prompt_text: str | None


class MilestoneContent(ResponseSchema):
    type: Literal[ActivityType.STREAK_MILESTONE]
    milestone_id: UUID
    streak_length: int = Field(description="In days.", examples=[7])
    local_date: date = Field(description="The date, in the partner's calendar, that completed it.")


class PartnershipContent(ResponseSchema):
    type: Literal[ActivityType.PARTNERSHIP_STARTED]
    partnership_id: UUID
    partnership_name: str | None


ActivityContent = Annotated[
    CheckinContent
    | GoalCreatedContent
    | GoalAchievedContent
    | SystemCreatedContent
    | ReflectionContentRead
    | MilestoneContent
    | PartnershipContent,
    Field(discriminator="type"),
]


class ActivityItem(ResponseSchema):
    """`type` and `content.type` are the same."""

    id: ActivityIdText = Field(
        description="Lasts as long as the item: send it as `before`, or as `replyToActivityId`."
    )
    type: ActivityType
    partner_name: str = Field(examples=["Bob"])
    title: str = Field(examples=["Checked in"])
    message: str = Field(examples=["Bob completed 'Morning run'."])
    timestamp: datetime
    actor: ActivityActor
    target: ActivityTarget
    content: ActivityContent
    reactions: list[ReactionSummary] = Field(description="On check-ins and reflections.")
    comments_count: int = Field(
        description="On check-ins, reflections and goals; replies included.", examples=[2]
    )
