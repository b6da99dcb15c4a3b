"""From stored reactions to what a reader sees."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.schemas.reaction_schemas import ReactionSummary


def read_reactions(
    stored: Sequence[Mapping[str, Any]] | None, viewer_id: UUID
) -> list[ReactionSummary]:
    """One entry for each emoji, in the order of its first use, from `reactions_json`."""
    by_emoji: dict[str, list[UUID]] = {}
    for reaction in stored or ():
        by_emoji.setdefault(reaction["emoji"], []).append(UUID(reaction["user_id"]))
    return [
        ReactionSummary(
            emoji=emoji, count=len(users), user_ids=users, reacted_by_me=viewer_id in users
        )
        for emoji, users in by_emoji.items()
    ]
