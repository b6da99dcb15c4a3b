"""Check-ins (Specification §4.5)."""

from datetime import date, datetime
from uuid import UUID

from app.core.clock import Clock
from app.core.enums import CheckinStatus, SystemMetricType, SystemStatus
from app.core.errors import (
    AlreadyCheckedIn,
    CheckinWindowClosed,
    MetricValueNotAllowed,
    MetricValueRequired,
    ServiceUnavailable,
    SystemNotActive,
    SystemNotFound,
    UnknownImage,
)
from app.core.image_links import ImageLinks, reference_to
from app.core.local_time import CheckinWindow, checkin_window, current_zone, today
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.crud_checkin import CheckinContext, CheckinCrud, CheckinRow
from app.crud.crud_notification import NotificationDraft, notification_parameters
from app.crud.crud_user import Account, UserCrud
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.checkin_schemas import CheckinCreate, CheckinRead, LoggedStatus
from app.services.history import zone_uses


class CheckinService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._checkins = CheckinCrud(session)
        self._users = UserCrud(session)
        self._clock = clock
        self._links = links

    async def create(self, account: Account, data: CheckinCreate) -> CheckinRead:
        """Log one date of one system and tell the partner, in one statement.

        Raises SystemNotFound, SystemNotActive, CheckinWindowClosed, MetricValueRequired,
        MetricValueNotAllowed, UnknownImage, AlreadyCheckedIn.
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
        photo_id = self._links.upload_id(data.photo_url, account.id) if data.photo_url else None
        system = await self._checkins.get_context(data.system_id, account.id, photo_id)
        if system is None:
            raise SystemNotFound
        now = self._clock.now()
        zones = zone_uses(system["zones"])
        zone = current_zone(zones)
        local_date = data.local_date or today(now, zone)
        window = checkin_window(local_date, now, zones)
        _check(system, data, local_date, window)
        if data.photo_url and not (photo_id and system["photo_is_own"]):
            raise UnknownImage(field="photoUrl")
        status = _initial_status(system, data, has_partner=account.partner_id is not None)
        told = account.partner_id if status is not CheckinStatus.SKIPPED else None
        row = await self._checkins.create(
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
            **notification_parameters(told, _draft(account, system["title"], status), now),
        )
        if row is not None:
            return read_checkin(row, self._links, now)
        if await self._checkins.exists_on(data.system_id, local_date):
            raise AlreadyCheckedIn(system_title=system["title"], local_date=local_date)
        return None

    async def list_own(
        self,
        account: Account,
        *,
        page: PageRequest,
        system_id: UUID | None,
        status: CheckinStatus | None,
        from_date: date | None,
        to_date: date | None,
    ) -> Page[CheckinRead]:
        rows, total = await self._checkins.list_own(
            account.id,
            page=page,
            system_id=system_id,
            status=status,
            from_date=from_date,
            to_date=to_date,
        )
        now = self._clock.now()
        return Page(
            items=[read_checkin(row, self._links, now) for row in rows],
            pagination=pagination(page, total),
        )


def read_checkin(row: CheckinRow, links: ImageLinks, now: datetime) -> CheckinRead:
    """With a photo's stored reference turned into a link that works from `now` on."""
    photo_url = links.shown(row["photo_url"], now)
    return CheckinRead.model_validate({**row, "photo_url": photo_url})


def _check(
    system: CheckinContext, data: CheckinCreate, local_date: date, window: CheckinWindow
) -> None:
    if system["status"] is not SystemStatus.ACTIVE:
        raise SystemNotActive(system_title=system["title"])
    if window in (CheckinWindow.CLOSED, CheckinWindow.IN_FUTURE):
        raise CheckinWindowClosed(
            local_date=local_date, in_future=window is CheckinWindow.IN_FUTURE
        )
    counts = system["metric_type"] is not SystemMetricType.BINARY
    wants_value = counts and data.status is LoggedStatus.COMPLETED
    if wants_value and data.metric_value_logged is None:
        raise MetricValueRequired
    if not wants_value and data.metric_value_logged is not None:
        raise MetricValueNotAllowed


def _initial_status(
    system: CheckinContext, data: CheckinCreate, *, has_partner: bool
) -> CheckinStatus:
    if data.status is LoggedStatus.SKIPPED:
        return CheckinStatus.SKIPPED
    if system["verification_required"] and has_partner:
        return CheckinStatus.PENDING_VERIFICATION
    return CheckinStatus.COMPLETED


def _draft(account: Account, system_title: str, status: CheckinStatus) -> NotificationDraft:
    if status is CheckinStatus.PENDING_VERIFICATION:
        return NotificationDraft(
            type=NotificationType.VERIFICATION_REQUESTED,
            title="Verification requested",
            message=f"{account.display_name} asks you to verify {system_title!r}.",
            actor_id=account.id,
            target_type="checkin",
            target_name=system_title,
        )
    return NotificationDraft(
        type=NotificationType.PARTNER_CHECKIN_COMPLETED,
        title="Partner checked in",
        message=f"{account.display_name} completed {system_title!r}.",
        actor_id=account.id,
        target_type="checkin",
        target_name=system_title,
    )
