"""What the stream of live updates sends as `data`."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.enums import CheckinStatus
from app.schemas.base_schemas import ResponseSchema
from app.schemas.notification_schemas import NotificationRead


class LiveNotification(ResponseSchema):
    """A new notification, or one that now tells of more than before."""

    type: Literal["notification"] = "notification"
    notification: NotificationRead


class LiveMessage(ResponseSchema):
    """A new message of the thread: both members are told, since they may have several devices."""

    type: Literal["message"] = "message"
    message_id: UUID
    partnership_id: UUID
    sender_id: UUID


_MANY = "Null when so many changed at once that lists should be loaded again."


class LiveCheckin(ResponseSchema):
    """A check-in of one's own or of the partner, as it is now."""

    type: Literal["checkin"] = "checkin"
    checkin_id: UUID | None = Field(description=_MANY)
    deleted: bool = Field(default=False, description="Then nothing but its id is known.")
    user_id: UUID | None = Field(default=None, description="Whose it is.")
    system_id: UUID | None = None
    status: CheckinStatus | None = None
    local_date: date | None = None


class LiveVerification(ResponseSchema):
    """A check-in waits for one's own word, or the partner has decided on one's own check-in."""

    type: Literal["verification"] = "verification"
    checkin_id: UUID | None = Field(description=_MANY)
    user_id: UUID | None = Field(default=None, description="Whose check-in it is.")
    system_id: UUID | None = None
    status: CheckinStatus | None = None


class LiveReset(ResponseSchema):
    """Too much happened since `Last-Event-ID`, or too long ago: load everything again."""

    type: Literal["reset"] = "reset"


LiveUpdate = Annotated[
    LiveNotification | LiveMessage | LiveCheckin | LiveVerification | LiveReset,
    Field(discriminator="type"),
]
