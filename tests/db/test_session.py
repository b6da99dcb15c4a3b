"""The pool and the session: one connection a request, held only as long as it is needed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypedDict
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.config import parse_database_url
from app.db.errors import DATABASE_ERRORS, is_unavailable
from app.db.models import User
from app.db.query import Query
from app.db.session import (
    ANSWER_TIMEOUT_SECONDS,
    CONNECT_TIMEOUT_SECONDS,
    SESSION_SETTINGS,
    Database,
)


class EmailRow(TypedDict):
    email: str


BY_NAME = Query(
    select(User.email).where(User.name == bindparam("name")).order_by(User.email), EmailRow
)
ADD = Query(
    insert(User)
    .values(email=bindparam("email"), name=bindparam("name"), timezone=bindparam("timezone"))
    .returning(User.email),
    EmailRow,
)
SLEEP: Query[dict[str, Any]] = Query(
    text("SELECT pg_sleep(:seconds)::text AS slept").columns(), dict
)
SETTINGS = """
SELECT current_setting('statement_timeout') AS statement_timeout,
       current_setting('lock_timeout') AS lock_timeout,
       current_setting('idle_in_transaction_session_timeout') AS idle_in_transaction,
       current_setting('jit') AS jit
"""


@pytest.fixture(scope="module")
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(parse_database_url(url), pool_size=1)
    yield database
    async with database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM users"))
    await database.dispose()


def held(database: Database) -> int:
    pool: Any = database.engine.pool
    return int(pool.checkedout())


async def add(database: Database, name: str) -> str:
    row = await database.fetch_one(ADD, email=f"{uuid4()}@example.com", name=name, timezone="UTC")
    assert row is not None
    return row["email"]


async def test_nothing_connects_before_the_first_statement() -> None:
    database = Database(parse_database_url("postgresql://u@127.0.0.1:1/none"), pool_size=1)
    async with database.session() as session:
        assert not session.in_transaction()
        with pytest.raises(ConnectionError):
            await session.fetch_all(BY_NAME, name="x")
    assert held(database) == 0


async def test_a_read_outside_a_transaction_holds_no_connection_and_opens_no_transaction(
    database: Database,
) -> None:
    email = await add(database, "Alice")
    async with database.session() as session:
        assert await session.fetch_all(BY_NAME, name="Alice") == [{"email": email}]
        assert held(database) == 0
        assert not session.in_transaction()
        assert await session.fetch_one(BY_NAME, name="Nobody") is None
        assert held(database) == 0


async def test_a_read_inside_a_transaction_sees_its_own_writes_and_others_do_not(
    url: str, database: Database
) -> None:
    other = Database(parse_database_url(url), pool_size=1)
    async with database.session() as session:
        session.add(User(email="added@example.com", name="Alice"))  # not even flushed yet
        seen = await session.fetch_all(BY_NAME, name="Alice")
        written = await session.fetch_one(
            ADD, email="query@example.com", name="Alice", timezone="UTC"
        )

        assert seen == [{"email": "added@example.com"}]
        assert written == {"email": "query@example.com"}
        assert held(database) == 1  # the pool has only one: both ways share it
        assert await other.fetch_all(BY_NAME, name="Alice") == []
        await session.rollback()
    assert await other.fetch_all(BY_NAME, name="Alice") == []
    assert held(database) == 0
    await other.dispose()


async def test_a_write_outside_a_transaction_is_final_at_once(url: str, database: Database) -> None:
    async with database.session() as session:
        await session.fetch_one(ADD, email="a@example.com", name="Alice", timezone="UTC")
        await session.rollback()
    assert await database.fetch_all(BY_NAME, name="Alice") == [{"email": "a@example.com"}]


async def test_the_timeouts_are_in_force_on_every_connection_however_it_is_used(
    url: str,
) -> None:
    database = Database(parse_database_url(url), pool_size=3)
    query: Query[dict[str, Any]] = Query(
        text(SETTINGS).columns(
            *[
                User.name.label(n)
                for n in ("statement_timeout", "lock_timeout", "idle_in_transaction", "jit")
            ]
        ),
        dict,
    )
    expected = {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction": "10s",
        "jit": "off",
    }
    async with (
        database.engine.connect() as first,
        database.engine.connect() as second,
        database.session() as session,
    ):
        assert dict((await first.execute(text(SETTINGS))).mappings().one()) == expected
        assert dict((await second.execute(text(SETTINGS))).mappings().one()) == expected
        assert await session.fetch_one(query) == expected
        assert dict((await session.execute(text(SETTINGS))).mappings().one()) == expected
    await database.dispose()


async def test_a_connection_that_died_in_the_pool_is_replaced_before_anybody_notices(
    url: str,
) -> None:
    database = Database(parse_database_url(url), pool_size=5)
    await asyncio.gather(*(add(database, "Alice") for _ in range(5)))
    admin = await asyncpg.connect(url)
    ended = await admin.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert len(ended) == 5
    await asyncio.sleep(0.05)  # until the sockets say so

    found = await asyncio.gather(
        *(database.fetch_all(BY_NAME, name="Alice") for _ in range(10)), return_exceptions=True
    )
    async with database.session() as session:
        by_orm = (await session.scalars(select(User).where(User.name == "Alice"))).all()

    assert [len(rows) if isinstance(rows, list) else rows for rows in found] == [5] * 10
    assert len(by_orm) == 5
    await admin.close()
    await database.dispose()


async def test_a_connection_that_dies_while_it_is_used_fails_once_and_is_not_used_again(
    url: str, database: Database
) -> None:
    async def sleep_for_long() -> None:
        await database.fetch_all(SLEEP, seconds=30)

    sleeping = asyncio.create_task(sleep_for_long())
    admin = await asyncpg.connect(url)
    ended = 0
    for _ in range(200):
        ended = await admin.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()"
        )
        if ended:
            break
        await asyncio.sleep(0.01)
    assert ended == 1
    await admin.close()

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)):
        await sleeping
    assert held(database) == 0
    assert await database.fetch_all(BY_NAME, name="Nobody") == []


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_cancelled_statement_gives_its_connection_back_in_working_order(
    in_transaction: bool, url: str, database: Database
) -> None:
    async def sleep_for_long() -> None:
        async with database.session() as session:
            if in_transaction:
                session.add(User(email="lost@example.com", name="Lost"))
                await session.flush()
            await session.fetch_all(SLEEP, seconds=30)

    for _ in range(3):
        sleeping = asyncio.create_task(sleep_for_long())
        await asyncio.sleep(0.05)
        assert held(database) == 1
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert await database.fetch_all(BY_NAME, name="Lost") == []
    assert held(database) == 0
    admin = await asyncpg.connect(url)
    still_busy = await admin.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    await admin.close()
    assert still_busy == 0


def test_the_server_has_the_chance_to_time_out_before_the_client_gives_up() -> None:
    assert int(SESSION_SETTINGS["statement_timeout"]) < ANSWER_TIMEOUT_SECONDS * 1000
    assert int(SESSION_SETTINGS["lock_timeout"]) < int(SESSION_SETTINGS["statement_timeout"])


async def test_an_exhausted_pool_says_so_within_its_timeout(database: Database) -> None:
    loop = asyncio.get_running_loop()
    async with database.engine.connect():
        started = loop.time()
        with pytest.raises(PoolTimeoutError):
            await database.fetch_all(BY_NAME, name="x")
        assert 1.5 < loop.time() - started < 2.5
    assert await database.fetch_all(BY_NAME, name="x") == []


async def test_a_server_that_hangs_while_connecting_keeps_nobody_waiting() -> None:
    attempts = 0

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        await reader.read()  # until they give up
        writer.close()

    async def ask(hanging: Database, *, seconds_later: float) -> Exception:
        await asyncio.sleep(seconds_later)
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS + 0.3):
            try:
                await hanging.schema_revision()
            except (ConnectionError, PoolTimeoutError) as error:
                return error
        raise AssertionError("nobody answers there")

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        hanging = Database(parse_database_url(f"postgresql://u@127.0.0.1:{port}/d"), pool_size=2)

        # Two connect; the others wait for them, some for so long that they could try themselves.
        errors = await asyncio.gather(
            *(ask(hanging, seconds_later=number % 4 / 2) for number in range(12))
        )

        assert all(is_unavailable(error) for error in errors)
        assert attempts == 2
        assert held(hanging) == 0
        await hanging.dispose()


def fatal_message(state: str) -> bytes:
    """What a server says before it closes a connection, in its protocol."""
    fields = f"SFATAL\0VFATAL\0C{state}\0MNot now.\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


@pytest.mark.parametrize("by_orm", [False, True])
@pytest.mark.parametrize("state", ["57P03", "53300"])  # it is starting; it has no place left
async def test_a_server_that_takes_no_connection_is_away_and_not_broken(
    state: str, by_orm: bool
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(fatal_message(state))
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        refusing = Database(parse_database_url(f"postgresql://u@127.0.0.1:{port}/d"), pool_size=1)
        async with refusing.session() as session:
            asking = session.scalar(select(1)) if by_orm else session.fetch_all(BY_NAME, name="x")
            with pytest.raises(DATABASE_ERRORS) as refused:
                await asking

        assert is_unavailable(refused.value)
        assert held(refusing) == 0
        await refusing.dispose()


@pytest.mark.parametrize("by_orm", [False, True])
async def test_a_connection_that_the_server_is_about_to_close_fails_once_as_one_that_is_lost(
    by_orm: bool, database: Database
) -> None:
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        raw._protocol.data_received(fatal_message("57P01"))
        assert not raw.is_closed()

    async with database.session() as session:
        asking = session.scalar(select(1)) if by_orm else session.fetch_all(BY_NAME, name="x")
        with pytest.raises(DATABASE_ERRORS) as refused:
            await asking

    assert is_unavailable(refused.value)
    assert held(database) == 0
    assert await database.fetch_all(BY_NAME, name="Nobody") == []
