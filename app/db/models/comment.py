"""What somebody wrote about a check-in, reflection or goal (Specification §4.10)."""

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.enums import CommentTarget
from app.db.base_class import Base, Timestamps, UuidKey, stored_values

if TYPE_CHECKING:
    from app.db.models import User


class Comment(Timestamps, Base):
    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_target", "target_type", "target_id", "created_at", "id"),)

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    text_content: Mapped[str] = mapped_column(Text)
    target_type: Mapped[CommentTarget] = mapped_column(stored_values(CommentTarget, "target_type"))
    target_id: Mapped[uuid.UUID]
    parent_comment_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), index=True
    )

    user: Mapped["User"] = relationship(lazy="raise")
    parent_comment: Mapped["Comment | None"] = relationship(
        back_populates="replies", remote_side="Comment.id", lazy="raise"
    )
    replies: Mapped[list["Comment"]] = relationship(
        back_populates="parent_comment", lazy="raise", passive_deletes=True
    )
