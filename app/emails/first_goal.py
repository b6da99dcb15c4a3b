"""The encouragement to make a first goal, once ever (Specification, e-mail strategy §4)."""

from collections.abc import Mapping

from app.crud.crud_email_recipient import EmailRecipientCrud
from app.emails.contents import NotNeeded, Reading
from app.emails.messages import FirstGoal


async def write_first_goal(
    _payload: Mapping[str, object], reading: Reading
) -> FirstGoal | NotNeeded:
    if await EmailRecipientCrud(reading.session).has_goal(reading.account.id):
        return NotNeeded("there is a goal")
    return FirstGoal(
        recipient_name=reading.recipient_name,
        has_partner=reading.account.partner_id is not None,
        new_goal_url=reading.links.to("/goals/new"),
        unsubscribe_url=reading.links.unsubscribe,
        settings_url=reading.links.settings,
    )
