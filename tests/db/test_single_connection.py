"""No request holds two connections at once: two of them would wait for each other under load."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx

from tests.conftest import MakeApp
from tests.factories import Factory, Person
from tests.support import FrozenClock, data_of


async def test_a_pool_of_one_connection_serves_every_operation(
    make_app: MakeApp, clock: FrozenClock
) -> None:
    app = await make_app(database_pool_size=1)
    async with AsyncExitStack() as stack:
        factory = Factory(app, clock, stack)
        alice, bob = await factory.person("Alice"), await factory.person("Bob")
        async with asyncio.timeout(20):
            await _two_person_story(alice, bob)
        reads = [
            path.removeprefix("/api/v1")
            for path, operations in app.openapi()["paths"].items()
            if "get" in operations
            and path.startswith("/api/v1/")
            and "{" not in path
            and not path.endswith("/stream")  # its answer never ends; tests/live has its own
        ]
        assert len(reads) >= 6
        for path in reads:  # some miss a parameter, which is an answer too
            assert (await bob.get(path)).status_code in (200, 400, 404, 422), path
    assert app.state.database.engine.pool.checkedout() == 0


async def _two_person_story(alice: Person, bob: Person) -> None:
    """Each operation of the first slice, writes with a key, so that they hold a transaction."""

    async def post(person: Person, path: str, body: dict[str, Any], status: int = 201) -> Any:
        return data_of(
            await person.post(path, body, headers={"Idempotency-Key": str(uuid4())}), status
        )

    data_of(await alice.put("/users/me", {"name": "Alice A.", "timezone": "Europe/Berlin"}))
    invitation = await post(alice, "/partnerships/invite", {"email": bob.email})
    token = httpx.URL(invitation["inviteUrl"]).params["invite_token"]
    data_of(await bob.get(f"/partnerships/invite/{token}"))
    await post(bob, "/partnerships/invite/accept", {"token": token}, 200)
    goal = await post(alice, "/goals", {"title": "Run"})
    fields = {"title": "Run", "frequency": "daily", "metricType": "binary"}
    await post(alice, f"/goals/{goal['id']}/systems", fields)
    system = await post(alice, "/systems", fields | {"verificationRequired": True})
    checkin = await post(alice, "/checkins", {"systemId": system["id"]})
    for path in (f"/goals/{goal['id']}", f"/goals/{goal['id']}/systems"):
        data_of(await bob.get(path))
    data_of(await bob.get(f"/systems/{system['id']}"))
    queue = data_of(await bob.get("/verifications/queue"))["items"]
    assert [item["id"] for item in queue] == [checkin["id"]]
    verified = await post(
        bob, f"/verifications/{checkin['id']}/verify", {"decision": "verified_completed"}, 200
    )
    assert verified["status"] == "verified_completed"
