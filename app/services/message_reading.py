"""From stored messages to what a reader sees."""

from app.core.image_links import ViewerLinks
from app.crud.crud_message import MessageRow
from app.crud.crud_user import Account
from app.schemas.message_schemas import MessageRead, ReplyingTo
from app.services.reaction_reading import read_reactions

PREVIEW_LENGTH = 140


def read_message(row: MessageRow, links: ViewerLinks) -> MessageRead:
    """As the viewer of `links` sees it."""
    return MessageRead(
        id=row["id"],
        partnership_id=row["partnership_id"],
        sender_id=row["sender_id"],
        text_content=row["text_content"],
        emoji_content=row["emoji_content"],
        image_url=links.shown(row["image_url"]),
        timestamp=row["sent_at_utc"],
        read_at_utc=row["read_at_utc"],
        reactions=read_reactions(row["reactions"], links.viewer_id),
        replying_to=ReplyingTo(
            activity_id=row["reply_to_activity_id"], summary=row["reply_to_activity_summary"]
        )
        if row["reply_to_activity_id"]
        else None,
    )


def preview_of(sender: Account, text: str | None, emoji: str | None, image: str | None) -> str:
    """The line of a notification about a message, with as much of it as fits."""
    if not text and not emoji:
        return f"{sender.display_name} sent a photo." if image else ""
    words = " ".join((text or emoji or "").split())
    return f"{sender.display_name}: {shorten(words)}"


def shorten(words: str) -> str:
    """At most 140 characters; what was cut off leaves an ellipsis."""
    if len(words) <= PREVIEW_LENGTH:
        return words
    return words[: PREVIEW_LENGTH - 1].rstrip() + "…"
