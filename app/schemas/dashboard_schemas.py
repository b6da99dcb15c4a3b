"""The first page after signing in."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.schemas.base_schemas import ResponseSchema
from app.schemas.card_schemas import SystemCard


class StreakRead(ResponseSchema):
    current_streak: int = Field(description="Days in a row, open ones neutral.", examples=[12])
    longest_streak: int = Field(description="The longest of all time, in days.", examples=[40])


class ReflectionStatus(StrEnum):
    COMPLETED = "completed"
    PENDING = "pending"


class DailyReflection(ResponseSchema):
    status: ReflectionStatus = Field(description="`completed` once one is written for the date.")
    reflection_id: UUID | None


class DailyReflectionPrompt(ResponseSchema):
    id: str = Field(examples=["went_well"])
    text: str = Field(examples=["What went well today?"])


class VerificationAlert(ResponseSchema):
    id: UUID = Field(description="The check-in's.")
    system_id: UUID
    system_name: str = Field(examples=["Morning run"])
    message: str = Field(examples=["Bob asks you to verify 'Morning run' of 10 March."])


class DashboardRead(ResponseSchema):
    user_greeting_name: str = Field(examples=["Alice Wong"])
    date: date
    streak: StreakRead
    pending_verification_count: int = Field(
        description="The partner's check-ins that wait for the caller.", examples=[1]
    )
    pending_systems_count: int = Field(
        description="The caller's systems of the date that are still `todo`.", examples=[2]
    )
    unread_notification_count: int = Field(examples=[3])
    systems_for_today: list[SystemCard] = Field(
        description="Those of the date, at most 100: by time, then title."
    )
    daily_reflection: DailyReflection
    daily_reflection_prompts: list[DailyReflectionPrompt]
    verification_alerts: list[VerificationAlert] = Field(
        description="At most 20: what the partner asks about the caller's check-ins of the last "
        "92 days, then the partner's check-ins that wait for the caller; oldest first."
    )
