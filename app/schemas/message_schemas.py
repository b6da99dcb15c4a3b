"""Direct messages (Specification §4.7)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.schemas.base_schemas import BlankIsNull, NoNul, RequestSchema, ResponseSchema
from app.schemas.reaction_schemas import Emoji, ReactionSummary
from app.schemas.upload_schemas import ImageReference

MessageText = Annotated[str, Field(max_length=4000, examples=["Ready for tomorrow?"]), NoNul]
ActivityId = Annotated[
    str,
    Field(max_length=64, examples=["0f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d"]),
    NoNul,
]
ActivitySummary = Annotated[
    str, Field(max_length=200, examples=["Alice completed 'Morning run'"]), NoNul
]


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


class MessageCreate(RequestSchema):
    """At least one of text, emoji and image."""

    text_content: Annotated[MessageText | None, BlankIsNull] = None
    emoji_content: Annotated[Emoji | None, BlankIsNull] = None
    image_url: Annotated[ImageReference | None, BlankIsNull] = Field(
        default=None,
        description="The `url` or the `path` of one of your own uploads for messages.",
    )
    reply_to_activity_id: Annotated[ActivityId | None, BlankIsNull] = Field(
        default=None, description="The `id` of the feed's item that this answers."
    )
    reply_to_activity_summary: Annotated[ActivitySummary | None, BlankIsNull] = Field(
        default=None, description="What the thread shows of that item."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text_content or self.emoji_content or self.image_url):
            raise ValueError("needs textContent, emojiContent or imageUrl")
        if self.reply_to_activity_summary and not self.reply_to_activity_id:
            raise ValueError("replyToActivitySummary needs replyToActivityId")
        return self


class MessagesRead(RequestSchema):
    up_to_message_id: UUID = Field(description="This message and all before it are read.")


class MarkedRead(ResponseSchema):
    marked_count: int = Field(description="How many were unread so far.", examples=[3])
