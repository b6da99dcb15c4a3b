"""The activity feed: what the partner did since the two became partners."""

from collections.abc import Collection

from app.core.activity import ActivityType, parse_activity_id
from app.core.clock import Clock
from app.core.errors import ActivityNotFound, NoActivePartnership
from app.core.image_links import ImageLinks
from app.core.paging import PageRequest
from app.crud.crud_activity import ActivityCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.activity_schemas import ActivityActor, ActivityItem
from app.schemas.base_schemas import Page, pagination
from app.services.activity_reading import read_activity


class ActivityService:
    def __init__(self, session: Session, clock: Clock, links: ImageLinks) -> None:
        self._activities = ActivityCrud(session)
        self._clock = clock
        self._links = links

    async def list_of_partner(
        self,
        account: Account,
        *,
        page: PageRequest,
        before: str | None,
        types: Collection[ActivityType] | None,
    ) -> Page[ActivityItem]:
        """Newest first; the total is exact up to `COUNTED` and never less than what is known.

        `before` is an item's id. Raises NoActivePartnership, ActivityNotFound.
        """
        if account.partner_id is None or account.current_partnership_id is None:
            raise NoActivePartnership
        rows = await self._activities.list_of_partner(
            viewer_id=account.id,
            partner_id=account.partner_id,
            partnership_id=account.current_partnership_id,
            page=page,
            before=parse_activity_id(before) if before else None,
            types=types or [*ActivityType],
        )
        if not rows:
            raise NoActivePartnership  # it ended between two statements
        if before and not rows[0]["before_found"]:
            raise ActivityNotFound
        partner = ActivityActor(
            id=account.partner_id,
            name=account.partner_name or account.partner_username,
            avatar_url=account.partner_profile_image_url,
        )
        links = self._links.seen_by(account.id, self._clock.now())
        found = [read_activity(row, partner, links) for row in rows]
        items = [item for item in found if item is not None]
        # A page that comes after others knows of those, and of the one item more that was read.
        known = page.offset + len(items) if items else 0
        return Page(
            items=items[: page.limit],
            pagination=pagination(page, max(rows[0]["total_items"], known)),
        )
