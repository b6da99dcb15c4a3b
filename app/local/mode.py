"""Local mode: the stand-ins for Supabase and Resend, inside the application's own process."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from fastapi import FastAPI

from app.clients.resend_client import OutgoingEmail
from app.core.clock import Clock
from app.core.config import LOCAL_SUPABASE_PATH, Settings
from app.db.session import Database
from app.local import mailbox as mailbox_module
from app.local import supabase_auth
from app.local.gallery import gallery_router
from app.local.mailbox import Mailbox
from app.local.planner import SamplePlanner
from app.local.supabase_storage import STORAGE_PATH, create_supabase_storage


class MailboxSender:
    """EmailSender that delivers into the local mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def send(self, email: OutgoingEmail) -> None:
        content = email.content
        await self._mailbox.add(
            to=email.to, subject=content.subject, html=content.html, text=content.text
        )


class LocalMode:
    """Mounts the stand-ins. Calls of the Supabase client reach them without a network."""

    def __init__(self, app: FastAPI, settings: Settings, clock: Clock) -> None:
        self._database: Database = app.state.database
        mailbox = Mailbox(engine=lambda: self._database.engine, clock=clock)
        self.sender = MailboxSender(mailbox)
        self.planner = SamplePlanner()
        url = str(settings.supabase_url).rstrip("/")
        stand_in = supabase_auth.create_supabase_auth(
            engine=lambda: self._database.engine,
            clock=clock,
            mailbox=mailbox,
            issuer=f"{url}/auth/v1",
            publishable_key=settings.supabase_publishable_key.get_secret_value(),
            secret_key=settings.supabase_secret_key.get_secret_value(),
            frontend_url=str(settings.frontend_url).rstrip("/"),
        )
        self._keeps_objects = settings.local_storage_dir is not None
        self.storage_dir = settings.local_storage_dir or (
            Path(tempfile.gettempdir()) / f"duotrak-storage-{uuid4().hex}"
        )
        storage = create_supabase_storage(
            directory=self.storage_dir,
            clock=clock,
            publishable_key=settings.supabase_publishable_key.get_secret_value(),
            secret_key=settings.supabase_secret_key.get_secret_value(),
        )
        stand_in.mount(STORAGE_PATH, storage)
        app.mount(LOCAL_SUPABASE_PATH, stand_in)
        app.include_router(gallery_router(settings))
        app.include_router(mailbox.router)
        address = urlsplit(url)
        self.transports: dict[str, httpx.AsyncBaseTransport | None] = {
            f"{address.scheme}://{address.netloc}": httpx.ASGITransport(
                app=stand_in, root_path=LOCAL_SUPABASE_PATH
            )
        }

    async def prepare(self) -> None:
        """Create the stand-ins' own schemas. Safe to run in several processes at once."""
        await supabase_auth.prepare(self._database.engine)
        await mailbox_module.prepare(self._database.engine)

    async def close(self) -> None:
        """Remove the stored objects, unless `LOCAL_STORAGE_DIR` says where to keep them."""
        if not self._keeps_objects:
            await asyncio.to_thread(shutil.rmtree, self.storage_dir, ignore_errors=True)
