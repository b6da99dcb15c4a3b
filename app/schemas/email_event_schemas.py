"""Resend's events about e-mails, as far as they are understood."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

EMAIL_ID_TAG = "email_id"


class EmailEventKind(StrEnum):
    """What is noted in the history of an e-mail."""

    DELIVERED = "delivered"
    DELAYED = "delivery_delayed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class _Part(BaseModel):
    """Resend adds fields as it likes."""

    model_config = ConfigDict(extra="ignore")


class EmailTag(_Part):
    name: str
    value: str


class Bounce(_Part):
    """`type` is Permanent, Transient or Undetermined."""

    type: str | None = None


class EmailEventData(_Part):
    """`tags` are ours, among them the id of the e-mail: a map, or a list in older events."""

    to: Annotated[list[str], Field(max_length=50)] = []
    tags: dict[str, str] | list[EmailTag] | None = None
    bounce: Bounce | None = None


class EmailEvent(_Part):
    """`type` is such as `email.bounced`."""

    type: Annotated[str, Field(max_length=100, examples=["email.delivered"])]
    created_at: AwareDatetime
    data: EmailEventData

    @property
    def kind(self) -> EmailEventKind | None:
        """None for what is not noted, such as that an e-mail was opened."""
        scope, _, name = self.type.partition(".")
        known = scope == "email" and name in {kind.value for kind in EmailEventKind}
        return EmailEventKind(name) if known else None

    @property
    def email_id(self) -> UUID | None:
        """Which e-mail of the outbox it is about; None for those of anybody else."""
        tags = self.data.tags or {}
        if isinstance(tags, list):
            tags = {tag.name: tag.value for tag in tags}
        try:
            return UUID(tags[EMAIL_ID_TAG])
        except (KeyError, ValueError):
            return None

    @property
    def is_permanent(self) -> bool:
        """Of a bounce: whether the address refuses e-mails for good, as far as is known."""
        bounce = self.data.bounce
        return bounce is None or bounce.type in (None, "Permanent")

    @property
    def detail(self) -> str | None:
        """In the vendor's words, without any address."""
        bounce = self.data.bounce
        return bounce.type[:50] if bounce is not None and bounce.type else None


def event_schema() -> dict[str, Any]:
    """For the OpenAPI document: the endpoint reads the raw body, which the signature covers."""
    schema = EmailEvent.model_json_schema()
    parts = schema.pop("$defs")

    def inlined(value: Any) -> Any:
        """Without references, which would be looked for at the top of the document."""
        if isinstance(value, list):
            return [inlined(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return inlined(parts[value["$ref"].removeprefix("#/$defs/")])
        return {name: inlined(item) for name, item in value.items()}

    whole: dict[str, Any] = inlined(schema)
    return whole
