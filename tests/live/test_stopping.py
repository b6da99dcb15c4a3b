"""A server that is asked to stop does not wait for streams that would never end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest
from fastapi import FastAPI

from app.core.clock import SystemClock
from tests.benchmarks.servers.launch import free_port
from tests.factories import Factory, fresh_token
from tests.live.receiving import STREAM, eventually

PEOPLE, STREAMS_EACH = 10, 10
ROOT = Path(__file__).parents[2]


@contextmanager
def serving(app: FastAPI, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`duotrak serve` on the database of `app`."""
    settings = app.state.settings
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ENVIRONMENT": "test",
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "SUPABASE_URL": str(settings.supabase_url),
            "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_test",
            "SUPABASE_SECRET_KEY": "sb_secret_test",
            "EMAIL_MODE": "off",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_with_a_hundred_streams_open_the_server_stops_at_once(
    factory: Factory, app: FastAPI, number: signal.Signals
) -> None:
    people = [await factory.person(f"Person{n}") for n in range(PEOPLE)]
    now = SystemClock().now()  # the other process has no frozen clock
    tokens = [await fresh_token(app, person.id, now) for person in people]
    port = free_port()
    with serving(app, port) as process:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}",
                    timeout=None,
                    limits=httpx.Limits(max_connections=None),
                )
            )

            async def is_up() -> bool:
                try:
                    return (await client.get("/readyz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(is_up)
            streams = [
                await stack.enter_async_context(
                    client.stream("GET", STREAM, headers={"Authorization": f"Bearer {token}"})
                )
                for token in tokens
                for _ in range(STREAMS_EACH)
            ]
            assert {stream.status_code for stream in streams} == {200}

            started = monotonic()
            process.send_signal(number)
            bodies = await asyncio.gather(*(stream.aread() for stream in streams))
            code = await asyncio.to_thread(process.wait, 12)
            took = monotonic() - started

    assert all(body.startswith(b": connected") for body in bodies)  # and ended properly
    assert took < 3
    assert code in (0, -number, 128 + number)
