"""What the assistant was asked for, and what it may know of who asks."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, ScalarSelect, String, bindparam, func, literal, not_, select
from sqlalchemy.dialects.postgresql import insert

from app.core.ai_usage import AiOperation, AiOutcome, Tokens
from app.core.enums import GoalStatus, SystemStatus
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import AiUsage, Goal, System, User
from app.db.query import Query, parameter

# The newest ones: enough to build on, and little enough to read.
TITLES_AT_MOST = 20


class TitlesRow(TypedDict):
    goals: list[str]
    systems: list[str]


def _newest_titles(model: type[Goal] | type[System], *where: object) -> ScalarSelect[list[str]]:
    newest = (
        select(model.title, model.created_at, model.id)
        .where(model.user_id == bindparam("owner_id"), *where)  # type: ignore[arg-type]
        .order_by(model.created_at.desc(), model.id)
        .limit(TITLES_AT_MOST)
        .subquery()
    )
    titles = func.coalesce(func.array_agg(newest.c.title), literal([], ARRAY(String)))
    return select(titles).scalar_subquery()


OWN_TITLES = Query(
    select(
        _newest_titles(
            Goal,
            not_(Goal.is_archived),
            Goal.status != GoalStatus.ACHIEVED,
            Goal.status != GoalStatus.ABANDONED,
        ).label("goals"),
        _newest_titles(System, System.status == SystemStatus.ACTIVE).label("systems"),
    ),
    TitlesRow,
)
_COLUMNS = {
    "operation": AiUsage.operation,
    "model": AiUsage.model,
    "prompt_version": AiUsage.prompt_version,
    "tokens_read": AiUsage.tokens_read,
    "tokens_written": AiUsage.tokens_written,
    "latency_ms": AiUsage.latency_ms,
    "outcome": AiUsage.outcome,
    "created_at": AiUsage.created_at,
}
# Only of somebody who is still there: the account may have been deleted meanwhile.
ADD = Query(
    insert(AiUsage)
    .from_select(
        ["user_id", *_COLUMNS],
        select(
            User.id, *(parameter(f"given_{name}", column) for name, column in _COLUMNS.items())
        ).where(User.id == bindparam("asking_id")),
        include_defaults=False,
    )
    .returning(AiUsage.id),
    IdRow,
)


class AiUsageCrud(BaseCrud):
    async def titles_of(self, owner_id: UUID) -> TitlesRow:
        """Somebody's own goals and systems under way: the titles of the newest, nothing else."""
        row = await self.session.fetch_one(OWN_TITLES, owner_id=owner_id)
        assert row is not None
        return row

    async def add(
        self,
        user_id: UUID,
        *,
        operation: AiOperation,
        model: str,
        prompt_version: str,
        tokens: Tokens,
        latency_ms: int,
        outcome: AiOutcome,
        now: datetime,
    ) -> None:
        """In one statement, which is final at once while no transaction is open."""
        await self.session.fetch_one(
            ADD,
            asking_id=user_id,
            given_operation=operation,
            given_model=model,
            given_prompt_version=prompt_version,
            given_tokens_read=tokens.read,
            given_tokens_written=tokens.written,
            given_latency_ms=latency_ms,
            given_outcome=outcome,
            given_created_at=now,
        )
