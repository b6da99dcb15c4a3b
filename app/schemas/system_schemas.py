"""Systems: practices on a schedule (Specification §4.4)."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from app.core.enums import SystemFrequency, SystemMetricType, SystemStatus
from app.core.schedule import parse_frequency_details
from app.schemas.base_schemas import (
    OMITTED,
    BlankIsNull,
    LocalTime,
    NoBoolean,
    NoNul,
    OptionalUuid,
    OptionalWallClock,
    RequestSchema,
    ResponseSchema,
)

SystemTitle = Annotated[str, Field(min_length=1, max_length=200, examples=["Morning run"]), NoNul]
SystemDescription = Annotated[
    str, Field(max_length=2000, examples=["Five kilometres, easy."]), NoNul
]
TargetUnit = Annotated[str, Field(min_length=1, max_length=50, examples=["minutes"]), NoNul]
TargetValue = Annotated[float, Field(gt=0, le=1_000_000, examples=[30]), NoBoolean]
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
    frequency_details: Annotated[FrequencyDetails, BlankIsNull] = Field(
        default=None, validate_default=True
    )
    metric_type: SystemMetricType = SystemMetricType.BINARY
    target_value: Annotated[TargetValue | None, BlankIsNull] = None
    target_unit: Annotated[TargetUnit | None, BlankIsNull] = None
    target_time_local: OptionalWallClock = Field(default=None, examples=["07:00"])
    verification_required: bool = False
    checkin_reminder: bool = False
    reminder_time_local: OptionalWallClock = Field(
        default=None, examples=["06:45"], validate_default=True
    )
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

    @field_validator("target_value", "target_unit")
    @classmethod
    def _is_counted(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("metric_type") is SystemMetricType.BINARY:
            raise ValueError("is only for systems that count something")
        return value

    @field_validator("reminder_time_local")
    @classmethod
    def _reminds_at_a_time(cls, value: time | None, info: ValidationInfo) -> time | None:
        if value is None and info.data.get("checkin_reminder"):
            raise ValueError("is needed while checkinReminder is on")
        return value


class SystemCreate(SystemCreateInGoal):
    """A system; without `goalId` it stands alone."""

    goal_id: OptionalUuid = None


class SystemUpdate(RequestSchema):
    """Only the fields that are sent change; the system as a whole must be valid afterwards.

    A new `frequency` without `frequencyDetails` leaves the old ones behind.
    """

    title: SystemTitle = OMITTED
    description: SystemDescription = OMITTED
    goal_id: OptionalUuid = Field(default=None, description="Another goal of yours; null: none.")
    status: SystemStatus = OMITTED
    frequency: SystemFrequency = OMITTED
    frequency_details: Annotated[FrequencyDetails, BlankIsNull] = None
    metric_type: SystemMetricType = OMITTED
    target_value: Annotated[TargetValue | None, BlankIsNull] = None
    target_unit: Annotated[TargetUnit | None, BlankIsNull] = None
    target_time_local: OptionalWallClock = Field(default=None, examples=["07:00"])
    verification_required: bool = OMITTED
    checkin_reminder: bool = OMITTED
    reminder_time_local: OptionalWallClock = Field(default=None, examples=["06:45"])
    ai_assistance_used: bool = OMITTED

    def applied_to(self, current: Mapping[str, Any]) -> dict[str, Any]:
        """What changes in a system with these values, by field.

        Raises pydantic's ValidationError when the whole would not be valid as a new system.
        """
        changes = self.changes()
        if changes.get("frequency") not in (None, current["frequency"]):
            changes.setdefault("frequency_details", None)
        whole = SystemCreate.model_validate({**current, **changes})
        return {name: getattr(whole, name) for name in changes}


def _in_camel_case(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    return stored and {to_camel(key): value for key, value in stored.items()}


class SystemRead(ResponseSchema):
    id: UUID
    goal_id: UUID | None
    goal_title: str | None
    title: str = Field(examples=["Morning run"])
    description: str
    status: SystemStatus
    frequency: SystemFrequency
    frequency_details: Annotated[dict[str, Any] | None, BeforeValidator(_in_camel_case)] = Field(
        examples=[{"daysOfWeek": [0, 2, 4]}]
    )
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
