"""Nothing is lost between two connections of a client, whatever happens in between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.live_position import MAX_LENGTH
from app.services import live_updates
from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.live.receiving import LiveServer, Receiver
from tests.support import FrozenClock, change_rows, rows

ADD = (
    "INSERT INTO notifications (recipient_id, type, message)"
    " VALUES (:id, 'goal_achieved', :message)"
)


async def tell(app: FastAPI, person: Person, *messages: str) -> None:
    for message in messages:
        await change_rows(app, ADD, id=person.id, message=message)


def messages_of(receiver: Receiver) -> list[str]:
    return [data["notification"]["message"] for data in receiver.data("notification")]


@asynccontextmanager
async def telling(app: FastAPI, person: Person, message: str) -> AsyncIterator[AsyncConnection]:
    """A transaction that has written a notification and is not committed."""
    async with app.state.database.engine.connect() as connection:
        await connection.execute(text(ADD), {"id": person.id, "message": message})
        yield connection


async def test_a_new_stream_begins_now(factory: Factory, app: FastAPI, server: LiveServer) -> None:
    alice = await factory.person("Alice")
    await tell(app, alice, "before")
    async with server.receiving(alice) as to_alice:
        await tell(app, alice, "after")
        await to_alice.has("notification")

    assert messages_of(to_alice) == ["after"]


async def test_what_happened_while_away_comes_in_order_and_then_what_is_new(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        await tell(app, alice, "1")
        await to_alice.has("notification")
    await tell(app, alice, "2", "3", "4")
    async with server.receiving(alice, after=to_alice.last_id) as again:
        await tell(app, alice, "5")
        await again.until(lambda it: len(it.events) == 4)

    assert messages_of(again) == ["2", "3", "4", "5"]


async def test_a_stream_that_was_silent_can_be_resumed_too(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        pass
    await tell(app, alice, "meanwhile")
    async with server.receiving(alice, after=to_alice.last_id) as again:
        await again.has("notification")

    assert messages_of(again) == ["meanwhile"]


async def test_what_began_before_and_was_committed_after_the_last_event_is_not_lost(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with telling(app, alice, "late") as slow:
        async with server.receiving(alice) as to_alice:
            await tell(app, alice, "quick")
            await to_alice.has("notification")
        await slow.commit()
    ids = [row["id"] for row in await rows(app, "SELECT id FROM live_events ORDER BY created_at")]
    assert ids == sorted(ids)  # the late one has the smaller id

    async with server.receiving(alice, after=to_alice.last_id) as again:
        await again.has("notification")

    assert messages_of(to_alice) == ["quick"]
    assert messages_of(again) == ["late"]


async def test_an_id_from_when_many_were_writing_at_once_is_taken_back(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        pass
    await tell(app, alice, "meanwhile")
    noted_at, _, snapshot = (to_alice.last_id or "").partition("-")
    newest = int(snapshot.split(":")[1])
    writing = range(newest - 100, newest)
    long_id = f"{noted_at}-{writing[0]}:{newest}:{','.join(map(str, writing))}"
    assert 300 < len(long_id) <= MAX_LENGTH

    async with server.receiving(alice, after=long_id) as again:
        await again.has("notification")

    assert messages_of(again) == ["meanwhile"]


async def test_what_commits_late_reaches_an_open_stream_once(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice, telling(app, alice, "late") as slow:
        await tell(app, alice, "quick")
        await to_alice.until(lambda it: len(it.events) == 1)
        await slow.commit()
        await to_alice.until(lambda it: len(it.events) == 2)
        await tell(app, alice, "last")
        await to_alice.until(lambda it: len(it.events) == 3)

    assert messages_of(to_alice) == ["quick", "late", "last"]


async def test_whoever_got_a_part_of_what_was_read_together_gets_the_rest(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        async with app.state.database.engine.begin() as connection:
            for message in ("1", "2", "3"):
                await connection.execute(text(ADD), {"id": alice.id, "message": message})
        await to_alice.until(lambda it: len(it.events) == 3)

    for position, rest in zip(to_alice.events, (["1", "2", "3"], ["1", "2", "3"], []), strict=True):
        async with server.receiving(alice, after=position.id) as again:
            await tell(app, alice, "end")
            await again.until(lambda it: messages_of(it)[-1:] == ["end"])
            # At least once: the ends of earlier rounds count as missed too.
            assert [message for message in messages_of(again) if message != "end"] == rest


async def test_an_id_that_is_not_ours_too_old_or_of_another_database_means_start_again(
    factory: Factory, app: FastAPI, server: LiveServer, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    await tell(app, alice, "before")
    now = int(clock.now().timestamp())
    too_old, of_another = f"{now - 90_000}-745:745:", f"{now}-{2**41 - 1}:{2**41 - 1}:"
    for sent in ("nonsense", "7" * 1001, too_old, of_another):
        async with server.receiving(alice, after=sent) as to_alice:
            await to_alice.has("reset")
            await tell(app, alice, "after")
            await to_alice.until(lambda it: len(it.events) == 2)

        assert to_alice.data("reset") == [{"type": "reset"}]
        assert messages_of(to_alice) == ["after"]


async def test_more_than_can_be_sent_at_once_means_start_again(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        pass
    missed = live_updates.MAX_EVENTS_AT_ONCE
    await change_rows(
        app,
        "INSERT INTO notifications (recipient_id, type) SELECT :id, 'goal_achieved'"
        " FROM generate_series(1, :missed)",
        id=alice.id,
        missed=missed,
    )
    async with server.receiving(alice, after=to_alice.last_id) as all_of_it:
        await all_of_it.until(lambda it: len(it.events) == missed)
    await tell(app, alice, "one more")
    async with server.receiving(alice, after=to_alice.last_id) as again:
        await again.has("reset")

    assert set(all_of_it.told) == {"notification"}


async def test_nobody_resumes_the_stream_of_somebody_else(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    async with server.receiving(alice) as to_alice:
        pass
    await tell(app, alice, "for Alice")
    async with server.receiving(bob, after=to_alice.last_id) as to_bob:
        await tell(app, bob, "for Bob")
        await to_bob.has("notification")

    assert messages_of(to_bob) == ["for Bob"]


async def test_two_processes_tell_the_same_and_one_takes_over_from_the_other(
    make_app: MakeApp, clock: FrozenClock, app: FastAPI, factory: Factory
) -> None:
    other = await make_app(database_url=app.state.settings.database_url.get_secret_value())
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    async with LiveServer(app).serving() as first, LiveServer(other).serving() as second:
        async with first.receiving(bob) as to_bob, second.receiving(bob) as to_other_device:
            checkin = await factory.checkin(alice, system["id"])  # in the first process
            for receiver in (to_bob, to_other_device):
                await receiver.has("checkin", "notification")
        assert to_bob.data("checkin") == to_other_device.data("checkin")
        await change_rows(app, "DELETE FROM checkins WHERE id = :id", id=UUID(checkin["id"]))

        async with second.receiving(bob, after=to_bob.last_id) as taken_over:
            await taken_over.has("checkin")

    assert taken_over.data("checkin")[0]["deleted"] is True
