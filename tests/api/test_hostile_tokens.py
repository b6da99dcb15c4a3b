"""The corpus of hostile tokens over HTTP: each is refused with 401, and nothing is written."""

from collections.abc import Sequence
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.clients.supabase_auth import SupabaseUser
from app.local.auth_schema import load_signing_key
from app.services.account_service import AccountService
from tests.conftest import MakeApp
from tests.core.hostile_tokens import hostile_tokens, legitimate_tokens
from tests.core.token_maker import USER_ID, TokenMaker
from tests.factories import API
from tests.support import FrozenClock, assert_error, data_of, rows

SECRET = "a-legacy-shared-secret-of-40-characters!"
EMAIL = "alice@example.com"
Header = tuple[str, str | bytes]


async def get_me(app: FastAPI, *headers: Header) -> httpx.Response:
    """Headers go out as they are: also twice, and in bytes that no client would send."""
    sent = [
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in headers
    ]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as browser:
        return await browser.get(f"{API}/users/me", headers=sent)


async def with_token(app: FastAPI, token: str) -> httpx.Response:
    return await get_me(app, ("Authorization", f"Bearer {token}".encode("utf-8", "surrogatepass")))


async def maker_for(app: FastAPI, clock: FrozenClock) -> TokenMaker:
    """Signs with the very key that the application trusts, for a user who has a profile.

    So whatever gets past the verification is answered with 200.
    """
    async with app.state.database.engine.connect() as connection:
        key = await load_signing_key(connection)
    async with app.state.database.session() as session:
        accounts = AccountService(session=session, clock=clock, auth=app.state.auth)
        await accounts.synchronise(SupabaseUser(UUID(USER_ID), EMAIL, clock.now(), {}))
    url = str(app.state.settings.supabase_url).rstrip("/")
    return TokenMaker(key=key.private_key, kid=key.kid, issuer=f"{url}/auth/v1", now=clock.now())


async def everything(app: FastAPI) -> Sequence[object]:
    return [await rows(app, f"SELECT * FROM {table}") for table in ("users", "user_timezones")]


def assert_refused(answer: httpx.Response) -> None:
    assert_error(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("secret", [None, SECRET], ids=["keys only", "with the legacy secret"])
async def test_every_hostile_token_is_refused_and_leaves_no_trace(
    app: FastAPI, make_app: MakeApp, clock: FrozenClock, secret: str | None
) -> None:
    target = app if secret is None else await make_app(supabase_jwt_secret=secret)
    maker = await maker_for(target, clock)
    before = await everything(target)
    corpus = hostile_tokens(
        key=maker.key, kid=maker.kid, issuer=maker.issuer, now=clock.now(), shared_secret=secret
    )
    assert len(corpus) > 200

    let_in = []
    for name, token in corpus:
        if token != token.strip():
            continue  # white space around a header's value is HTTP's own, and harmless
        answer = await with_token(target, token)
        if (answer.status_code, answer.headers.get("www-authenticate")) != (401, "Bearer"):
            let_in.append((name, answer.status_code))

    assert let_in == []
    assert await everything(target) == before


async def test_their_neighbours_on_the_right_side_are_let_in(
    app: FastAPI, clock: FrozenClock
) -> None:
    maker = await maker_for(app, clock)

    for name, token in legitimate_tokens(maker):
        assert data_of(await with_token(app, token))["id"] == USER_ID, name


async def test_a_good_token_of_nobody_makes_no_profile(app: FastAPI, clock: FrozenClock) -> None:
    maker = await maker_for(app, clock)
    before = await everything(app)

    answer = await with_token(app, maker.token(sub="0e2d0f43-0c5a-4c0e-8f5a-5d0f4f6f1c9b"))

    assert_refused(answer)
    assert await everything(app) == before


async def test_without_a_token_nobody_is_let_in(app: FastAPI) -> None:
    assert_refused(await get_me(app))


@pytest.mark.parametrize(
    "template",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "{token}",
        "Basic {token}",
        "Token {token}",
        "JWT {token}",
        "Bearer: {token}",
        "Bearer={token}",
        "Bearer,{token}",
        "Bearer Bearer {token}",
        'Bearer "{token}"',
        "Bearer {token} {token}",
        "Bearer {token}, Bearer {token}",
        "\xa0Bearer {token}",
    ],
)
async def test_a_good_token_in_a_wrong_header_is_refused(
    app: FastAPI, clock: FrozenClock, template: str
) -> None:
    token = (await maker_for(app, clock)).token()

    assert_refused(await get_me(app, ("Authorization", template.format(token=token))))


@pytest.mark.parametrize("good_first", [True, False])
async def test_two_authorization_headers_are_one_too_many(
    app: FastAPI, clock: FrozenClock, good_first: bool
) -> None:
    maker = await maker_for(app, clock)
    pair = [maker.token(), maker.token(role="service_role")]
    if not good_first:
        pair.reverse()

    answer = await get_me(app, *[("Authorization", f"Bearer {token}") for token in pair])

    assert_refused(answer)


@pytest.mark.parametrize(
    "name", ["X-Authorization", "Proxy-Authorization", "Authentication", "X-Forwarded-User"]
)
async def test_a_token_counts_in_its_own_header_only(
    app: FastAPI, clock: FrozenClock, name: str
) -> None:
    token = (await maker_for(app, clock)).token()

    assert_refused(await get_me(app, (name, f"Bearer {token}")))
    assert_refused(await get_me(app, ("Cookie", f"access_token={token}; sb-access-token={token}")))


async def test_a_token_in_the_address_does_not_count(app: FastAPI, clock: FrozenClock) -> None:
    token = (await maker_for(app, clock)).token()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as browser:
        answer = await browser.get(f"{API}/users/me", params={"access_token": token})

    assert_refused(answer)
