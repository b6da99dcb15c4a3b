"""Makes what a test starts from, through the services' own rules where there are any."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from app.clients.supabase_auth import SupabaseUser
from app.crud.crud_partnership import PartnershipCrud
from app.crud.crud_user import UserCrud
from app.local.supabase_auth import PasswordCost, create_user, mint_token
from app.services.account_service import AccountService
from app.services.partnership_service import activate
from tests.support import FrozenClock, data_of

PASSWORD = "correct horse battery"
CHEAP_HASH = PasswordCost(rounds=1, memory_kib=8)
API = "/api/v1"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in. `client` sends the token; paths start below `/api/v1`."""

    id: UUID
    email: str
    token: str
    client: httpx.AsyncClient

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(API + path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.client.post(API + path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.client.put(API + path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.client.patch(API + path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.delete(API + path, **options)


class Factory:
    """Everything it makes is committed. Names that are not given are unique."""

    def __init__(self, app: FastAPI, clock: FrozenClock, stack: AsyncExitStack) -> None:
        self.app = app
        self._clock = clock
        self._stack = stack

    async def person(
        self,
        name: str = "Alice",
        *,
        email: str | None = None,
        timezone: str = "UTC",
        username: str | None = None,
        confirmed: bool = True,
        with_profile: bool = True,
        password: str = PASSWORD,
    ) -> Person:
        """An account with a session; its profile exists, as after the first request."""
        email = email or f"{name.lower()}-{uuid4().hex[:8]}@example.com"
        engine, now = self.app.state.database.engine, self._clock.now()
        metadata = {"name": name, "timezone": timezone, "username": username}
        user_id = await create_user(
            engine,
            email=email,
            password=password,
            confirmed=confirmed,
            now=now,
            metadata={key: value for key, value in metadata.items() if value is not None},
            password_cost=CHEAP_HASH,
        )
        token = await mint_token(
            engine,
            issuer=f"{str(self.app.state.settings.supabase_url).rstrip('/')}/auth/v1",
            now=now,
            user_id=user_id,
            # Tests move the clock by days: the token shall not be what they run into.
            lifetime=timedelta(days=400),
        )
        if with_profile:
            async with self.app.state.database.session() as session:
                accounts = AccountService(
                    session=session, clock=self._clock, auth=self.app.state.auth
                )
                await accounts.synchronise(
                    SupabaseUser(user_id, email, now if confirmed else None, metadata)
                )
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = await self._stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport,
                base_url="http://api.test",
                headers={"Authorization": f"Bearer {token}"},
            )
        )
        return Person(user_id, email, token, client)

    async def partners(
        self, *, timezones: tuple[str, str] = ("UTC", "UTC")
    ) -> tuple[Person, Person]:
        """Two people in an active partnership, the first of them having invited."""
        alice = await self.person("Alice", timezone=timezones[0])
        bob = await self.person("Bob", timezone=timezones[1])
        await self.partnership(alice, bob)
        return alice, bob

    async def partnership(self, inviter: Person, invitee: Person) -> UUID:
        now = self._clock.now()
        async with self.app.state.database.session() as session:
            partnership = await PartnershipCrud(session).add_pending(inviter.id, now)
            partnership.invite_email = invitee.email
            people = await UserCrud(session).lock(inviter.id, invitee.id)
            activate(partnership, people, invitee.id, now)
            await session.commit()
            return partnership.id

    async def goal(self, owner: Person, **fields: Any) -> dict[str, Any]:
        body = {"title": "Run a half marathon"} | fields
        goal: dict[str, Any] = data_of(await owner.post("/goals", body), 201)
        return goal

    async def system(self, owner: Person, **fields: Any) -> dict[str, Any]:
        """A daily system without a metric, unless `fields` say otherwise."""
        body = {"title": "Morning run", "frequency": "daily", "metricType": "binary"} | fields
        system: dict[str, Any] = data_of(await owner.post("/systems", body), 201)
        return system

    async def checkin(self, owner: Person, system_id: str, **fields: Any) -> dict[str, Any]:
        body = {"systemId": system_id} | fields
        checkin: dict[str, Any] = data_of(await owner.post("/checkins", body), 201)
        return checkin


async def end_partnership(app: FastAPI, *people: Person) -> None:
    """What the end of an active partnership leaves behind, as far as access is concerned."""
    ids = [person.id for person in people]
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE partnerships SET status = 'dissolved', dissolved_at = activated_at"
                " WHERE status = 'active' AND user1_id = ANY(:ids)"
            ),
            {"ids": ids},
        )
        await connection.execute(
            text("UPDATE users SET current_partnership_id = NULL WHERE id = ANY(:ids)"),
            {"ids": ids},
        )


async def fresh_token(app: FastAPI, user_id: UUID, now: datetime) -> str:
    """An access token of a new session, with the address that the account has by now."""
    return await mint_token(
        app.state.database.engine,
        issuer=f"{str(app.state.settings.supabase_url).rstrip('/')}/auth/v1",
        now=now,
        user_id=user_id,
    )
