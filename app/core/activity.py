"""What a feed of somebody's acts is made of, and how its items are named."""

from dataclasses import dataclass
from uuid import UUID

from app.core.enums import LenientEnum

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class ActivityType(LenientEnum):
    """No value is the beginning of another one: `RANKS` relies on it."""

    SYSTEM_CHECKIN = "system_checkin"
    GOAL_CREATED = "goal_created"
    GOAL_ACHIEVED = "goal_achieved"
    SYSTEM_CREATED = "system_created"
    REFLECTION_ADDED = "reflection_added"
    STREAK_MILESTONE = "streak_milestone"
    PARTNERSHIP_STARTED = "partnership_started"


# Ordered by these and then by the rows' ids, items are in the order of their names.
RANKS = {kind: rank for rank, kind in enumerate(sorted(ActivityType))}

ACTIVITY_ID_PATTERN = f"^({'|'.join(ActivityType)}):{_UUID}$"


@dataclass(frozen=True, slots=True)
class ActivityId:
    """An item's name: its type and the id of the row that it tells of, for as long as both last.

    At most 64 characters long as text, so that a message can say what it answers.
    """

    type: ActivityType
    row_id: UUID

    def __str__(self) -> str:
        return f"{self.type}:{self.row_id}"


def parse_activity_id(text: str) -> ActivityId:
    """The reverse of `str`, of a text that matches `ACTIVITY_ID_PATTERN`."""
    kind, _, row_id = text.partition(":")
    return ActivityId(ActivityType(kind), UUID(row_id))
