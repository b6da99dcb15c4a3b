"""The export: complete, only the caller's own, and in step with the schema."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic.alias_generators import to_camel
from sqlalchemy import text

from app.crud.crud_export import ExportCrud
from app.crud.export_tables import EXPORTED
from app.schemas.account_schemas import AccountExport
from app.services import export_service
from app.services.export_service import MOST_AT_ONCE
from tests.factories import Factory, Person
from tests.rich_account import NAME, furnish
from tests.support import assert_error, data_of, rows


async def export_of(person: Person) -> dict[str, Any]:
    answer = await person.get("/users/me/export")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = json.loads(answer.content)
    return document


async def test_it_is_a_json_file_to_save(factory: Factory) -> None:
    alice = await factory.person("Alice")

    answer = await alice.get("/users/me/export")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="duotrak-export-2026-03-10.json"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.json()["exportedAt"] == "2026-03-10T09:00:00Z"


async def test_nobody_exports_without_a_token(client: httpx.AsyncClient) -> None:
    assert_error(await client.get("/api/v1/users/me/export"), 401, "not_authenticated")


async def test_an_empty_account_has_every_key(factory: Factory) -> None:
    alice = await factory.person("Alice")

    document = await export_of(alice)

    assert document["account"]["email"] == alice.email
    assert document.pop("userTimezones") == [
        {"usedFrom": "2026-03-10T09:00:00Z", "timezone": "UTC"}
    ]
    document.pop("account")
    document.pop("exportedAt")
    assert set(document) == {to_camel(export.key) for export in EXPORTED} - {"userTimezones"}
    assert all(found == [] for found in document.values())
    AccountExport.model_validate(
        {"exported_at": "2026-03-10T09:00:00Z", "account": {}}
        | {export.key: [] for export in EXPORTED}
    )


async def test_everything_that_is_the_persons_is_in_it(factory: Factory, app: FastAPI) -> None:
    alice, bob, inviter = await furnish(factory, app)

    document = await export_of(alice)

    counts = {key: len(value) for key, value in document.items() if isinstance(value, list)}
    stored = await owned_rows(app, alice)
    assert {key: counts[key] for key in stored} == stored
    assert all(counts.values()), counts
    assert document["account"]["name"] == NAME
    assert [goal["title"] for goal in document["goals"]] == [f"The goal of {NAME}"]
    assert document["checkins"][0]["notes"] == f"By {NAME}"
    assert document["checkins"][0]["checkinDateLocal"] == "2026-03-10"
    assert {item["verifierQuery"] for item in document["verificationsGiven"]} == {
        None,
        f"{NAME} asks",
    }
    (invited,) = document["invitationsReceived"]
    assert invited["user1Id"] == str(inviter.id)
    (partnership,) = document["partnerships"]
    assert {partnership["user1Id"], partnership["user2Id"]} == {str(alice.id), str(bob.id)}


async def test_a_partners_and_a_strangers_data_are_absent(factory: Factory, app: FastAPI) -> None:
    alice, bob, inviter = await furnish(factory, app)
    stranger = await factory.person("Sigrid")
    await factory.goal(stranger, title="The stranger's goal")

    answer = await alice.get("/users/me/export")
    of_bob = await bob.get("/users/me/export")

    partners_words = ("Bob to himself", f"Go, {NAME}!", f"Great, {NAME}!", f"True, {NAME}.")
    for absent in (inviter.email, stranger.email, "The stranger's goal", *partners_words):
        assert absent not in answer.text
    # Bob's address is there once: as the one that Alice invited.
    assert answer.text.count(bob.email) == 1
    assert len(answer.json()["directMessages"]) == 1
    assert [comment["textContent"] for comment in answer.json()["comments"]] == [
        f"Well done, says {NAME}"
    ]
    for hidden in ("By " + NAME, "A good day for", "Well done, says"):
        assert hidden not in of_bob.text


async def test_the_inviters_words_are_not_in_the_inviteds_export(factory: Factory) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    invite = {"email": bob.email, "message": "Let us run"}
    data_of(await alice.post("/partnerships/invite", invite), 201)
    (waiting,) = (await export_of(bob))["invitationsReceived"]
    (invitation,) = data_of(await bob.get("/partnerships/invitations"))["items"]
    data_of(await bob.post(f"/partnerships/invitations/{invitation['id']}/accept"))

    (of_alice,) = (await export_of(alice))["partnerships"]
    (of_bob,) = (await export_of(bob))["partnerships"]

    assert "inviteMessage" not in waiting
    assert of_alice["inviteMessage"] == "Let us run"
    assert of_bob["inviteMessage"] is None


async def test_an_unconfirmed_address_shows_no_mail_of_its_owner(factory: Factory) -> None:
    inviter = await factory.person("Ingrid")
    mallory = await factory.person("Mallory", email="victim@example.com", confirmed=False)
    data_of(await inviter.post("/partnerships/setup", {"name": "Without an address"}), 201)
    unaddressed = await export_of(mallory)
    data_of(await inviter.post("/partnerships/invite", {"email": mallory.email}), 201)

    document = await export_of(mallory)

    for found in (unaddressed, document):
        assert found["invitationsReceived"] == []
        assert found["emailOutbox"] == []


async def test_odd_text_is_kept_as_it_is(factory: Factory) -> None:
    alice = await factory.person("Alice")
    title = 'Quotes " and \\ and \u2028, 日本語, 👩‍👩‍👧'
    await factory.goal(alice, title=title)

    document = await export_of(alice)

    assert document["goals"][0]["title"] == title


async def test_rows_beyond_one_batch_come_each_once(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    for owner in (alice, bob):
        await add_notifications(app, owner, 1203)

    document = await export_of(alice)

    texts = [item["message"] for item in document["notifications"]]
    assert len(texts) == 1203
    assert set(texts) == {f"note {number}" for number in range(1, 1204)}


async def test_it_is_as_of_one_instant(factory: Factory, app: FastAPI) -> None:
    """While it is made, others write; the tables still fit each other."""
    alice = await factory.person("Alice")
    exports: list[dict[str, Any]] = []

    async def write() -> None:
        for _ in range(15):
            await factory.system(alice)

    async def read() -> None:
        for _ in range(8):
            exports.append(await export_of(alice))

    await asyncio.gather(write(), read(), read())

    for document in exports:
        systems = {system["id"] for system in document["systems"]}
        scheduled = {schedule["systemId"] for schedule in document["systemSchedules"]}
        assert systems == scheduled


async def test_the_connection_it_used_can_write_again(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    await asyncio.gather(*(export_of(alice) for _ in range(30)))

    for _ in range(30):
        await factory.goal(alice)
    (transaction,) = await rows(app, "SELECT current_setting('transaction_isolation') AS level")
    assert transaction["level"] == "read committed"


async def test_a_slow_reader_holds_no_connection(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")
    await add_notifications(app, alice, 3000)
    busy: list[int] = []

    async def asgi_receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def asgi_send(message: dict[str, Any]) -> None:
        busy.append(app.state.database.engine.pool.checkedout())

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/users/me/export",
        "raw_path": b"/api/v1/users/me/export",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {alice.token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("api.test", 80),
    }
    await app(scope, asgi_receive, asgi_send)  # type: ignore[arg-type]

    assert len(busy) > 3
    assert set(busy) == {0}


async def test_exports_take_turns_and_leave_the_database_to_everybody_else(
    factory: Factory, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    monkeypatch.setattr(export_service, "PATIENCE_SECONDS", 0.05)
    begin, begun, go_on = ExportCrud.begin_snapshot, asyncio.Semaphore(0), asyncio.Event()

    async def and_take_long(exports: ExportCrud) -> None:
        await begin(exports)
        begun.release()
        await go_on.wait()

    monkeypatch.setattr(ExportCrud, "begin_snapshot", and_take_long)
    running = [asyncio.create_task(alice.get("/users/me/export")) for _ in range(MOST_AT_ONCE)]
    for _ in running:
        await begun.acquire()

    for person in (alice, bob):
        refused = await person.get("/users/me/export")
        assert_error(refused, 503, "service_unavailable")
        assert refused.headers["retry-after"] == "10"
    assert app.state.database.engine.pool.checkedout() == MOST_AT_ONCE
    data_of(await bob.get("/users/me"))

    go_on.set()
    assert [(await export).status_code for export in running] == [200] * MOST_AT_ONCE
    await export_of(bob)


async def test_an_export_waits_a_moment_for_its_turn_and_a_failed_one_gives_its_turn_back(
    factory: Factory, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    begin, begun, fail = ExportCrud.begin_snapshot, asyncio.Semaphore(0), asyncio.Event()

    async def and_fail(exports: ExportCrud) -> None:
        begun.release()
        await fail.wait()
        raise ConnectionError

    monkeypatch.setattr(ExportCrud, "begin_snapshot", and_fail)
    failing = [asyncio.create_task(alice.get("/users/me/export")) for _ in range(MOST_AT_ONCE)]
    for _ in failing:
        await begun.acquire()
    monkeypatch.setattr(ExportCrud, "begin_snapshot", begin)
    waiting = asyncio.create_task(export_of(bob))
    await asyncio.wait({waiting}, timeout=0.05)
    assert not waiting.done()
    fail.set()

    for answer in await asyncio.gather(*failing):
        assert_error(answer, 503, "service_unavailable")
    assert (await waiting)["account"]["email"] == bob.email


OWNED = {
    "userTimezones": "user_timezones WHERE user_id = :id",
    "partnerships": "partnerships WHERE :id IN (user1_id, user2_id)",
    "goals": "goals WHERE user_id = :id",
    "systems": "systems WHERE user_id = :id",
    "systemSchedules": "system_schedules JOIN systems s ON s.id = system_id WHERE user_id = :id",
    "systemPauses": "system_pauses JOIN systems s ON s.id = system_id WHERE user_id = :id",
    "checkins": "checkins WHERE user_id = :id",
    "verificationsGiven": "checkins WHERE verified_by_partner_id = :id",
    "streakMilestones": "streak_milestones WHERE user_id = :id",
    "reflections": "reflections WHERE user_id = :id",
    "directMessages": "direct_messages WHERE sender_id = :id",
    "comments": "comments WHERE user_id = :id",
    "reactions": "reactions WHERE user_id = :id",
    "notifications": "notifications WHERE recipient_id = :id",
    "uploads": "uploads WHERE user_id = :id",
    "emailOutbox": "email_outbox WHERE to_email = :email",
}


async def owned_rows(app: FastAPI, person: Person) -> dict[str, int]:
    """How many rows the database holds of somebody, by the keys of the export."""
    counts = {}
    for key, source in OWNED.items():
        given = {"id": person.id} if ":id" in source else {"email": person.email}
        (found,) = await rows(app, f"SELECT count(*) AS n FROM {source}", **given)
        counts[key] = found["n"]
    return counts


async def add_notifications(app: FastAPI, owner: Person, number: int) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO notifications (recipient_id, type, message)"
                " SELECT :id, 'system_reminder', 'note ' || n FROM generate_series(1, :number) n"
            ),
            {"id": owner.id, "number": number},
        )
