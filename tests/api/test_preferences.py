"""Theme, notification preferences and username availability."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core.notification_catalogue import NotificationPreference
from tests.factories import API, Factory, Person
from tests.support import assert_error, data_of, items_of

PREFERENCES = "/users/me/notification-preferences"


async def enabled(person: Person) -> dict[str, bool]:
    found = data_of(await person.get(PREFERENCES))["preferences"]
    return {item["id"]: item["enabled"] for item in found}


async def test_everything_is_on_at_first_and_every_preference_is_listed(factory: Factory) -> None:
    alice = await factory.person()

    found = data_of(await alice.get(PREFERENCES))["preferences"]

    assert [item["id"] for item in found] == [item.value for item in NotificationPreference]
    assert all(item["enabled"] and item["label"] for item in found)


@pytest.mark.parametrize("framed", [False, True], ids=["a list", "the frame of GET"])
async def test_some_can_be_changed_and_the_others_stay(factory: Factory, framed: bool) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")
    some: Any = [{"id": "messages", "enabled": False}]

    answer = data_of(await alice.put(PREFERENCES, {"preferences": some} if framed else some))

    off = [item["id"] for item in answer["preferences"] if not item["enabled"]]
    assert off == ["messages"]
    assert len(answer["preferences"]) == len(NotificationPreference)
    assert [name for name, on in (await enabled(alice)).items() if not on] == ["messages"]
    assert all((await enabled(bob)).values())


async def test_the_answer_can_be_sent_back_as_it_is(factory: Factory) -> None:
    alice = await factory.person()
    data_of(await alice.put(PREFERENCES, [{"id": "reminders", "enabled": False}]))
    before = await enabled(alice)

    data_of(await alice.put(PREFERENCES, data_of(await alice.get(PREFERENCES))))

    assert await enabled(alice) == before


@pytest.mark.parametrize(
    "body",
    [
        [{"id": "unknown", "enabled": True}],
        [{"id": "messages"}],
        [{"id": "messages", "enabled": "maybe"}],
        [{"id": "messages", "enabled": False}, {"id": "unknown", "enabled": False}],
        {"messages": False},
        "messages",
        None,
    ],
)
async def test_what_is_wrong_changes_nothing(factory: Factory, body: Any) -> None:
    alice = await factory.person()

    assert_error(await alice.put(PREFERENCES, body), 422, "validation_failed")

    assert all((await enabled(alice)).values())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([{"id": "unknown", "enabled": True}], "0.id"),
        ({"preferences": [{"id": "unknown", "enabled": True}]}, "preferences.0.id"),
        (
            {"preferences": [{"id": "messages", "enabled": "x", "label": "M"}]},
            "preferences.0.enabled",
        ),
        ({"preferences": [{"id": "messages", "enabled": True, "on": 1}]}, "preferences.0.on"),
        ({"preferences": "messages"}, "preferences"),
        ({"preferences": None}, "preferences"),
        ({"preferences": {"messages": False}}, "preferences"),
        ({"preferences": [], "more": 1}, "body"),
        ({"messages": False}, "body"),
    ],
)
async def test_the_field_to_blame_is_named_as_it_was_sent(
    factory: Factory, body: Any, field: str
) -> None:
    alice = await factory.person()

    refused = assert_error(await alice.put(PREFERENCES, body), 422, "validation_failed")

    assert [error["field"] for error in refused["errors"]] == [field]
    assert all((await enabled(alice)).values())


async def test_changes_at_the_same_time_all_last(factory: Factory) -> None:
    alice = await factory.person()
    names = [item.value for item in NotificationPreference]

    answers = await asyncio.gather(
        *(alice.put(PREFERENCES, [{"id": name, "enabled": False}]) for name in names)
    )

    assert {answer.status_code for answer in answers} == {200}
    assert not any((await enabled(alice)).values())


async def test_who_switched_partner_activity_off_is_not_told(factory: Factory) -> None:
    alice, bob = await factory.partners()
    data_of(await bob.put(PREFERENCES, [{"id": "partnerActivity", "enabled": False}]))
    system = await factory.system(alice)
    verified = await factory.system(alice, title="Read", verificationRequired=True)

    await factory.checkin(alice, system["id"])
    await factory.checkin(alice, verified["id"])

    told = [item["type"] for item in items_of(await bob.get("/notifications"))]
    assert told == ["verification_requested"]


@pytest.mark.parametrize("theme", ["light", "dark", "system", "Dark"])
async def test_the_theme_is_kept(factory: Factory, theme: str) -> None:
    alice = await factory.person()

    data_of(await alice.put("/users/me/theme-preference", {"theme": theme}))

    assert data_of(await alice.get("/users/me"))["themePreference"] == theme.lower()


@pytest.mark.parametrize("body", [{"theme": "pink"}, {"theme": None}, {}, {"theme": ""}])
async def test_an_unknown_theme_is_refused(factory: Factory, body: dict[str, Any]) -> None:
    alice = await factory.person()

    assert_error(await alice.put("/users/me/theme-preference", body), 422, "validation_failed")

    assert data_of(await alice.get("/users/me"))["themePreference"] == "system"


@pytest.mark.parametrize(
    ("username", "available"),
    [
        ("free_one", True),
        ("FREE_ONE", True),
        ("taken", False),
        ("Taken", False),
        ("ab", False),
        ("a b", False),
        ("äöü", False),
        ("", False),
        ("a" * 31, False),
    ],
)
async def test_a_sign_up_form_can_ask_whether_a_username_is_free(
    factory: Factory, client: httpx.AsyncClient, username: str, available: bool
) -> None:
    await factory.person("Alice", username="taken")

    found = data_of(
        await client.get(f"{API}/users/username-availability", params={"username": username})
    )

    assert found["available"] is available
    assert (found["reason"] is None) is available
