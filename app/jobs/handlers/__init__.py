"""One module for each kind of job."""

from typing import Any

from app.jobs.handler import Handler
from app.jobs.handlers import account_deletion, email_delivery, periodic

HANDLERS: tuple[Handler[Any], ...] = (
    email_delivery.HANDLER,
    account_deletion.HANDLER,
    periodic.HANDLER,
)
