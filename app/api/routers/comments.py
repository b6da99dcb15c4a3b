"""Comments (Specification §4.10)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.api.deps import Comments, CurrentUser, PageDep
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import CommentTarget
from app.core.errors import ErrorCode
from app.schemas.base_schemas import Envelope, Page, envelope
from app.schemas.comment_schemas import CommentCreate, CommentRead, CommentUpdate

router = ApiRouter(prefix="/comments", tags=["Reactions and comments"])

TargetType = Annotated[CommentTarget, Query(alias="targetType")]
TargetId = Annotated[UUID, Query(alias="targetId")]

_TARGET_NOT_FOUND = (
    ErrorCode.CHECKIN_NOT_FOUND,
    ErrorCode.REFLECTION_NOT_FOUND,
    ErrorCode.GOAL_NOT_FOUND,
)


@router.get("", summary="List comments", responses=errors(*_TARGET_NOT_FOUND))
async def list_comments(
    user: CurrentUser,
    comments: Comments,
    page: PageDep,
    target_type: TargetType,
    target_id: TargetId,
) -> Envelope[Page[CommentRead]]:
    """What the caller and the active partner said about something of theirs.

    Oldest first; the replies to a comment, with its id as `parentCommentId`, follow it directly.
    """
    found = await comments.list_about(user, target_type, target_id, page=page)
    return envelope(found, "Comments.")


@router.post(
    "",
    status_code=201,
    summary="Comment",
    responses=errors(*_TARGET_NOT_FOUND, ErrorCode.COMMENT_NOT_FOUND, ErrorCode.REPLY_TO_REPLY),
)
async def create_comment(
    data: CommentCreate,
    user: CurrentUser,
    comments: Comments,
    target_type: TargetType,
    target_id: TargetId,
) -> Envelope[CommentRead]:
    """Comment on something of your own or of your active partner, or answer a comment there.

    Who owns it, or wrote what is answered, is told.
    """
    return envelope(await comments.create(user, target_type, target_id, data), "Comment saved.")


@router.put(
    "/{comment_id}",
    summary="Change a comment",
    responses=errors(ErrorCode.COMMENT_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def update_comment(
    comment_id: UUID, data: CommentUpdate, user: CurrentUser, comments: Comments
) -> Envelope[CommentRead]:
    """Change the text of your own comment. Nobody is told again."""
    return envelope(await comments.update(user, comment_id, data), "Comment changed.")


@router.delete(
    "/{comment_id}",
    status_code=204,
    summary="Delete a comment",
    responses=errors(ErrorCode.COMMENT_NOT_FOUND, ErrorCode.NOT_YOURS),
)
async def delete_comment(comment_id: UUID, user: CurrentUser, comments: Comments) -> None:
    """Delete your own comment with all replies to it."""
    await comments.delete(user, comment_id)
