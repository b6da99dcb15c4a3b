"""Small things that tests share."""

import asyncio
import base64
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

# How often each race is run: `DUOTRAK_RACE_ROUNDS=50` for a thorough look.
RACE_ROUNDS = int(os.environ.get("DUOTRAK_RACE_ROUNDS", "3"))


class FrozenClock:
    """A Clock that stands still until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def set(self, instant: datetime) -> None:
        self._instant = instant

    def advance(self, **duration: float) -> None:
        self._instant += timedelta(**duration)


def data_of(response: httpx.Response, status: int = 200) -> Any:
    """The `data` of a successful answer; fails with the whole answer otherwise."""
    assert response.status_code == status, (response.status_code, response.text)
    body = response.json()
    assert body["success"] is True
    assert body["message"]
    return body["data"]


def items_of(response: httpx.Response) -> list[Any]:
    """The items of a list."""
    items: list[Any] = data_of(response)["items"]
    return items


def assert_error(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a well-formed failure with this status and code; returns its body."""
    assert response.status_code == status, (response.status_code, response.text)
    body: dict[str, Any] = response.json()
    assert body["success"] is False
    assert body["code"] == code, body
    assert body["message"]
    assert body["requestId"] == response.headers["x-request-id"]
    assert ("errors" in body) == (status == 422)
    return body


async def rows(app: FastAPI, sql: str, **parameters: Any) -> list[Any]:
    """What the database holds, seen from outside the application."""
    async with app.state.database.engine.connect() as connection:
        result = await connection.execute(text(sql), parameters)
        return list(result.mappings())


async def somebody_waits_for_a_lock(app: FastAPI) -> None:
    """Return when a statement of the application waits for a row that somebody else has locked."""
    waiting = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while not await rows(app, waiting):
            pass


async def done_or_waiting(app: FastAPI, act: "asyncio.Task[Any]") -> None:
    """Return when `act` is done, or waits for a row that somebody else has locked."""
    waiting = asyncio.create_task(somebody_waits_for_a_lock(app))
    await asyncio.wait({act, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def count_rows(app: FastAPI, *tables: str) -> tuple[int, ...]:
    """How many rows each table holds: that nothing was written is asserted like what was."""
    return tuple(
        [(await rows(app, f"SELECT count(*) FROM {table}"))[0]["count"] for table in tables]
    )


async def emails_to(app: FastAPI, address: str) -> list[dict[str, Any]]:
    """What lies in the local mailbox for `address`, newest first."""
    await app.state.errands.finish()  # some are sent after the answer to the request for them
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as browser:
        answer = await browser.get("/_local/mailbox/messages", params={"to": address})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def token_in(link: str) -> str:
    """The secret of a link in an e-mail, or of an invitation."""
    parameters = httpx.URL(link).params
    return parameters.get("token") or parameters["invite_token"]


async def change_rows(app: FastAPI, sql: str, **parameters: Any) -> None:
    """Change the database behind the application's back."""
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text(sql), parameters)


def subject_of(token: str) -> str:
    """Whose access token it is, unverified."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])


def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call something that runs an event loop of its own, which must not replace pytest's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()
