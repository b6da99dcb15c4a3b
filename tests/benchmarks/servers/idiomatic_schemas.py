"""The idiomatic variant's response models: one configuration with aliases, both spellings."""

from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from app.core.enums import CheckinStatus, GoalPriority, GoalStatus, ThemePreference

Data = TypeVar("Data")


class Schema(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Envelope(Schema, Generic[Data]):
    success: bool = True
    message: str
    data: Data


class PartnerOut(Schema):
    id: UUID
    name: str | None
    username: str | None
    avatar_url: str | None


class UserOut(Schema):
    id: UUID
    email: str
    username: str | None
    name: str | None
    avatar_url: str | None
    bio: str | None
    timezone: str
    theme_preference: ThemePreference
    is_email_verified: bool
    current_partnership_id: UUID | None
    partner_details: PartnerOut | None
    created_at: datetime
    updated_at: datetime


class GoalOut(Schema):
    id: UUID
    title: str
    description: str | None
    category: str | None
    priority: GoalPriority | None
    status: GoalStatus
    start_date: date | None
    target_date: date | None
    progress_value: int
    ai_assisted_plan: str | None
    ai_assistance_inputs: dict[str, Any] | None
    is_archived: bool
    systems_count: int
    created_at: datetime
    updated_at: datetime


class PaginationOut(Schema):
    current_page: int
    limit: int
    total_items: int
    total_pages: int
    has_next_page: bool


class GoalPage(Schema):
    items: list[GoalOut]
    pagination: PaginationOut


class CheckinOut(Schema):
    id: UUID
    system_id: UUID
    system_title: str
    user_id: UUID
    partnership_id: UUID | None
    status: CheckinStatus
    local_date: date
    checkin_timestamp_utc: datetime
    original_local_timestamp: str | None
    is_late: bool
    metric_value_logged: float | None
    notes: str | None
    photo_url: str | None
    verified_by_partner_id: UUID | None
    verified_at_utc: datetime | None
    verifier_query: str | None
    created_at: datetime
    updated_at: datetime
