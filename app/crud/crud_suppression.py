"""Addresses that optional e-mails no longer go to, known by a digest only."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    String,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from app.core.enums import SuppressionReason
from app.crud.base_crud import BaseCrud
from app.db.models import EmailSuppression
from app.db.query import Query, parameter


class HashRow(TypedDict):
    address_hash: str


def address_hash(address: str) -> str:
    """What is stored instead of an address."""
    return hashlib.sha256(address.lower().encode()).hexdigest()


def is_suppressed(address: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether the address in a column of a statement is one of them."""
    digest: Any = func.sha256(func.convert_to(func.lower(address), "UTF8"), type_=LargeBinary)
    return (
        select(EmailSuppression.address_hash)
        .where(EmailSuppression.address_hash == func.encode(digest, "hex"))
        .correlate_except(EmailSuppression)
        .exists()
    )


def _add() -> Query[HashRow]:
    given = (
        func.unnest(bindparam("hashes", type_=ARRAY(String)))
        .table_valued(Column("address_hash", String))
        .render_derived(name="given")
    )
    return Query(
        insert(EmailSuppression)
        .from_select(
            ["address_hash", "reason", "created_at"],
            select(
                given.c.address_hash,
                parameter("because", EmailSuppression.reason),
                bindparam("now", type_=DateTime(timezone=True)),
            ),
            include_defaults=False,
        )
        .on_conflict_do_nothing()
        .returning(EmailSuppression.address_hash),
        HashRow,
    )


ADD = _add()


class SuppressionCrud(BaseCrud):
    async def add(self, addresses: Iterable[str], reason: SuppressionReason, now: datetime) -> int:
        """Write addresses down; returns how many are new. The first reason stays."""
        hashes = sorted({address_hash(address) for address in addresses})
        return len(await self.session.fetch_all(ADD, hashes=hashes, because=reason, now=now))
