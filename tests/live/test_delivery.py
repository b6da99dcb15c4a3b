"""Each change is told to those whom it concerns, as soon as it is committed, and to nobody else."""

from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, Person, end_partnership
from tests.live.receiving import STREAM, LiveServer, Receiver
from tests.support import change_rows, data_of, items_of


async def settle(app: FastAPI, *receivers: Receiver) -> None:
    """What is told after everything before it: a change that concerns each of them."""
    # A row for each person, as a trigger would write it, without a target.
    for receiver in receivers:
        assert not receiver.ended
    await change_rows(
        app,
        "INSERT INTO live_events (user_id, event) SELECT id, 'checkin' FROM users",
    )
    await change_rows(app, "SELECT pg_notify('duotrak_live', id::text) FROM users")
    for receiver in receivers:
        await receiver.until(
            lambda it: any(
                event.name == "checkin" and event.data["checkinId"] is None for event in it.events
            )
        )
        receiver.events.pop()


async def test_a_checkin_is_told_to_both_partners_and_to_nobody_else(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    carol, dave = await factory.partners()
    system = await factory.system(alice)
    async with (
        server.receiving(alice) as to_alice,
        server.receiving(bob) as to_bob,
        server.receiving(carol) as to_carol,
        server.receiving(dave) as to_dave,
    ):
        checkin = await factory.checkin(alice, system["id"])
        await to_bob.has("checkin", "notification")
        await to_alice.has("checkin")
        await settle(app, to_alice, to_bob, to_carol, to_dave)

    expected = {
        "type": "checkin",
        "checkinId": checkin["id"],
        "deleted": False,
        "userId": str(alice.id),
        "systemId": system["id"],
        "status": "completed",
        "localDate": "2026-03-10",
    }
    assert to_alice.data("checkin") == to_bob.data("checkin") == [expected]
    assert to_alice.told == ["checkin"]
    assert sorted(to_bob.told) == ["checkin", "notification"]
    assert to_carol.told == to_dave.told == []


async def test_a_notification_comes_as_the_list_shows_it(
    factory: Factory, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    async with server.receiving(bob) as to_bob:
        await factory.checkin(alice, system["id"])
        await to_bob.has("checkin", "notification")

    (listed,) = items_of(await bob.get("/notifications"))
    assert to_bob.data("notification") == [{"type": "notification", "notification": listed}]
    assert listed["isRead"] is False


async def test_a_verification_is_told_to_the_one_who_is_asked_and_the_decision_to_the_owner(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    async with server.receiving(alice) as to_alice, server.receiving(bob) as to_bob:
        checkin = await factory.checkin(alice, system["id"])
        await to_bob.has("checkin", "notification", "verification")
        await to_alice.has("checkin")
        asked = to_bob.data("verification")
        to_alice.events.clear()
        to_bob.events.clear()

        query = {"decision": "queried_by_partner", "query": "Really?"}
        data_of(await bob.post(f"/verifications/{checkin['id']}/verify", query))
        await to_alice.has("checkin", "notification", "verification")
        await to_bob.has("checkin")
        await settle(app, to_alice, to_bob)

    about = {
        "type": "verification",
        "checkinId": checkin["id"],
        "userId": str(alice.id),
        "systemId": system["id"],
    }
    assert asked == [about | {"status": "pending_verification"}]
    assert to_alice.data("verification") == [about | {"status": "queried_by_partner"}]
    assert to_bob.told == ["checkin"]


async def test_a_message_is_told_to_both_members_for_their_other_devices(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    async with (
        server.receiving(alice) as to_alice,
        server.receiving(alice) as to_other_device,
        server.receiving(bob) as to_bob,
        server.receiving(carol) as to_carol,
    ):
        message = await insert_message(app, alice)
        for receiver in (to_alice, to_other_device, to_bob):
            await receiver.has("message")
        await settle(app, to_carol)

    (thread,) = {data["partnershipId"] for data in to_bob.data("message")}
    expected = {
        "type": "message",
        "messageId": str(message),
        "partnershipId": thread,
        "senderId": str(alice.id),
    }
    for receiver in (to_alice, to_other_device, to_bob):
        assert receiver.data("message") == [expected]
    assert to_carol.told == []


async def insert_message(app: FastAPI, sender: Person) -> UUID:
    async with app.state.database.engine.begin() as connection:
        made = await connection.scalar(
            text(
                "INSERT INTO direct_messages"
                " (partnership_id, sender_id, text_content, sent_at_utc)"
                " SELECT current_partnership_id, id, 'Hello', now() FROM users WHERE id = :id"
                " RETURNING id"
            ),
            {"id": sender.id},
        )
    assert isinstance(made, UUID)
    return made


async def test_a_deleted_checkin_is_told_by_its_id_and_many_as_one_event(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    checkin = await factory.checkin(alice, system["id"])
    await change_rows(
        app,
        "INSERT INTO checkins (user_id, system_id, status, checkin_timestamp_utc,"
        " checkin_date_local, checkin_timezone)"
        " SELECT user_id, system_id, 'completed', checkin_timestamp_utc,"
        " date '2025-01-01' + n, 'UTC' FROM checkins, generate_series(1, 21) n",
    )
    async with server.receiving(alice) as to_alice, server.receiving(bob) as to_bob:
        await change_rows(app, "DELETE FROM checkins WHERE id = :id", id=UUID(checkin["id"]))
        for receiver in (to_alice, to_bob):
            await receiver.has("checkin")
            (data,) = receiver.data("checkin")
            assert (data["checkinId"], data["deleted"]) == (checkin["id"], True)
            assert data["status"] is data["userId"] is None
            receiver.events.clear()

        await change_rows(app, "DELETE FROM checkins")
        for receiver in (to_alice, to_bob):
            await receiver.has("checkin")
            assert receiver.data("checkin")[0]["checkinId"] is None
            assert receiver.data("checkin")[0]["deleted"] is False


async def test_what_is_rolled_back_is_never_told(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice)
    async with server.receiving(alice) as to_alice, server.receiving(bob) as to_bob:
        async with app.state.database.engine.connect() as connection:
            await connection.execute(
                text(
                    "INSERT INTO notifications (recipient_id, type) VALUES (:id, 'goal_achieved')"
                ),
                {"id": bob.id},
            )
            await connection.rollback()
        await factory.checkin(alice, system["id"])
        await to_bob.has("checkin", "notification")
        await settle(app, to_alice, to_bob)

    assert to_bob.data("notification")[0]["notification"]["type"] == "partner_checkin_completed"
    assert (len(to_alice.events), len(to_bob.events)) == (1, 2)


async def test_what_became_invisible_or_disappeared_meanwhile_is_left_out(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    async with server.receiving(bob) as to_bob:
        position = to_bob.last_id
    await factory.checkin(alice, system["id"])
    await insert_message(app, alice)
    await change_rows(app, "DELETE FROM notifications")
    await change_rows(app, "DELETE FROM direct_messages")
    await end_partnership(app, alice, bob)

    async with server.receiving(bob, after=position) as to_bob:
        await settle(app, to_bob)

    assert to_bob.told == []


async def test_marking_read_is_no_news_and_a_text_that_changes_is(
    factory: Factory, app: FastAPI, server: LiveServer
) -> None:
    alice, bob = await factory.partners()
    await factory.checkin(alice, (await factory.system(alice))["id"])
    async with server.receiving(bob) as to_bob:
        data_of(await bob.post("/notifications/mark-all-read"))
        await settle(app, to_bob)
        assert to_bob.told == []
        await change_rows(app, "UPDATE notifications SET message = 'And one more.'")
        await to_bob.has("notification")

    assert to_bob.data("notification")[0]["notification"]["message"] == "And one more."


@pytest.mark.parametrize("header", [None, "Basic abc", "Bearer nonsense"])
async def test_without_a_valid_token_there_is_no_stream(
    server: LiveServer, header: str | None
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get(STREAM, headers={"Authorization": header} if header else {})
        in_address = await client.get(STREAM, params={"access_token": "x"})

    for refused in (answer, in_address):
        assert refused.status_code == 401
        assert refused.json()["code"] == "not_authenticated"
