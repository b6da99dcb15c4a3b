"""Many people sign in at once, and nobody is ever taken for somebody else.

The vendor's client keeps the session of whoever signed in last; one that is shared mixes people up
only under interleaving. Every call to Supabase is watched on its way out.
"""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextvars import ContextVar

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from tests.conftest import BASE_URL, MakeApp, client_of, settings_for
from tests.factories import PASSWORD, Factory, Person
from tests.support import FrozenClock, data_of

USERS = 50
LOGINS = 200  # 1,000 take about five times as long; the figure of the report was made with them
AT_ONCE = 25
API = "/api/v1"

# On whose behalf the test is running. The app, called in process, runs in the same context.
acting: ContextVar[Person] = ContextVar("acting")


class WatchedTransport(httpx.AsyncBaseTransport):
    """Lets each call to Supabase pass after asking whose token and credentials it carries."""

    def __init__(self, inner: httpx.AsyncBaseTransport, publishable_key: str) -> None:
        self._inner = inner
        self._publishable_key = publishable_key
        self.calls: Counter[str] = Counter()
        self.crossings: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls[request.url.path.rpartition("/")[2]] += 1
        person = acting.get(None)
        if person is not None and not request.url.path.endswith("/jwks.json"):  # it is public
            self._watch(request, person)
        await asyncio.sleep(0)  # let the others go on in between
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(0)
        return response

    def _watch(self, request: httpx.Request, person: Person) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        signs_in = request.url.path.endswith("/token")
        if signs_in and bearer not in ("", self._publishable_key):
            self.crossings.append(f"a sign-in carried somebody's token: {request.url.path}")
        elif not signs_in and subject_of(bearer) != str(person.id):
            self.crossings.append(f"another user's token: {request.url.path}")
        body = json.loads(request.content or b"{}")
        if body.get("email", person.email) != person.email:
            self.crossings.append("another user's address")


def subject_of(token: str) -> str:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])


@pytest.fixture
async def watched(
    make_app: MakeApp, clock: FrozenClock
) -> AsyncIterator[tuple[FastAPI, WatchedTransport]]:
    empty_database = (await make_app()).state.settings.database_url.get_secret_value()
    settings = settings_for(empty_database)
    app = create_app(settings, clock=clock)
    ((address, inner),) = app.state.local_mode.transports.items()
    transport = WatchedTransport(inner, settings.supabase_publishable_key.get_secret_value())
    app.state.local_mode.transports[address] = transport
    async with app.router.lifespan_context(app):
        yield app, transport


@pytest.fixture
def app(watched: tuple[FastAPI, WatchedTransport]) -> FastAPI:
    return watched[0]


async def test_interleaved_logins_never_cross(
    app: FastAPI, watched: tuple[FastAPI, WatchedTransport], factory: Factory
) -> None:
    transport = watched[1]
    people = [
        await factory.person(f"Person{number}", with_profile=number % 2 == 0)
        for number in range(USERS)
    ]
    gate = asyncio.Semaphore(AT_ONCE)

    async def come_and_go(client: httpx.AsyncClient, person: Person, number: int) -> None:
        acting.set(person)
        async with gate:
            entered = data_of(
                await client.post(
                    f"{API}/auth/login", json={"email": person.email, "password": PASSWORD}
                )
            )
            assert_is(person, entered)
            headers = {"Authorization": f"Bearer {entered['token']}"}
            me = data_of(await client.get(f"{API}/users/me", headers=headers))
            assert (me["id"], me["email"]) == (str(person.id), person.email)
            if number % 3 == 0:
                body = {"refreshToken": entered["refreshToken"]}
                renewed = data_of(await client.post(f"{API}/auth/refresh", json=body))
                assert_is(person, renewed)
                headers = {"Authorization": f"Bearer {renewed['token']}"}
            if number % 2 == 0:
                gone = await client.post(f"{API}/auth/logout", headers=headers)
                assert gone.status_code == 204

    async with client_of(app) as client:
        await asyncio.gather(
            *(come_and_go(client, people[number % USERS], number) for number in range(LOGINS))
        )

    assert transport.crossings == []
    assert transport.calls["token"] == LOGINS + len(range(0, LOGINS, 3))
    assert transport.calls["logout"] == len(range(0, LOGINS, 2))


def assert_is(person: Person, entered: dict[str, object]) -> None:
    assert subject_of(str(entered["token"])) == str(person.id)
    user = entered["user"]
    assert isinstance(user, dict)
    assert (user["id"], user["email"]) == (str(person.id), person.email)


async def test_the_watch_notices_a_crossing(
    app: FastAPI, watched: tuple[FastAPI, WatchedTransport], factory: Factory
) -> None:
    """So that the test above cannot pass by not looking."""
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    acting.set(alice)

    await bob.post("/auth/logout")
    await bob.client.post(
        f"{BASE_URL}{API}/auth/login", json={"email": bob.email, "password": PASSWORD}
    )

    assert len(watched[1].crossings) == 2
