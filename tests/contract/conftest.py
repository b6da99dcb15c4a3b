"""The server that `AuthClient` is tried against: the stand-in, or a real Supabase Auth server.

The real one is that of SUPABASE_URL, with SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY from the
environment (`.env` is not read), and only when these tests are asked for by name:

    SUPABASE_URL=… SUPABASE_PUBLISHABLE_KEY=… SUPABASE_SECRET_KEY=… uv run pytest tests/contract

A run of all tests takes the stand-in, whatever is in the environment.

Use a project that is not in production. Accounts are made with its admin API and removed after each
test. Links are not read from e-mails there: the admin API makes them. One test signs up, which
sends an e-mail; CONTRACT_EMAIL_DOMAIN (default: example.com, which hosted projects refuse) says
where to. A project that signs with the legacy secret needs SUPABASE_JWT_SECRET too.
"""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.clients.supabase_auth import SupabaseAuthClient
from app.core.clock import SystemClock
from app.main import create_app
from tests.conftest import client_of, settings_for
from tests.support import emails_to, token_in

NAMES = ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY")
PASSWORD = "correct horse battery"
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Account:
    id: UUID
    email: str
    password: str = PASSWORD


@dataclass
class AuthServer:
    """`client` is what is tried; `admin` reaches the same server with the secret key."""

    url: str
    client: SupabaseAuthClient
    admin: httpx.AsyncClient
    stand_in: FastAPI | None
    jwt_secret: str | None = None
    domain: str = "example.com"
    _made: list[UUID] = field(default_factory=list)

    def address(self) -> str:
        """One that has no account."""
        return f"duotrak-contract-{uuid4().hex}@{self.domain}"

    async def account(self, *, confirmed: bool = True, **fields: Any) -> Account:
        email = self.address()
        body = {"email": email, "password": PASSWORD, "email_confirm": confirmed} | fields
        made = await self.call("POST", "/admin/users", body)
        self._made.append(UUID(made["id"]))
        return Account(self._made[-1], email)

    async def confirmation_token(self, account: Account) -> str:
        """That of the link with which the address is confirmed."""
        if self.stand_in is None:
            return await self._link(account, "signup")
        await self.client.resend_verification(email=account.email)
        return await self._token_in_last_email(self.stand_in, account)

    async def recovery_token(self, account: Account) -> str:
        """That of the link with which a new password is set."""
        if self.stand_in is None:
            return await self._link(account, "recovery")
        await self.client.send_password_reset(email=account.email)
        return await self._token_in_last_email(self.stand_in, account)

    async def confirms_addresses(self) -> bool:
        """Whether a sign-up waits for the e-mail's link."""
        return not (await self.call("GET", "/settings"))["mailer_autoconfirm"]

    async def id_of(self, email: str) -> UUID:
        """Of an account that was made by signing up; it is removed after the test too."""
        listed = await self.call("GET", "/admin/users?page=1&per_page=1000")
        (found,) = [UUID(user["id"]) for user in listed["users"] if user["email"] == email]
        self._made.append(found)
        return found

    async def clean_up(self) -> None:
        for user_id in self._made:
            answer = await self.admin.delete(f"{self.url}/auth/v1/admin/users/{user_id}")
            assert answer.status_code in (200, 404), answer.text
        self._made.clear()

    async def call(self, method: str, path: str, json: Any = None) -> Any:
        answer = await self.admin.request(method, f"{self.url}/auth/v1{path}", json=json)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def _link(self, account: Account, kind: str) -> str:
        body = {"type": kind, "email": account.email, "password": account.password}
        return str((await self.call("POST", "/admin/generate_link", body))["hashed_token"])

    async def _token_in_last_email(self, app: FastAPI, account: Account) -> str:
        newest, *_ = await emails_to(app, account.email)
        return token_in(newest["links"][0])


def real_project(
    environment: Mapping[str, str], *, asked_for: Sequence[str]
) -> tuple[str, str, str] | None:
    """Address and keys of the project to make and delete accounts in; None: the stand-in's.

    `asked_for` is what pytest was told to run.
    """
    if not any("contract" in Path(wanted.partition("::")[0]).parts for wanted in asked_for):
        return None
    missing = [name for name in NAMES if not environment.get(name)]
    if len(missing) == len(NAMES):
        return None
    if missing:
        raise pytest.UsageError(f"set {', '.join(missing)} as well, or none of {', '.join(NAMES)}")
    url, publishable_key, secret_key = (environment[name] for name in NAMES)
    return url.rstrip("/"), publishable_key, secret_key


@pytest.fixture(scope="module")
async def _server(request: pytest.FixtureRequest) -> AsyncIterator[AuthServer]:
    if project := real_project(os.environ, asked_for=request.config.args):
        url, publishable_key, secret_key = project
        headers = {"apikey": secret_key, "Authorization": f"Bearer {secret_key}"}
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http,
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, headers=headers) as admin,
        ):
            client = SupabaseAuthClient(
                url=url,
                publishable_key=publishable_key,
                secret_key=secret_key,
                http=http,
                timeout_seconds=TIMEOUT_SECONDS,
            )
            yield AuthServer(
                url,
                client,
                admin,
                stand_in=None,
                jwt_secret=os.environ.get("SUPABASE_JWT_SECRET"),
                domain=os.environ.get("CONTRACT_EMAIL_DOMAIN", "example.com"),
            )
        return
    make_database: Callable[[], str] = request.getfixturevalue("make_database")
    settings = settings_for(make_database())
    secret_key = settings.supabase_secret_key.get_secret_value()
    headers = {"apikey": secret_key, "Authorization": f"Bearer {secret_key}"}
    # The vendor's client compares the expiry of sessions with the wall clock.
    app = create_app(settings, clock=SystemClock())
    async with app.router.lifespan_context(app), client_of(app, headers=headers) as admin:
        url = str(settings.supabase_url).rstrip("/")
        yield AuthServer(url, app.state.auth, admin, stand_in=app)


@pytest.fixture
async def server(_server: AuthServer) -> AsyncIterator[AuthServer]:
    yield _server
    await _server.clean_up()
