"""The scans that find who is due an e-mail: one statement each, which writes e-mails and marks.

When what was sent stands in columns of `users`. Each statement takes some people who are due, sets
their marks and writes the e-mails with their jobs, in one go: run twice at once, each skips the
rows that the other holds, and does not find what the other has marked. It never waits for a lock,
and holds its own for a moment only: repeat it until it finds no more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from app.core.local_moments import LocalDay
from app.crud.base_crud import BaseCrud
from app.crud.scan_writing import BATCH, WrittenRow, local_days_table, may_be_sent, write_emails
from app.db.models import Checkin, Goal, System, User
from app.db.query import Query
from app.emails.messages import DailySummary, FirstGoal, VerificationReminder

FEWEST_WAITING = 2

_NOW = bindparam("now", type_=DateTime(timezone=True))
# Literally as in the indexes, else PostgreSQL does not recognise them.
_SUMMARY_DATE: ColumnElement[Any] = literal_column(
    "COALESCE(users.last_daily_summary_local_date, '0001-01-01'::date)", Date
)
_IS_PENDING: ColumnElement[Any] = literal_column("checkins.status = 'pending_verification'")


def _daily_summary() -> Query[WrittenRow]:
    """Whether anything was due is settled when it is sent: here, whether anything can have been."""
    days = local_days_table()
    practises = (
        select(System.id)
        .where(System.user_id == User.id, literal_column("systems.status = 'active'"))
        .exists()
    )
    logged = (
        select(Checkin.id)
        .where(Checkin.user_id == User.id, Checkin.checkin_date_local == days.c.local_date)
        .correlate_except(Checkin)
        .exists()
    )
    due = (
        select(User.id, days.c.local_date)
        .join_from(days, User, User.timezone == days.c.timezone)
        .where(
            days.c.local_date > _SUMMARY_DATE,
            may_be_sent(DailySummary),
            or_(User.current_partnership_id.is_not(None), practises, logged),
        )
    )
    return write_emails(
        DailySummary,
        due,
        lambda found: found.c.local_date > _SUMMARY_DATE,
        {"last_daily_summary_local_date": "local_date", "last_daily_summary_sent_at": _NOW},
        {"local_date": "local_date"},
    )


def _verification_reminder(waiting: Select[*tuple[Any, ...]]) -> Query[WrittenRow]:
    """To the partners of those who wait. `waiting` selects `partnership_id` and `user_id`.

    At most two on a local date, six hours apart.
    """
    days, owners = local_days_table(), waiting.cte("waiting")
    last = User.last_aggregated_verification_email_sent_at
    one_before = User.previous_aggregated_verification_email_sent_at
    due = (
        select(User.id, last.label("last"))
        .join_from(owners, User, User.current_partnership_id == owners.c.partnership_id)
        .join(days, days.c.timezone == User.timezone)
        .where(
            User.id != owners.c.user_id,
            may_be_sent(VerificationReminder),
            or_(
                last.is_(None),
                and_(
                    last <= bindparam("last_sent_until", type_=DateTime(timezone=True)),
                    or_(one_before.is_(None), one_before < days.c.began_at),
                ),
            ),
        )
    )
    return write_emails(
        VerificationReminder,
        due,
        lambda found: last.is_not_distinct_from(found.c.last),
        {
            "last_aggregated_verification_email_sent_at": _NOW,
            "previous_aggregated_verification_email_sent_at": last,
        },
        {},
    )


def _waiting_long() -> Select[*tuple[Any, ...]]:
    """People of whom at least two check-ins have been pending for a while."""
    return (
        select(Checkin.partnership_id, Checkin.user_id)
        .where(
            _IS_PENDING,
            Checkin.updated_at <= bindparam("pending_until", type_=DateTime(timezone=True)),
        )
        .group_by(Checkin.partnership_id, Checkin.user_id)
        .having(func.count() >= FEWEST_WAITING)
    )


def _newly_waiting() -> Select[*tuple[Any, ...]]:
    """People of whom a check-in has become pending of late, while another one was."""
    recent = (
        select(Checkin.partnership_id, Checkin.user_id)
        .where(
            _IS_PENDING,
            Checkin.updated_at > bindparam("pending_since", type_=DateTime(timezone=True)),
        )
        .distinct()
        .subquery("recent")
    )
    pending = aliased(Checkin, name="pending")
    another = (
        select(pending.id)
        .where(
            pending.partnership_id == recent.c.partnership_id,
            pending.user_id == recent.c.user_id,
            literal_column("pending.status = 'pending_verification'"),
        )
        .offset(FEWEST_WAITING - 1)
        .limit(1)
        .correlate(recent)
        .exists()
    )
    return select(recent.c.partnership_id, recent.c.user_id).where(another)


def _first_goal() -> Query[WrittenRow]:
    """To those who confirmed their address within a stretch of time and have made no goal."""
    has_goal = select(Goal.id).where(Goal.user_id == User.id).exists()
    due = select(User.id).where(
        not_(User.first_goal_email_sent),
        User.email_verified_at > bindparam("verified_since", type_=DateTime(timezone=True)),
        User.email_verified_at <= bindparam("verified_until", type_=DateTime(timezone=True)),
        may_be_sent(FirstGoal),
        not_(has_goal),
    )
    return write_emails(
        FirstGoal,
        due,
        lambda _: not_(User.first_goal_email_sent),
        {"first_goal_email_sent": true()},
        {},
    )


DAILY_SUMMARY = _daily_summary()
LONG_WAITING = _verification_reminder(_waiting_long())
NEWLY_WAITING = _verification_reminder(_newly_waiting())
FIRST_GOAL = _first_goal()


def _as_parameters(days: Sequence[LocalDay]) -> dict[str, Any]:
    return {
        "timezones": [day.timezone for day in days],
        "local_dates": [day.local_date for day in days],
        "days_began": [day.began_at for day in days],
    }


class ScanCrud(BaseCrud):
    """Call it outside of a transaction: each batch is final at once. Each returns its number."""

    async def write_daily_summaries(self, days: Sequence[LocalDay], now: datetime) -> int:
        """For people in the zones of `days` who were sent none of that date."""
        return await self._batches(DAILY_SUMMARY, now=now, **_as_parameters(days))

    async def write_reminders_of_long_waiting(
        self,
        days: Sequence[LocalDay],
        *,
        pending_until: datetime,
        last_sent_until: datetime,
        now: datetime,
    ) -> int:
        """`days` are those of every zone; `last_sent_until` keeps two reminders apart."""
        return await self._batches(
            LONG_WAITING,
            pending_until=pending_until,
            last_sent_until=last_sent_until,
            now=now,
            **_as_parameters(days),
        )

    async def write_reminders_of_newly_waiting(
        self,
        days: Sequence[LocalDay],
        *,
        pending_since: datetime,
        last_sent_until: datetime,
        now: datetime,
    ) -> int:
        """The same where a check-in has become pending after `pending_since`."""
        return await self._batches(
            NEWLY_WAITING,
            pending_since=pending_since,
            last_sent_until=last_sent_until,
            now=now,
            **_as_parameters(days),
        )

    async def write_first_goal_emails(
        self, *, verified_since: datetime, verified_until: datetime, now: datetime
    ) -> int:
        """For people without a goal who confirmed their address within this stretch of time."""
        return await self._batches(
            FIRST_GOAL, verified_since=verified_since, verified_until=verified_until, now=now
        )

    async def _batches(self, scan: Query[WrittenRow], **parameters: Any) -> int:
        total = 0
        while True:
            written = await self.session.fetch_all(scan, at_most=BATCH, **parameters)
            total += len(written)
            if len(written) < BATCH:
                return total
