"""Leaving: deleting the account, and taking along what is stored (Specification §4.1)."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.schemas.base_schemas import RequestSchema, ResponseSchema


class AccountDelete(RequestSchema):
    confirmation: Literal["DELETE"] = Field(
        description="The word DELETE, typed by the person: there is no way back.",
        examples=["DELETE"],
    )


class AccountDeletionRead(ResponseSchema):
    requested_at: datetime = Field(
        description="From then on the account is closed; its data goes within minutes.",
        examples=["2026-03-10T09:00:00Z"],
    )


Rows = list[dict[str, Any]]


class AccountExport(ResponseSchema):
    """Everything stored about a person. Rows have the columns of their table in camelCase.

    Instants are UTC; dates and times are in the person's own calendar. What a partner wrote is the
    partner's data: received messages and comments are not here, only that they exist for the
    partner. A question about an own check-in (`verifierQuery`) is part of that check-in.
    """

    exported_at: datetime = Field(
        description="All of it is as it was at this one instant.", examples=["2026-03-10T09:00:00Z"]
    )
    account: dict[str, Any] = Field(
        description="The profile with its settings.",
        examples=[{"email": "alice@example.com", "name": "Alice", "timezone": "Europe/Berlin"}],
    )
    user_timezones: Rows = Field(description="The zones lived in, oldest first.")
    partnerships: Rows = Field(description="Own partnerships and invitations sent, past included.")
    invitations_received: Rows = Field(
        description="Invitations for the confirmed address that wait for an answer."
    )
    goals: Rows
    systems: Rows
    system_schedules: Rows = Field(description="Since when which schedule applied.")
    system_pauses: Rows
    checkins: Rows = Field(description="Own check-ins, with a partner's decision and question.")
    verifications_given: Rows = Field(description="Own decisions on a partner's check-ins.")
    streak_milestones: Rows = Field(description="Which user streaks were reached, and when.")
    reflections: Rows
    direct_messages: Rows = Field(description="Messages sent; received ones are the partner's.")
    comments: Rows = Field(description="Comments written.")
    reactions: Rows = Field(description="Reactions given.")
    notifications: Rows = Field(description="Notifications received.")
    uploads: Rows = Field(description="Images uploaded, by address.")
    ai_usage: Rows = Field(
        description="When the AI planner was asked, and what that took; not what was said."
    )
    email_outbox: Rows = Field(description="E-mails sent to this address: which, when.")
