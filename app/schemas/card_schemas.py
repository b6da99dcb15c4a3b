"""A system on one date, as lists for a day show it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.enums import SystemMetricType
from app.core.system_cards import CardStatus
from app.schemas.base_schemas import OptionalDate, ResponseSchema

DayParameter = Annotated[
    OptionalDate,
    Field(description="A date in your calendar; default: today.", examples=["2026-03-10"]),
]


class SystemCard(ResponseSchema):
    id: UUID = Field(description="The system's.")
    name: str = Field(examples=["Morning run"])
    status: CardStatus = Field(
        description="For who looks: a check-in that waits is `pendingPartnerVerification` to its "
        "owner and `awaitingUserVerification` to the partner. `todo`: nothing was logged."
    )
    details: str = Field(
        description="The description; without one, the schedule in words.",
        examples=["Five kilometres, easy."],
    )
    schedule_time: str | None = Field(examples=["07:00 AM"])
    goal_id: UUID | None
    goal_title: str | None = Field(examples=["Run a half marathon"])
    metric_type: SystemMetricType
    target_value: float | None = Field(examples=[30])
    target_unit: str | None = Field(examples=["minutes"])
    last_value: float | None = Field(
        description="What was logged on this date, or else most recently before it.",
        examples=[25],
    )
    verification_required: bool
    checkin_id: UUID | None = Field(description="The check-in of this date.")
    current_streak: int = Field(
        description="The owner's, as of now: consecutive required occurrences credited; weeks "
        "for a weekly target.",
        examples=[8],
    )
