"""Reading check-ins, and what has to be known to write one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Date, Select, Uuid, bindparam, func, or_, select

from app.core.enums import CheckinStatus, SystemMetricType, SystemStatus, UploadPurpose
from app.core.paging import PageRequest
from app.crud.base_crud import BaseCrud, IdRow, PagedQuery, count_of
from app.crud.checkin_totals import total_checkins
from app.crud.crud_history import OWNER_ZONES
from app.db.models import Checkin, System, Upload, User
from app.db.query import Query, parameter


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


class SystemOfCheckin(TypedDict):
    """What decides how a system is checked in on; `photo_is_own` is true without a photo."""

    metric_type: SystemMetricType
    verification_required: bool
    zones: list[dict[str, Any]]
    photo_is_own: bool


class CheckinContext(SystemOfCheckin):
    """The same before it is done, with the dates on which its owner did anything lately."""

    title: str
    status: SystemStatus
    credited_dates: list[date]


@dataclass(frozen=True, slots=True)
class CheckinFilters:
    """Of a list; the bounds are local dates and belong to the range. None: whatever it is."""

    system_id: UUID | None
    status: CheckinStatus | None
    from_date: date | None
    to_date: date | None


class QueueRow(CheckinRow):
    system_description: str
    metric_type: SystemMetricType
    target_value: float | None
    target_unit: str | None
    owner_name: str | None
    owner_username: str | None
    owner_avatar_url: str | None


def checkin_columns(of: Any, system: Any) -> tuple[Any, ...]:
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


def system_columns() -> tuple[Any, ...]:
    """The columns of a SystemOfCheckin, with the parameters `user_id` and `photo_id`."""
    photo_id = parameter("photo_id", Upload.id)
    own_photo = select(Upload.id).where(
        Upload.id == photo_id,
        Upload.user_id == bindparam("user_id"),
        Upload.purpose == UploadPurpose.CHECKIN,
    )
    return (
        System.metric_type,
        System.verification_required,
        OWNER_ZONES.label("zones"),
        or_(photo_id.is_(None), own_photo.exists()).label("photo_is_own"),
    )


_credited_dates = (
    select(Checkin.checkin_date_local)
    .where(
        Checkin.user_id == bindparam("user_id"),
        Checkin.checkin_date_local >= bindparam("credited_since", type_=Date),
        Checkin.status != CheckinStatus.SKIPPED,
    )
    .distinct()
    .scalar_subquery()
)
CONTEXT = Query(
    select(
        System.title,
        System.status,
        *system_columns(),
        func.array(_credited_dates, type_=ARRAY(Date)).label("credited_dates"),
    ).where(System.id == bindparam("system_id"), System.user_id == bindparam("user_id")),
    CheckinContext,
)

_own_or_partners: Select[*tuple[Any, ...]] = select(*checkin_columns(Checkin, System)).join(
    System, System.id == Checkin.system_id
)


def _list(*, of_system: bool, of_status: bool) -> PagedQuery[CheckinRow]:
    """Filters that are off are not in it, so that PostgreSQL plans for those that are on."""

    def wanted(of: Any) -> Iterator[ColumnElement[bool]]:
        yield of.user_id == bindparam("user_id")
        yield of.checkin_date_local >= bindparam("from_date", type_=Date)
        yield of.checkin_date_local <= bindparam("to_date", type_=Date)
        if of_system:
            yield of.system_id == bindparam("system_id")
        if of_status:
            yield of.status == parameter("status", of.status)

    return PagedQuery(
        _own_or_partners.where(*wanted(Checkin)).order_by(
            Checkin.checkin_date_local.desc(),
            Checkin.checkin_timestamp_utc.desc(),
            Checkin.id.desc(),
        ),
        CheckinRow,
        total=count_of(Checkin, wanted) if of_status else total_checkins(of_system=of_system),
    )


LISTS = {
    (of_system, of_status): _list(of_system=of_system, of_status=of_status)
    for of_system, of_status in product((False, True), repeat=2)
}
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
        *checkin_columns(Checkin, System),
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
        self, system_id: UUID, user_id: UUID, photo_id: UUID | None, *, credited_since: date
    ) -> CheckinContext | None:
        """What has to be known to check in; None when it is not the person's system."""
        return await self.session.fetch_one(
            CONTEXT,
            system_id=system_id,
            user_id=user_id,
            photo_id=photo_id,
            credited_since=credited_since,
        )

    async def exists_on(self, system_id: UUID, local_date: date) -> bool:
        row = await self.session.fetch_one(ON_DATE, system_id=system_id, local_date=local_date)
        return row is not None

    async def get_visible(
        self, checkin_id: UUID, *, viewer_id: UUID, partner_id: UUID | None
    ) -> CheckinRow | None:
        return await self.session.fetch_one(
            VISIBLE, checkin_id=checkin_id, viewer_id=viewer_id, partner_id=partner_id
        )

    async def list_of(
        self, user_id: UUID, filters: CheckinFilters, *, page: PageRequest
    ) -> tuple[Sequence[CheckinRow], int]:
        """Somebody's check-ins, newest date first."""
        optional = {"system_id": filters.system_id, "status": filters.status}
        given = {name: value for name, value in optional.items() if value is not None}
        return await LISTS["system_id" in given, "status" in given].fetch(
            self.session,
            page=page,
            user_id=user_id,
            from_date=filters.from_date or date.min,
            to_date=filters.to_date or date.max,
            **given,
        )

    async def verification_queue(
        self, partnership_id: UUID, verifier_id: UUID, *, page: PageRequest
    ) -> tuple[Sequence[QueueRow], int]:
        """The partner's check-ins that wait for `verifier_id`, oldest first."""
        return await QUEUE.fetch(
            self.session, page=page, partnership_id=partnership_id, verifier_id=verifier_id
        )
