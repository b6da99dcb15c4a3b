"""Every periodic job, and when it is due. Cron expressions are in UTC."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from croniter import croniter

from app.core.clock import Clock
from app.core.config import Settings
from app.db.session import Session
from app.jobs import retention, sweeps
from app.jobs.scans import daily_summary, first_goal, system_reminders, verification_reminder

Run = Callable[[Session, Clock, Settings], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """`run` returns how many rows it wrote. It must bear being run twice, also at once.

    Its session has no transaction: each statement of its own is final at once; one that it
    begins is committed after it.
    """

    name: str
    cron: str
    run: Run


PERIODIC: tuple[Periodic, ...] = (
    Periodic("remind_of_systems", "* * * * *", system_reminders.remind_now),
    Periodic("remind_of_systems_late", "22 * * * *", system_reminders.remind_late),
    # Quarters of an hour: in some zones an evening begins at half past, or at a quarter to.
    Periodic("write_daily_summaries", "*/15 * * * *", daily_summary.write_daily_summaries),
    Periodic("remind_of_new_checkins", "*/5 * * * *", verification_reminder.remind_of_new_checkins),
    Periodic("remind_of_old_checkins", "7 */4 * * *", verification_reminder.remind_of_old_checkins),
    Periodic("encourage_new_people", "12 * * * *", first_goal.encourage_new_people),
    Periodic("encourage_everybody_else", "42 3 * * *", first_goal.encourage_everybody_else),
    Periodic("expire_invitations", "*/10 * * * *", sweeps.expire_invitations),
    Periodic("delete_old_content", "17 * * * *", retention.delete_old_content),
    Periodic("delete_idempotency_keys", "27 * * * *", sweeps.delete_idempotency_keys),
    Periodic("delete_rate_limits", "37 * * * *", sweeps.delete_rate_limits),
    Periodic("delete_job_log", "47 * * * *", sweeps.delete_job_log),
    Periodic("resume_account_deletions", "57 * * * *", sweeps.resume_account_deletions),
)


def latest_ticks(jobs: Iterable[Periodic], now: datetime) -> dict[str, datetime]:
    """For each job, the latest time at or before `now` at which it was due."""
    moment = now + timedelta(microseconds=1)
    return {job.name: croniter(job.cron, moment).get_prev(datetime) for job in jobs}


def seconds_to_next_tick(jobs: Iterable[Periodic], now: datetime) -> float:
    """Until the next of them is due; infinity when there is none."""
    return min(
        ((croniter(job.cron, now).get_next(datetime) - now).total_seconds() for job in jobs),
        default=float("inf"),
    )
