"""Systems: practices on a schedule (Specification §4.4)."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator

from app.core.enums import SystemFrequency, SystemMetricType, SystemStatus
from app.core.schedule import parse_frequency_details
from app.schemas.base_schemas import (
    BlankIsNull,
    LocalTime,
    NoNul,
    OptionalTime,
    OptionalUuid,
    RequestSchema,
    ResponseSchema,
)

SystemTitle = Annotated[str, Field(min_length=1, max_length=200, examples=["Morning run"]), NoNul]
SystemDescription = Annotated[
    str, Field(max_length=2000, examples=["Five kilometres, easy."]), NoNul
]
TargetUnit = Annotated[str, Field(min_length=1, max_length=50, examples=["minutes"]), NoNul]
TargetValue = Annotated[float, Field(gt=0, le=1_000_000, examples=[30])]
FrequencyDetails = Annotated[
    dict[str, Any] | None,
    Field(
        description="For `weekly`, exactly one of `daysOfWeek` (0 = Monday … 6 = Sunday) and "
        "`timesPerWeek` (1 to 7); null for `daily`.",
        examples=[{"daysOfWeek": [0, 2, 4]}],
    ),
]


class SystemCreateInGoal(RequestSchema):
    """A system for the goal of the path."""

    title: SystemTitle
    description: SystemDescription = ""
    status: SystemStatus = SystemStatus.ACTIVE
    frequency: SystemFrequency
    frequency_details: Annotated[FrequencyDetails, BlankIsNull] = None
    metric_type: SystemMetricType = SystemMetricType.BINARY
    target_value: Annotated[TargetValue | None, BlankIsNull] = None
    target_unit: Annotated[TargetUnit | None, BlankIsNull] = None
    target_time_local: OptionalTime = Field(default=None, examples=["07:00"])
    verification_required: bool = False
    checkin_reminder: bool = False
    reminder_time_local: OptionalTime = Field(default=None, examples=["06:45"])
    ai_assistance_used: bool = False

    @field_validator("frequency_details")
    @classmethod
    def _fits_the_frequency(
        cls, value: dict[str, Any] | None, info: ValidationInfo
    ) -> dict[str, Any] | None:
        frequency = info.data.get("frequency")
        if frequency is None:  # refused already
            return None
        return parse_frequency_details(frequency, value or {})

    @field_validator("target_time_local", "reminder_time_local")
    @classmethod
    def _is_wall_clock(cls, value: OptionalTime) -> OptionalTime:
        if value is not None and value.tzinfo is not None:
            raise ValueError("must be a local time such as 07:00, without an offset")
        return value.replace(second=0, microsecond=0) if value is not None else None

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.frequency is SystemFrequency.WEEKLY and self.frequency_details is None:
            raise ValueError("frequencyDetails is required for weekly systems")
        binary = self.metric_type is SystemMetricType.BINARY
        if binary and (self.target_value is not None or self.target_unit is not None):
            raise ValueError("a binary system has neither targetValue nor targetUnit")
        if self.checkin_reminder and self.reminder_time_local is None:
            raise ValueError("checkinReminder needs reminderTimeLocal")
        return self


class SystemCreate(SystemCreateInGoal):
    """A system; without `goalId` it stands alone."""

    goal_id: OptionalUuid = None


class SystemRead(ResponseSchema):
    id: UUID
    goal_id: UUID | None
    goal_title: str | None
    title: str = Field(examples=["Morning run"])
    description: str
    status: SystemStatus
    frequency: SystemFrequency
    frequency_details: dict[str, Any] | None = Field(examples=[{"days_of_week": [0, 2, 4]}])
    metric_type: SystemMetricType
    target_value: float | None
    target_unit: str | None
    target_time_local: LocalTime | None
    verification_required: bool
    checkin_reminder: bool
    reminder_time_local: LocalTime | None
    ai_assistance_used: bool
    schedule_description: str = Field(examples=["Mon, Wed, Fri at 07:00"])
    current_streak: int = Field(
        description="Consecutive required occurrences credited; weeks for `timesPerWeek`.",
        examples=[8],
    )
    created_at: datetime
    updated_at: datetime
