"""People (Specification §4.1)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from app.core.enums import ThemePreference
from app.core.local_time import is_known_timezone
from app.core.usernames import RULE, is_valid_username
from app.schemas.base_schemas import (
    OMITTED,
    BlankIsNull,
    NoNul,
    RequestSchema,
    ResponseSchema,
    WebAddress,
)


def _lowercase(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _valid_username(value: str) -> str:
    if not is_valid_username(value):
        raise ValueError(RULE)
    return value


def _known_timezone(value: str) -> str:
    if not is_known_timezone(value):
        raise ValueError("must be an IANA timezone such as Europe/Berlin")
    return value


Username = Annotated[
    str,
    BeforeValidator(_lowercase),
    AfterValidator(_valid_username),
    Field(
        description="3 to 30 of a-z, 0-9 and _; unique without regard to case.",
        examples=["alice_w"],
    ),
]
Timezone = Annotated[
    str,
    Field(max_length=64, description="An IANA timezone.", examples=["Europe/Berlin"]),
    AfterValidator(_known_timezone),
]
DisplayName = Annotated[str, Field(max_length=100, examples=["Alice Wong"]), NoNul]
Bio = Annotated[str, Field(max_length=200, examples=["Runs before breakfast."]), NoNul]


class PartnerDetails(ResponseSchema):
    id: UUID
    name: str | None
    username: str | None
    avatar_url: str | None


class UserRead(ResponseSchema):
    """The signed-in user."""

    id: UUID
    email: str = Field(examples=["alice@example.com"])
    username: str | None = Field(examples=["alice_w"])
    name: str | None = Field(examples=["Alice Wong"])
    avatar_url: str | None
    bio: str | None
    timezone: str = Field(examples=["Europe/Berlin"])
    theme_preference: ThemePreference
    is_email_verified: bool
    current_partnership_id: UUID | None
    partner_details: PartnerDetails | None
    created_at: datetime
    updated_at: datetime


class PublicUser(ResponseSchema):
    """What a partner sees of somebody."""

    id: UUID
    username: str | None
    name: str | None
    avatar_url: str | None
    bio: str | None
    timezone: str = Field(examples=["Asia/Tokyo"])
    local_time: str = Field(
        description="Now, on the wall clock of this person's timezone.",
        examples=["2026-03-08T07:00:00+09:00"],
    )


class UserUpdate(RequestSchema):
    """Only the fields that are sent change; null or an empty string clears an optional one."""

    username: Username = OMITTED
    name: Annotated[DisplayName | None, BlankIsNull] = None
    bio: Annotated[Bio | None, BlankIsNull] = None
    timezone: Timezone = OMITTED
    profile_image_url: Annotated[WebAddress | None, BlankIsNull] = Field(
        default=None,
        description="The `url` of an upload of one's own for the purpose `avatar`, or the current "
        "one.",
    )
    theme_preference: ThemePreference = OMITTED
