"""Counting, reading and deleting notifications; and that they exist only with their cause."""

from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.support import (
    FrozenClock,
    assert_error,
    change_rows,
    count_rows,
    data_of,
    items_of,
    rows,
)

REFUSE = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '23514'; END $$
"""
AT_COMMIT = """
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""


async def with_notifications(factory: Factory, count: int = 3) -> tuple[Person, Person]:
    """Alice, and Bob with so many unread notifications."""
    alice, bob = await factory.partners()
    for _ in range(count):
        await factory.checkin(alice, (await factory.system(alice))["id"])
    return alice, bob


async def unread(person: Person) -> int:
    count: int = data_of(await person.get("/notifications/unread-count"))["count"]
    listed = data_of(await person.get("/notifications"))["pagination"]["unreadCount"]
    assert listed == count
    return count


async def test_reading_one_marks_that_one_and_tells_when(
    factory: Factory, clock: FrozenClock
) -> None:
    alice, bob = await with_notifications(factory)
    first, second, third = items_of(await bob.get("/notifications"))
    clock.advance(minutes=5)

    read = data_of(await bob.post(f"/notifications/{second['id']}/read"))

    assert read == second | {"isRead": True, "readAtUtc": "2026-03-10T09:05:00Z"}
    assert items_of(await bob.get("/notifications")) == [first, read, third]
    assert await unread(bob) == 2
    assert await unread(alice) == 0


async def test_reading_again_changes_nothing(factory: Factory, clock: FrozenClock) -> None:
    _, bob = await with_notifications(factory, 1)
    (item,) = items_of(await bob.get("/notifications"))
    once = data_of(await bob.post(f"/notifications/{item['id']}/read"))
    clock.advance(hours=1)

    assert data_of(await bob.post(f"/notifications/{item['id']}/read")) == once
    assert await unread(bob) == 0


async def test_marking_all_read_counts_those_that_were_not(
    factory: Factory, clock: FrozenClock
) -> None:
    _, bob = await with_notifications(factory)
    first, *_ = items_of(await bob.get("/notifications"))
    data_of(await bob.post(f"/notifications/{first['id']}/read"))
    clock.advance(hours=1)

    assert data_of(await bob.post("/notifications/mark-all-read")) == {"markedCount": 2}
    assert data_of(await bob.post("/notifications/mark-all-read")) == {"markedCount": 0}
    assert await unread(bob) == 0
    times = [item["readAtUtc"] for item in items_of(await bob.get("/notifications"))]
    assert sorted(times) == ["2026-03-10T09:00:00Z", *["2026-03-10T10:00:00Z"] * 2]


async def test_marking_all_leaves_those_of_others_alone(factory: Factory) -> None:
    _, bob = await with_notifications(factory, 2)
    _, dave = await with_notifications(factory, 2)

    assert data_of(await bob.post("/notifications/mark-all-read")) == {"markedCount": 2}

    assert await unread(dave) == 2


async def test_a_deleted_one_is_gone_and_its_cause_stays(factory: Factory, app: FastAPI) -> None:
    _, bob = await with_notifications(factory, 2)
    first, second = items_of(await bob.get("/notifications"))

    answer = await bob.delete(f"/notifications/{first['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert items_of(await bob.get("/notifications")) == [second]
    assert await unread(bob) == 1
    assert await count_rows(app, "checkins") == (2,)
    again = await bob.delete(f"/notifications/{first['id']}")
    assert_error(again, 404, "notification_not_found")


async def test_what_is_not_ones_own_does_not_exist(factory: Factory) -> None:
    alice, bob = await with_notifications(factory, 1)
    (item,) = items_of(await bob.get("/notifications"))

    for notification_id in (item["id"], uuid4()):
        read = await alice.post(f"/notifications/{notification_id}/read")
        deleted = await alice.delete(f"/notifications/{notification_id}")
        assert_error(read, 404, "notification_not_found")
        assert_error(deleted, 404, "notification_not_found")
    assert items_of(await bob.get("/notifications")) == [item]


@pytest.mark.parametrize("path", ["/notifications/not-an-id/read", "/notifications/%00/read"])
async def test_what_is_no_id_is_refused(factory: Factory, path: str) -> None:
    alice = await factory.person("Alice")
    assert_error(await alice.post(path), 422, "validation_failed")


async def test_repeating_with_a_key_gives_the_first_answer(factory: Factory) -> None:
    _, bob = await with_notifications(factory, 2)
    key = {"Idempotency-Key": "once"}

    first = await bob.post("/notifications/mark-all-read", headers=key)
    again = await bob.post("/notifications/mark-all-read", headers=key)

    assert data_of(first) == data_of(again) == {"markedCount": 2}
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("table", ["checkins", "notifications"])
async def test_a_commit_that_fails_leaves_neither_the_change_nor_its_notification(
    make_app: MakeApp, clock: FrozenClock, table: str
) -> None:
    app = await make_app()
    async with AsyncExitStack() as stack:
        factory = Factory(app, clock, stack)
        alice, bob = await factory.partners()
        system = await factory.system(alice, verificationRequired=True)
        checkin = await factory.checkin(alice, system["id"], localDate="2026-03-09")
        kept = "checkins", "notifications", "live_events"
        before = await count_rows(app, *kept)
        for statement in (REFUSE, AT_COMMIT.format(table=table)):
            await change_rows(app, statement)

        decision = {"decision": "verified_completed"}
        for answer in (
            await alice.post("/checkins", {"systemId": system["id"]}),
            await bob.post(f"/verifications/{checkin['id']}/verify", decision),
        ):
            assert_error(answer, 500, "internal_error")

        assert await count_rows(app, *kept) == before
        (still,) = await rows(
            app, "SELECT status FROM checkins WHERE id = :id", id=UUID(checkin["id"])
        )
        assert still["status"] == "pending_verification"
