"""The profile: what can be read of it, changed in it, and by no means changed."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.factories import API, Factory, Person
from tests.support import FrozenClock, assert_error, change_rows, data_of, rows

JSON = {"Content-Type": "application/json"}
BEFORE = "https://images.test/before.png"  # from when any address was taken


async def change(person: Person, method: str, **fields: Any) -> httpx.Response:
    return await person.client.request(method, f"{API}/users/me", json=fields)


async def send_raw(person: Person, content: bytes) -> httpx.Response:
    return await person.client.patch(f"{API}/users/me", content=content, headers=JSON)


async def profile_of(person: Person) -> dict[str, Any]:
    profile: dict[str, Any] = data_of(await person.get("/users/me"))
    return profile


@pytest.fixture
async def alice(factory: Factory) -> Person:
    return await factory.person("Alice", username="alice_w", timezone="Europe/Berlin")


async def test_partners_see_who_the_other_one_is(factory: Factory) -> None:
    alice, bob = await factory.partners()

    hers, his = await profile_of(alice), await profile_of(bob)

    assert hers["currentPartnershipId"] == his["currentPartnershipId"] is not None
    assert hers["partnerDetails"] == {
        "id": str(bob.id),
        "name": "Bob",
        "username": None,
        "avatarUrl": None,
    }
    assert his["partnerDetails"]["id"] == str(alice.id)


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"username": "new_name_7"}, {"username": "new_name_7"}),
    ({"username": " New_NAME_7 "}, {"username": "new_name_7"}),
    ({"username": "abc"}, {"username": "abc"}),
    ({"username": "x" * 30}, {"username": "x" * 30}),
    ({"name": "  Älice Ωmega 🦩 "}, {"name": "Älice Ωmega 🦩"}),
    ({"name": "x" * 100}, {"name": "x" * 100}),
    ({"name": "<script>alert(1)</script>"}, {"name": "<script>alert(1)</script>"}),
    ({"name": None}, {"name": None}),
    ({"name": " "}, {"name": None}),
    ({"bio": "Runs before breakfast."}, {"bio": "Runs before breakfast."}),
    ({"bio": "🦩" * 200}, {"bio": "🦩" * 200}),
    ({"bio": "two\nlines"}, {"bio": "two\nlines"}),
    ({"bio": ""}, {"bio": None}),
    ({"timezone": "Asia/Tokyo"}, {"timezone": "Asia/Tokyo"}),
    ({"profileImageUrl": BEFORE}, {"avatarUrl": BEFORE}),
    ({"profileImageUrl": None}, {"avatarUrl": None}),
    ({"profile_image_url": ""}, {"avatarUrl": None}),
    ({"themePreference": "dark"}, {"themePreference": "dark"}),
    ({"theme_preference": "LIGHT"}, {"themePreference": "light"}),
    (
        {"name": "A", "bio": "B", "theme_preference": "dark"},
        {"name": "A", "bio": "B", "themePreference": "dark"},
    ),
    ({}, {}),
]


@pytest.mark.parametrize(("sent", "expected"), CHANGES, ids=[str(sent)[:50] for sent, _ in CHANGES])
async def test_what_is_sent_changes_and_nothing_else(
    app: FastAPI,
    alice: Person,
    clock: FrozenClock,
    sent: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    await change_rows(app, "UPDATE users SET bio = 'Before', profile_image_url = :url", url=BEFORE)
    before = await profile_of(alice)
    clock.advance(minutes=5)

    answer = data_of(await change(alice, "PATCH", **sent))

    touched = {"updatedAt": "2026-03-10T09:05:00Z"} if sent else {}
    assert answer == before | expected | touched
    assert await profile_of(alice) == answer
    # PUT is the same: it says nothing about what it leaves out.
    assert data_of(await change(alice, "PUT", **sent)) == answer


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"username": None}, "username"),
    ({"username": ""}, "username"),
    ({"username": "ab"}, "username"),
    ({"username": "x" * 31}, "username"),
    ({"username": "spa ce"}, "username"),
    ({"username": "dash-ed"}, "username"),
    ({"username": "ümlaut"}, "username"),
    ({"username": "\uff41\uff4c\uff49\uff43\uff45"}, "username"),
    ({"username": "new\nline"}, "username"),
    ({"username": "zero\0byte"}, "username"),
    ({"username": 12345}, "username"),
    ({"username": ["alice"]}, "username"),
    ({"timezone": None}, "timezone"),
    ({"timezone": ""}, "timezone"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "europe/berlin"}, "timezone"),
    ({"timezone": "../../etc/passwd"}, "timezone"),
    ({"timezone": "/usr/share/zoneinfo/UTC"}, "timezone"),
    ({"timezone": "UTC\0"}, "timezone"),
    ({"timezone": "UTC+1"}, "timezone"),
    ({"timezone": 1}, "timezone"),
    ({"themePreference": None}, "themePreference"),
    ({"themePreference": ""}, "themePreference"),
    ({"themePreference": "sepia"}, "themePreference"),
    ({"themePreference": True}, "themePreference"),
    ({"name": "x" * 101}, "name"),
    ({"name": "x" * 100_000}, "name"),
    ({"name": "zero\0byte"}, "name"),
    ({"name": 5}, "name"),
    ({"name": {"first": "Alice"}}, "name"),
    ({"bio": "x" * 201}, "bio"),
    ({"bio": "x" * 100_000}, "bio"),
    ({"bio": "\0"}, "bio"),
    ({"bio": False}, "bio"),
    ({"profileImageUrl": "javascript:alert(1)"}, "profileImageUrl"),
    ({"profileImageUrl": "data:image/png;base64,AA=="}, "profileImageUrl"),
    ({"profileImageUrl": "//x.test/a.png"}, "profileImageUrl"),
    ({"profileImageUrl": "https://"}, "profileImageUrl"),
    ({"profileImageUrl": "http://["}, "profileImageUrl"),
    ({"profileImageUrl": "https://x.test/" + "a" * 2048}, "profileImageUrl"),
    # Nobody promotes themselves, and nothing is silently lost.
    ({"id": "0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b"}, "id"),
    ({"email": "mallory@example.com"}, "email"),
    ({"isEmailVerified": True}, "isEmailVerified"),
    ({"is_email_verified": True}, "isEmailVerified"),
    ({"emailVerifiedAt": "2026-01-01T00:00:00Z"}, "emailVerifiedAt"),
    ({"isActive": True}, "isActive"),
    ({"currentPartnershipId": None}, "currentPartnershipId"),
    ({"current_partnership_id": None}, "currentPartnershipId"),
    ({"partnerDetails": {}}, "partnerDetails"),
    ({"notificationPreferences": []}, "notificationPreferences"),
    ({"firstGoalEmailSent": False}, "firstGoalEmailSent"),
    ({"createdAt": "2020-01-01T00:00:00Z"}, "createdAt"),
    ({"avatarUrl": "https://x.test/a.png"}, "avatarUrl"),
    ({"__class__": "Admin"}, "__class__"),
]


@pytest.mark.parametrize(("sent", "field"), REFUSED, ids=[str(sent)[:50] for sent, _ in REFUSED])
async def test_what_is_wrong_is_named_and_changes_nothing(
    alice: Person, app: FastAPI, clock: FrozenClock, sent: dict[str, Any], field: str
) -> None:
    before = await rows(app, "SELECT * FROM users")
    clock.advance(minutes=5)

    refused = await change(alice, "PATCH", **(sent | {"name": "Mallory"} | sent))

    body = assert_error(refused, 422, "validation_failed")
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["errors"][0]["message"]
    assert await rows(app, "SELECT * FROM users") == before


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "\\ud800"}',
        b'{"bio": "a\\udfffb"}',
        b'{"username": "abc\\ud800"}',
        b'{"timezone": "\\ud800"}',
        b'{"profileImageUrl": "https://x.test/\\ud800"}',
        b'{"\\ud800": "a name that cannot be written down"}',
        b'{"themePreference": "\\ud800"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'["name"]',
        b'"name"',
        b"null",
        b"7",
        b"",
    ],
)
async def test_a_body_that_is_no_profile_is_refused(
    alice: Person, app: FastAPI, content: bytes
) -> None:
    before = await rows(app, "SELECT * FROM users")

    assert_error(await send_raw(alice, content), 422, "validation_failed")

    assert await rows(app, "SELECT * FROM users") == before


@pytest.mark.parametrize(
    "content", [b"{", b'{"name": }', b"name=Alice", b'{"name": "\xff"}', b"[" * 50_000]
)
async def test_a_body_that_is_no_json_is_refused(
    alice: Person, app: FastAPI, content: bytes
) -> None:
    before = await rows(app, "SELECT * FROM users")

    assert_error(await send_raw(alice, content), 400, "malformed_json")

    assert await rows(app, "SELECT * FROM users") == before


async def test_a_body_of_another_kind_or_size_is_refused(alice: Person, app: FastAPI) -> None:
    before = await rows(app, "SELECT * FROM users")
    path = f"{API}/users/me"

    form = await alice.client.put(path, data={"name": "Mallory"})
    huge = await alice.client.put(path, json={"name": "x" * 1_100_000})

    assert_error(form, 415, "unsupported_media_type")
    assert_error(huge, 413, "body_too_large")
    assert await rows(app, "SELECT * FROM users") == before


# Usernames --------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["taken_name", "TAKEN_NAME", " Taken_Name"])
async def test_a_username_is_unique_without_regard_to_case(
    alice: Person, factory: Factory, app: FastAPI, spelling: str
) -> None:
    await factory.person("Bob", username="taken_name")
    before = await rows(app, "SELECT * FROM users ORDER BY id")

    refused = await change(alice, "PUT", username=spelling, name="Mallory")

    assert_error(refused, 409, "username_taken")
    assert await rows(app, "SELECT * FROM users ORDER BY id") == before


async def test_ones_own_username_can_be_sent_again(alice: Person) -> None:
    assert data_of(await change(alice, "PUT", username="ALICE_W"))["username"] == "alice_w"


async def test_a_username_that_was_given_up_is_free(alice: Person, factory: Factory) -> None:
    bob = await factory.person("Bob")
    data_of(await change(alice, "PATCH", username="alice_x"))

    assert data_of(await change(bob, "PATCH", username="alice_w"))["username"] == "alice_w"


async def test_of_twenty_who_want_a_username_at_once_one_gets_it(
    factory: Factory, app: FastAPI
) -> None:
    people = [await factory.person(f"P{number}") for number in range(20)]

    for wanted in ("first_wish", "second_wish"):
        answers = await asyncio.gather(
            *(change(person, "PATCH", username=wanted, bio=wanted) for person in people)
        )

        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
        for answer in answers:
            if answer.status_code == 409:
                assert_error(answer, 409, "username_taken")
        (winner,) = await rows(app, "SELECT bio FROM users WHERE username = :wanted", wanted=wanted)
        assert winner["bio"] == wanted
        assert len(await rows(app, "SELECT id FROM users WHERE bio = :wanted", wanted=wanted)) == 1


# The timezone -----------------------------------------------------------------------------------


async def test_a_change_of_timezone_is_remembered_with_its_time(
    alice: Person, app: FastAPI, clock: FrozenClock
) -> None:
    clock.advance(hours=1)
    data_of(await change(alice, "PATCH", timezone="Asia/Tokyo"))
    clock.advance(hours=1)
    data_of(await change(alice, "PATCH", timezone="Asia/Tokyo", name="Alice again"))

    zones = await rows(app, "SELECT * FROM user_timezones ORDER BY used_from")
    assert [(zone["used_from"].hour, zone["timezone"]) for zone in zones] == [
        (9, "Europe/Berlin"),
        (10, "Asia/Tokyo"),
    ]


async def test_a_change_that_is_refused_remembers_no_timezone(
    alice: Person, factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    await factory.person("Bob", username="taken_name", timezone="Europe/Berlin")
    clock.advance(hours=1)

    refused = await change(alice, "PATCH", timezone="Asia/Tokyo", username="taken_name")

    assert_error(refused, 409, "username_taken")
    zones = await rows(app, "SELECT timezone FROM user_timezones")
    assert {zone["timezone"] for zone in zones} == {"Europe/Berlin"}


async def test_nobody_changes_somebody_elses_profile(alice: Person, factory: Factory) -> None:
    bob = await factory.person("Bob")
    before = await profile_of(bob)

    data_of(await change(alice, "PUT", name="Alice the second"))

    assert await profile_of(bob) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_the_profile_needs_somebody_signed_in(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, f"{API}/users/me", json={"name": "Mallory"})

    assert_error(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
