"""What tasks are made of: own systems and check-ins, and the partner's check-ins that wait."""

from datetime import date
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Date, bindparam, or_, select

from app.core.enums import CheckinStatus
from app.core.tasks import DateRange
from app.crud.base_crud import BaseCrud
from app.crud.crud_card import LISTED_SYSTEM, ListedSystem
from app.db.models import Checkin, Goal, System
from app.db.query import Query, parameter

WAITING = 1000
RECENT = 20


class LoggedDate(TypedDict):
    """One of the person's own check-ins."""

    id: UUID
    system_id: UUID
    partnership_id: UUID | None
    local_date: date
    status: CheckinStatus
    photo_url: str | None
    verifier_query: str | None
    verified_by_partner_id: UUID | None


class WaitingCheckin(TypedDict):
    """A check-in of the partner that waits for the person."""

    id: UUID
    local_date: date
    notes: str | None
    photo_url: str | None
    verifier_query: str | None
    system_id: UUID
    system_title: str
    verification_required: bool
    goal_id: UUID | None
    goal_title: str | None


_systems = (
    select(*LISTED_SYSTEM)
    .outerjoin(Goal, Goal.id == System.goal_id)
    .where(System.user_id == bindparam("owner_id"))
)
SYSTEMS = Query(_systems, ListedSystem)
SYSTEM = Query(_systems.where(System.id == bindparam("system_id")), ListedSystem)

_logged = select(
    Checkin.id,
    Checkin.system_id,
    Checkin.partnership_id,
    Checkin.checkin_date_local.label("local_date"),
    Checkin.status,
    Checkin.photo_url,
    Checkin.verifier_query,
    Checkin.verified_by_partner_id,
).where(Checkin.user_id == bindparam("owner_id"))
LOGGED = Query(
    _logged.where(
        Checkin.checkin_date_local >= bindparam("queried_since", type_=Date),
        Checkin.checkin_date_local <= bindparam("last", type_=Date),
        or_(
            Checkin.checkin_date_local >= bindparam("first", type_=Date),
            Checkin.status == CheckinStatus.QUERIED_BY_PARTNER,
        ),
    ),
    LoggedDate,
)
RECENTLY_LOGGED = Query(
    _logged.where(Checkin.system_id == bindparam("system_id"))
    .order_by(Checkin.checkin_date_local.desc())
    .limit(RECENT),
    LoggedDate,
)
WAITING_CHECKINS = Query(
    select(
        Checkin.id,
        Checkin.checkin_date_local.label("local_date"),
        Checkin.notes,
        Checkin.photo_url,
        Checkin.verifier_query,
        Checkin.system_id,
        System.title.label("system_title"),
        System.verification_required,
        System.goal_id,
        Goal.title.label("goal_title"),
    )
    .join(System, System.id == Checkin.system_id)
    .outerjoin(Goal, Goal.id == System.goal_id)
    .where(
        Checkin.partnership_id == parameter("partnership_id", Checkin.partnership_id),
        Checkin.user_id != bindparam("verifier_id"),
        Checkin.status == CheckinStatus.PENDING_VERIFICATION,
        Checkin.checkin_date_local >= bindparam("first", type_=Date),
        Checkin.checkin_date_local <= bindparam("last", type_=Date),
    )
    .order_by(Checkin.checkin_timestamp_utc, Checkin.id)
    .limit(WAITING),
    WaitingCheckin,
)


class TaskCrud(BaseCrud):
    async def systems(self, owner_id: UUID) -> list[ListedSystem]:
        """All of a person's systems, also those at rest and those of archived goals."""
        return await self.session.fetch_all(SYSTEMS, owner_id=owner_id)

    async def system(self, system_id: UUID, owner_id: UUID) -> ListedSystem | None:
        """None when it is not the person's."""
        return await self.session.fetch_one(SYSTEM, system_id=system_id, owner_id=owner_id)

    async def logged(
        self, owner_id: UUID, dates: DateRange, *, queried_since: date
    ) -> list[LoggedDate]:
        """A person's check-ins of some dates, and queried ones back to `queried_since`."""
        return await self.session.fetch_all(
            LOGGED,
            owner_id=owner_id,
            first=dates.first,
            last=dates.last,
            queried_since=queried_since,
        )

    async def recently_logged(self, system_id: UUID, owner_id: UUID) -> list[LoggedDate]:
        """The newest 20 check-ins of one of the person's systems, newest first."""
        return await self.session.fetch_all(RECENTLY_LOGGED, system_id=system_id, owner_id=owner_id)

    async def waiting(
        self, partnership_id: UUID, verifier_id: UUID, dates: DateRange
    ) -> list[WaitingCheckin]:
        """The partner's check-ins of some dates that wait; the 1000 that wait longest."""
        return await self.session.fetch_all(
            WAITING_CHECKINS,
            partnership_id=partnership_id,
            verifier_id=verifier_id,
            first=dates.first,
            last=dates.last,
        )
