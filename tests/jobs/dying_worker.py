"""A `duotrak worker` that is killed, as by `kill -9`, at a point of its first delivery.

`python -m tests.jobs.dying_worker POINT`, with the settings in the environment.
"""

import asyncio
import os
import random
import signal
import sys
from typing import Any, NoReturn

from app.clients.resend_client import ResendSender
from app.core.config import load_settings
from app.crud.crud_email_outbox import EmailOutboxCrud
from app.jobs.handlers.email_delivery import EmailDelivery
from app.jobs.process import work

POINTS = (
    "before claim",
    "claim not committed",
    "after claim",
    "while sending",
    "after sending",
    "mark not committed",
    "after mark",
)


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def replace(owner: type, name: str, *, before: bool) -> None:
    """Die when the method is called, or else when it has done its work."""
    original: Any = getattr(owner, name)

    async def deadly(*arguments: Any, **named: Any) -> None:
        if before:
            die()
        await original(*arguments, **named)
        die()

    setattr(owner, name, deadly)


def die_while_sending() -> None:
    original = ResendSender.send

    async def deadly(self: ResendSender, email: Any) -> None:
        asyncio.get_running_loop().call_later(random.uniform(0.0, 0.03), die)
        await original(self, email)
        await asyncio.sleep(1)

    ResendSender.send = deadly  # type: ignore[method-assign]


def main(point: str) -> None:
    match point:
        case "before claim":
            replace(EmailOutboxCrud, "begin_attempt", before=True)
        case "claim not committed":
            replace(EmailOutboxCrud, "begin_attempt", before=False)
        case "after claim":
            replace(ResendSender, "send", before=True)
        case "while sending":
            die_while_sending()
        case "after sending":
            replace(ResendSender, "send", before=False)
        case "mark not committed":
            replace(EmailOutboxCrud, "mark_sent", before=False)
        case "after mark":
            replace(EmailDelivery, "deliver", before=False)
        case _:
            raise ValueError(point)
    asyncio.run(work(load_settings(_env_file=None), concurrency=2))


if __name__ == "__main__":
    main(sys.argv[1])
