"""Sample data for local mode: two partners with three months behind them.

What happened is decided in the other modules `seed_*`, by the product's rules and a seeded chance,
relative to now; here it is written, each table at once. A test replays it against the rules.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from app.core.clock import Clock, SystemClock
from app.core.config import Settings
from app.core.enums import PartnershipStatus
from app.crud.crud_user import KnownAddress, UserCrud
from app.db.base_class import Base
from app.db.models import (
    Checkin,
    Comment,
    DirectMessage,
    Goal,
    Notification,
    Partnership,
    Reaction,
    Reflection,
    StreakMilestone,
    System,
    SystemPause,
    SystemSchedule,
    User,
)
from app.db.session import Database, Session
from app.local import supabase_auth
from app.local.auth_errors import AuthError
from app.local.auth_schema import users
from app.local.seed_history import (
    goal_rows,
    make_history,
    milestone_rows,
    pause_rows,
    schedule_rows,
    system_rows,
)
from app.local.seed_notifications import notification_rows
from app.local.seed_people import ALICE, BOB, PEOPLE, Person, SampleAccount, Stage, sample_id
from app.local.seed_talk import comment_rows, message_rows, reaction_rows, reflection_rows

Rows = dict[type[Base], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class SampleData:
    """`is_new`: it was loaded just now; otherwise it was there, and nothing was changed."""

    accounts: list[SampleAccount]
    is_new: bool


async def seed(settings: Settings, clock: Clock | None = None) -> SampleData:
    """Load the sample accounts and their history. Changes nothing where either profile exists."""
    database = Database(settings.database, pool_size=2)
    try:
        await supabase_auth.prepare(database.engine)
        now = (clock or SystemClock()).now()
        ids = {
            person: await _sign_up(database, person, clock or SystemClock()) for person in PEOPLE
        }
        async with database.session() as session:
            known = [await UserCrud(session).get_account(user_id) for user_id in ids.values()]
            is_new = not any(known)
            if is_new:
                stage = Stage(now, ids, sample_id(Random("partnership")))
                await _write(session, stage)
                await session.commit()
    finally:
        await database.dispose()
    return SampleData([person.account for person in PEOPLE], is_new)


async def _sign_up(database: Database, person: Person, clock: Clock) -> UUID:
    """The id of the account in the Supabase stand-in, made unless it is there already."""
    try:
        return await supabase_auth.create_user(
            database.engine,
            email=person.account.email,
            password=person.account.password,
            confirmed=True,
            now=clock.now(),
        )
    except AuthError:  # an earlier start made it
        async with database.engine.connect() as connection:
            found = select(users.c.id).where(users.c.email == person.account.email)
            return UUID(str(await connection.scalar(found)))


async def _write(session: Session, stage: Stage) -> None:
    for person in PEOPLE:
        await UserCrud(session).provision(
            KnownAddress(stage.ids[person], person.account.email, stage.begun_at),
            username=person.username,
            name=person.name,
            timezone=person.timezone,
            now=stage.begun_at,
        )
    for table, rows in sample_rows(stage).items():
        await _insert_all(session, table, rows)
    for person in PEOPLE:
        await session.execute(
            update(User)
            .where(User.id == stage.ids[person])
            .values(
                bio=person.bio,
                current_partnership_id=stage.partnership_id,
                updated_at=stage.partners_since,
            )
        )


async def _insert_all(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """In one statement, since triggers run once for each; the database reads the values as JSON."""
    name, columns = table.__tablename__, ", ".join(rows[0])
    await session.execute(
        text(
            f"INSERT INTO {name} ({columns}) SELECT {columns}"
            f" FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb))"
        ),
        {"rows": json.dumps(rows, default=str)},
    )


def sample_rows(stage: Stage) -> Rows:
    """All rows by table, in an order in which they can be inserted."""
    history = make_history(stage)
    milestones = milestone_rows(history, stage)
    reflections = reflection_rows(stage)
    messages = message_rows(stage, history)
    reactions = reaction_rows(stage, history, messages, reflections)
    comments = comment_rows(stage, history, reflections)
    return {
        Partnership: [_partnership(stage)],
        Goal: goal_rows(history, stage),
        System: system_rows(history, stage),
        SystemSchedule: schedule_rows(history, stage),
        SystemPause: pause_rows(history, stage),
        Checkin: [row for log in history.checkins.values() for row in log],
        StreakMilestone: milestones,
        Reflection: reflections,
        DirectMessage: messages,
        Reaction: reactions,
        Comment: comments,
        Notification: notification_rows(
            stage,
            history,
            milestones=milestones,
            reflections=reflections,
            messages=messages,
            reactions=reactions,
            comments=comments,
        ),
    }


def _partnership(stage: Stage) -> dict[str, Any]:
    return {
        "id": stage.partnership_id,
        "name": "Early birds",
        "user1_id": stage.ids[ALICE],
        "user2_id": stage.ids[BOB],
        "status": PartnershipStatus.ACTIVE,
        "invite_email": BOB.account.email,
        "activated_at": stage.partners_since,
        "created_at": stage.begun_at,
        "updated_at": stage.partners_since,
    }
