"""Reactions (Specification §4.9)."""

from uuid import UUID

from app.api.deps import CurrentUser, Reactions
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.enums import ReactionTarget
from app.core.errors import ErrorCode
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.reaction_schemas import ReactionPut, ReactionsRead

router = ApiRouter(prefix="/reactions", tags=["Reactions and comments"])

_TARGET_NOT_FOUND = errors(
    ErrorCode.CHECKIN_NOT_FOUND, ErrorCode.REFLECTION_NOT_FOUND, ErrorCode.MESSAGE_NOT_FOUND
)


@router.put("/{target_type}/{target_id}", summary="React", responses=_TARGET_NOT_FOUND)
async def put_reaction(
    target_type: ReactionTarget,
    target_id: UUID,
    data: ReactionPut,
    user: CurrentUser,
    reactions: Reactions,
) -> Envelope[ReactionsRead]:
    """React to something of your own or of your active partner. A new emoji replaces the old one.

    The author is told once, not again when only the emoji changes. The answer has all reactions.
    """
    return envelope(await reactions.put(user, target_type, target_id, data), "Reaction saved.")


@router.delete(
    "/{target_type}/{target_id}",
    status_code=204,
    summary="Take a reaction back",
    responses=_TARGET_NOT_FOUND,
)
async def delete_reaction(
    target_type: ReactionTarget, target_id: UUID, user: CurrentUser, reactions: Reactions
) -> None:
    """Remove your reaction, if there is one."""
    await reactions.remove(user, target_type, target_id)
