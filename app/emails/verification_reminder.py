"""The reminder that several of the partner's check-ins wait (Specification, e-mail strategy §3)."""

from collections.abc import Mapping

from app.core.paging import PageRequest
from app.crud.crud_checkin import CheckinCrud
from app.crud.crud_scans import FEWEST_WAITING
from app.emails.contents import NotNeeded, Reading
from app.emails.messages import VerificationReminder, WaitingCheckin

SHOWN = 6


async def write_verification_reminder(
    _payload: Mapping[str, object], reading: Reading
) -> VerificationReminder | NotNeeded:
    account = reading.account
    if account.current_partnership_id is None or account.partner_id is None:
        return NotNeeded("the partnership has ended")
    rows, total = await CheckinCrud(reading.session).verification_queue(
        account.current_partnership_id, account.id, page=PageRequest(1, SHOWN)
    )
    if total < FEWEST_WAITING:
        return NotNeeded("fewer than two check-ins wait")
    return VerificationReminder(
        recipient_name=reading.recipient_name,
        partner_name=account.partner_display_name,
        count=total,
        waiting=[
            WaitingCheckin(system_title=row["system_title"], local_date=row["local_date"])
            for row in rows
        ],
        verifications_url=reading.links.to("/activity?filter=verifications"),
        unsubscribe_url=reading.links.unsubscribe,
        settings_url=reading.links.settings,
    )
