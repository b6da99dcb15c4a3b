"""What somebody has to do."""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.core.system_cards import CardStatus
from app.core.tasks import TaskStatus, TaskType
from app.schemas.base_schemas import ResponseSchema


class Related(ResponseSchema):
    """Something that a task belongs to."""

    id: UUID
    title: str = Field(examples=["Morning run"])


class TaskRead(ResponseSchema):
    id: str = Field(
        description="Of a `system_checkin`: the system's id and the date, with a colon between. "
        "Of a `partner_verification`: the id of the check-in to decide on.",
        examples=["0b6a1f7e-2f8d-4c1d-9a3e-5f6a7b8c9d0e:2026-03-10"],
    )
    title: str = Field(description="The system's title.", examples=["Morning run"])
    type: TaskType
    status: TaskStatus = Field(
        description="As on a system card, where `todo` becomes `overdue` when the date is over but "
        "still accepts a check-in, and `missed` when it does not any more."
    )
    due_date: date = Field(
        description="A date in the calendar of who checks in: yours, or the partner's."
    )
    description: str = Field(
        description="The system's description or its schedule in words; for a verification the "
        "partner's notes, or a sentence that asks for it.",
        examples=["Five kilometres, easy."],
    )
    checkin_id: UUID | None = Field(description="The check-in, once there is one.")
    related_goal: Related | None
    related_system: Related
    requires_image_verification: bool = Field(
        description="Whether the system needs the partner's verification."
    )
    verification_image_url: str | None = Field(description="The check-in's photo.")
    partner_comments: str | None = Field(
        description="What the verifier asked.", examples=["Which route was it?"]
    )


class TaskActivity(ResponseSchema):
    status: CardStatus
    date: date
    actor_name: str = Field(
        description="Who brought the check-in there: you, or the partner who decided on it.",
        examples=["Alice Wong"],
    )


class SystemTaskRead(ResponseSchema):
    """One of the caller's systems, as something to do."""

    id: UUID
    name: str = Field(examples=["Morning run"])
    status: TaskStatus | None = Field(
        description="Today's; null when nothing is asked for today and nothing was logged."
    )
    goal_id: UUID | None
    goal_name: str | None
    assigned_date: date = Field(description="The local date on which the system began.")
    details: str = Field(description="The description; without one, the schedule in words.")
    requires_image_verification: bool
    verification_image_url: str | None = Field(
        description="The photo of today's check-in, or else of the newest that the partner queried."
    )
    partner_comments: str | None = Field(
        description="What the verifier asked about that check-in.",
        examples=["Which route was it?"],
    )
    recent_activity: list[TaskActivity] = Field(
        description="The newest 20 check-ins by local date, newest first."
    )
    schedule_description: str = Field(examples=["Mon, Wed, Fri at 07:00"])
    current_streak_for_system: int = Field(examples=[8])
    longest_streak_for_system: int = Field(examples=[21])
    total_completions: int = Field(
        description="All check-ins that were not skips, off-days included.", examples=[57]
    )
