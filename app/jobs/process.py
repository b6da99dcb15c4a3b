"""A worker as a process of its own: `duotrak worker`."""

import asyncio
import signal

import httpx
import structlog

from app.clients.resend_client import email_sender
from app.clients.supabase_auth import SupabaseAuthClient
from app.clients.supabase_storage import SupabaseStorageClient
from app.core.clock import SystemClock
from app.core.config import EmailMode, Settings
from app.db.session import Database
from app.jobs.handler import Resources
from app.jobs.worker import Worker, WorkerOptions

log = structlog.get_logger()

_NO_EMAIL = (
    "This process sends no e-mail: EMAIL_MODE=mailbox is for local mode, whose API process "
    "delivers into its mailbox."
)


async def work(settings: Settings, *, concurrency: int) -> None:
    """Work until SIGTERM or SIGINT: what runs then has about 10 seconds left."""
    url = str(settings.supabase_url).rstrip("/")
    secret_key = settings.supabase_secret_key.get_secret_value()
    timeout = settings.supabase_timeout_seconds
    database = Database(settings.database, pool_size=concurrency + 2)
    if settings.email_mode is EmailMode.MAILBOX:
        log.warning("no_email_sender", hint=_NO_EMAIL)
    async with httpx.AsyncClient(timeout=timeout) as http:
        worker = Worker(
            resources=Resources(
                database=database,
                auth=SupabaseAuthClient(
                    url=url,
                    publishable_key=settings.supabase_publishable_key.get_secret_value(),
                    secret_key=secret_key,
                    http=http,
                    timeout_seconds=timeout,
                ),
                storage=SupabaseStorageClient(
                    url=url, secret_key=secret_key, http=http, timeout_seconds=timeout
                ),
                sender=email_sender(settings),
                clock=SystemClock(),
                settings=settings,
            ),
            target=settings.direct_database,
            options=WorkerOptions(
                concurrency=concurrency, heartbeat_seconds=settings.job_heartbeat_seconds
            ),
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        log.info("worker_started", concurrency=concurrency)
        try:
            await worker.run()
        finally:
            await database.dispose()
    log.info("worker_stopped")
