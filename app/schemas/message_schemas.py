"""Direct messages (Specification §4.7)."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.schemas.base_schemas import ResponseSchema


class ReactionSummary(ResponseSchema):
    """One emoji on one target."""

    emoji: str = Field(examples=["👍"])
    count: int = Field(examples=[1])
    user_ids: list[UUID]
    reacted_by_me: bool


class ReplyingTo(ResponseSchema):
    activity_id: str
    summary: str | None


class MessageRead(ResponseSchema):
    id: UUID
    partnership_id: UUID
    sender_id: UUID
    text_content: str | None
    emoji_content: str | None
    image_url: str | None
    timestamp: datetime
    read_at_utc: datetime | None
    reactions: list[ReactionSummary]
    replying_to: ReplyingTo | None
