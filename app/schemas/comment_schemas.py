"""Comments on check-ins, reflections and goals (Specification §4.10)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.enums import CommentTarget
from app.schemas.base_schemas import NoNul, OptionalUuid, RequestSchema, ResponseSchema
from app.schemas.user_schemas import PartnerDetails

CommentText = Annotated[
    str, Field(min_length=1, max_length=1000, examples=["Well done, twice in a row!"]), NoNul
]


class CommentCreate(RequestSchema):
    text_content: CommentText
    parent_comment_id: OptionalUuid = Field(
        default=None, description="The comment that this answers; not a reply itself."
    )


class CommentUpdate(RequestSchema):
    text_content: CommentText


class CommentRead(ResponseSchema):
    id: UUID
    target_type: CommentTarget
    target_id: UUID
    parent_comment_id: UUID | None = Field(description="Null for a comment that answers none.")
    author: PartnerDetails
    text_content: str
    created_at: datetime
    updated_at: datetime
