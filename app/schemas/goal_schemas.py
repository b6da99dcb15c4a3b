"""Goals (Specification §4.3)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.enums import GoalPriority, GoalStatus, LenientEnum
from app.schemas.base_schemas import (
    OMITTED,
    BlankIsNull,
    NoNul,
    OptionalDate,
    RequestSchema,
    ResponseSchema,
)
from app.schemas.system_schemas import SystemRead

GoalTitle = Annotated[
    str, Field(min_length=1, max_length=200, examples=["Run a half marathon"]), NoNul
]
GoalDescription = Annotated[str, Field(max_length=2000), NoNul]
GoalCategory = Annotated[str, Field(max_length=50, examples=["Health"]), NoNul]


class GoalSort(LenientEnum):
    CREATED_AT_DESC = "createdAt_desc"
    CREATED_AT_ASC = "createdAt_asc"
    TARGET_DATE_ASC = "targetDate_asc"
    TARGET_DATE_DESC = "targetDate_desc"
    PRIORITY_DESC = "priority_desc"
    PRIORITY_ASC = "priority_asc"
    TITLE_ASC = "title_asc"
    TITLE_DESC = "title_desc"


class GoalCreate(RequestSchema):
    title: GoalTitle
    description: Annotated[GoalDescription | None, BlankIsNull] = None
    category: Annotated[GoalCategory | None, BlankIsNull] = None
    priority: Annotated[GoalPriority | None, BlankIsNull] = GoalPriority.MEDIUM
    status: GoalStatus = GoalStatus.NOT_STARTED
    start_date: OptionalDate = Field(default=None, examples=["2026-03-01"])
    target_date: OptionalDate = Field(default=None, examples=["2026-09-30"])


class GoalUpdate(RequestSchema):
    """Only the fields that are sent change; null or an empty string clears an optional one."""

    title: GoalTitle = OMITTED
    description: Annotated[GoalDescription | None, BlankIsNull] = None
    category: Annotated[GoalCategory | None, BlankIsNull] = None
    priority: Annotated[GoalPriority | None, BlankIsNull] = None
    status: GoalStatus = OMITTED
    start_date: OptionalDate = Field(default=None, examples=["2026-03-01"])
    target_date: OptionalDate = Field(default=None, examples=["2026-09-30"])
    is_archived: bool = Field(
        default=OMITTED,
        description="The systems of an archived goal ask for nothing until it is taken back.",
    )


class GoalRead(ResponseSchema):
    id: UUID
    title: str = Field(examples=["Run a half marathon"])
    description: str | None
    category: str | None = Field(examples=["Health"])
    priority: GoalPriority | None
    status: GoalStatus
    start_date: date | None = Field(description="In the owner's calendar.")
    target_date: date | None = Field(description="In the owner's calendar.")
    progress_value: int = Field(
        description="0 to 100: credited of required occurrences until the target date; without "
        "one, the consistency of the last 30 days; 100 when achieved.",
        examples=[40],
    )
    ai_assisted_plan: str | None = Field(description="The plan that was accepted, as JSON.")
    ai_assistance_inputs: dict[str, Any] | None = Field(
        description="What the owner told the assistant; null for the partner."
    )
    is_archived: bool
    systems_count: int = Field(examples=[2])
    created_at: datetime
    updated_at: datetime


class GoalWithSystems(GoalRead):
    systems: list[SystemRead]
