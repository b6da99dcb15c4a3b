"""Setting up, naming, ending and remembering a partnership."""

from uuid import uuid4

from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory
from tests.support import FrozenClock, assert_error, data_of, items_of, rows


async def test_a_partnership_is_set_up_once_and_renamed_after(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice")

    first = data_of(await alice.post("/partnerships/setup", {"name": "Early birds"}), 201)
    second = data_of(await alice.post("/partnerships/setup", {"name": "Night owls"}), 201)

    assert first["status"] == "pending_invite"
    assert first["partner"] is None
    assert first["role"] == "inviter"
    assert second["id"] == first["id"]
    assert second["name"] == "Night owls"
    assert len(await rows(app, "SELECT id FROM partnerships")) == 1
    assert await rows(app, "SELECT id FROM email_outbox") == []
    assert_error(await alice.get("/partnerships/current"), 404, "no_active_partnership")


async def test_an_invitation_uses_the_partnership_that_was_set_up(factory: Factory) -> None:
    alice = await factory.person("Alice")
    ready = data_of(await alice.post("/partnerships/setup", {"name": "Early birds"}), 201)

    sent = data_of(await alice.post("/partnerships/invite", {"email": "bob@example.com"}), 201)

    assert sent["partnership"]["id"] == ready["id"]
    assert sent["partnership"]["name"] == "Early birds"


async def test_partners_cannot_set_up_another_one(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()

    for person in (alice, bob):
        refused = await person.post("/partnerships/setup", {"name": "Another"})
        assert_error(refused, 409, "already_partnered")

    assert len(await rows(app, "SELECT id FROM partnerships")) == 1


async def test_both_partners_may_rename(factory: Factory) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")

    data_of(await bob.put("/partnerships/current", {"name": "  Early birds "}))

    assert data_of(await alice.get("/partnerships/current"))["name"] == "Early birds"
    refused = await carol.put("/partnerships/current", {"name": "Mine"})
    assert_error(refused, 404, "no_active_partnership")
    assert_error(await bob.put("/partnerships/current", {"name": " "}), 422, "validation_failed")
    assert data_of(await alice.get("/partnerships/current"))["name"] == "Early birds"


async def test_the_partner_is_shown_with_their_wall_clock(factory: Factory) -> None:
    alice, bob = await factory.partners(timezones=("UTC", "Asia/Kathmandu"))

    partner = data_of(await alice.get("/users/partner"))

    assert partner["id"] == str(bob.id)
    assert partner["timezone"] == "Asia/Kathmandu"
    assert partner["localTime"] == "2026-03-10T14:45:00+05:45"
    assert "email" not in partner
    stranger = await factory.person("Carol")
    assert_error(await stranger.get("/users/partner"), 404, "no_active_partnership")


async def test_the_end_hides_everything_and_settles_what_waits(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    goal = await factory.goal(alice)
    system = await factory.system(alice, goalId=goal["id"], verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"])
    assert checkin["status"] == "pending_verification"

    ended = data_of(await bob.post("/partnerships/dissolve"))

    assert ended["status"] == "dissolved"
    assert ended["dissolvedAt"] == "2026-03-10T09:00:00Z"
    assert ended["partner"]["name"] == "Alice"
    for path in (f"/goals/{goal['id']}", f"/systems/{system['id']}"):
        assert (await bob.get(path)).status_code == 404
        assert (await alice.get(path)).status_code == 200
    refused = await bob.post(
        f"/verifications/{checkin['id']}/verify", {"decision": "verified_completed"}
    )
    assert_error(refused, 404, "checkin_not_found")
    assert items_of(await bob.get("/verifications/queue")) == []
    (kept,) = items_of(await alice.get("/checkins"))
    assert kept["status"] == "completed"
    assert kept["verifiedByPartnerId"] is None
    for person in (alice, bob):
        assert_error(await person.get("/partnerships/current"), 404, "no_active_partnership")
        assert data_of(await person.get("/users/me"))["partnerDetails"] is None
    told = [item["type"] for item in items_of(await alice.get("/notifications"))]
    assert told == ["partnership_dissolved"]
    teller = [item["type"] for item in items_of(await bob.get("/notifications"))]
    assert "partnership_dissolved" not in teller
    assert_error(await alice.post("/partnerships/dissolve"), 404, "no_active_partnership")


async def test_after_the_end_both_can_start_anew_with_each_other(factory: Factory) -> None:
    alice, bob = await factory.partners()
    data_of(await alice.post("/partnerships/dissolve"))

    data_of(await bob.post("/partnerships/invite", {"email": alice.email}), 201)
    (invitation,) = items_of(await alice.get("/partnerships/invitations?direction=incoming"))
    data_of(await alice.post(f"/partnerships/invitations/{invitation['id']}/accept"))

    assert data_of(await bob.get("/partnerships/current"))["partner"]["id"] == str(alice.id)
    assert len(items_of(await alice.get("/partnerships/history"))) == 1


async def test_history_lists_the_latest_first_and_nobody_elses(
    factory: Factory, clock: FrozenClock
) -> None:
    alice = await factory.person("Alice")
    for name in ("Bob", "Carol"):
        other = await factory.person(name)
        await factory.partnership(alice, other)
        clock.advance(days=1)
        data_of(await alice.post("/partnerships/dissolve"))
    stranger = await factory.person("Dan")

    past = items_of(await alice.get("/partnerships/history"))

    assert [item["partner"]["name"] for item in past] == ["Carol", "Bob"]
    assert all(set(item["partner"]) == {"id", "name", "username", "avatarUrl"} for item in past)
    assert items_of(await stranger.get("/partnerships/history")) == []


async def test_past_messages_stay_readable_to_both_and_to_nobody_else(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    stranger = await factory.person("Carol")
    partnership_id = await factory.partnership(alice, bob)
    await say(app, partnership_id, alice.id, "Hello", clock)
    clock.advance(minutes=1)
    last = await say(app, partnership_id, bob.id, "Hi", clock)
    await react(app, last, alice.id, "👍")
    path = f"/partnerships/history/{partnership_id}/messages"
    assert_error(await alice.get(path), 404, "partnership_not_found")  # it is not past yet

    data_of(await alice.post("/partnerships/dissolve"))

    for reader in (alice, bob):
        newest, oldest = items_of(await reader.get(path))
        assert (newest["textContent"], oldest["textContent"]) == ("Hi", "Hello")
        assert newest["senderId"] == str(bob.id)
        assert newest["reactions"] == [
            {
                "emoji": "👍",
                "count": 1,
                "userIds": [str(alice.id)],
                "reactedByMe": reader is alice,
            }
        ]
        assert oldest["reactions"] == []
    assert_error(await stranger.get(path), 404, "partnership_not_found")
    unknown = f"/partnerships/history/{uuid4()}/messages"
    assert_error(await alice.get(unknown), 404, "partnership_not_found")


async def say(
    app: FastAPI, partnership_id: object, sender_id: object, words: str, clock: FrozenClock
) -> object:
    async with app.state.database.engine.begin() as connection:
        return await connection.scalar(
            text(
                "INSERT INTO direct_messages (partnership_id, sender_id, text_content, sent_at_utc)"
                " VALUES (:partnership_id, :sender_id, :words, :now) RETURNING id"
            ),
            {
                "partnership_id": partnership_id,
                "sender_id": sender_id,
                "words": words,
                "now": clock.now(),
            },
        )


async def react(app: FastAPI, message_id: object, user_id: object, emoji: str) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO reactions (user_id, emoji, target_type, target_id)"
                " VALUES (:user_id, :emoji, 'direct_message', :message_id)"
            ),
            {"user_id": user_id, "emoji": emoji, "message_id": message_id},
        )
