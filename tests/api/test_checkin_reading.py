"""Reading one check-in, and the partner's."""

from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.api.test_checkin_lists import a_week
from tests.factories import Factory, Person, end_partnership
from tests.pictures import image_of, upload
from tests.support import FrozenClock, assert_error, data_of, items_of, rows


async def test_owner_and_partner_read_the_same(factory: Factory) -> None:
    alice, bob = await factory.partners()
    system = await factory.system(alice, verificationRequired=True)
    checkin = await factory.checkin(alice, system["id"], notes="Far", status="completed")

    for person in (alice, bob):
        assert data_of(await person.get(f"/checkins/{checkin['id']}")) == checkin


async def test_a_photo_is_shown_to_both_with_a_link(factory: Factory) -> None:
    alice, bob = await factory.partners()
    url = (await upload(alice))["url"]
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"], photoUrl=url)

    own, seen = [data_of(await person.get(f"/checkins/{checkin['id']}")) for person in (alice, bob)]

    assert own["photoUrl"] == url != seen["photoUrl"]
    assert image_of(seen["photoUrl"]) == image_of(url)


async def test_strangers_and_former_partners_find_nothing(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    carol = await factory.person("Carol")
    checkin = await factory.checkin(alice, (await factory.system(alice))["id"], notes="Mine")

    assert_error(await carol.get(f"/checkins/{checkin['id']}"), 404, "checkin_not_found")
    assert_error(await alice.get(f"/checkins/{uuid4()}"), 404, "checkin_not_found")
    await end_partnership(app, alice, bob)
    former = await bob.get(f"/checkins/{checkin['id']}")

    assert_error(former, 404, "checkin_not_found")
    assert "Mine" not in former.text
    assert_error(await alice.get("/checkins/not-an-id"), 422, "validation_failed")


async def seen(person: Person, path: str) -> list[tuple[str, int]]:
    return [
        (item["systemTitle"], int(item["localDate"][-2:]))
        for item in items_of(await person.get(path))
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [("Run", 14), ("Read", 13), ("Run", 13), ("Run", 12), ("Run", 11), ("Run", 10)]),
        ("?systemId={read}", [("Read", 13)]),
        ("?status=SKIPPED&systemId={run}", [("Run", 13)]),
        ("?status=pending_verification", []),
        ("?from=2026-03-12&to=2026-03-13", [("Read", 13), ("Run", 13), ("Run", 12)]),
        ("?from=&to=&status=&systemId={read}", [("Read", 13)]),
        ("?limit=2&page=3", [("Run", 11), ("Run", 10)]),
        ("?limit=2&page=4", []),
    ],
)
async def test_the_partners_list_has_the_same_order_and_filters(
    factory: Factory, clock: FrozenClock, query: str, expected: list[tuple[str, int]]
) -> None:
    alice, bob = await factory.partners()
    systems = await a_week(factory, clock, alice)
    await factory.checkin(bob, (await factory.system(bob, title="Bob's"))["id"])
    query = query.format(**systems)

    assert await seen(bob, f"/checkins/partner{query}") == expected
    assert await seen(alice, f"/checkins{query}") == expected
    assert await seen(alice, "/checkins/partner") == [("Bob's", 14)]


async def test_ones_own_system_is_an_empty_filter_of_the_partners_list(factory: Factory) -> None:
    _, bob = await factory.partners()
    system = await factory.system(bob)
    await factory.checkin(bob, system["id"])

    assert items_of(await bob.get(f"/checkins/partner?systemId={system['id']}")) == []


async def test_there_is_no_partners_list_without_an_active_partnership(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    await factory.checkin(alice, (await factory.system(alice))["id"])
    alone = await factory.person("Carol")
    await end_partnership(app, alice, bob)

    for person in (alone, alice, bob):
        refused = await person.get("/checkins/partner")
        assert_error(refused, 404, "no_active_partnership")
    assert len(await rows(app, "SELECT id FROM checkins")) == 1


@pytest.mark.parametrize(
    ("query", "field"), [("from=soon", "from"), ("status=done", "status"), ("limit=0", "limit")]
)
async def test_bad_filters_of_the_partners_list_are_refused_by_name(
    factory: Factory, query: str, field: str
) -> None:
    alice, _ = await factory.partners()

    body = assert_error(await alice.get(f"/checkins/partner?{query}"), 422, "validation_failed")

    assert [error["field"] for error in body["errors"]] == [field]
