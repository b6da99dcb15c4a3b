"""Writing check-ins: single statements, each atomic with the notification that it causes."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, delete, null, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import DateTime

from app.core.enums import CheckinStatus, SystemStatus
from app.crud.base_crud import BaseCrud, IdRow
from app.crud.crud_checkin import (
    CheckinRow,
    SystemOfCheckin,
    checkin_columns,
    system_columns,
)
from app.crud.crud_notification import insert_notification
from app.db.models import Checkin, System, User
from app.db.query import Query, parameter


class EditableRow(CheckinRow, SystemOfCheckin):
    """A locked check-in and what decides whether and how it can be changed."""


def _create() -> Query[CheckinRow]:
    """Insert a check-in and tell the partner, if the person and the system are as was read.

    The lock on the owner's row makes a partnership's end wait: it settles what is pending then.
    Parameters must not be named like columns of the table that is written, hence the prefix.
    """
    given: dict[str, Any] = {
        "checkin_timestamp_utc": Checkin.checkin_timestamp_utc,
        "original_local_timestamp_str": Checkin.original_local_timestamp_str,
        "checkin_date_local": Checkin.checkin_date_local,
        "checkin_timezone": Checkin.checkin_timezone,
        "is_late": Checkin.is_late,
        "status": Checkin.status,
        "metric_value_logged": Checkin.metric_value_logged,
        "notes": Checkin.notes,
        "photo_url": Checkin.photo_url,
    }
    partnership_id = parameter("in_partnership_id", Checkin.partnership_id)
    owner = (
        select(User.id.label("user_id"))
        .where(
            User.id == bindparam("owner_id"),
            User.current_partnership_id.is_not_distinct_from(partnership_id),
        )
        .with_for_update(read=True)
        .cte("owner")
    )
    active = (
        select(System.id, System.title, System.user_id)
        .join(owner, owner.c.user_id == System.user_id)
        .where(System.id == bindparam("on_system_id"), System.status == SystemStatus.ACTIVE)
        # One that is paused or deleted at this moment is awaited, and then looked at again.
        .with_for_update(read=True, key_share=True, of=System)
        .cte("active")
    )
    saved = (
        upsert(Checkin)
        .from_select(
            ["system_id", "user_id", "partnership_id", *given, "created_at", "updated_at"],
            select(
                active.c.id,
                active.c.user_id,
                partnership_id,
                *(parameter(f"given_{name}", column) for name, column in given.items()),
                parameter("given_checkin_timestamp_utc", Checkin.created_at),
                parameter("given_checkin_timestamp_utc", Checkin.created_at),
            ),
            include_defaults=False,  # the ids come from the server
        )
        .on_conflict_do_nothing(index_elements=["system_id", "checkin_date_local"])
        .returning(Checkin)
        .cte("saved")
    )
    told = insert_notification(saved).cte("told")
    return Query(
        select(*checkin_columns(saved.c, active.c))
        .join_from(saved, active, onclause=true())
        .add_cte(told),
        CheckinRow,
    )


def _decide() -> Query[CheckinRow]:
    """Compare and set: only the active partner's pending check-in changes; its owner is told."""
    verifier = (
        select(User.id, User.current_partnership_id)
        .where(User.id == bindparam("verifier_id"))
        .with_for_update(read=True)
        .cte("verifier")
    )
    saved = (
        update(Checkin)
        .where(
            Checkin.id == bindparam("checkin_id"),
            Checkin.status == CheckinStatus.PENDING_VERIFICATION,
            Checkin.user_id != verifier.c.id,
            Checkin.partnership_id == verifier.c.current_partnership_id,
        )
        .values(
            status=parameter("decision", Checkin.status),
            verified_by_partner_id=verifier.c.id,
            verified_at_utc=bindparam("now", type_=DateTime(timezone=True)),
            verifier_query=parameter("query", Checkin.verifier_query),
            updated_at=bindparam("now", type_=DateTime(timezone=True)),
        )
        .returning(Checkin)
        .cte("saved")
    )
    told = insert_notification(saved).cte("told")
    return Query(
        select(*checkin_columns(saved.c, System))
        .join(System, System.id == saved.c.system_id)
        .add_cte(told),
        CheckinRow,
    )


def _save() -> Query[CheckinRow]:
    """Change a check-in that is locked, and tell the partner. No decision stands beside it.

    A question that was asked keeps its text, but not for the partner of another partnership.
    """
    given: dict[str, Any] = {
        "status": Checkin.status,
        "partnership_id": Checkin.partnership_id,
        "metric_value_logged": Checkin.metric_value_logged,
        "notes": Checkin.notes,
        "photo_url": Checkin.photo_url,
        "updated_at": Checkin.updated_at,
    }
    values: dict[str, Any] = {
        name: parameter(f"given_{name}", column) for name, column in given.items()
    }
    same_partnership = Checkin.partnership_id.is_not_distinct_from(values["partnership_id"])
    saved = (
        update(Checkin)
        .where(
            Checkin.id == bindparam("checkin_id"),
            Checkin.user_id == bindparam("owner_id"),
            Checkin.status != CheckinStatus.VERIFIED_COMPLETED,
        )
        .values(
            **values,
            verified_by_partner_id=null(),
            verified_at_utc=null(),
            verifier_query=case((same_partnership, Checkin.verifier_query)),
        )
        .returning(Checkin)
        .cte("saved")
    )
    told = insert_notification(saved).cte("told")
    return Query(
        select(*checkin_columns(saved.c, System))
        .join(System, System.id == saved.c.system_id)
        .add_cte(told),
        CheckinRow,
    )


CREATE = _create()
DECIDE = _decide()
SAVE = _save()
LOCK_OWN = Query(
    select(*checkin_columns(Checkin, System), *system_columns())
    .join(System, System.id == Checkin.system_id)
    .where(Checkin.id == bindparam("checkin_id"), Checkin.user_id == bindparam("user_id"))
    .with_for_update(of=Checkin),
    EditableRow,
)
DELETE = Query(
    delete(Checkin)
    .where(
        Checkin.id == bindparam("checkin_id"),
        Checkin.user_id == bindparam("owner_id"),
        Checkin.status != CheckinStatus.VERIFIED_COMPLETED,
    )
    .returning(Checkin.id),
    IdRow,
)


class CheckinWrites(BaseCrud):
    async def create(self, **parameters: Any) -> CheckinRow | None:
        """None when the date is taken, or the person or the system changed meanwhile."""
        return await self.session.fetch_one(CREATE, **parameters)

    async def decide(self, **parameters: Any) -> CheckinRow | None:
        """None when it does not wait for this verifier."""
        return await self.session.fetch_one(DECIDE, **parameters)

    async def lock_own(
        self, checkin_id: UUID, user_id: UUID, photo_id: UUID | None
    ) -> EditableRow | None:
        """One's own check-in as it is now, kept from decisions until the transaction ends.

        Lock its owner's row before. None when it is somebody else's or does not exist.
        """
        return await self.session.fetch_one(
            LOCK_OWN, checkin_id=checkin_id, user_id=user_id, photo_id=photo_id
        )

    async def save(self, **parameters: Any) -> CheckinRow | None:
        """Call it with the check-in locked; None when it is verified."""
        return await self.session.fetch_one(SAVE, **parameters)

    async def delete(self, checkin_id: UUID, owner_id: UUID) -> bool:
        """Call it with the check-in locked; False when it is verified."""
        row = await self.session.fetch_one(DELETE, checkin_id=checkin_id, owner_id=owner_id)
        return row is not None
