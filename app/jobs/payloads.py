"""What each job is told: ids only, since a payload is kept and shown without protection.

What the ids stand for is read when the job runs; it may be gone by then.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """A job to be done. `job` names its kind, in the queue and in the logs."""

    model_config = ConfigDict(frozen=True)

    job: ClassVar[str]


class DeliverEmail(Payload):
    """Send one e-mail of the outbox."""

    job: ClassVar[str] = "deliver_email"
    email_id: UUID


class DeleteAccount(Payload):
    """Delete everything of an account that was closed."""

    job: ClassVar[str] = "delete_account"
    user_id: UUID


class RunPeriodic(Payload):
    """Do what is due again and again: `name` is one of app/jobs/periodic.py."""

    job: ClassVar[str] = "run_periodic"
    name: str
    tick: datetime
