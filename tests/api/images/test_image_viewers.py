"""Whom a link to a private image works for, and how long: while they may see what shows it."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.api import test_query_counts
from tests.api.test_query_counts import Statements
from tests.factories import Factory, Person
from tests.pictures import shown, upload
from tests.support import assert_error, change_rows, data_of, items_of
from tests.talking import say

statements = test_query_counts.statements


async def a_photo(factory: Factory, owner: Person) -> dict[str, Any]:
    """A check-in with a photo, as its owner sees it."""
    system = await factory.system(owner, verificationRequired=True)
    photo = await upload(owner)
    return await factory.checkin(owner, system["id"], photoUrl=photo["url"])


async def links_to_the_photo(viewer: Person) -> list[str]:
    """Everywhere that the photo of the partner's one check-in is shown."""
    (queued,) = items_of(await viewer.get("/verifications/queue"))
    feed = items_of(await viewer.get("/partnerships/partner/activity?type=system_checkin"))
    tasks = items_of(await viewer.get("/tasks/my"))
    verifications = [task for task in tasks if task["type"] == "partner_verification"]
    (listed,) = items_of(await viewer.get("/checkins/partner"))
    opened = data_of(await viewer.get(f"/checkins/{queued['id']}"))
    return [
        queued["photoUrl"],
        feed[0]["content"]["photoUrl"],
        verifications[0]["verificationImageUrl"],
        listed["photoUrl"],
        opened["photoUrl"],
    ]


async def test_the_end_of_a_partnership_ends_the_former_partners_links_at_once(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    own = (await a_photo(factory, alice))["photoUrl"]
    links = await links_to_the_photo(bob)
    for link in [own, *links]:
        assert (await shown(app, link)).status_code == 200

    data_of(await bob.post("/partnerships/dissolve"))

    for link in links:
        assert_error(await shown(app, link), 404, "image_not_found")
    assert (await shown(app, own)).status_code == 200


async def test_a_new_partner_does_not_bring_the_former_ones_links_back(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    await a_photo(factory, alice)
    (link, *_) = await links_to_the_photo(bob)
    data_of(await bob.post("/partnerships/dissolve"))

    await factory.partnership(bob, carol)
    assert_error(await shown(app, link), 404, "image_not_found")
    data_of(await bob.post("/partnerships/dissolve"))
    await factory.partnership(alice, carol)
    assert_error(await shown(app, link), 404, "image_not_found")


async def test_pictures_of_a_thread_are_shown_to_both_after_its_end(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    picture = await upload(alice, "message")
    sent = await say(alice, "Look", imageUrl=picture["url"])
    (seen,) = items_of(await bob.get("/messages"))

    data_of(await alice.post("/partnerships/dissolve"))

    thread = f"/partnerships/history/{sent['partnershipId']}/messages"
    old = [sent["imageUrl"], seen["imageUrl"]]
    new = [items_of(await person.get(thread))[0]["imageUrl"] for person in (alice, bob)]
    for link in old + new:
        assert (await shown(app, link)).status_code == 200


async def test_pictures_of_a_thread_are_shown_while_it_is_active(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    picture = await upload(bob, "message")
    sent = await say(bob, "Look", imageUrl=picture["url"])
    (seen,) = items_of(await alice.get("/messages"))

    assert seen["imageUrl"] != sent["imageUrl"]
    for link in (picture["url"], sent["imageUrl"], seen["imageUrl"]):
        assert (await shown(app, link)).status_code == 200


@pytest.mark.parametrize("whose", ["the owner", "the partner"])
async def test_the_links_of_a_closed_account_end(
    app: FastAPI, factory: Factory, whose: str
) -> None:
    alice, bob = await factory.partners()
    own = (await a_photo(factory, alice))["photoUrl"]
    (seen, *_) = await links_to_the_photo(bob)
    closed, link, other = (alice, own, seen) if whose == "the owner" else (bob, seen, own)

    await change_rows(app, "UPDATE users SET is_active = false WHERE id = :id", id=closed.id)

    assert_error(await shown(app, link), 404, "image_not_found")
    assert (await shown(app, other)).status_code == 200


async def test_a_link_cannot_be_made_anothers(app: FastAPI, factory: Factory) -> None:
    alice, bob = await factory.partners()
    await a_photo(factory, alice)
    (link, *_) = await links_to_the_photo(bob)
    data_of(await bob.post("/partnerships/dissolve"))

    forged = link.replace(str(bob.id), str(alice.id))

    assert forged != link
    assert_error(await shown(app, forged), 404, "image_not_found")


async def test_somebody_elses_link_names_nothing_of_ones_own(
    app: FastAPI, factory: Factory
) -> None:
    alice, bob = await factory.partners()
    await a_photo(factory, alice)
    (link, *_) = await links_to_the_photo(bob)
    system = await factory.system(bob)

    refused = await bob.post("/checkins", {"systemId": system["id"], "photoUrl": link})

    assert_error(refused, 422, "unknown_image")


@pytest.mark.parametrize("purpose", ["checkin", "message"])
async def test_showing_an_image_is_one_statement(
    app: FastAPI,
    factory: Factory,
    statements: Statements,
    purpose: str,
) -> None:
    alice, _ = await factory.partners()
    link = (await upload(alice, purpose))["url"]

    async with statements.recording() as sent:
        await shown(app, link)

    assert len([line for line in sent if "uploads" in line]) == len(sent) == 1
