"""From stored messages to what a reader sees."""

from datetime import datetime
from uuid import UUID

from app.core.image_links import ImageLinks
from app.crud.crud_message import MessageRow
from app.schemas.message_schemas import MessageRead, ReactionSummary, ReplyingTo


def read_message(row: MessageRow, reader_id: UUID, links: ImageLinks, now: datetime) -> MessageRead:
    return MessageRead(
        id=row["id"],
        partnership_id=row["partnership_id"],
        sender_id=row["sender_id"],
        text_content=row["text_content"],
        emoji_content=row["emoji_content"],
        image_url=links.shown(row["image_url"], now),
        timestamp=row["sent_at_utc"],
        read_at_utc=row["read_at_utc"],
        reactions=_summaries(row, reader_id),
        replying_to=ReplyingTo(
            activity_id=row["reply_to_activity_id"], summary=row["reply_to_activity_summary"]
        )
        if row["reply_to_activity_id"]
        else None,
    )


def _summaries(row: MessageRow, reader_id: UUID) -> list[ReactionSummary]:
    by_emoji: dict[str, list[UUID]] = {}
    for reaction in row["reactions"] or []:
        by_emoji.setdefault(reaction["emoji"], []).append(UUID(reaction["user_id"]))
    return [
        ReactionSummary(
            emoji=emoji, count=len(users), user_ids=users, reacted_by_me=reader_id in users
        )
        for emoji, users in by_emoji.items()
    ]
