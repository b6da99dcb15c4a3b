"""Reflections (Specification §4.6)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AliasChoices, Field

from app.schemas.base_schemas import (
    OMITTED,
    BlankIsNull,
    NoNul,
    OptionalDate,
    RequestSchema,
    ResponseSchema,
)
from app.schemas.reaction_schemas import ReactionSummary

ReflectionContent = Annotated[
    str,
    Field(min_length=1, max_length=5000, examples=["Went out although it rained. Proud of that."]),
    NoNul,
]
PromptId = Annotated[str, Field(max_length=64, examples=["proud_of"]), NoNul]
PromptText = Annotated[
    str,
    Field(max_length=500, examples=["What are you proud of today, however small it is?"]),
    NoNul,
]
OptionalPromptId = Annotated[PromptId | None, BlankIsNull]
OptionalPromptText = Annotated[PromptText | None, BlankIsNull]


class PromptRead(ResponseSchema):
    id: str = Field(examples=["proud_of"])
    text: str = Field(examples=["What are you proud of today, however small it is?"])


class ReflectionCreate(RequestSchema):
    reflection_content: ReflectionContent
    prompt_id: OptionalPromptId = Field(
        default=None,
        description="One of ours, whose text is filled in; or your own, together with its text.",
    )
    prompt_text: OptionalPromptText = Field(
        default=None, description="The prompt as it was shown, for the record."
    )
    reflection_date_local: OptionalDate = Field(
        default=None,
        validation_alias=AliasChoices("reflectionDateLocal", "reflection_date_local", "date"),
        description="The date in your calendar, not in the future; default: today. "
        "`date` is another name for it.",
        examples=["2026-03-08"],
    )


class ReflectionUpdate(RequestSchema):
    """Only the fields that are sent change; a null prompt clears it. The date stays."""

    reflection_content: ReflectionContent = OMITTED
    prompt_id: OptionalPromptId = None
    prompt_text: OptionalPromptText = None


class ReflectionRead(ResponseSchema):
    id: UUID
    user_id: UUID
    partnership_id: UUID | None = Field(description="The partnership in which it was written.")
    reflection_date_local: date = Field(description="The date in the author's calendar.")
    reflection_content: str
    prompt_id: str | None
    prompt_text: str | None
    reactions: list[ReactionSummary] = Field(description="The caller's and the partner's.")
    comments_count: int = Field(description="Replies included.", examples=[2])
    created_at: datetime
    updated_at: datetime
