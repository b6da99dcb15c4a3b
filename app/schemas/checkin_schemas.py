"""Check-ins and their verification (Specification §4.5)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from app.core.enums import CheckinStatus, LenientEnum
from app.schemas.base_schemas import (
    OMITTED,
    BlankIsNull,
    NoBoolean,
    NoNul,
    OptionalDate,
    RequestSchema,
    ResponseSchema,
)
from app.schemas.upload_schemas import ImageReference
from app.schemas.user_schemas import PartnerDetails

CheckinNotes = Annotated[
    str, Field(max_length=500, examples=["Legs were heavy, still went."]), NoNul
]
MetricValue = Annotated[float, Field(gt=0, le=1_000_000, examples=[30]), NoBoolean]


class LoggedStatus(LenientEnum):
    """What a person can say of a day; everything else is the service's conclusion."""

    COMPLETED = "completed"
    SKIPPED = "skipped"


class CheckinCreate(RequestSchema):
    system_id: UUID
    status: LoggedStatus = LoggedStatus.COMPLETED
    metric_value_logged: Annotated[MetricValue | None, BlankIsNull] = Field(
        default=None, description="Required when a system that counts something is completed."
    )
    notes: Annotated[CheckinNotes | None, BlankIsNull] = None
    photo_url: Annotated[ImageReference | None, BlankIsNull] = Field(
        default=None, description="The `url` or the `path` of one of your own uploads."
    )
    local_date: OptionalDate = Field(
        default=None,
        description="The date in your calendar; default: today. Open until noon of the next day.",
        examples=["2026-03-08"],
    )
    original_local_timestamp: Annotated[
        Annotated[str, Field(max_length=40), NoNul] | None, BlankIsNull
    ] = Field(default=None, examples=["2026-03-08 07:31:00"])


class CheckinResubmission(RequestSchema):
    """What answers the partner's question: fields that are not sent stay as they are."""

    metric_value_logged: Annotated[MetricValue | None, BlankIsNull] = Field(
        default=None,
        description="Null only where no value is logged: a completed system that counts has one.",
    )
    notes: Annotated[CheckinNotes | None, BlankIsNull] = None
    photo_url: Annotated[ImageReference | None, BlankIsNull] = Field(
        default=None, description="The `url` or the `path` of one of your own uploads."
    )


class CheckinUpdate(CheckinResubmission):
    """Only the fields that are sent change; null or an empty string clears an optional one."""

    status: LoggedStatus = Field(
        default=OMITTED,
        description="A skip has no value: one that was logged before goes.",
        examples=["skipped"],
    )


class CheckinRead(ResponseSchema):
    id: UUID
    system_id: UUID
    system_title: str
    user_id: UUID
    partnership_id: UUID | None
    status: CheckinStatus
    local_date: date
    checkin_timestamp_utc: datetime
    original_local_timestamp: str | None
    is_late: bool = Field(description="Logged after the date itself was over.")
    metric_value_logged: float | None
    notes: str | None
    photo_url: str | None
    verified_by_partner_id: UUID | None
    verified_at_utc: datetime | None
    verifier_query: str | None
    created_at: datetime
    updated_at: datetime


class Decision(LenientEnum):
    VERIFIED_COMPLETED = "verified_completed"
    QUERIED_BY_PARTNER = "queried_by_partner"


class VerificationDecision(RequestSchema):
    decision: Decision
    query: Annotated[
        Annotated[str, Field(max_length=500, examples=["Which route was it?"]), NoNul] | None,
        BlankIsNull,
    ] = Field(
        default=None,
        description="What you want to know; required to query, and only then.",
        validate_default=True,
    )

    @field_validator("query")
    @classmethod
    def _fits_the_decision(cls, value: str | None, info: ValidationInfo) -> str | None:
        decision = info.data.get("decision")
        if decision is Decision.QUERIED_BY_PARTNER and value is None:
            raise ValueError("write what you want to know")
        if decision is Decision.VERIFIED_COMPLETED and value is not None:
            raise ValueError("leave it out to verify")
        return value


class VerifiedSystem(ResponseSchema):
    id: UUID
    title: str
    description: str
    metric_type: str
    target_value: float | None
    target_unit: str | None


class VerificationItem(CheckinRead):
    """A partner's check-in that waits for the caller."""

    system: VerifiedSystem
    owner: PartnerDetails
