"""Reading notifications."""

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, Person
from tests.support import FrozenClock, assert_error, data_of, items_of

VERIFICATIONS = "eventType=verification_requested"
COMPLETIONS = "eventType=partner_checkin_completed"


async def mark_read(app: FastAPI, person: Person, kind: str, clock: FrozenClock) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE notifications SET is_read = true, read_at_utc = :now"
                " WHERE recipient_id = :id AND type = :kind"
            ),
            {"now": clock.now(), "id": person.id, "kind": kind},
        )


async def three_for_bob(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> tuple[Person, Person]:
    """Bob has two requests, unread, and between them a completion that he has read."""
    alice, bob = await factory.partners()
    for required in (True, False, True):
        system = await factory.system(alice, verificationRequired=required)
        await factory.checkin(alice, system["id"])
        clock.advance(minutes=1)
    await mark_read(app, bob, "partner_checkin_completed", clock)
    return alice, bob


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "rcr"),
        ("?filter=all", "rcr"),
        ("?isRead=false", "rr"),
        ("?is_read=false", "rr"),
        ("?filter=unread", "rr"),
        ("?filter=UNREAD", "rr"),
        ("?isRead=true", "c"),
        ("?is_read=True", "c"),
        ("?isRead=", "rcr"),
        ("?filter=&eventType=", "rcr"),
        (f"?eventType=&{VERIFICATIONS}&eventType=%20", "rr"),
        (f"?{VERIFICATIONS}", "rr"),
        ("?event_type=Verification-Requested", "rr"),
        (f"?{COMPLETIONS}", "c"),
        (f"?{VERIFICATIONS}&{COMPLETIONS}", "rcr"),
        (f"?{COMPLETIONS}&filter=unread", ""),
        ("?eventType=partnership_accepted", ""),
        ("?limit=1&page=2", "c"),
        ("?limit=2&page=2", "r"),
        ("?page=9", ""),
    ],
)
async def test_newest_first_and_every_filter_narrows(
    factory: Factory, app: FastAPI, clock: FrozenClock, query: str, expected: str
) -> None:
    alice, bob = await three_for_bob(factory, app, clock)
    letters = {"verification_requested": "r", "partner_checkin_completed": "c"}

    data = data_of(await bob.get(f"/notifications{query}"))

    assert "".join(letters[item["type"]] for item in data["items"]) == expected
    times = [item["timestamp"] for item in data["items"]]
    assert times == sorted(times, reverse=True)
    assert data["pagination"]["unreadCount"] == 2
    assert items_of(await alice.get("/notifications")) == []


async def test_the_pagination_counts_the_list_and_all_unread_ones(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    _, bob = await three_for_bob(factory, app, clock)

    pagination = data_of(await bob.get("/notifications?isRead=true&limit=5"))["pagination"]
    beyond = data_of(await bob.get("/notifications?limit=2&page=5"))["pagination"]

    assert pagination == {
        "currentPage": 1,
        "limit": 5,
        "totalItems": 1,
        "totalPages": 1,
        "hasNextPage": False,
        "unreadCount": 2,
    }
    assert (beyond["totalItems"], beyond["totalPages"]) == (3, 2)


async def test_reading_the_list_marks_nothing_read(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    _, bob = await three_for_bob(factory, app, clock)

    first = data_of(await bob.get("/notifications"))

    assert data_of(await bob.get("/notifications")) == first
    read = [item for item in first["items"] if item["isRead"]]
    assert [item["readAtUtc"] for item in read] == ["2026-03-10T09:03:00Z"]
    assert all(item["readAtUtc"] is None for item in first["items"] if not item["isRead"])


async def test_one_instant_has_one_total_order(factory: Factory) -> None:
    alice, bob = await factory.partners()
    for _ in range(4):
        await factory.checkin(alice, (await factory.system(alice))["id"])

    listed = [item["id"] for item in items_of(await bob.get("/notifications"))]
    paged = [
        items_of(await bob.get(f"/notifications?limit=1&page={page}"))[0]["id"]
        for page in range(1, 5)
    ]

    assert listed == sorted(listed, reverse=True) == paged


async def test_an_actor_or_target_that_is_gone_is_null(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    await factory.checkin(alice, (await factory.system(alice))["id"])
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE notifications SET actor_user_id = NULL, target_type = NULL")
        )

    (item,) = items_of(await bob.get("/notifications"))

    assert item["actor"] is None
    assert item["target"] is None
    assert item["message"].startswith("Alice")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?eventType=nonsense", "eventType.0"),
        (f"?{VERIFICATIONS}&eventType=nonsense", "eventType.1"),
        ("?filter=some", "filter"),
        ("?isRead=maybe", "isRead"),
        ("?is_read=maybe", "isRead"),
        ("?limit=0", "limit"),
        ("?page=0", "page"),
    ],
)
async def test_bad_filters_are_refused_by_name(factory: Factory, query: str, field: str) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.get(f"/notifications{query}"), 422, "validation_failed")

    assert [error["field"] for error in body["errors"]] == [field]


async def test_somebody_new_has_none(factory: Factory) -> None:
    alice = await factory.person("Alice")

    data = data_of(await alice.get("/notifications"))

    assert data["items"] == []
    assert data["pagination"]["unreadCount"] == 0
