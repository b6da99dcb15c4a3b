"""Two people, from sign-up to a verified check-in: the product's story, told in order over HTTP.

Every test is a sentence of one story and continues the one before it, in an application and a
database of its own. Run the whole file: `uv run pytest tests/test_two_person_story.py -v`.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from supabase_auth.errors import AuthApiError

from tests.conftest import TUESDAY_MORNING, client_of, running_app, settings_for
from tests.jobs.working import deliver_due
from tests.support import (
    FrozenClock,
    assert_error,
    count_rows,
    data_of,
    emails_to,
    items_of,
    token_in,
)

ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"
PASSWORD = "seven herons at dawn"
API = "/api/v1"


@dataclass
class Protagonist:
    """Somebody in front of a browser: without a token, until one is taken over."""

    http: httpx.AsyncClient
    id: str = ""
    refresh_token: str = ""

    def takes_over(self, token: str) -> None:
        self.http.headers["Authorization"] = f"Bearer {token}"

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(API + path)

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        return await self.http.post(API + path, json=fields)


@dataclass
class Story:
    """What the chapters share: the application, its time, its people, and what they came upon."""

    app: FastAPI
    clock: FrozenClock
    alice: Protagonist
    bob: Protagonist
    visitor: Protagonist
    supabase: AsyncClient  # in Bob's browser, as supabase-js would be
    told: list[str] = field(default_factory=list)
    confirmation_token: str = ""
    invitation_token: str = ""
    invitation_email: str = ""
    goal_id: str = ""
    system_id: str = ""
    checkin_id: str = ""

    async def deliver_emails(self) -> int:
        """What the application does in the background while it runs."""
        return await deliver_due(self.app)

    async def notifications_of(self, person: Protagonist) -> list[str]:
        return [item["type"] for item in items_of(await person.get("/notifications"))]


@pytest.fixture(scope="module")
async def story(make_database: Callable[[], str]) -> AsyncIterator[Story]:
    clock = FrozenClock(TUESDAY_MORNING)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(running_app(settings_for(make_database()), clock))
        browsers = [await stack.enter_async_context(client_of(app)) for _ in range(4)]
        alice, bob, visitor = [Protagonist(browser) for browser in browsers[:3]]
        settings = app.state.settings
        supabase = await acreate_client(
            str(settings.supabase_url),
            settings.supabase_publishable_key.get_secret_value(),
            options=AsyncClientOptions(
                httpx_client=browsers[3],
                auto_refresh_token=False,
                persist_session=False,
                flow_type="implicit",
            ),
        )
        yield Story(app, clock, alice, bob, visitor, supabase)


@pytest.fixture(autouse=True)
def in_order(story: Story, request: pytest.FixtureRequest) -> Iterator[None]:
    """A chapter is only told when all those before it ended well."""
    name = str(request.node.name)
    number = int(name.split("_")[1])
    if number != len(story.told) + 1:
        last = story.told[-1] if story.told else "nothing"
        pytest.fail(f"the story broke off; told so far: {last}", pytrace=False)
    failures = request.session.testsfailed
    yield
    if request.session.testsfailed == failures:
        story.told.append(name)


async def test_01_alice_signs_up_and_is_asked_to_confirm_her_address(story: Story) -> None:
    answer = data_of(
        await story.alice.post(
            "/auth/signup",
            email=ALICE,
            password=PASSWORD,
            username="alice",
            name="Alice",
            timezone="Europe/Berlin",
        ),
        201,
    )

    assert answer["emailConfirmationRequired"] is True
    assert answer["session"] is None
    (email,) = await emails_to(story.app, ALICE)
    (link,) = email["links"]
    assert link.startswith("https://app.test/auth/verify-email?token=")
    story.confirmation_token = token_in(link)
    assert await count_rows(story.app, "users") == (0,)


async def test_02_before_that_she_cannot_log_in(story: Story) -> None:
    refused = await story.alice.post("/auth/login", email=ALICE, password=PASSWORD)

    assert_error(refused, 403, "email_not_confirmed")
    assert await count_rows(story.app, "users") == (0,)


async def test_03_the_link_of_the_email_confirms_her_address(story: Story) -> None:
    session = data_of(await story.alice.post("/auth/verify-email", token=story.confirmation_token))

    assert session["user"]["email"] == ALICE
    assert session["user"]["isEmailVerified"] is True
    again = await story.alice.post("/auth/verify-email", token=story.confirmation_token)
    assert_error(again, 400, "invalid_token")


async def test_04_she_logs_in_and_finds_the_profile_that_she_asked_for(story: Story) -> None:
    assert_error(await story.alice.get("/users/me"), 401, "not_authenticated")
    session = data_of(await story.alice.post("/auth/login", email=ALICE, password=PASSWORD))
    story.alice.takes_over(session["token"])
    story.alice.refresh_token = session["refreshToken"]

    profile = data_of(await story.alice.get("/users/me"))

    story.alice.id = profile["id"]
    assert profile["username"] == "alice"
    assert profile["timezone"] == "Europe/Berlin"
    assert profile["partnerDetails"] is None


async def test_05_she_invites_bob_who_has_no_account(story: Story) -> None:
    sent = data_of(
        await story.alice.post(
            "/partnerships/invite", email=BOB, name="Early birds", message="Shall we?"
        ),
        201,
    )

    assert sent["partnership"]["status"] == "pending_invite"
    assert sent["partnership"]["partner"] is None
    assert token_in(sent["inviteUrl"]), "she may pass the link on herself"
    assert_error(await story.alice.get("/partnerships/current"), 404, "no_active_partnership")


async def test_06_the_invitation_arrives_in_bobs_mailbox(story: Story) -> None:
    assert await emails_to(story.app, BOB) == []

    assert await story.deliver_emails() == 1

    (email,) = await emails_to(story.app, BOB)
    assert "Alice" in email["subject"]
    assert "Shall we?" in email["text"]
    invitation, *_ = [link for link in email["links"] if "invite_token=" in link]
    assert invitation.startswith("https://app.test/partner-invite/accept?")
    story.invitation_token = token_in(invitation)  # not that of the link which Alice may copy
    assert await story.deliver_emails() == 0


async def test_07_bob_looks_at_the_invitation_without_an_account(story: Story) -> None:
    preview = data_of(await story.bob.get(f"/partnerships/invite/{story.invitation_token}"))

    assert preview["inviter"]["username"] == "alice"
    assert preview["partnershipName"] == "Early birds"
    assert preview["message"] == "Shall we?"
    assert ALICE not in str(preview)
    accepting = await story.bob.post("/partnerships/invite/accept", token=story.invitation_token)
    assert_error(accepting, 401, "not_authenticated")


async def test_08_bob_signs_up_with_supabase_in_the_browser(story: Story) -> None:
    data = {"name": "Bob", "timezone": "Asia/Tokyo"}
    signed_up = await story.supabase.auth.sign_up(
        {"email": BOB, "password": PASSWORD, "options": {"data": data}}
    )

    assert signed_up.session is None
    newest, *_ = await emails_to(story.app, BOB)
    token = token_in(newest["links"][0])
    confirmed = await story.supabase.auth.verify_otp({"token_hash": token, "type": "email"})
    assert confirmed.session is not None
    assert await count_rows(story.app, "users") == (1,)


async def test_09_bobs_first_request_makes_a_profile_in_the_timezone_of_the_browser(
    story: Story,
) -> None:
    signed_in = await story.supabase.auth.sign_in_with_password(
        {"email": BOB, "password": PASSWORD}
    )
    assert signed_in.session is not None
    story.bob.takes_over(signed_in.session.access_token)
    story.bob.refresh_token = signed_in.session.refresh_token

    profile = data_of(await story.bob.get("/users/me"))

    assert signed_in.user is not None
    assert profile["id"] == signed_in.user.id
    assert profile["email"] == BOB
    assert profile["name"] == "Bob"
    assert profile["timezone"] == "Asia/Tokyo"
    assert profile["isEmailVerified"] is True
    story.bob.id = profile["id"]
    assert await count_rows(story.app, "users") == (2,)


async def test_10_carol_who_came_by_the_link_cannot_use_it(story: Story) -> None:
    data_of(await story.visitor.post("/auth/signup", email=CAROL, password=PASSWORD), 201)
    (email,) = await emails_to(story.app, CAROL)
    token = token_in(email["links"][0])
    session = data_of(await story.visitor.post("/auth/verify-email", token=token))
    story.visitor.takes_over(session["token"])

    refused = await story.visitor.post("/partnerships/invite/accept", token=story.invitation_token)

    assert_error(refused, 403, "invite_for_another_email")
    assert_error(await story.visitor.get("/partnerships/current"), 404, "no_active_partnership")


async def test_11_bob_accepts_and_they_are_partners(story: Story) -> None:
    accepted = data_of(
        await story.bob.post("/partnerships/invite/accept", token=story.invitation_token)
    )

    assert accepted["status"] == "active"
    hers = data_of(await story.alice.get("/partnerships/current"))
    his = data_of(await story.bob.get("/partnerships/current"))
    assert hers["id"] == his["id"] == accepted["id"]
    assert (hers["role"], his["role"]) == ("inviter", "invitee")
    assert (hers["partner"]["id"], his["partner"]["id"]) == (story.bob.id, story.alice.id)
    assert hers["partner"]["localTime"] == "2026-03-10T18:00:00+09:00"
    assert his["partner"]["localTime"] == "2026-03-10T10:00:00+01:00"
    again = await story.bob.post("/partnerships/invite/accept", token=story.invitation_token)
    assert_error(again, 404, "invite_not_found")


async def test_12_alice_is_told_and_nobody_else(story: Story) -> None:
    (notification,) = items_of(await story.alice.get("/notifications"))

    assert notification["type"] == "partnership_accepted"
    assert notification["actor"]["name"] == "Bob"
    assert notification["isRead"] is False
    assert await story.notifications_of(story.bob) == []
    assert await story.notifications_of(story.visitor) == []


async def test_13_alice_sets_a_goal_and_a_system_that_bob_shall_verify(story: Story) -> None:
    goal = data_of(await story.alice.post("/goals", title="Run a half marathon"), 201)
    system = data_of(
        await story.alice.post(
            "/systems",
            goalId=goal["id"],
            title="Run",
            frequency="daily",
            metricType="duration",
            targetValue=30,
            targetUnit="minutes",
            verificationRequired=True,
        ),
        201,
    )

    assert system["goalTitle"] == "Run a half marathon"
    assert system["verificationRequired"] is True
    story.goal_id, story.system_id = goal["id"], system["id"]


async def test_14_bob_can_look_at_it_and_carol_cannot(story: Story) -> None:
    for path in (f"/goals/{story.goal_id}", f"/systems/{story.system_id}"):
        assert data_of(await story.bob.get(path))["id"] in path
        assert (await story.visitor.get(path)).status_code == 404


async def test_15_alice_checks_in_and_it_waits_for_bob(story: Story) -> None:
    checkin = data_of(
        await story.alice.post(
            "/checkins", systemId=story.system_id, metricValueLogged=32, notes="Cold, but dry."
        ),
        201,
    )

    assert checkin["status"] == "pending_verification"
    assert checkin["localDate"] == "2026-03-10"
    assert checkin["verifiedByPartnerId"] is None
    story.checkin_id = checkin["id"]
    again = await story.alice.post("/checkins", systemId=story.system_id, metricValueLogged=1)
    assert_error(again, 409, "already_checked_in")


async def test_16_bob_is_told_and_finds_it_in_the_queue(story: Story) -> None:
    (notification,) = items_of(await story.bob.get("/notifications"))
    assert notification["type"] == "verification_requested"
    assert notification["target"]["id"] == story.checkin_id

    (waiting,) = items_of(await story.bob.get("/verifications/queue"))

    assert waiting["id"] == story.checkin_id
    assert waiting["owner"]["name"] == "Alice"
    assert waiting["system"]["title"] == "Run"
    assert waiting["notes"] == "Cold, but dry."
    assert items_of(await story.alice.get("/verifications/queue")) == []
    assert items_of(await story.visitor.get("/verifications/queue")) == []


async def test_17_alice_cannot_verify_it_herself_and_carol_does_not_find_it(story: Story) -> None:
    path, decision = f"/verifications/{story.checkin_id}/verify", "verified_completed"

    assert_error(await story.alice.post(path, decision=decision), 403, "cannot_verify_own")
    assert_error(await story.visitor.post(path, decision=decision), 404, "checkin_not_found")

    (checkin,) = items_of(await story.alice.get("/checkins"))
    assert checkin["status"] == "pending_verification"


async def test_18_bob_verifies_it_twenty_minutes_later_and_only_once(story: Story) -> None:
    story.clock.advance(minutes=20)
    path, decision = f"/verifications/{story.checkin_id}/verify", "verified_completed"

    verified = data_of(await story.bob.post(path, decision=decision))

    assert verified["status"] == "verified_completed"
    assert verified["verifiedByPartnerId"] == story.bob.id
    assert verified["verifiedAtUtc"] == "2026-03-10T09:20:00Z"
    assert items_of(await story.bob.get("/verifications/queue")) == []
    again = await story.bob.post(path, decision=decision)
    assert_error(again, 409, "not_awaiting_verification")


async def test_19_alice_sees_it_verified_and_is_told_once(story: Story) -> None:
    (checkin,) = items_of(await story.alice.get("/checkins"))
    assert checkin["status"] == "verified_completed"
    newest, *_ = items_of(await story.alice.get("/notifications"))
    assert newest["actor"]["name"] == "Bob"

    assert await story.notifications_of(story.alice) == ["checkin_verified", "partnership_accepted"]
    assert await story.notifications_of(story.bob) == ["verification_requested"]
    assert await story.notifications_of(story.visitor) == []


async def test_20_when_they_leave_their_sessions_end(story: Story) -> None:
    await story.supabase.auth.sign_out()
    left = await story.alice.http.post(f"{API}/auth/logout")

    assert left.status_code == 204
    refused = await story.alice.post("/auth/refresh", refreshToken=story.alice.refresh_token)
    assert_error(refused, 401, "not_authenticated")
    with pytest.raises(AuthApiError):
        await story.supabase.auth.refresh_session(story.bob.refresh_token)
