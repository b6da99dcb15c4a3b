"""Check-ins: made and read (Specification §4.5)."""

from datetime import timedelta
from uuid import UUID

from app.core.checkin_rules import check_value, logged_status
from app.core.clock import Clock
from app.core.enums import SystemStatus
from app.core.errors import (
    AlreadyCheckedIn,
    CheckinNotFound,
    CheckinWindowClosed,
    NoActivePartnership,
    ServiceUnavailable,
    SystemNotActive,
    SystemNotFound,
    UnknownImage,
)
from app.core.image_links import ImageLinks, reference_to
from app.core.local_time import CheckinWindow, checkin_window, current_zone, today
from app.core.paging import PageRequest
from app.crud.crud_checkin import CheckinCrud, CheckinFilters
from app.crud.crud_checkin_writing import CheckinWrites
from app.crud.crud_notification import notification_parameters
from app.crud.crud_user import Account, UserCrud
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.checkin_schemas import CheckinCreate, CheckinRead, LoggedStatus
from app.services.checkin_reading import read_checkin, told_to_partner, without_former_verifier
from app.services.history import zone_uses
from app.services.milestones import Milestones

# No date further before the one in UTC is open, wherever somebody lives or has been.
_OPEN_FOR_AT_MOST = timedelta(days=3)


class CheckinService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._checkins = CheckinCrud(session)
        self._writes = CheckinWrites(session)
        self._users = UserCrud(session)
        self._milestones = Milestones(session, clock)
        self._clock = clock
        self._links = links

    async def create(self, account: Account, data: CheckinCreate) -> CheckinRead:
        """Log one date of one system and tell the partner, in one statement.

        Only where the person's streak may reach a milestone it is a transaction, in which that is
        recorded and told, too. Raises SystemNotFound, SystemNotActive, CheckinWindowClosed,
        MetricValueRequired, MetricValueNotAllowed, UnknownImage, AlreadyCheckedIn.
        """
        checkin = await self._log(account, data)
        if checkin is None:
            # The partnership or the system changed between two statements: once more, as it is now.
            current = await self._users.get_account(account.id)
            checkin = await self._log(current, data) if current else None
        if checkin is None:
            raise ServiceUnavailable
        return checkin

    async def _log(self, account: Account, data: CheckinCreate) -> CheckinRead | None:
        """None when what was read had changed before the check-in was written."""
        now = self._clock.now()
        photo_id = self._links.upload_id(data.photo_url, account.id) if data.photo_url else None
        system = await self._checkins.get_context(
            data.system_id, account.id, photo_id, credited_since=now.date() - _OPEN_FOR_AT_MOST
        )
        if system is None:
            raise SystemNotFound
        if system["status"] is not SystemStatus.ACTIVE:
            raise SystemNotActive(system_title=system["title"])
        zones = zone_uses(system["zones"])
        zone = current_zone(zones)
        local_date = data.local_date or today(now, zone)
        window = checkin_window(local_date, now, zones)
        if not window.is_open:
            raise CheckinWindowClosed(
                local_date=local_date, in_future=window is CheckinWindow.IN_FUTURE
            )
        skipped = data.status is LoggedStatus.SKIPPED
        check_value(system["metric_type"], data.metric_value_logged, skipped=skipped)
        if data.photo_url and not (photo_id and system["photo_is_own"]):
            raise UnknownImage(field="photoUrl")
        status = logged_status(
            skipped=skipped,
            verification_required=system["verification_required"],
            has_partner=account.partner_id is not None,
        )
        begins_a_date = not skipped and local_date not in system["credited_dates"]
        telling = begins_a_date and await self._milestones.is_near(
            account.id, data.system_id, local_date
        )
        if telling:
            await self._users.lock(account.id)
        row = await self._writes.create(
            owner_id=account.id,
            on_system_id=data.system_id,
            in_partnership_id=account.current_partnership_id,
            given_checkin_timestamp_utc=now,
            given_original_local_timestamp_str=data.original_local_timestamp,
            given_checkin_date_local=local_date,
            given_checkin_timezone=zone,
            given_is_late=window is CheckinWindow.OPEN_LATE,
            given_status=status,
            given_metric_value_logged=data.metric_value_logged,
            given_notes=data.notes,
            given_photo_url=reference_to(photo_id) if photo_id else None,
            **notification_parameters(
                None if skipped else account.partner_id,
                told_to_partner(account, system["title"], status),
                now,
            ),
        )
        if row is not None:
            if telling:
                await self._milestones.tell(account, data.system_id, local_date)
            return read_checkin(row, self._links.seen_by(account.id, now))
        if await self._checkins.exists_on(data.system_id, local_date):
            raise AlreadyCheckedIn(system_title=system["title"], local_date=local_date)
        return None

    async def get(self, account: Account, checkin_id: UUID) -> CheckinRead:
        """One of the caller's or the active partner's. Raises CheckinNotFound."""
        row = await self._checkins.get_visible(
            checkin_id, viewer_id=account.id, partner_id=account.partner_id
        )
        if row is None:
            raise CheckinNotFound
        links = self._links.seen_by(account.id, self._clock.now())
        return read_checkin(without_former_verifier(row, account), links)

    async def list_own(
        self, account: Account, filters: CheckinFilters, *, page: PageRequest
    ) -> Page[CheckinRead]:
        return await self._list(account, account.id, filters, page)

    async def list_partners(
        self, account: Account, filters: CheckinFilters, *, page: PageRequest
    ) -> Page[CheckinRead]:
        """Raises NoActivePartnership."""
        if account.partner_id is None:
            raise NoActivePartnership
        return await self._list(account, account.partner_id, filters, page)

    async def _list(
        self, viewer: Account, owner_id: UUID, filters: CheckinFilters, page: PageRequest
    ) -> Page[CheckinRead]:
        rows, total = await self._checkins.list_of(owner_id, filters, page=page)
        links = self._links.seen_by(viewer.id, self._clock.now())
        return Page(
            items=[read_checkin(without_former_verifier(row, viewer), links) for row in rows],
            pagination=pagination(page, total),
        )
