"""How long a stream stays open, and what it costs meanwhile."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import timedelta

import fastapi.routing
import fastapi.sse
import httpx
import pytest
from fastapi import FastAPI

from app.core.errors import ErrorCode
from app.services import live_stream
from app.services.live_stream import MAX_WAITING
from tests.factories import API, Factory, Person, fresh_token
from tests.jobs.deleting import close_account
from tests.live.receiving import STREAM, LiveServer, eventually
from tests.support import FrozenClock, change_rows, data_of

FLOOD = (
    "INSERT INTO notifications (recipient_id, type, message)"
    " SELECT :id, 'goal_achieved', repeat('x', 20000) FROM generate_series(1, :count)"
)


async def test_the_answer_is_an_event_stream_that_nobody_keeps(
    factory: Factory, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        headers = to_alice.response.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-request-id"]
    assert to_alice.comments == ["connected"]


async def test_a_comment_keeps_a_silent_stream_open(
    factory: Factory, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fastapi.sse._PING_INTERVAL == 15
    monkeypatch.setattr(fastapi.routing, "_PING_INTERVAL", 0.05)
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        await to_alice.until(lambda it: it.comments.count("ping") >= 3)

    assert to_alice.told == []


async def test_a_stream_ends_with_its_token_and_no_other_does(
    factory: Factory, app: FastAPI, server: LiveServer, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as long:
        begun = long.last_id
        clock.advance(minutes=1)
        token = await fresh_token(app, alice.id, clock.now())
        async with server.receiving(alice, token=token) as short:
            clock.advance(hours=1, seconds=-1)
            # What now tells the older stream how far it is has looked at both of them.
            await long.until(lambda it: it.last_id != begun)
            assert len(app.state.live._streams[str(alice.id)]) == 2
            assert not short.ended
            clock.advance(seconds=1)
            await short.has_ended()
            assert not long.ended

        clock.advance(minutes=1)
        answer = await server.asks(token)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


async def test_closing_the_account_ends_its_streams_in_every_process(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    async with server.receiving(alice) as to_alice, server.receiving(bob) as to_bob:
        await close_account(alice)  # a row that changes: whichever process does it
        await to_alice.has_ended()
        await to_bob.has("notification")
        assert not to_bob.ended

    assert (await server.asks(alice.token)).json()["code"] == ErrorCode.ACCOUNT_DISABLED


async def test_an_account_that_was_closed_while_nobody_listened_gets_no_stream(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        async with app.state.database.engine.begin() as connection:
            await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            await connection.exec_driver_sql("UPDATE users SET is_active = false")
        await change_rows(app, "SELECT pg_notify('duotrak_live', id::text) FROM users")
        await to_alice.has_ended()


async def test_the_eleventh_stream_ends_the_oldest_of_that_person(
    factory: Factory, server: LiveServer
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    async with AsyncExitStack() as stack:
        to_bob = await stack.enter_async_context(server.receiving(bob))
        opened = [await stack.enter_async_context(server.receiving(alice)) for _ in range(11)]
        await opened[0].has_ended()

        assert not any(receiver.ended for receiver in (to_bob, *opened[1:]))


async def test_a_client_that_does_not_read_is_cut_off_and_may_resume(
    factory: Factory, app: FastAPI, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_stream, "CUT_OFF_AFTER_SECONDS", 0.1)
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    async with server.receiving(bob) as to_bob:
        reader, writer = await ask_and_stop_reading(server, alice)
        streams = app.state.live._streams
        await eventually(lambda: str(alice.id) in streams)
        (stream,) = streams[str(alice.id)]
        await eventually(lambda: stream.position is not None)
        for _ in range(2):  # one by one: read together they would be a single "reset"
            await change_rows(app, FLOOD, id=alice.id, count=MAX_WAITING)
            await eventually(lambda: bool(stream._waiting) or stream.is_closed)
        await eventually(lambda: str(alice.id) not in streams)
        await change_rows(app, FLOOD, id=bob.id, count=1)
        await to_bob.has("notification")  # others notice nothing
        await eventually(lambda: server.open_answers == 1)
        assert not to_bob.ended

        received = b""
        while piece := await reader.read(2**20):  # what was under way, and then the end
            received += piece
        writer.close()
    assert received.startswith(b"HTTP/1.1 200")
    assert received.count(b"event: notification") < 2 * MAX_WAITING


async def ask_and_stop_reading(
    server: LiveServer, person: Person
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = httpx.URL(server.url)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect((url.host, url.port))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
    asked = f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\n"
    writer.write(f"{asked}Connection: close\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def test_open_streams_hold_no_connection_and_leave_nothing_behind(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice), server.receiving(alice):
        await eventually(lambda: app.state.database.engine.pool.checkedout() == 0)
        data_of(await alice.get("/users/me"))
        assert len(app.state.live._streams[str(alice.id)]) == 2

    await eventually(lambda: not app.state.live._streams)
    assert not app.state.live._to_read


async def test_a_quiet_client_is_told_how_far_it_is_so_that_it_can_resume_much_later(
    factory: Factory, app: FastAPI, server: LiveServer, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    async with server.receiving(alice) as to_alice:
        for _ in range(2):  # longer than any place is resumable
            before = to_alice.last_id
            clock.advance(hours=20)
            await to_alice.until(lambda it, before=before: it.last_id != before)  # type: ignore[misc]
    await change_rows(app, FLOOD, id=alice.id, count=1)
    clock.set(clock.now() + timedelta(minutes=5))
    async with server.receiving(alice, after=to_alice.last_id) as again:
        await again.has("notification")

    assert to_alice.told == []


async def test_there_is_only_get(factory: Factory) -> None:
    alice = await factory.person("Alice")
    answer = await alice.client.request("PUT", f"{API}/notifications/stream")
    assert answer.status_code == 405
