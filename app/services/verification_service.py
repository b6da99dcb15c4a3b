"""The partner's word on a check-in (Specification §4.5)."""

from uuid import UUID

from app.core.clock import Clock
from app.core.enums import CheckinStatus
from app.core.errors import (
    CannotVerifyOwn,
    CheckinNotFound,
    NotAwaitingVerification,
)
from app.core.image_links import ImageLinks, ViewerLinks
from app.core.notification_catalogue import NotificationType
from app.core.paging import PageRequest
from app.crud.crud_checkin import CheckinCrud, CheckinRow, QueueRow
from app.crud.crud_checkin_writing import CheckinWrites
from app.crud.crud_notification import NotificationDraft, notification_parameters
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.base_schemas import Page, pagination
from app.schemas.checkin_schemas import (
    CheckinRead,
    Decision,
    VerificationDecision,
    VerificationItem,
    VerifiedSystem,
)
from app.schemas.user_schemas import PartnerDetails
from app.services.checkin_reading import read_checkin


class VerificationService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._checkins = CheckinCrud(session)
        self._writes = CheckinWrites(session)
        self._clock = clock
        self._links = links

    async def queue(self, account: Account, *, page: PageRequest) -> Page[VerificationItem]:
        """What waits for the caller, oldest first; empty without an active partnership."""
        if account.current_partnership_id is None:
            return Page(items=[], pagination=pagination(page, 0))
        rows, total = await self._checkins.verification_queue(
            account.current_partnership_id, account.id, page=page
        )
        links = self._links.seen_by(account.id, self._clock.now())
        return Page(
            items=[_item(row, links) for row in rows],
            pagination=pagination(page, total),
        )

    async def decide(
        self, account: Account, checkin_id: UUID, data: VerificationDecision
    ) -> CheckinRead:
        """Verify or query, once: of two decisions at the same time one wins.

        Raises CheckinNotFound, CannotVerifyOwn, NotAwaitingVerification.
        """
        checkin = await self._checkins.get_visible(
            checkin_id, viewer_id=account.id, partner_id=account.partner_id
        )
        if checkin is None:
            raise CheckinNotFound
        if checkin["user_id"] == account.id:
            raise CannotVerifyOwn
        now = self._clock.now()
        decided = await self._writes.decide(
            checkin_id=checkin_id,
            verifier_id=account.id,
            decision=CheckinStatus(data.decision.value),
            query=data.query,
            now=now,
            **notification_parameters(checkin["user_id"], _draft(account, checkin, data), now),
        )
        if decided is None:
            raise NotAwaitingVerification
        return read_checkin(decided, self._links.seen_by(account.id, now))


def _draft(account: Account, checkin: CheckinRow, data: VerificationDecision) -> NotificationDraft:
    title = checkin["system_title"]
    verified = data.decision is Decision.VERIFIED_COMPLETED
    return NotificationDraft(
        type=NotificationType.CHECKIN_VERIFIED if verified else NotificationType.CHECKIN_QUERIED,
        title="Check-in verified" if verified else "Question about your check-in",
        message=(
            f"{account.display_name} verified '{title}'."
            if verified
            else f"{account.display_name} asks about '{title}': {data.query}"
        ),
        actor_id=account.id,
        target_type="checkin",
        target_name=title,
        link_values=(("system_id", str(checkin["system_id"])),),
    )


def _item(row: QueueRow, links: ViewerLinks) -> VerificationItem:
    return VerificationItem.model_validate(
        {
            **row,
            "photo_url": links.shown(row["photo_url"]),
            "system": VerifiedSystem(
                id=row["system_id"],
                title=row["system_title"],
                description=row["system_description"],
                metric_type=row["metric_type"],
                target_value=row["target_value"],
                target_unit=row["target_unit"],
            ),
            "owner": PartnerDetails(
                id=row["user_id"],
                name=row["owner_name"],
                username=row["owner_username"],
                avatar_url=row["owner_avatar_url"],
            ),
        }
    )
