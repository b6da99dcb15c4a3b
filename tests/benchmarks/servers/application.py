"""The application itself: its own settings, middleware, authentication, and logging switched on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from app.core.config import EmailMode, Environment, load_settings
from app.core.rate_limits import WRITES
from app.main import create_app
from app.services.user_limiter import UserLimiter
from tests.benchmarks.servers.options import POOL_SIZE, SUPABASE_URL, ServerOptions
from tests.benchmarks.servers.tokens import token_verifier


def make_app(options: ServerOptions) -> FastAPI:
    app = create_app(
        load_settings(
            _env_file=None,
            environment=Environment.TEST,
            database_url=options.database_url,
            database_pool_size=POOL_SIZE,
            supabase_url=SUPABASE_URL,
            supabase_publishable_key="sb_publishable_benchmark",
            supabase_secret_key="sb_secret_benchmark",
            frontend_url="https://app.test",
            email_mode=EmailMode.OFF,
        )
    )
    # Writes are counted as in earnest, but one person may make as many as a round needs.
    app.state.user_limiter = UserLimiter(
        database=app.state.database,
        clock=app.state.clock,
        writes=replace(WRITES, quota=1_000_000_000),
    )
    if not options.token_cache:
        _verify_every_time(app, options)
    return app


def _verify_every_time(app: FastAPI, options: ServerOptions) -> None:
    """The service has no switch for this: another verifier takes over once it has started."""
    start_and_stop = app.router.lifespan_context

    @asynccontextmanager
    async def without_token_cache(app: FastAPI) -> AsyncIterator[None]:
        async with start_and_stop(app):
            cached, app.state.tokens = app.state.tokens, token_verifier(options)
            yield
            app.state.tokens = cached

    app.router.lifespan_context = without_token_cache
