"""Stored answers to POST requests that carried a key."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.crud.base_crud import BaseCrud
from app.db.models import IdempotencyKey
from app.db.query import Query


@dataclass(frozen=True, slots=True)
class KeyScope:
    """A key means the same request only for one user, method and path."""

    user_id: UUID
    method: str
    path: str
    key: str


class KeyRow(TypedDict):
    key: str


def _delete_old() -> Query[KeyRow]:
    identity = (
        IdempotencyKey.user_id,
        IdempotencyKey.method,
        IdempotencyKey.path,
        IdempotencyKey.key,
    )
    old = (
        select(*identity)
        .where(IdempotencyKey.created_at <= bindparam("before"))
        .order_by(IdempotencyKey.created_at)
        .limit(bindparam("at_most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    return Query(
        delete(IdempotencyKey).where(tuple_(*identity).in_(old)).returning(IdempotencyKey.key),
        KeyRow,
    )


DELETE_OLD = _delete_old()


class IdempotencyCrud(BaseCrud):
    async def delete_old(self, *, before: datetime, at_most: int) -> int:
        """Delete some answers that were stored at `before` or earlier; returns how many."""
        return len(await self.session.fetch_all(DELETE_OLD, before=before, at_most=at_most))

    async def try_lock(self, scope: KeyScope) -> bool:
        """Hold the key until the transaction ends; False when another transaction holds it."""
        name = f"{scope.user_id} {scope.method} {scope.path} {scope.key}"
        statement = select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))
        return bool(await self.session.scalar(statement))

    async def get(self, scope: KeyScope, *, since: datetime) -> IdempotencyKey | None:
        return await self.session.scalar(
            select(IdempotencyKey)
            .filter_by(user_id=scope.user_id, method=scope.method, path=scope.path, key=scope.key)
            .where(IdempotencyKey.created_at > since)
        )

    async def store(
        self,
        scope: KeyScope,
        *,
        request_hash: str,
        status: int,
        body: str,
        now: datetime,
        unless_since: datetime | None = None,
    ) -> None:
        """Keep an answer instead of an earlier one, unless that was stored after `unless_since`."""
        values = {
            "request_hash": request_hash,
            "response_status": status,
            "response_body": body,
            "created_at": now,
        }
        await self.session.execute(
            insert(IdempotencyKey)
            .values(
                user_id=scope.user_id,
                method=scope.method,
                path=scope.path,
                key=scope.key,
                **values,
            )
            .on_conflict_do_update(
                index_elements=["user_id", "method", "path", "key"],
                set_=values,
                where=None if unless_since is None else IdempotencyKey.created_at <= unless_since,
            )
        )
