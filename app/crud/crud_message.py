"""The thread of a partnership."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select

from app.core.enums import ReactionTarget
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, PagedQuery
from app.db.models import DirectMessage, Partnership, Reaction


class MessageRow(TypedDict):
    """`reactions` are `{"emoji", "user_id"}`, oldest first."""

    id: UUID
    partnership_id: UUID
    sender_id: UUID
    text_content: str | None
    emoji_content: str | None
    image_url: str | None
    sent_at_utc: datetime
    read_at_utc: datetime | None
    reply_to_activity_id: str | None
    reply_to_activity_summary: str | None
    reactions: list[dict[str, Any]] | None


_reactions = (
    select(Reaction.emoji, Reaction.user_id)
    .where(
        Reaction.target_type == ReactionTarget.DIRECT_MESSAGE,
        Reaction.target_id == DirectMessage.id,
    )
    .order_by(Reaction.created_at, Reaction.id)
    .correlate(DirectMessage)
    .subquery()
)
THREAD = PagedQuery(
    select(
        DirectMessage.id,
        DirectMessage.partnership_id,
        DirectMessage.sender_id,
        DirectMessage.text_content,
        DirectMessage.emoji_content,
        DirectMessage.image_url,
        DirectMessage.sent_at_utc,
        DirectMessage.read_at_utc,
        DirectMessage.reply_to_activity_id,
        DirectMessage.reply_to_activity_summary,
        select(
            func.jsonb_agg(
                func.jsonb_build_object(
                    "emoji", _reactions.c.emoji, "user_id", _reactions.c.user_id
                )
            )
        )
        .scalar_subquery()
        .label("reactions"),
    )
    .join(Partnership, Partnership.id == DirectMessage.partnership_id)
    .where(
        Partnership.id == bindparam("partnership_id"),
        or_(
            Partnership.user1_id == bindparam("member_id"),
            Partnership.user2_id == bindparam("member_id"),
        ),
    )
    .order_by(DirectMessage.sent_at_utc.desc(), DirectMessage.id.desc()),
    MessageRow,
)


class MessageCrud(BaseCrud):
    async def list_thread(
        self, partnership_id: UUID, member_id: UUID, *, page: PageRequest
    ) -> tuple[Sequence[MessageRow], int]:
        """Newest first; empty for somebody who is not a member."""
        return await THREAD.fetch(
            self.session, page=page, partnership_id=partnership_id, member_id=member_id
        )
