"""One connection that hears what other processes say with `NOTIFY`, after their commits."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import asyncpg

from app.core.config import DatabaseTarget

CHANNEL = "duotrak_live"
APPLICATION_NAME = "duotrak-live"  # shown in pg_stat_activity
PROOF_PREFIX = "proof:"
PROOF_SECONDS = 3.0
CHECK_SECONDS = 15.0
ANSWER_SECONDS = 5.0


class NothingHeard(ConnectionError):
    """The connection accepts LISTEN and delivers nothing, as behind a transaction pooler."""


class ListenerLost(ConnectionError):
    """The connection was closed, or the server does not answer."""


async def listen(
    target: DatabaseTarget, *, heard: Callable[[str], None], ready: Callable[[], None]
) -> None:
    """Pass on each message from when `ready` is called until the connection is lost.

    It never returns. Raises ConnectionError, OSError, TimeoutError or asyncpg's errors. The
    callbacks are called on the event loop and must not raise.
    """
    lost = asyncio.Event()
    proven = asyncio.Event()
    proof = PROOF_PREFIX + secrets.token_hex(8)

    def on_message(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
        if payload == proof:
            proven.set()
        elif not payload.startswith(PROOF_PREFIX):
            heard(payload)

    connection = await _connect(target)
    try:
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(CHANNEL, on_message)
        await _prove(target, proof, proven)
        ready()
        while not lost.is_set():
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await lost.wait()
            except TimeoutError:  # nothing happened; a server that vanished would not tell
                await connection.fetchval("SELECT 1", timeout=ANSWER_SECONDS)
        raise ListenerLost("the listening connection was closed")
    finally:
        connection.terminate()


async def _connect(target: DatabaseTarget) -> Any:
    return await asyncpg.connect(
        target.url.replace("postgresql+asyncpg://", "postgresql://", 1),
        ssl=target.ssl,
        timeout=ANSWER_SECONDS,
        command_timeout=ANSWER_SECONDS,
        statement_cache_size=0,
        server_settings={"application_name": APPLICATION_NAME},
    )


async def _prove(target: DatabaseTarget, proof: str, proven: asyncio.Event) -> None:
    """Say something on another connection and wait to hear it. Raises NothingHeard."""
    other = await _connect(target)
    try:
        await other.execute(f"SELECT pg_notify('{CHANNEL}', '{proof}')")
        async with asyncio.timeout(PROOF_SECONDS):
            await proven.wait()
    except TimeoutError:
        raise NothingHeard("what was said on one connection was not heard on another") from None
    finally:
        other.terminate()
