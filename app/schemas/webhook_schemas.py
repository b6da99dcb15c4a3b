"""Events about accounts, as Supabase's database webhooks and auth hooks send them.

Read tolerantly: what is unknown is ignored, since what counts is only who the event is about. What
became of the user is asked of Supabase itself.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class EventKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


_KINDS = {
    "insert": EventKind.CREATED,
    "update": EventKind.UPDATED,
    "delete": EventKind.DELETED,
    **{
        f"{prefix}{kind.value}": kind
        for prefix in ("user.", "user-", "user_", "before-user-", "after-user-")
        for kind in EventKind
    },
}
_EXAMPLE_USER: dict[str, Any] = {"id": "5f0c1e0a-7a3b-4f7e-9a51-0d3f2b6c8e11"}


class SupabaseEvent(BaseModel):
    """A database webhook on `auth.users`, or an auth hook. Of the user only the id is read."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"type": "UPDATE", "schema": "auth", "table": "users", "record": _EXAMPLE_USER},
                {"metadata": {"name": "after-user-created"}, "user": _EXAMPLE_USER},
            ]
        },
    )

    type: str | None = Field(default=None, description="INSERT, UPDATE, DELETE or `user.created`…")
    event: str | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    table: str | None = None
    record: dict[str, Any] | None = None
    old_record: dict[str, Any] | None = None
    user: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """What the event calls itself."""
        return str(self.type or self.event or (self.metadata or {}).get("name") or "")

    @property
    def kind(self) -> EventKind | None:
        """What happened to a user; None for everything that is not about one."""
        if (self.schema_name or "auth", self.table or "users") != ("auth", "users"):
            return None
        return _KINDS.get(self.name.lower())

    @property
    def user_id(self) -> UUID | None:
        """Who it is about; None where there is no id."""
        for row in (self.record, self.old_record, self.user, self.data):
            raw = (row or {}).get("id")
            if isinstance(raw, str):
                try:
                    return UUID(raw)
                except ValueError:
                    return None
        return None


def event_schema() -> dict[str, Any]:
    """For the OpenAPI document: the endpoint reads the raw body, which the signature covers."""
    return SupabaseEvent.model_json_schema()
