"""Reactions: one emoji of one person on one target (Specification §4.9)."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.emojis import single_emoji
from app.core.enums import ReactionTarget
from app.schemas.base_schemas import RequestSchema, ResponseSchema


def _one_emoji(value: str) -> str:
    emoji = single_emoji(value)
    if emoji is None:
        raise ValueError("must be exactly one emoji")
    return emoji


Emoji = Annotated[
    str,
    Field(max_length=32, description="Exactly one emoji.", examples=["👍"]),
    AfterValidator(_one_emoji),
]


class ReactionSummary(ResponseSchema):
    """One emoji on one target."""

    emoji: str = Field(examples=["👍"])
    count: int = Field(examples=[1])
    user_ids: list[UUID]
    reacted_by_me: bool


class ReactionPut(RequestSchema):
    emoji: Emoji


class ReactionsRead(ResponseSchema):
    """All reactions of one target, yours included."""

    target_type: ReactionTarget
    target_id: UUID
    reactions: list[ReactionSummary]
