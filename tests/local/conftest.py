"""The Supabase Auth stand-in and the mailbox, put together as local mode does, on a real Postgres.

The server comes from the session fixture `postgres_url`, or from TEST_DATABASE_URL without it.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from supabase import AsyncClient, AsyncClientOptions, acreate_client

from app.core.clock import SystemClock
from app.local import mailbox as mailbox_module
from app.local import supabase_auth
from app.local.mailbox import Mailbox, StoredEmail

PUBLISHABLE_KEY = "sb_publishable_test"
SECRET_KEY = "sb_secret_test"
FRONTEND_URL = "http://frontend.test:3000"
STAND_IN_URL = "http://api.test/_local/supabase"
ISSUER = f"{STAND_IN_URL}/auth/v1"
PASSWORD = "correct horse"
QUICK_HASHES = supabase_auth.PasswordCost(rounds=1, memory_kib=8)

MakeDatabase = Callable[[], Awaitable[AsyncEngine]]


@dataclass
class SteppingClock:
    """Starts now, because the supabase client compares expiry with the wall clock."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.offset

    def advance(self, **duration: float) -> None:
        self.offset += timedelta(**duration)


@dataclass
class StandIn:
    http: httpx.AsyncClient
    clock: SteppingClock
    mailbox: Mailbox
    engine: AsyncEngine
    _anonymous: dict[str, str] = field(default_factory=lambda: {"apikey": PUBLISHABLE_KEY})

    async def call(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        **request: object,
    ) -> httpx.Response:
        """A request to `/auth/v1` + path with the publishable key, as supabase-js sends it."""
        sent = self._anonymous | ({"Authorization": f"Bearer {token}"} if token else {})
        if json is not None:
            request["json"] = json
        return await self.http.request(
            method,
            f"{STAND_IN_URL}/auth/v1{path}",
            headers=sent | (headers or {}),
            **request,  # type: ignore[arg-type]
        )

    async def admin(self, method: str, path: str, json: object = None) -> httpx.Response:
        secret = {"apikey": SECRET_KEY}
        return await self.call(method, f"/admin{path}", json, token=SECRET_KEY, headers=secret)

    async def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        """A new session of a user who can sign in."""
        credentials = {"email": email, "password": password}
        answer = await self.call("POST", "/token?grant_type=password", credentials)
        assert answer.status_code == 200, answer.text
        session: dict[str, Any] = answer.json()
        return session

    async def refresh(self, token: str) -> httpx.Response:
        body = {"refresh_token": token}
        return await self.call("POST", "/token?grant_type=refresh_token", body)

    async def supabase(self, key: str = PUBLISHABLE_KEY) -> AsyncClient:
        """The real client, fresh: it remembers whoever signed in last."""
        return await acreate_client(
            STAND_IN_URL,
            key,
            options=AsyncClientOptions(
                httpx_client=self.http,
                auto_refresh_token=False,
                persist_session=False,
                flow_type="implicit",
            ),
        )

    async def confirmed_user(self, email: str, password: str = PASSWORD) -> str:
        user_id = await supabase_auth.create_user(
            self.engine,
            email=email,
            password=password,
            confirmed=True,
            now=self.clock.now(),
            password_cost=QUICK_HASHES,
        )
        return str(user_id)

    async def emails_to(self, address: str) -> list[StoredEmail]:
        return await self.mailbox.messages(to=address)

    async def token_in_last_email(self, address: str) -> str:
        newest, *_ = await self.emails_to(address)
        return httpx.URL(newest.links[0]).params["token"]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and Supabase's error code."""
    return answer.status_code, answer.json()["error_code"]


@pytest.fixture(scope="session")
def standin_server_url(request: pytest.FixtureRequest) -> str:
    try:
        return str(request.getfixturevalue("postgres_url"))
    except pytest.FixtureLookupError:
        if url := os.environ.get("TEST_DATABASE_URL"):
            return url
        raise


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def make_database(standin_server_url: str) -> AsyncIterator[MakeDatabase]:
    """Creates empty databases, and drops them when the session ends."""
    url = make_url(standin_server_url).set(drivername="postgresql+asyncpg")
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    engines: list[AsyncEngine] = []

    async def make() -> AsyncEngine:
        name = f"standin_{uuid4().hex}"
        async with server.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        engines.append(create_async_engine(url.set(database=name)))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.dispose()
        async with server.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {engine.url.database} WITH (FORCE)"))
    await server.dispose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standin_engine(make_database: MakeDatabase) -> AsyncEngine:
    """One database for all tests here; they stay apart through addresses of their own."""
    engine = await make_database()
    await supabase_auth.prepare(engine)
    await mailbox_module.prepare(engine)
    return engine


@pytest.fixture
def address() -> str:
    """An address that no other test uses."""
    return f"ada.{uuid4().hex}@example.com"


MakeStandIn = Callable[..., StandIn]


@pytest_asyncio.fixture(loop_scope="session")
async def make_standin(standin_engine: AsyncEngine) -> AsyncIterator[MakeStandIn]:
    """Builds the stand-in with other options, e.g. `make_standin(autoconfirm=True)`."""
    clients: list[httpx.AsyncClient] = []

    def make(engine: AsyncEngine = standin_engine, **options: object) -> StandIn:
        clock = SteppingClock()
        mailbox = Mailbox(engine=lambda: engine, clock=clock)
        app = FastAPI()
        app.include_router(mailbox.router)
        stand_in = supabase_auth.create_supabase_auth(
            engine=lambda: engine,
            clock=clock,
            mailbox=mailbox,
            issuer=ISSUER,
            publishable_key=PUBLISHABLE_KEY,
            secret_key=SECRET_KEY,
            frontend_url=FRONTEND_URL,
            password_cost=QUICK_HASHES,
            **options,  # type: ignore[arg-type]
        )
        app.mount("/_local/supabase", stand_in)
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app)))
        return StandIn(http=clients[-1], clock=clock, mailbox=mailbox, engine=engine)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def standin(make_standin: MakeStandIn) -> StandIn:
    return make_standin()
