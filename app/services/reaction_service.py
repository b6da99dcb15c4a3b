"""Reactions to check-ins, reflections and messages (Specification §4.9)."""

from uuid import UUID

from app.core.clock import Clock
from app.core.enums import ReactionTarget
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_reaction import ReactionCrud, told_as
from app.crud.crud_user import Account
from app.crud.crud_visible_target import TargetRow
from app.db.session import Session
from app.schemas.reaction_schemas import ReactionPut, ReactionsRead
from app.services.reaction_reading import read_reactions
from app.services.visible_targets import VisibleTargets, described, link_to, not_found


class ReactionService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._reactions = ReactionCrud(session)
        self._targets = VisibleTargets(session)
        self._clock = clock

    async def put(
        self, account: Account, kind: ReactionTarget, target_id: UUID, data: ReactionPut
    ) -> ReactionsRead:
        """Set the caller's one reaction; the author is told of a first one only.

        Raises CheckinNotFound, ReflectionNotFound, MessageNotFound.
        """
        target = await self._targets.get(account, kind, target_id)
        if not await self._reactions.put(
            kind,
            target_id,
            actor_id=account.id,
            emoji=data.emoji,
            told=target["author_id"] if target["author_id"] != account.id else None,
            draft=_draft(account, kind, target),
            now=self._clock.now(),
        ):
            raise not_found(kind)  # it went, or the partnership ended, between two statements
        stored = await self._reactions.of_target(
            kind, target_id, viewer_id=account.id, partner_id=account.partner_id
        )
        return ReactionsRead(
            target_type=kind, target_id=target_id, reactions=read_reactions(stored, account.id)
        )

    async def remove(self, account: Account, kind: ReactionTarget, target_id: UUID) -> None:
        """Nothing happens when there is none. Raises as `put` does."""
        if not await self._reactions.remove(kind, target_id, actor_id=account.id):
            raise not_found(kind)


def _draft(account: Account, kind: ReactionTarget, target: TargetRow) -> NotificationDraft:
    return NotificationDraft(
        type=told_as(kind),
        title="New reaction",
        # Without the emoji: another one may replace it before this is read.
        message=f"{account.display_name} reacted to your {described(kind, target['name'])}.",
        actor_id=account.id,
        target_type=kind.value,
        target_name=target["name"],
        link_values=(("target_link", link_to(kind, target["id"])),),
    )
