"""Changing, deleting and resubmitting one's own check-ins (Specification §4.5).

Each is a transaction that holds the owner's row and the check-in: a decision of the partner, the
end of the partnership and a second change come before it or after it, never in between.
"""

from typing import Any
from uuid import UUID

from app.core.checkin_rules import check_value, edited_status, takes_value
from app.core.clock import Clock
from app.core.enums import CheckinStatus
from app.core.errors import (
    CheckinLocked,
    CheckinNotFound,
    NotQueried,
    NotYours,
    UnknownImage,
)
from app.core.image_links import ImageLinks, reference_to
from app.core.local_time import checkin_window
from app.crud.crud_checkin import CheckinCrud, CheckinRow
from app.crud.crud_checkin_writing import CheckinWrites, EditableRow
from app.crud.crud_notification import notification_parameters
from app.crud.crud_user import Account, UserCrud
from app.db.session import Session
from app.schemas.checkin_schemas import (
    CheckinRead,
    CheckinResubmission,
    CheckinUpdate,
    LoggedStatus,
)
from app.services.checkin_reading import read_checkin, told_to_partner
from app.services.history import zone_uses
from app.services.milestones import Milestones


class CheckinEditingService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._checkins = CheckinCrud(session)
        self._writes = CheckinWrites(session)
        self._users = UserCrud(session)
        self._milestones = Milestones(session, clock)
        self._clock = clock
        self._links = links

    async def update(self, account: Account, checkin_id: UUID, data: CheckinUpdate) -> CheckinRead:
        """Change what was sent, while the date is open and nobody has verified it.

        Raises CheckinNotFound, NotYours, CheckinLocked, MetricValueRequired,
        MetricValueNotAllowed, UnknownImage.
        """
        changes = data.changes()
        account, checkin = await self._lock(account, checkin_id, changes.get("photo_url"))
        self._require_open(checkin)
        if not changes:
            return read_checkin(checkin, self._links.seen_by(account.id, self._clock.now()))
        logged: LoggedStatus | None = changes.get("status")
        status = edited_status(
            checkin["status"],
            skip=None if logged is None else logged is LoggedStatus.SKIPPED,
            in_current_partnership=checkin["partnership_id"] == account.current_partnership_id,
            verification_required=checkin["verification_required"],
            has_partner=account.partner_id is not None,
        )
        saved = await self._save(account, checkin, changes, status)
        if checkin["status"] is CheckinStatus.SKIPPED and status is not CheckinStatus.SKIPPED:
            await self._milestones.tell(account, checkin["system_id"], checkin["local_date"])
        return read_checkin(saved, self._links.seen_by(account.id, self._clock.now()))

    async def delete(self, account: Account, checkin_id: UUID) -> None:
        """Make its date free again. What the partner was told stays told.

        Raises CheckinNotFound, NotYours, CheckinLocked.
        """
        _, checkin = await self._lock(account, checkin_id)
        self._require_open(checkin)
        if not await self._writes.delete(checkin_id, account.id):
            raise CheckinLocked.because_verified()

    async def resubmit(
        self, account: Account, checkin_id: UUID, data: CheckinResubmission
    ) -> CheckinRead:
        """Answer the partner's question, however late it came: the check-in waits once more.

        The question stays until the check-in is verified. Raises CheckinNotFound, NotYours,
        NotQueried, MetricValueRequired, MetricValueNotAllowed, UnknownImage.
        """
        changes = data.changes()
        account, checkin = await self._lock(account, checkin_id, changes.get("photo_url"))
        if (
            checkin["status"] is not CheckinStatus.QUERIED_BY_PARTNER
            or account.partner_id is None
            or checkin["partnership_id"] != account.current_partnership_id
        ):
            raise NotQueried
        saved = await self._save(account, checkin, changes, CheckinStatus.PENDING_VERIFICATION)
        return read_checkin(saved, self._links.seen_by(account.id, self._clock.now()))

    async def _lock(
        self, account: Account, checkin_id: UUID, photo_url: str | None = None
    ) -> tuple[Account, EditableRow]:
        """The person and the check-in as they are now and stay until the transaction ends.

        Raises CheckinNotFound, NotYours.
        """
        photo_id = self._links.upload_id(photo_url, account.id) if photo_url else None
        owner = (await self._users.lock(account.id)).get(account.id)
        current: Account | None = account
        if owner is None or owner.current_partnership_id != account.current_partnership_id:
            current = await self._users.get_account(account.id)
        if current is None:
            raise CheckinNotFound
        checkin = await self._writes.lock_own(checkin_id, account.id, photo_id)
        if checkin is None:
            visible = await self._checkins.get_visible(
                checkin_id, viewer_id=current.id, partner_id=current.partner_id
            )
            raise NotYours if visible else CheckinNotFound
        return current, checkin

    def _require_open(self, checkin: EditableRow) -> None:
        """Raises CheckinLocked."""
        if checkin["status"] is CheckinStatus.VERIFIED_COMPLETED:
            raise CheckinLocked.because_verified()
        zones = zone_uses(checkin["zones"])
        if not checkin_window(checkin["local_date"], self._clock.now(), zones).is_open:
            raise CheckinLocked.because_closed(checkin["local_date"])

    async def _save(
        self,
        account: Account,
        checkin: EditableRow,
        changes: dict[str, Any],
        status: CheckinStatus,
    ) -> CheckinRow:
        """Write the changes and tell the partner what is new to them.

        Raises MetricValueRequired, MetricValueNotAllowed, UnknownImage.
        """
        before, now = checkin["status"], self._clock.now()
        skipped = status is CheckinStatus.SKIPPED
        value = checkin["metric_value_logged"]
        if "metric_value_logged" in changes:
            value = changes["metric_value_logged"]
        elif not takes_value(checkin["metric_type"], skipped=skipped):
            value = None  # what was logged before has no place any more
        check_value(checkin["metric_type"], value, skipped=skipped)
        photo_url = checkin["photo_url"]
        if "photo_url" in changes:
            photo_url = self._own_photo(account, checkin, changes["photo_url"])
        asked = status is CheckinStatus.PENDING_VERIFICATION and before is not status
        done = status is CheckinStatus.COMPLETED and before is CheckinStatus.SKIPPED
        saved = await self._writes.save(
            checkin_id=checkin["id"],
            owner_id=account.id,
            given_status=status,
            given_partnership_id=(
                account.current_partnership_id if asked or done else checkin["partnership_id"]
            ),
            given_metric_value_logged=value,
            given_notes=changes.get("notes", checkin["notes"]),
            given_photo_url=photo_url,
            given_updated_at=now,
            **notification_parameters(
                account.partner_id if asked or done else None,
                told_to_partner(account, checkin["system_title"], status),
                now,
            ),
        )
        if saved is None:
            raise CheckinLocked.because_verified()
        return saved

    def _own_photo(self, account: Account, checkin: EditableRow, given: str | None) -> str | None:
        """What is stored of a photo. Raises UnknownImage."""
        if given is None:
            return None
        photo_id = self._links.upload_id(given, account.id)
        if photo_id is None or not checkin["photo_is_own"]:
            raise UnknownImage(field="photoUrl")
        return reference_to(photo_id)
