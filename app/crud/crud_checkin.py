"""Check-ins: single statements, so that each is atomic with the notification that it causes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    Date,
    Select,
    Uuid,
    bindparam,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import DateTime

from app.core.enums import CheckinStatus, SystemMetricType, SystemStatus, UploadPurpose
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery
from app.crud.crud_history import OWNER_ZONES
from app.crud.crud_notification import insert_notification
from app.db.models import Checkin, System, Upload, User
from app.db.query import Query, matches_unless_null, parameter


class CheckinRow(TypedDict):
    id: UUID
    system_id: UUID
    system_title: str
    user_id: UUID
    partnership_id: UUID | None
    status: CheckinStatus
    local_date: date
    checkin_timestamp_utc: datetime
    original_local_timestamp: str | None
    is_late: bool
    metric_value_logged: float | None
    notes: str | None
    photo_url: str | None
    verified_by_partner_id: UUID | None
    verified_at_utc: datetime | None
    verifier_query: str | None
    created_at: datetime
    updated_at: datetime


class CheckinContext(TypedDict):
    """What decides whether and how a system can be checked in on."""

    title: str
    status: SystemStatus
    metric_type: SystemMetricType
    verification_required: bool
    zones: list[dict[str, Any]]
    photo_is_own: bool


class QueueRow(CheckinRow):
    system_description: str
    metric_type: SystemMetricType
    target_value: float | None
    target_unit: str | None
    owner_name: str | None
    owner_username: str | None
    owner_avatar_url: str | None


def _read(of: Any, system: Any) -> tuple[Any, ...]:
    """The columns of a CheckinRow, from a table or a CTE of check-ins."""
    return (
        of.id,
        of.system_id,
        system.title.label("system_title"),
        of.user_id,
        of.partnership_id,
        of.status,
        of.checkin_date_local.label("local_date"),
        of.checkin_timestamp_utc,
        of.original_local_timestamp_str.label("original_local_timestamp"),
        of.is_late,
        of.metric_value_logged,
        of.notes,
        of.photo_url,
        of.verified_by_partner_id,
        of.verified_at_utc,
        of.verifier_query,
        of.created_at,
        of.updated_at,
    )


CONTEXT = Query(
    select(
        System.title,
        System.status,
        System.metric_type,
        System.verification_required,
        OWNER_ZONES.label("zones"),
        or_(
            parameter("photo_id", Upload.id).is_(None),
            select(Upload.id)
            .where(
                Upload.id == parameter("photo_id", Upload.id),
                Upload.user_id == bindparam("user_id"),
                Upload.purpose == UploadPurpose.CHECKIN,
            )
            .exists(),
        ).label("photo_is_own"),
    ).where(System.id == bindparam("system_id"), System.user_id == bindparam("user_id")),
    CheckinContext,
)


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
        select(*_read(saved.c, active.c)).join_from(saved, active, onclause=true()).add_cte(told),
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
        select(*_read(saved.c, System)).join(System, System.id == saved.c.system_id).add_cte(told),
        CheckinRow,
    )


CREATE = _create()
DECIDE = _decide()

_own_or_partners: Select[*tuple[Any, ...]] = select(*_read(Checkin, System)).join(
    System, System.id == Checkin.system_id
)
LIST_OWN = PagedQuery(
    _own_or_partners.where(
        Checkin.user_id == bindparam("user_id"),
        matches_unless_null("system_id", Checkin.system_id),
        matches_unless_null("status", Checkin.status),
        Checkin.checkin_date_local >= bindparam("from_date", type_=Date),
        Checkin.checkin_date_local <= bindparam("to_date", type_=Date),
    ).order_by(
        Checkin.checkin_date_local.desc(),
        Checkin.checkin_timestamp_utc.desc(),
        Checkin.id.desc(),
    ),
    CheckinRow,
)
# Visible to its owner and, while their partnership is active, to the partner.
VISIBLE = Query(
    _own_or_partners.where(
        Checkin.id == bindparam("checkin_id"),
        or_(
            Checkin.user_id == bindparam("viewer_id"),
            Checkin.user_id == bindparam("partner_id", type_=Uuid),
        ),
    ),
    CheckinRow,
)
ON_DATE = Query(
    select(Checkin.id).where(
        Checkin.system_id == bindparam("system_id"),
        Checkin.checkin_date_local == bindparam("local_date"),
    ),
    IdRow,
)
QUEUE = PagedQuery(
    select(
        *_read(Checkin, System),
        System.description.label("system_description"),
        System.metric_type,
        System.target_value,
        System.target_unit,
        User.name.label("owner_name"),
        User.username.label("owner_username"),
        User.profile_image_url.label("owner_avatar_url"),
    )
    .join(System, System.id == Checkin.system_id)
    .join(User, User.id == Checkin.user_id)
    .where(
        Checkin.partnership_id == bindparam("partnership_id"),
        Checkin.user_id != bindparam("verifier_id"),
        Checkin.status == CheckinStatus.PENDING_VERIFICATION,
    )
    .order_by(Checkin.checkin_timestamp_utc, Checkin.id),
    QueueRow,
)


class CheckinCrud(BaseCrud):
    async def get_context(
        self, system_id: UUID, user_id: UUID, photo_id: UUID | None
    ) -> CheckinContext | None:
        """What has to be known to check in; None when it is not the person's system."""
        return await self.session.fetch_one(
            CONTEXT, system_id=system_id, user_id=user_id, photo_id=photo_id
        )

    async def create(self, **parameters: Any) -> CheckinRow | None:
        """None when the date is taken, or the person or the system changed meanwhile."""
        return await self.session.fetch_one(CREATE, **parameters)

    async def exists_on(self, system_id: UUID, local_date: date) -> bool:
        row = await self.session.fetch_one(ON_DATE, system_id=system_id, local_date=local_date)
        return row is not None

    async def decide(self, **parameters: Any) -> CheckinRow | None:
        """None when it does not wait for this verifier."""
        return await self.session.fetch_one(DECIDE, **parameters)

    async def get_visible(
        self, checkin_id: UUID, *, viewer_id: UUID, partner_id: UUID | None
    ) -> CheckinRow | None:
        return await self.session.fetch_one(
            VISIBLE, checkin_id=checkin_id, viewer_id=viewer_id, partner_id=partner_id
        )

    async def list_own(
        self,
        user_id: UUID,
        *,
        page: PageRequest,
        system_id: UUID | None,
        status: CheckinStatus | None,
        from_date: date | None,
        to_date: date | None,
    ) -> tuple[Sequence[CheckinRow], int]:
        """Newest date first; the bounds are local dates and belong to the range."""
        return await LIST_OWN.fetch(
            self.session,
            page=page,
            user_id=user_id,
            system_id=system_id,
            status=status,
            from_date=from_date or date.min,
            to_date=to_date or date.max,
        )

    async def verification_queue(
        self, partnership_id: UUID, verifier_id: UUID, *, page: PageRequest
    ) -> tuple[Sequence[QueueRow], int]:
        """The partner's check-ins that wait for `verifier_id`, oldest first."""
        return await QUEUE.fetch(
            self.session, page=page, partnership_id=partnership_id, verifier_id=verifier_id
        )
