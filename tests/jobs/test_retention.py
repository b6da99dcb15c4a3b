"""What is kept for a while only goes when its time is over, and nothing else does."""

from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI

from app.jobs import retention
from app.jobs.retention import delete_expired
from tests.factories import Factory, Person
from tests.support import FrozenClock, change_rows, count_rows, rows

SECOND = timedelta(seconds=1)


async def add_notification(app: FastAPI, to: Person, name: str, at: datetime, read: bool) -> None:
    await change_rows(
        app,
        "INSERT INTO notifications (recipient_id, type, message, created_at, is_read)"
        " VALUES (:id, 'goal_achieved', :name, :at, :read)",
        **{"id": to.id, "name": name, "at": at, "read": read},
    )


async def add_event(app: FastAPI, to: Person, at: datetime) -> None:
    await change_rows(
        app,
        "INSERT INTO live_events (user_id, event, created_at) VALUES (:id, 'checkin', :at)",
        id=to.id,
        at=at,
    )


async def expire(app: FastAPI, clock: FrozenClock) -> int:
    async with app.state.database.session() as session:
        return await delete_expired(session, clock.now())


async def test_read_notifications_go_after_ninety_days_and_unread_ones_stay(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    limit = clock.now() - timedelta(days=90)
    for name, at, read in (
        ("too old", limit - SECOND, True),
        ("just kept", limit, True),
        ("old and unread", limit - timedelta(days=400), False),
        ("new", clock.now(), True),
    ):
        await add_notification(app, alice, name, at, read)
    await change_rows(app, "DELETE FROM live_events")

    assert await expire(app, clock) == 1

    left = await rows(app, "SELECT message FROM notifications ORDER BY message")
    assert [row["message"] for row in left] == ["just kept", "new", "old and unread"]
    assert await expire(app, clock) == 0


async def test_live_events_go_after_a_day(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    limit = clock.now() - timedelta(hours=24)
    for at in (limit - timedelta(days=3), limit - SECOND, limit, clock.now()):
        await add_event(app, alice, at)

    assert await expire(app, clock) == 2

    left = await rows(app, "SELECT created_at FROM live_events ORDER BY id")
    assert [row["created_at"] for row in left] == [limit, clock.now()]


async def test_more_than_a_batch_goes_in_several_statements(
    factory: Factory, app: FastAPI, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    alice = await factory.person("Alice")
    old = clock.now() - timedelta(days=100)
    for number in range(5):
        await add_notification(app, alice, str(number), old, True)
        await add_event(app, alice, old)
    await change_rows(app, "DELETE FROM live_events WHERE created_at <> :old", old=old)

    assert await expire(app, clock) == 10
    assert await count_rows(app, "notifications", "live_events") == (0, 0)


async def test_the_statement_finds_them_by_their_index(app: FastAPI) -> None:
    async with app.state.database.engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = await connection.exec_driver_sql(
            "EXPLAIN SELECT id FROM notifications WHERE is_read AND created_at < now()"
            " ORDER BY created_at LIMIT 1000"
        )
        assert "ix_notifications_retention" in "\n".join(row[0] for row in plan)
