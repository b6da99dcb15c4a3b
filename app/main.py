"""The application: `create_app` puts the layers together, the lifespan opens and closes them.

Import names with `from app… import …` only: `import app.x` here would hide `__getattr__`.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import httpx
from fastapi import FastAPI

from app.api.docs import install_docs
from app.api.error_handlers import install_error_handlers
from app.api.middleware import BodyLimitMiddleware, CorsMiddleware, RequestContextMiddleware
from app.api.openapi import DESCRIPTION, install_openapi, operation_id
from app.api.routers import health
from app.api.v1 import API_PREFIX, ROUTERS, TAGS
from app.clients.gemini_client import GeminiModel
from app.clients.language_model import LanguageModel
from app.clients.resend_client import EmailSender, email_sender
from app.clients.supabase_auth import SupabaseAuthClient
from app.clients.supabase_storage import SupabaseStorageClient
from app.core.clock import Clock, SystemClock
from app.core.config import EmailMode, Settings, load_settings
from app.core.image_links import image_links
from app.core.logging import configure_logging
from app.core.security import TokenVerifier
from app.core.signals import also_on_stop
from app.db.session import Database
from app.jobs.background import running
from app.jobs.handler import Resources
from app.services.answer_timing import Errands
from app.services.export_service import ExportService
from app.services.image_cleaning import ImageCleaner
from app.services.live_updates import LiveUpdates
from app.services.user_limiter import UserLimiter

MAX_BODY_BYTES = 1_000_000
JOBS_BESIDE_REQUESTS = 4
# What is not done by then is done by whoever works next: soon, since requests waited before.
SECONDS_FOR_JOBS_AT_THE_END = 2.0
EXPOSED_HEADERS = [
    "X-Request-ID",
    "Retry-After",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
]


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """The application for some settings. Nothing connects before its lifespan begins."""
    app = FastAPI(
        title="DuoTrak",
        version="1.0.0",
        summary="Two people who keep each other accountable.",
        description=DESCRIPTION,
        openapi_url=f"{API_PREFIX}/openapi.json" if settings.docs_enabled else None,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.clock = clock or SystemClock()
    app.state.database = Database(settings.database, pool_size=settings.database_pool_size)
    app.state.user_limiter = (
        UserLimiter(database=app.state.database, clock=app.state.clock)
        if settings.rate_limits
        else None
    )
    app.state.exports = ExportService(database=app.state.database, clock=app.state.clock)
    app.state.image_links = image_links(
        public_api_url=str(settings.public_api_url),
        secret_key=settings.supabase_secret_key.get_secret_value(),
    )
    app.state.local_mode = None
    if settings.uses_local_supabase:
        if settings.environment.is_deployed:
            raise ValueError("local mode cannot run in a deployment")
        from app.local.mode import LocalMode  # only then: a deployment never loads it

        app.state.local_mode = LocalMode(app, settings, app.state.clock)
    for router in ROUTERS:
        app.include_router(router, prefix=API_PREFIX)
    app.include_router(health.router)
    if settings.docs_enabled:
        install_docs(app)
    install_openapi(app)
    install_error_handlers(app)
    app.add_middleware(BodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.state.metrics = None
    if settings.metrics_enabled:
        from app.api.metrics import Metrics, install_metrics  # only where it is used

        app.state.metrics = Metrics(app.state.database)
        install_metrics(app, app.state.metrics, settings.metrics_token)
    app.add_middleware(
        RequestContextMiddleware,
        api_prefix=API_PREFIX,
        measure=app.state.metrics.record if app.state.metrics else None,
    )
    app.add_middleware(
        CorsMiddleware,
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
        max_age=3600,
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    local = app.state.local_mode
    if local is not None:
        await local.prepare()
    supabase_url = str(settings.supabase_url).rstrip("/")
    async with httpx.AsyncClient(
        timeout=settings.supabase_timeout_seconds,
        mounts=local.transports if local is not None else None,
    ) as http:
        app.state.auth = SupabaseAuthClient(
            url=supabase_url,
            publishable_key=settings.supabase_publishable_key.get_secret_value(),
            secret_key=settings.supabase_secret_key.get_secret_value(),
            http=http,
            timeout_seconds=settings.supabase_timeout_seconds,
        )
        app.state.storage = SupabaseStorageClient(
            url=supabase_url,
            secret_key=settings.supabase_secret_key.get_secret_value(),
            http=http,
            timeout_seconds=settings.supabase_timeout_seconds,
        )
        app.state.language_model = _language_model(app)
        app.state.image_cleaner = ImageCleaner()
        secret = settings.supabase_jwt_secret
        app.state.tokens = TokenVerifier(
            issuer=f"{supabase_url}/auth/v1",
            shared_secret=secret.get_secret_value() if secret else None,
            fetch_jwks=app.state.auth.fetch_jwks,
            clock=app.state.clock,
        )
        app.state.errands = Errands()
        app.state.job_resources = Resources(
            database=app.state.database,
            auth=app.state.auth,
            storage=app.state.storage,
            sender=_email_sender(app),
            clock=app.state.clock,
            settings=settings,
        )
        app.state.live = LiveUpdates(
            database=app.state.database,
            target=settings.direct_database,
            clock=app.state.clock,
        )
        worker = _worker(app) if settings.background_jobs else nullcontext()
        _settle_garbage_collector()
        try:
            async with running([app.state.live]), worker:
                with also_on_stop(app.state.live.end):
                    yield
                app.state.live.end()
                await app.state.errands.finish()
        finally:
            app.state.image_cleaner.close()
            await app.state.tokens.aclose()
            await app.state.database.dispose()
            if local is not None:
                await local.close()


def _email_sender(app: FastAPI) -> EmailSender | None:
    settings: Settings = app.state.settings
    if settings.email_mode is EmailMode.MAILBOX and app.state.local_mode is not None:
        local_sender: EmailSender = app.state.local_mode.sender
        return local_sender
    return email_sender(settings)


def _worker(app: FastAPI) -> AbstractAsyncContextManager[None]:
    """A worker beside the requests of this process."""
    from app.jobs.worker import Worker, WorkerOptions, working  # slow to import

    settings: Settings = app.state.settings
    options = WorkerOptions(
        concurrency=JOBS_BESIDE_REQUESTS,
        heartbeat_seconds=settings.job_heartbeat_seconds,
        grace_seconds=SECONDS_FOR_JOBS_AT_THE_END,
    )
    return working(
        Worker(resources=app.state.job_resources, target=settings.direct_database, options=options)
    )


def _language_model(app: FastAPI) -> LanguageModel | None:
    """None where the AI planner is not set up."""
    settings: Settings = app.state.settings
    if settings.gemini_api_key is not None:
        return GeminiModel(
            api_key=settings.gemini_api_key.get_secret_value(),
            model=settings.gemini_model,
            endpoint=str(settings.gemini_api_endpoint),
            slots=settings.gemini_max_concurrency,
        )
    if app.state.local_mode is not None:
        planner: LanguageModel = app.state.local_mode.planner
        return planner
    return None


def _settle_garbage_collector() -> None:
    """What exists after the start lives for ever: do not look through it again and again."""
    gc.collect()
    gc.freeze()


def __getattr__(name: str) -> Any:
    """`uvicorn app.main:app` works, while importing this module still does nothing."""
    if name == "app":
        return create_app(load_settings())
    raise AttributeError(name)
