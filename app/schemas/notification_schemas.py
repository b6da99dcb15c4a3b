"""Notifications (Specification §4.8)."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.core.notification_catalogue import NotificationType
from app.schemas.base_schemas import Pagination, ResponseSchema


class NotificationActor(ResponseSchema):
    id: UUID
    name: str | None
    avatar_url: str | None


class NotificationTarget(ResponseSchema):
    type: str = Field(examples=["checkin"])
    id: str
    name: str | None


class NotificationRead(ResponseSchema):
    id: UUID
    type: NotificationType
    title: str | None = Field(examples=["Verification requested"])
    message: str | None = Field(examples=["Alice asks you to verify 'Morning run'."])
    timestamp: datetime
    is_read: bool
    read_at_utc: datetime | None
    action_link: str | None = Field(
        description="A path of the client.", examples=["/activity?filter=verifications"]
    )
    icon: str | None = Field(description="The name of a Lucide icon.", examples=["BellRing"])
    actor: NotificationActor | None
    target: NotificationTarget | None


class NotificationPagination(Pagination):
    unread_count: int = Field(examples=[3])


class NotificationPage(ResponseSchema):
    items: list[NotificationRead]
    pagination: NotificationPagination


class UnreadCount(ResponseSchema):
    count: int = Field(examples=[3])


class MarkedCount(ResponseSchema):
    marked_count: int = Field(description="How many were unread.", examples=[3])
