"""What reactions and comments are about: who may see it, and how people are told of it."""

from uuid import UUID

from app.core.errors import (
    AppError,
    CheckinNotFound,
    GoalNotFound,
    MessageNotFound,
    ReflectionNotFound,
)
from app.crud.crud_user import Account
from app.crud.crud_visible_target import TargetKind, TargetRow, VisibleTargetCrud
from app.db.session import Session

_NOT_FOUND: dict[str, type[AppError]] = {
    "checkin": CheckinNotFound,
    "reflection": ReflectionNotFound,
    "goal": GoalNotFound,
    "direct_message": MessageNotFound,
}
_CALLED = {
    "checkin": "check-in",
    "reflection": "reflection",
    "goal": "goal",
    "direct_message": "message",
}


class VisibleTargets:
    def __init__(self, session: Session) -> None:
        self._targets = VisibleTargetCrud(session)

    async def get(self, account: Account, kind: TargetKind, target_id: UUID) -> TargetRow:
        """Raises CheckinNotFound, ReflectionNotFound, GoalNotFound, MessageNotFound."""
        row = await self._targets.get(
            kind,
            target_id,
            viewer_id=account.id,
            partner_id=account.partner_id,
            partnership_id=account.current_partnership_id,
        )
        if row is None:
            raise not_found(kind)
        return row


def not_found(kind: TargetKind) -> AppError:
    return _NOT_FOUND[kind]()


def described(kind: TargetKind, name: str | None) -> str:
    """As in "your check-in 'Morning run'"."""
    return f"{_CALLED[kind]} '{name}'" if name else _CALLED[kind]


def link_to(kind: TargetKind, target_id: UUID) -> str:
    """Where the client shows it."""
    return f"/goals/{target_id}" if kind == "goal" else "/partnership?tab=activity"
