"""Who may do what with an id: every operation of the API times everybody who might try.

The operations come from the OpenAPI document, so that a new one fails here until `ACCESS` says who
may use it. All of it belongs to Alice, the owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.db.base_class import Base
from app.db.models import DirectMessage, Notification
from app.main import create_app
from tests.conftest import client_of, settings_for
from tests.factories import API, Factory, Person, end_partnership
from tests.reflecting import reflect
from tests.support import assert_error, data_of, rows
from tests.talking import comment

SECRET = "Alice's own secret"
WITH_ID = [
    (method.upper(), path)
    for path, operations in create_app(settings_for("postgresql://unused@localhost/unused"))
    .openapi()["paths"]
    .items()
    for method in operations
    if "{" in path
]


class Who(StrEnum):
    NOBODY = "somebody without a token"
    STRANGER = "a stranger"
    FORMER = "a former partner"
    INVITED = "somebody invited who has not accepted"
    PARTNER = "the partner"
    OWNER = "the owner"


@dataclass(frozen=True)
class Access:
    """The status for each `Who`, in that order, and the body that is sent."""

    statuses: Sequence[int]
    body: Any = None


SYSTEM = {"title": "Not yours to make", "frequency": "daily"}
VERIFY = {"decision": "verified_completed"}
NOTES = {"notes": "Not yours to write"}
WORDS = {"textContent": "Not yours to say"}
EMOJI = {"emoji": "🎉"}
ANYBODY_WITH_THE_LINK = Access((200, 200, 200, 200, 200, 200))
MEMBERS_READ = Access((401, 404, 404, 404, 200, 200))
MEMBERS_REACT = Access((401, 404, 404, 404, 200, 200), EMOJI)
MEMBERS_TAKE_BACK = Access((401, 404, 404, 404, 204, 204))
OWNER_CHANGES = (401, 404, 404, 404, 403, 200)
OWNER_DELETES = Access((401, 404, 404, 404, 403, 204))
INVITED_ONLY = Access((401, 404, 404, 200, 404, 403))

ACCESS: dict[tuple[str, str], Access] = {
    ("GET", "/partnerships/invite/{token}"): ANYBODY_WITH_THE_LINK,
    ("POST", "/partnerships/invitations/{invitation_id}/accept"): INVITED_ONLY,
    ("POST", "/partnerships/invitations/{invitation_id}/decline"): INVITED_ONLY,
    ("POST", "/partnerships/invitations/{invitation_id}/resend"): Access(
        # The owner has found a partner meanwhile.
        (401, 404, 404, 403, 404, 409)
    ),
    ("DELETE", "/partnerships/invitations/{invitation_id}"): Access((401, 404, 404, 403, 404, 204)),
    # The messages of a partnership that ended: those who were in it.
    ("GET", "/partnerships/history/{partnership_id}/messages"): Access(
        (401, 404, 200, 404, 404, 200)
    ),
    ("GET", "/goals/{goal_id}"): MEMBERS_READ,
    ("GET", "/goals/{goal_id}/systems"): MEMBERS_READ,
    ("POST", "/goals/{goal_id}/systems"): Access((401, 404, 404, 404, 403, 201), SYSTEM),
    ("PUT", "/goals/{goal_id}"): Access(OWNER_CHANGES, {"title": "Not yours to name"}),
    ("PATCH", "/goals/{goal_id}"): Access(OWNER_CHANGES, {"isArchived": True}),
    ("DELETE", "/goals/{goal_id}"): OWNER_DELETES,
    ("GET", "/systems/{system_id}"): MEMBERS_READ,
    ("GET", "/tasks/my/{system_id}"): Access((401, 404, 404, 404, 404, 200)),
    ("PUT", "/systems/{system_id}"): Access(OWNER_CHANGES, {"title": "Not yours to name"}),
    ("PATCH", "/systems/{system_id}"): Access(OWNER_CHANGES, {"status": "paused"}),
    ("DELETE", "/systems/{system_id}"): OWNER_DELETES,
    ("GET", "/checkins/{checkin_id}"): MEMBERS_READ,
    ("PUT", "/checkins/{checkin_id}"): Access((401, 404, 404, 404, 403, 200), NOTES),
    ("PATCH", "/checkins/{checkin_id}"): Access((401, 404, 404, 404, 403, 200), NOTES),
    ("DELETE", "/checkins/{checkin_id}"): Access((401, 404, 404, 404, 403, 204)),
    # The partner has not asked the owner anything.
    ("POST", "/checkins/{checkin_id}/resubmit"): Access((401, 404, 404, 404, 403, 409), NOTES),
    ("POST", "/verifications/{checkin_id}/verify"): Access((401, 404, 404, 404, 200, 403), VERIFY),
    ("POST", "/notifications/{notification_id}/read"): Access((401, 404, 404, 404, 404, 200)),
    ("DELETE", "/notifications/{notification_id}"): Access((401, 404, 404, 404, 404, 204)),
    ("DELETE", "/messages/{message_id}"): OWNER_DELETES,
    ("POST", "/messages/{message_id}/react"): MEMBERS_REACT,
    ("DELETE", "/messages/{message_id}/react"): MEMBERS_TAKE_BACK,
    ("PUT", "/reactions/{target_type}/{target_id}"): MEMBERS_REACT,
    ("DELETE", "/reactions/{target_type}/{target_id}"): MEMBERS_TAKE_BACK,
    ("GET", "/reflections/by-date/{date}"): Access((401, 404, 404, 404, 404, 200)),
    ("GET", "/reflections/{reflection_id}"): MEMBERS_READ,
    ("PUT", "/reflections/{reflection_id}"): Access(OWNER_CHANGES, {"promptText": "Not yours?"}),
    ("DELETE", "/reflections/{reflection_id}"): OWNER_DELETES,
    ("PUT", "/comments/{comment_id}"): Access(OWNER_CHANGES, WORDS),
    ("DELETE", "/comments/{comment_id}"): OWNER_DELETES,
    # The address of an image is random and works without a token, so that <img> can show it.
    ("GET", "/uploads/{uploadId}/{token}"): Access((302,) * 6),
}


@dataclass(frozen=True)
class World:
    clients: dict[Who, httpx.AsyncClient]
    ids: dict[str, str]

    async def request(self, who: Who, method: str, path: str, body: Any) -> httpx.Response:
        return await self.clients[who].request(method, API + path.format(**self.ids), json=body)


async def make_world(
    factory: Factory, app: FastAPI, client: httpx.AsyncClient, who: Who, path: str = ""
) -> World:
    """What `path` names, all of it Alice's, and `who` in their relation to her."""
    alice = await factory.person("Alice")
    clients, ids = {Who.NOBODY: client, Who.OWNER: alice.client}, dict[str, str]()

    async def meet(other: Who) -> Person:
        person = await factory.person(other.name.title())
        clients[other] = person.client
        return person

    async def make_things() -> None:
        goal = await factory.goal(alice, title=SECRET)
        system = await factory.system(
            alice, title=SECRET, goalId=goal["id"], verificationRequired=True
        )
        checkin = await factory.checkin(alice, system["id"], notes=SECRET)
        ids.update(goal_id=goal["id"], system_id=system["id"], checkin_id=checkin["id"])
        ids.update(target_type="checkin", target_id=checkin["id"])
        if "/reflections/" in path:
            ids["reflection_id"] = (await reflect(alice, reflectionContent=SECRET))["id"]
            ids["date"] = "2026-03-10"
        if "{message_id}" in path:
            ids["message_id"] = await a_message(app, alice)
        if "{comment_id}" in path:
            ids["comment_id"] = (await comment(alice, "goal", goal["id"], SECRET))["id"]

    if who is Who.STRANGER:
        await meet(who)
    if who is Who.FORMER or "{partnership_id}" in path:
        former = await meet(Who.FORMER)
        ids["partnership_id"] = str(await factory.partnership(former, alice))
        if who is Who.FORMER:
            await make_things()
        await end_partnership(app, former, alice)
    if who is Who.INVITED or "/invit" in path:
        invite = {"email": (await meet(Who.INVITED)).email, "name": "Early birds"}
        sent = data_of(await alice.post("/partnerships/invite", invite), 201)
        ids["invitation_id"] = sent["partnership"]["id"]
        (ids["token"],) = parse_qs(urlsplit(sent["inviteUrl"]).query)["invite_token"]
    if who is not Who.INVITED:
        await factory.partnership(await meet(Who.PARTNER), alice)
    if who is not Who.FORMER:
        await make_things()
    if "{notification_id}" in path:
        ids["notification_id"] = await a_notification(app, alice)
    if "{uploadId}" in path:
        ids["uploadId"], ids["token"] = (await path_of_a_photo(alice)).split("/")[-2:]
    return World(clients, ids)


async def a_notification(app: FastAPI, recipient: Person) -> str:
    async with app.state.database.session() as session, session.begin():
        made = Notification(recipient_id=recipient.id, type="goal_achieved", message=SECRET)
        session.add(made)
    return str(made.id)


async def a_message(app: FastAPI, sender: Person) -> str:
    """In whatever partnership there is, even in one that nobody has joined yet."""
    (found,) = await rows(
        app, "SELECT id FROM partnerships WHERE :id IN (user1_id, user2_id)", id=sender.id
    )
    async with app.state.database.session() as session, session.begin():
        made = DirectMessage(
            partnership_id=found["id"],
            sender_id=sender.id,
            text_content=SECRET,
            sent_at_utc=app.state.clock.now(),
        )
        session.add(made)
    return str(made.id)


async def path_of_a_photo(owner: Person) -> str:
    from tests.pictures import upload

    url: str = (await upload(owner))["url"]
    return urlsplit(url).path


async def everything_stored(app: FastAPI) -> list[Any]:
    """A digest of every table that a refusal shall leave alone."""
    ignored = {"rate_limits", "uploads"}
    return await rows(
        app,
        " UNION ALL ".join(
            f"SELECT '{table}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM \"{table}\" t"
            for table in Base.metadata.tables
            if table not in ignored
        )
        + " ORDER BY 1",
    )


def test_every_operation_with_an_id_says_who_may_use_it() -> None:
    unknown = [
        (method, path) for method, path in WITH_ID if (method, path.removeprefix(API)) not in ACCESS
    ]
    assert unknown == []


@pytest.mark.parametrize("who", Who)
@pytest.mark.parametrize(("method", "path"), WITH_ID)
async def test_only_those_who_may(
    factory: Factory, app: FastAPI, client: httpx.AsyncClient, method: str, path: str, who: Who
) -> None:
    path = path.removeprefix(API)
    access = ACCESS[method, path]
    world = await make_world(factory, app, client, who, path)
    before = await everything_stored(app)

    answer = await world.request(who, method, path, access.body)

    assert answer.status_code == access.statuses[list(Who).index(who)], answer.text
    if answer.status_code >= 400:
        assert SECRET not in answer.text
        assert await everything_stored(app) == before
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for method, path in WITH_ID
        if ACCESS.get((method, path.removeprefix(API)), MEMBERS_READ).statuses[1] == 404
    ],
)
async def test_a_stranger_cannot_tell_what_exists(
    factory: Factory, app: FastAPI, client: httpx.AsyncClient, method: str, path: str
) -> None:
    path = path.removeprefix(API)
    world = await make_world(factory, app, client, Who.STRANGER, path)
    made_up_ids = {name: str(uuid4()) for name in world.ids} | {"target_type": "checkin"}
    made_up_ids["date"] = "2026-03-01"
    nowhere = World(world.clients, made_up_ids)
    body = ACCESS[method, path].body

    real = await world.request(Who.STRANGER, method, path, body)
    made_up = await nowhere.request(Who.STRANGER, method, path, body)

    assert real.status_code == made_up.status_code == 404
    assert real.json() | {"requestId": ""} == made_up.json() | {"requestId": ""}


async def test_lists_show_nothing_of_anybody_else(factory: Factory, app: FastAPI) -> None:
    for who in (Who.STRANGER, Who.FORMER, Who.INVITED, Who.PARTNER):
        async with client_of(app) as client:
            world = await make_world(factory, app, client, who)
            for path in ("/goals", "/systems", "/checkins"):
                answer = await world.clients[who].get(API + path)
                assert data_of(answer)["pagination"]["totalItems"] == 0
                assert SECRET not in answer.text
            queue = data_of(await world.clients[who].get(f"{API}/verifications/queue"))
            assert len(queue["items"]) == (1 if who is Who.PARTNER else 0)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users/me", None),
        ("PUT", "/users/me", {"name": "Mallory"}),
        ("GET", "/partnerships/current", None),
        ("POST", "/partnerships/invite", {"email": "x@example.com"}),
        ("POST", "/partnerships/invite/accept", {"token": "x"}),
        ("GET", "/goals", None),
        ("POST", "/goals", {"title": "Anybody's"}),
        ("GET", "/systems", None),
        ("GET", "/systems/current-schedule", None),
        ("GET", "/partnerships/partner/systems/today", None),
        ("GET", "/dashboard", None),
        ("GET", "/tasks/my", None),
        ("POST", "/systems", SYSTEM),
        ("GET", "/checkins", None),
        ("POST", "/checkins", {"systemId": str(uuid4())}),
        ("GET", "/verifications/queue", None),
        ("GET", "/reflections", None),
        ("GET", "/reflections/prompts", None),
        ("GET", "/reflections/partner", None),
        ("POST", "/reflections", {"reflectionContent": "Anybody's"}),
        ("GET", "/partnerships/partner/activity", None),
        ("GET", "/messages", None),
        ("POST", "/messages", WORDS),
        ("POST", "/messages/read", {"upToMessageId": str(uuid4())}),
        ("GET", f"/comments?targetType=goal&targetId={UUID(int=1)}", None),
        ("POST", f"/comments?targetType=goal&targetId={UUID(int=1)}", WORDS),
        ("GET", "/notifications", None),
        ("GET", "/progress", None),
        ("GET", "/progress/heatmap", None),
        ("GET", "/notifications/unread-count", None),
        ("POST", "/notifications/mark-all-read", None),
        ("GET", "/notifications/stream", None),
    ],
)
async def test_everything_else_needs_a_token_too(
    app: FastAPI,
    client: httpx.AsyncClient,
    method: str,
    path: str,
    body: Any,
) -> None:
    before = await everything_stored(app)

    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"}):
        answer = await client.request(method, API + path, json=body, headers=headers)
        assert_error(answer, 401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"

    assert await everything_stored(app) == before
