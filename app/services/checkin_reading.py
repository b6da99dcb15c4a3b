"""How a check-in is shown, and how the partner is told of it."""

from app.core.enums import CheckinStatus
from app.core.image_links import ViewerLinks
from app.core.notification_catalogue import NotificationType
from app.crud.crud_checkin import CheckinRow
from app.crud.crud_notification import NotificationDraft
from app.crud.crud_user import Account
from app.schemas.checkin_schemas import CheckinRead


def read_checkin(row: CheckinRow, links: ViewerLinks) -> CheckinRead:
    """With a photo's stored reference turned into a link for the viewer."""
    photo_url = links.shown(row["photo_url"])
    return CheckinRead.model_validate({**row, "photo_url": photo_url})


def without_former_verifier(row: CheckinRow, viewer: Account) -> CheckinRow:
    """What somebody else than the owner reads: nothing of what a former partner asked or decided.

    Only the two of a check-in's partnership know who was asked, and what.
    """
    if viewer.id == row["user_id"] or viewer.current_partnership_id == row["partnership_id"]:
        return row
    return {**row, "verified_by_partner_id": None, "verifier_query": None}


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
