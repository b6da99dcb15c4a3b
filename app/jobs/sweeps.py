"""Periodic jobs that put away what has run out, and take up what was left lying."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from app.core.clock import Clock
from app.core.config import Settings
from app.crud.crud_account_deletion import AccountDeletionCrud
from app.crud.crud_idempotency import IdempotencyCrud
from app.crud.crud_invitation import InvitationCrud
from app.crud.crud_job import JobCrud
from app.crud.crud_rate_limit import RateLimitCrud
from app.db.session import Session

IDEMPOTENCY_KEYS_KEPT_FOR = timedelta(hours=24)
JOB_LOG_KEPT_FOR = timedelta(days=14)
BATCH = 1000


async def in_batches(change_some: Callable[[], Awaitable[int]]) -> int:
    """Until nothing is left; outside a transaction each batch is final at once."""
    total = 0
    while changed := await change_some():
        total += changed
    return total


async def expire_invitations(session: Session, clock: Clock, settings: Settings) -> int:
    """Mark invitations that nobody answered in time, whether or not anybody looks at them."""
    invitations, now = InvitationCrud(session), clock.now()
    return await in_batches(lambda: invitations.mark_all_expired(now=now, at_most=BATCH))


async def delete_idempotency_keys(session: Session, clock: Clock, settings: Settings) -> int:
    """Forget stored answers that are too old to be given again."""
    keys, before = IdempotencyCrud(session), clock.now() - IDEMPOTENCY_KEYS_KEPT_FOR
    return await in_batches(lambda: keys.delete_old(before=before, at_most=BATCH))


async def delete_rate_limits(session: Session, clock: Clock, settings: Settings) -> int:
    """Forget counters whose window is over."""
    limits, now = RateLimitCrud(session), clock.now()
    return await in_batches(lambda: limits.delete_expired(now=now, at_most=BATCH))


async def delete_job_log(session: Session, clock: Clock, settings: Settings) -> int:
    """Forget how jobs went that are long done."""
    jobs, before = JobCrud(session), clock.now() - JOB_LOG_KEPT_FOR
    return await in_batches(lambda: jobs.delete_log(before=before, at_most=BATCH))


async def resume_account_deletions(session: Session, clock: Clock, settings: Settings) -> int:
    """Take up deletions whose job was lost: whoever asked to be forgotten shall be."""
    deletions, now = AccountDeletionCrud(session), clock.now()
    return await in_batches(lambda: deletions.resume(now=now, at_most=BATCH))
