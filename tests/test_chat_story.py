"""Alice and Bob talk, with a photo, until the partnership ends and only reading is left."""

from fastapi import FastAPI

from tests.factories import Factory
from tests.pictures import shown, upload
from tests.support import FrozenClock, assert_error, data_of, items_of
from tests.talking import comment, say


async def test_two_people_talk(factory: Factory, app: FastAPI, clock: FrozenClock) -> None:
    alice, bob = await factory.partners()
    run = await factory.goal(alice, title="Run 10 km")

    # Alice shows where she ran; Bob finds one notification, looks, and says so.
    await say(alice, "Guess where I was")
    clock.advance(minutes=1)
    photo = await upload(alice, "message")
    sent = await say(alice, "Here!", imageUrl=photo["url"])
    (notification,) = items_of(await bob.get("/notifications?filter=unread"))
    assert notification["message"] == "Alice: Here!"
    newest, oldest = items_of(await bob.get("/messages"))
    assert oldest["textContent"] == "Guess where I was"
    assert (await shown(app, newest["imageUrl"])).status_code == 200
    read = await bob.post("/messages/read", {"upToMessageId": newest["id"]})
    assert data_of(read) == {"markedCount": 2}
    assert items_of(await bob.get("/notifications?filter=unread")) == []
    data_of(await bob.post(f"/messages/{newest['id']}/react", {"emoji": "😍"}))
    clock.advance(minutes=1)
    await say(bob, "The lake!", replyToActivityId=run["id"], replyToActivitySummary="Run 10 km")

    # She sees that he has, and what he felt.
    answer, seen, _ = items_of(await alice.get("/messages"))
    assert answer["replyingTo"] == {"activityId": run["id"], "summary": "Run 10 km"}
    assert seen["readAtUtc"] == "2026-03-10T09:01:00Z"
    assert [item["emoji"] for item in seen["reactions"]] == ["😍"]

    # They discuss the goal.
    asked = await comment(bob, "goal", run["id"], "Shall we run it together?")
    await comment(alice, "goal", run["id"], "In May!", parentCommentId=asked["id"])
    about = f"/comments?targetType=goal&targetId={run['id']}"
    assert [item["author"]["name"] for item in items_of(await bob.get(about))] == ["Bob", "Alice"]

    # Bob types into the wrong window, and takes it back.
    wrong = await say(bob, "Milk, eggs, flour")
    assert (await bob.delete(f"/messages/{wrong['id']}")).status_code == 204
    assert "Milk" not in (await alice.get("/messages")).text
    assert "Milk" not in (await alice.get("/notifications")).text

    # It ends: the thread stays, to be read; the goal and what he said of it are hers alone.
    data_of(await bob.post("/partnerships/dissolve"))
    thread = f"/partnerships/history/{sent['partnershipId']}/messages"
    for person in (alice, bob):
        assert_error(await person.get("/messages"), 404, "no_active_partnership")
        late = await person.post("/messages", {"textContent": "One more thing"})
        assert_error(late, 404, "no_active_partnership")
        assert len(items_of(await person.get(thread))) == 3
    assert_error(await bob.get(about), 404, "goal_not_found")
    assert [item["textContent"] for item in items_of(await alice.get(about))] == ["In May!"]
