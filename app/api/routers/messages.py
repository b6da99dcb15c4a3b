"""The chat of two partners (Specification §4.7)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import CurrentUser, Messages, PageDep, Reactions
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import ReactionTarget
from app.core.errors import ErrorCode
from app.schemas.base_schemas import BlankIsNull, Envelope, Page, envelope
from app.schemas.message_schemas import MarkedRead, MessageCreate, MessageRead, MessagesRead
from app.schemas.reaction_schemas import ReactionPut, ReactionsRead

router = ApiRouter(prefix="/messages", tags=["Messages"])


@router.get(
    "",
    summary="Read the thread",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP, ErrorCode.MESSAGE_NOT_FOUND),
)
async def list_messages(
    user: CurrentUser,
    messages: Messages,
    page: PageDep,
    before: Annotated[
        UUID | None,
        BlankIsNull,
        Query(
            description="Only what is older than this message of the thread; `pagination` then "
            "counts those. For infinite scroll: unlike with `page`, new messages move nothing."
        ),
    ] = None,
) -> Envelope[Page[MessageRead]]:
    """The messages of the active partnership, newest first.

    To scroll back, send the id of the oldest message so far as `before` until `hasNextPage` is
    false. The thread of a past partnership is under `/partnerships/history`.
    """
    found = await messages.list_thread(user, page=page, before_id=before)
    return envelope(found, "Your messages.")


@router.post(
    "",
    status_code=201,
    summary="Send a message",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP, ErrorCode.UNKNOWN_IMAGE),
)
async def create_message(
    data: MessageCreate, user: CurrentUser, messages: Messages
) -> Envelope[MessageRead]:
    """Write to the active partner: text, one emoji, an image, or several of them.

    The partner has one unread notification for the thread, which shows the latest message.
    """
    return envelope(await messages.send(user, data), "Message sent.")


@router.post(
    "/read",
    summary="Mark messages as read",
    responses=errors(ErrorCode.NO_ACTIVE_PARTNERSHIP, ErrorCode.MESSAGE_NOT_FOUND),
)
async def mark_messages_read(
    data: MessagesRead, user: CurrentUser, messages: Messages
) -> Envelope[MarkedRead]:
    """Mark what the partner sent, up to this message, which may be one's own.

    When nothing unread is left, the notification of the thread is read, too.
    """
    return envelope(await messages.mark_read(user, data.up_to_message_id), "Marked as read.")


@router.delete(
    "/{message_id}",
    status_code=204,
    summary="Delete a message",
    responses=errors(ErrorCode.MESSAGE_NOT_FOUND, ErrorCode.NOT_YOURS, ErrorCode.MESSAGE_TOO_OLD),
)
async def delete_message(message_id: UUID, user: CurrentUser, messages: Messages) -> None:
    """Take one's own message back, within 15 minutes, from the partner's notification, too."""
    await messages.delete(user, message_id)


@router.post(
    "/{message_id}/react",
    summary="React to a message",
    responses=errors(ErrorCode.MESSAGE_NOT_FOUND),
)
async def react_to_message(
    message_id: UUID, data: ReactionPut, user: CurrentUser, reactions: Reactions
) -> Envelope[ReactionsRead]:
    """One reaction of each person: a new emoji replaces the old one.

    The sender is told once, not again when only the emoji changes. The answer has all reactions.
    """
    saved = await reactions.put(user, ReactionTarget.DIRECT_MESSAGE, message_id, data)
    return envelope(saved, "Reaction saved.")


@router.delete(
    "/{message_id}/react",
    status_code=204,
    summary="Take a reaction to a message back",
    responses=errors(ErrorCode.MESSAGE_NOT_FOUND),
)
async def delete_reaction_to_message(
    message_id: UUID, user: CurrentUser, reactions: Reactions
) -> None:
    """Remove your reaction, if there is one."""
    await reactions.remove(user, ReactionTarget.DIRECT_MESSAGE, message_id)
