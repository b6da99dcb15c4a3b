"""How a check-in is shown, and how the partner is told of it."""

from datetime import datetime

from app.core.enums import CheckinStatus
from app.core.image_links import ImageLinks
from app.core.notification_catalogue import NotificationType
from app.crud.crud_checkin import CheckinRow
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_user import Account
from app.schemas.checkin_schemas import CheckinRead


def read_checkin(row: CheckinRow, links: ImageLinks, now: datetime) -> CheckinRead:
    """With a photo's stored reference turned into a link that works from `now` on."""
    photo_url = links.shown(row["photo_url"], now)
    return CheckinRead.model_validate({**row, "photo_url": photo_url})


def told_to_partner(
    account: Account, system_title: str, status: CheckinStatus
) -> NotificationDraft:
    """What the partner is told when a check-in gets this status: it waits, or it is completed."""
    if status is CheckinStatus.PENDING_VERIFICATION:
        return NotificationDraft(
            type=NotificationType.VERIFICATION_REQUESTED,
            title="Verification requested",
            message=f"{account.display_name} asks you to verify '{system_title}'.",
            actor_id=account.id,
            target_type="checkin",
            target_name=system_title,
        )
    return NotificationDraft(
        type=NotificationType.PARTNER_CHECKIN_COMPLETED,
        title="Partner checked in",
        message=f"{account.display_name} completed '{system_title}'.",
        actor_id=account.id,
        target_type="checkin",
        target_name=system_title,
    )
