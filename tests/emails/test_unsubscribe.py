"""The unsubscribe link: looking changes nothing, one click switches one preference off."""

from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.core.notification_catalogue import NotificationPreference
from app.core.unsubscribe_links import Subscription, UnsubscribeLinks, unsubscribe_links
from tests.conftest import MakeApp, client_of
from tests.factories import Factory, Person
from tests.support import assert_error, change_rows, data_of

SUMMARY = NotificationPreference.DAILY_SUMMARY_EMAIL
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def links_of(app: FastAPI) -> UnsubscribeLinks:
    settings = app.state.settings
    return unsubscribe_links(
        public_api_url=str(settings.public_api_url), secret=settings.email_links_secret
    )


def link_for(app: FastAPI, user_id: UUID) -> str:
    return links_of(app).link(Subscription(user_id, SUMMARY))


async def switched_off(person: Person) -> list[str]:
    found = data_of(await person.get("/users/me/notification-preferences"))["preferences"]
    return [item["id"] for item in found if not item["enabled"]]


async def test_opening_the_link_shows_a_button_and_changes_nothing(
    app: FastAPI, factory: Factory, client: httpx.AsyncClient
) -> None:
    alice = await factory.person()

    answer = await client.get(link_for(app, alice.id), headers=BROWSER)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Daily Summary Email" in answer.text
    assert '<form method="post">' in answer.text
    assert "https://app.test/settings/notifications" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert await switched_off(alice) == []


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
    ],
    ids=["form", "multipart", "nothing"],
)
async def test_one_click_switches_that_preference_off_without_a_login(
    body: dict[str, object], app: FastAPI, factory: Factory, client: httpx.AsyncClient
) -> None:
    alice, bob = await factory.person("Alice"), await factory.person("Bob")

    for _ in range(2):  # again is no error
        answer = await client.post(link_for(app, alice.id), **body)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text

    assert "Done" in answer.text
    assert await switched_off(alice) == ["dailySummaryEmail"]
    assert await switched_off(bob) == []


async def test_what_was_switched_off_before_stays_off(
    app: FastAPI, factory: Factory, client: httpx.AsyncClient
) -> None:
    alice = await factory.person()
    change = [{"id": "messages", "enabled": False}]
    data_of(await alice.put("/users/me/notification-preferences", change))

    await client.post(link_for(app, alice.id))

    assert await switched_off(alice) == ["messages", "dailySummaryEmail"]


async def test_an_account_that_is_gone_is_no_error(app: FastAPI, client: httpx.AsyncClient) -> None:
    answer = await client.post(link_for(app, uuid4()))
    assert answer.status_code == 200


def _other_account(token: str, app: FastAPI) -> str:
    foreign = links_of(app).token(Subscription(uuid4(), SUMMARY))
    return foreign.split(".")[0] + "." + token.split(".")[1]


def _no_email(token: str, app: FastAPI) -> str:
    return links_of(app).token(Subscription(uuid4(), NotificationPreference.MESSAGES))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token, app: "",
        lambda token, app: "nonsense",
        lambda token, app: token[:-1],
        lambda token, app: token + "A",
        lambda token, app: token.replace(".", ""),
        lambda token, app: "é" + token,
        lambda token, app: token + "\n",
        lambda token, app: "A" * 5000,
        _other_account,
        _no_email,
    ],
    ids=[
        "none",
        "nonsense",
        "short",
        "long",
        "no dot",
        "odd",
        "line",
        "huge",
        "other",
        "no e-mail",
    ],
)
async def test_a_bad_link_is_refused_for_programs_and_explained_to_people(
    spoil: Callable[[str, FastAPI], str],
    app: FastAPI,
    factory: Factory,
    client: httpx.AsyncClient,
) -> None:
    alice = await factory.person()
    token = spoil(links_of(app).token(Subscription(alice.id, SUMMARY)), app)
    address = "/api/v1/email/unsubscribe"
    for method in ("GET", "POST"):
        answer = await client.request(method, address, params={"token": token})
        assert_error(answer, 400, "invalid_token")
        page = await client.request(method, address, params={"token": token}, headers=BROWSER)
        assert page.status_code == 400
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "This did not work" in page.text
        assert "https://app.test/settings/notifications" in page.text
    assert await switched_off(alice) == []


async def test_another_body_than_rfc_8058_prescribes_changes_nothing(
    app: FastAPI, factory: Factory, client: httpx.AsyncClient
) -> None:
    alice = await factory.person()
    answer = await client.post(link_for(app, alice.id), data={"List-Unsubscribe": "Please-Keep-Me"})
    assert_error(answer, 422, "validation_failed")
    assert await switched_off(alice) == []


async def test_links_keep_working_while_the_secret_stays_and_not_after(make_app: MakeApp) -> None:
    app = await make_app(email_link_secret="a" * 32)
    other = await make_app(email_link_secret="b" * 32)
    link = link_for(app, uuid4())
    async with client_of(app) as client, client_of(other) as elsewhere:
        assert (await client.post(link)).status_code == 200
        assert (await elsewhere.post(link)).status_code == 400


async def test_closed_accounts_too(
    app: FastAPI, factory: Factory, client: httpx.AsyncClient
) -> None:
    alice = await factory.person()
    link = link_for(app, alice.id)
    await change_rows(app, "UPDATE users SET is_active = false WHERE id = :id", id=alice.id)
    assert (await client.post(link)).status_code == 200
