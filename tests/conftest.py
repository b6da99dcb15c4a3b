"""One PostgreSQL server for the run, one application on real migrations, time as a fixture.

Each test works on committed rows, as the application does in earnest, and starts on an empty
database: emptying a few rows takes milliseconds. Tests that break or restart things get a
database, or an application, of their own from `make_app`.
"""

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.config import EmailMode, Environment, Settings, load_settings
from app.db.base_class import Base
from app.db.migrations import upgrade_to_head
from app.db.queue_tables import TABLES as QUEUE_TABLES
from app.local.postgres import EmbeddedPostgres
from app.main import create_app
from tests.factories import Factory
from tests.fakes.webhook_sender import WEBHOOK_SECRETS
from tests.support import FrozenClock

FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TEMPLATE = "duotrak_template"
TUESDAY_MORNING = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
BASE_URL = "http://api.test"

MakeApp = Callable[..., Awaitable[FastAPI]]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All cores for the whole suite; one process, which starts sooner, for chosen files.

    One more than there are cores, since some tests mostly wait.
    """
    if any(Path(argument).name != "tests" for argument in config.args):
        config.option.dist = "no"
        return 0
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server of this run: fast, since nothing in it has to survive."""
    with EmbeddedPostgres(settings=FAST_AND_FORGETFUL) as server:
        server.create_database(TEMPLATE)
        # In a thread: migrations run a loop of their own, which must not replace pytest's.
        migration = threading.Thread(target=upgrade_to_head, args=(server.url(TEMPLATE),))
        migration.start()
        migration.join()
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: EmbeddedPostgres) -> str:
    return postgres.url()


@pytest.fixture(scope="session")
def make_database(postgres: EmbeddedPostgres) -> Callable[[], str]:
    """Make a fresh, migrated database and return its URL."""
    made = 0

    def make() -> str:
        nonlocal made
        made += 1
        name = f"duotrak_{made}"
        postgres.create_database(name, template=TEMPLATE)
        return postgres.url(name)

    return make


def settings_for(database_url: str, **overrides: Any) -> Settings:
    """Complete settings for tests; whatever the developer's environment says is not read."""
    values: dict[str, Any] = {
        "_env_file": None,
        "environment": Environment.TEST,
        "database_url": database_url,
        "supabase_url": f"{BASE_URL}/_local/supabase",
        "supabase_publishable_key": "sb_publishable_test",
        "supabase_secret_key": "sb_secret_test",
        "frontend_url": "https://app.test",
        "public_api_url": BASE_URL,
        "email_mode": EmailMode.OFF,
        "background_jobs": False,  # tests run what is due themselves
        # Tests sign up, log in and write often, and do not wait for nothing.
        "rate_limits": False,
        "auth_answer_step_seconds": 0,
        "supabase_webhook_secrets": WEBHOOK_SECRETS,
        "resend_webhook_secret": WEBHOOK_SECRETS,
    }
    return load_settings(**(values | overrides))


@asynccontextmanager
async def running_app(settings: Settings, clock: FrozenClock) -> AsyncIterator[FastAPI]:
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
def _session_clock() -> FrozenClock:
    return FrozenClock(TUESDAY_MORNING)


@pytest.fixture
def clock(_session_clock: FrozenClock) -> FrozenClock:
    """The application's time: it stands still on a Tuesday, 09:00 UTC, until a test moves it."""
    _session_clock.set(TUESDAY_MORNING)
    return _session_clock


@pytest.fixture(scope="session")
async def _session_app(
    make_database: Callable[[], str], _session_clock: FrozenClock
) -> AsyncIterator[FastAPI]:
    async with running_app(settings_for(make_database()), _session_clock) as app:
        yield app


@pytest.fixture
async def app(_session_app: FastAPI, clock: FrozenClock) -> FastAPI:
    """The application, on an empty database."""
    await empty(_session_app.state.database.engine)
    return _session_app


@pytest.fixture
async def make_app(make_database: Callable[[], str], clock: FrozenClock) -> AsyncIterator[MakeApp]:
    """Applications on databases of their own: `await make_app(setting=value)`."""
    async with AsyncExitStack() as stack:

        async def make(*, database_url: str | None = None, **overrides: Any) -> FastAPI:
            settings = settings_for(database_url or make_database(), **overrides)
            return await stack.enter_async_context(running_app(settings, clock))

        yield make


async def empty(engine: AsyncEngine) -> None:
    """Delete every row of the application's and the stand-ins' tables."""
    tables = [f'"{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
    tables += QUEUE_TABLES
    stand_ins = [
        "auth.one_time_tokens",
        "auth.refresh_tokens",
        "auth.sessions",
        "auth.users",
        "local.emails",
    ]
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in [*tables, *stand_ins]:
            await connection.execute(text(f"DELETE FROM {table}"))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without an account."""
    async with client_of(app) as anonymous:
        yield anonymous


def client_of(app: FastAPI, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, **options)


@pytest.fixture
async def factory(app: FastAPI, clock: FrozenClock) -> AsyncIterator[Factory]:
    """Makes people, partners, goals, systems and check-ins."""
    async with AsyncExitStack() as stack:
        yield Factory(app, clock, stack)
