"""Writing and changing reflections."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.core.reflection_prompts import PROMPTS
from tests.factories import Factory, end_partnership
from tests.reflecting import CONTENT, reflect
from tests.support import FrozenClock, assert_error, count_rows, data_of, items_of, rows


async def test_a_reflection_is_for_today_and_tells_the_partner_once(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()

    reflection = await reflect(alice)

    assert reflection["reflectionDateLocal"] == "2026-03-10"
    assert reflection["reflectionContent"] == "It rained, I went."
    assert reflection["userId"] == str(alice.id)
    assert reflection["partnershipId"] is not None
    assert reflection["promptId"] is reflection["promptText"] is None
    assert (reflection["reactions"], reflection["commentsCount"]) == ([], 0)
    assert reflection["createdAt"] == reflection["updatedAt"] == "2026-03-10T09:00:00Z"
    (told,) = items_of(await bob.get("/notifications"))
    assert told["type"] == "reflection_added"
    assert told["message"] == "Alice reflected on 10 March 2026."
    assert told["actionLink"] == "/partnership?tab=activity"
    assert told["icon"] == "BookOpen"
    assert told["target"] == {
        "type": "reflection",
        "id": reflection["id"],
        "name": "10 March 2026",
    }
    assert items_of(await alice.get("/notifications")) == []
    assert "rained" not in str(await rows(app, "SELECT * FROM notifications"))


async def test_without_a_partner_nobody_is_told(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    reflection = await reflect(alice)

    assert reflection["partnershipId"] is None
    assert await count_rows(app, "notifications") == (0,)


async def test_a_partner_who_switched_it_off_is_not_told(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    off = {"preferences": [{"id": "partnerActivity", "enabled": False}]}
    data_of(await bob.put("/users/me/notification-preferences", off))

    await reflect(alice)

    assert await count_rows(app, "notifications", "reflections") == (0, 1)


@pytest.mark.parametrize("name", ["reflectionDateLocal", "reflection_date_local", "date"])
async def test_an_earlier_date_by_any_of_its_names(factory: Factory, name: str) -> None:
    alice = await factory.person("Alice")
    body = {"reflection_content": "Late.", name: "2020-02-29"}

    reflection = data_of(await alice.post("/reflections", body), 201)

    assert reflection["reflectionDateLocal"] == "2020-02-29"


async def test_a_second_one_for_a_date_is_refused_with_the_id_of_the_first(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    first = await reflect(alice)

    body = assert_error(await alice.post("/reflections", CONTENT), 409, "reflection_exists")

    assert body["existingId"] == first["id"]
    assert "10 March 2026" in body["message"]
    assert await count_rows(app, "reflections", "notifications") == (1, 1)
    await reflect(bob)  # the partner's date is another one
    await reflect(alice, date="2026-03-09")


async def test_no_other_error_carries_an_existing_id(factory: Factory) -> None:
    alice = await factory.person("Alice")

    body = assert_error(await alice.get(f"/reflections/{uuid4()}"), 404, "reflection_not_found")

    assert "existingId" not in body


async def test_a_date_in_the_future_is_refused(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()

    answer = await alice.post("/reflections", CONTENT | {"date": "2026-03-11"})

    body = assert_error(answer, 422, "reflection_in_future")
    assert body["errors"][0]["field"] == "reflectionDateLocal"
    assert await count_rows(app, "reflections", "notifications") == (0, 0)


@pytest.mark.parametrize(
    ("timezone", "today", "tomorrow"),
    [
        ("Pacific/Kiritimati", "2026-03-11", "2026-03-12"),
        ("America/Los_Angeles", "2026-03-10", "2026-03-11"),
        ("Pacific/Pago_Pago", "2026-03-09", "2026-03-10"),
    ],
)
async def test_today_is_the_authors(
    factory: Factory, clock: FrozenClock, timezone: str, today: str, tomorrow: str
) -> None:
    clock.set(datetime(2026, 3, 10, 10, 30, tzinfo=UTC))
    alice = await factory.person("Alice", timezone=timezone)

    answer = await alice.post("/reflections", CONTENT | {"date": tomorrow})

    assert_error(answer, 422, "reflection_in_future")
    assert (await reflect(alice))["reflectionDateLocal"] == today


async def test_a_date_that_is_lived_twice_has_one_reflection(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person("Alice", timezone="Pacific/Kiritimati")
    first = await reflect(alice)
    assert first["reflectionDateLocal"] == "2026-03-10"  # 23:00 there

    data_of(await alice.put("/users/me", {"timezone": "America/Los_Angeles"}))
    answer = await alice.post("/reflections", CONTENT)

    body = assert_error(answer, 409, "reflection_exists")
    assert body["existingId"] == first["id"]
    assert await count_rows(app, "reflections") == (1,)


async def test_a_known_prompt_gets_its_text(factory: Factory) -> None:
    alice = await factory.person("Alice")
    prompt = PROMPTS[4]

    filled = await reflect(alice, promptId=prompt.id)
    shown = await reflect(alice, prompt_id=prompt.id, prompt_text="As shown", date="2026-03-09")

    assert (filled["promptId"], filled["promptText"]) == (prompt.id, prompt.text)
    assert (shown["promptId"], shown["promptText"]) == (prompt.id, "As shown")


async def test_a_prompt_of_ones_own_needs_its_text(factory: Factory, app: FastAPI) -> None:
    alice = await factory.person("Alice")

    body = assert_error(
        await alice.post("/reflections", CONTENT | {"promptId": "mine"}), 422, "unknown_prompt"
    )
    assert body["errors"][0]["field"] == "promptId"
    assert await count_rows(app, "reflections") == (0,)
    own = await reflect(alice, promptId="mine", promptText="And now?")

    assert (own["promptId"], own["promptText"]) == ("mine", "And now?")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reflectionContent"),
        ({"reflectionContent": "   "}, "reflectionContent"),
        ({"reflectionContent": "x" * 5001}, "reflectionContent"),
        ({"reflectionContent": "a\x00b"}, "reflectionContent"),
        (CONTENT | {"date": "2026-02-30"}, "date"),
        (CONTENT | {"promptId": "x" * 65}, "promptId"),
        (CONTENT | {"promptText": "x" * 501}, "promptText"),
        (CONTENT | {"userId": str(uuid4())}, "userId"),
        (CONTENT | {"partnershipId": str(uuid4())}, "partnershipId"),
    ],
)
async def test_what_cannot_be_kept_is_refused_by_name(
    factory: Factory, app: FastAPI, body: dict[str, Any], field: str
) -> None:
    alice, _ = await factory.partners()

    answer = assert_error(await alice.post("/reflections", body), 422, "validation_failed")

    assert [error["field"] for error in answer["errors"]] == [field]
    assert await count_rows(app, "reflections", "notifications") == (0, 0)


async def test_blank_options_are_left_out(factory: Factory) -> None:
    alice = await factory.person("Alice")

    reflection = await reflect(alice, date="", promptId=" ", promptText="")

    assert reflection["reflectionDateLocal"] == "2026-03-10"
    assert reflection["promptId"] is reflection["promptText"] is None


async def test_the_same_key_saves_once(factory: Factory, app: FastAPI) -> None:
    alice, _ = await factory.partners()
    key = {"headers": {"Idempotency-Key": "once"}}

    first = await alice.post("/reflections", CONTENT, **key)
    again = await alice.post("/reflections", CONTENT, **key)

    assert data_of(again, 201) == data_of(first, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert await count_rows(app, "reflections", "notifications") == (1, 1)


async def test_an_edit_changes_what_is_sent_and_tells_nobody(
    factory: Factory, app: FastAPI, clock: FrozenClock
) -> None:
    alice, _ = await factory.partners()
    reflection = await reflect(alice, promptId=PROMPTS[0].id)
    path = f"/reflections/{reflection['id']}"
    clock.advance(minutes=5)

    edited = data_of(await alice.put(path, {"reflection_content": "Sunny after all."}))

    assert edited == reflection | {
        "reflectionContent": "Sunny after all.",
        "updatedAt": "2026-03-10T09:05:00Z",
    }
    assert data_of(await alice.get(path)) == edited
    assert await count_rows(app, "notifications") == (1,)


async def test_the_prompt_can_be_changed_and_cleared(factory: Factory) -> None:
    alice = await factory.person("Alice")
    path = f"/reflections/{(await reflect(alice, promptId=PROMPTS[0].id))['id']}"

    async def prompt_after(**body: Any) -> tuple[Any, Any]:
        edited = data_of(await alice.put(path, body))
        assert edited["reflectionContent"] == CONTENT["reflectionContent"]
        return edited["promptId"], edited["promptText"]

    assert await prompt_after(promptId=PROMPTS[1].id) == (PROMPTS[1].id, PROMPTS[1].text)
    assert await prompt_after(promptText="Shorter?") == (PROMPTS[1].id, "Shorter?")
    assert await prompt_after(promptText=None) == (PROMPTS[1].id, PROMPTS[1].text)
    assert_error(await alice.put(path, {"promptId": "mine"}), 422, "unknown_prompt")
    assert await prompt_after() == (PROMPTS[1].id, PROMPTS[1].text)
    assert await prompt_after(promptId=None) == (None, None)


@pytest.mark.parametrize(
    "body", [{"reflectionContent": ""}, {"reflectionContent": None}, {"date": "2026-03-09"}]
)
async def test_an_edit_keeps_words_and_date(factory: Factory, body: dict[str, Any]) -> None:
    alice = await factory.person("Alice")
    reflection = await reflect(alice)
    path = f"/reflections/{reflection['id']}"

    assert_error(await alice.put(path, body), 422, "validation_failed")

    assert data_of(await alice.get(path)) == reflection


async def test_a_deleted_one_takes_what_was_said_along_and_frees_its_date(
    factory: Factory, app: FastAPI
) -> None:
    alice, bob = await factory.partners()
    reflection = await reflect(alice)
    path = f"/reflections/{reflection['id']}"
    about = f"/comments?targetType=reflection&targetId={reflection['id']}"
    data_of(await bob.post(about, {"textContent": "Well done."}), 201)
    data_of(await bob.put(f"/reactions/reflection/{reflection['id']}", {"emoji": "👏"}))
    seen = data_of(await alice.get(path))
    assert seen["commentsCount"] == 1
    assert [(item["emoji"], item["reactedByMe"]) for item in seen["reactions"]] == [("👏", False)]

    deleted = await alice.delete(path)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_error(await alice.get(path), 404, "reflection_not_found")
    assert await count_rows(app, "reflections", "comments", "reactions") == (0, 0, 0)
    assert (await reflect(alice))["id"] != reflection["id"]


async def test_a_date_that_is_written_anew_is_not_told_again_and_another_one_is(
    factory: Factory,
) -> None:
    alice, bob = await factory.partners()
    for read in (False, True):
        reflection = await reflect(alice)
        if read:
            await bob.post("/notifications/mark-all-read")
        await alice.delete(f"/reflections/{reflection['id']}")
    await reflect(alice)
    await reflect(alice, reflectionDateLocal="2026-03-09")
    await reflect(bob)

    told = items_of(await bob.get("/notifications"))
    assert sorted(item["message"] for item in told) == [
        "Alice reflected on 09 March 2026.",
        "Alice reflected on 10 March 2026.",
    ]
    (from_bob,) = items_of(await alice.get("/notifications"))
    assert from_bob["message"] == "Bob reflected on 10 March 2026."


async def test_the_partner_reads_but_does_not_touch_it(factory: Factory, app: FastAPI) -> None:
    alice, bob = await factory.partners()
    reflection = await reflect(alice)
    path = f"/reflections/{reflection['id']}"

    assert data_of(await bob.get(path)) == reflection
    assert_error(await bob.put(path, CONTENT), 403, "not_yours")
    assert_error(await bob.delete(path), 403, "not_yours")
    await end_partnership(app, alice, bob)
    refusals: list[httpx.Response] = [
        await bob.get(path),
        await bob.put(path, CONTENT),
        await bob.delete(path),
    ]

    for refused in refusals:
        assert_error(refused, 404, "reflection_not_found")
    assert data_of(await alice.get(path)) == reflection
