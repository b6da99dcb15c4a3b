"""Wrong keys, forged tokens and hostile input at the Supabase Auth stand-in."""

import base64
import json

import pytest

from app.local import supabase_auth
from tests.local.conftest import SECRET_KEY, StandIn, code_of

UUID_OF_NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_every_route_but_the_keys_needs_an_api_key(standin: StandIn) -> None:
    for method, path in [
        ("GET", "/health"),
        ("GET", "/settings"),
        ("POST", "/signup"),
        ("POST", "/token?grant_type=password"),
        ("GET", "/user"),
        ("GET", "/admin/users"),
    ]:
        for key in ("", "wrong", "sb_secret_tes"):
            answer = await standin.call(method, path, headers={"apikey": key})
            assert answer.status_code == 401, path
            assert "API key" in answer.json()["message"]
    assert (await standin.call("GET", "/health")).is_success
    assert (await standin.call("GET", "/settings")).json()["mailer_autoconfirm"] is False


async def test_admin_routes_need_the_secret_key_as_api_key_and_as_bearer(
    standin: StandIn, address: str
) -> None:
    user_id = await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    path = f"/admin/users/{user_id}"
    secret = {"apikey": SECRET_KEY}
    assert code_of(await standin.call("DELETE", path)) == (401, "no_authorization")
    assert code_of(await standin.call("DELETE", path, headers=secret)) == (401, "no_authorization")
    assert code_of(await standin.call("DELETE", path, token=SECRET_KEY)) == (403, "not_admin")
    as_user = await standin.call("DELETE", path, token=token, headers=secret)
    assert code_of(as_user) == (403, "not_admin")
    assert (await standin.admin("GET", f"/users/{user_id}")).is_success


def _reforged(token: str) -> list[str]:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = UUID_OF_NOBODY
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return [
        f"{header}.{other}.{signature}",
        f"{none}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature[:-4]}",
        f"{header}.{payload}.{'A' * 86}",
        "sb_publishable_test",
        "...",
        "x" * 20_000,
    ]


async def test_forged_tokens_are_refused(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    for forged in _reforged(token):
        answer = await standin.call("GET", "/user", token=forged)
        assert code_of(answer) == (403, "bad_jwt"), forged[:60]
    foreign = await supabase_auth.mint_token(
        standin.engine, issuer="http://elsewhere/auth/v1", now=standin.clock.now(), email=address
    )
    assert code_of(await standin.call("GET", "/user", token=foreign)) == (403, "bad_jwt")
    assert code_of(await standin.call("GET", "/user")) == (401, "no_authorization")


_RAW_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"data":' * 5_000,
    b'{"email":"a@example.com","password":"long enough","data":{"n":' + b"9" * 5_000 + b"}}",
    b'{"email":"a@example.com","password":"long enough","data":{"n":1e999}}',
    b'{"email":"a@example.com","password":"long enough","data":{"n":NaN}}',
    b'{"email":"a@example.com","password":"long enough","data":{"n":"\\u0000"}}',
    b'{"email":"a@example.com","password":"long enough","data":{"n":"\\ud800"}}',
    b'{"email":"a\\u0000@example.com","password":"\\u0000"}',
    b'{"refresh_token":"\\u0000"}',
    b'{"refresh_token":["x"]}',
    b'{"token_hash":{},"type":5}',
    b'{"token":"\xf0\x9f\x98\x80","email":"\xf0\x9f\x98\x80","type":"email"}',
    b'{"email":"' + b"a" * 500_000 + b'","password":"' + b"b" * 500_000 + b'","type":"signup"}',
    b'{"email":"' + b"a" * 2_000_000 + b'"}',
]


@pytest.mark.parametrize(
    "path",
    [
        "/signup",
        "/token?grant_type=password",
        "/token?grant_type=refresh_token",
        "/token?grant_type=pkce",
        "/token",
        "/verify",
        "/recover",
        "/resend",
    ],
)
async def test_hostile_bodies_are_refused_and_never_crash(standin: StandIn, path: str) -> None:
    for raw in _RAW_BODIES:
        answer = await standin.call("POST", path, content=raw)
        # `data` that nobody reads is no reason to refuse.
        ignored = path in ("/recover", "/resend") and b'"data"' in raw
        assert ignored or 400 <= answer.status_code < 500, (path, raw[:60])
        assert answer.is_success or answer.json()["error_code"], (path, raw[:60])


async def test_hostile_values_for_signed_in_users_and_admins_never_crash(
    standin: StandIn, address: str
) -> None:
    user_id = await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    secret = {"apikey": SECRET_KEY}
    for raw in _RAW_BODIES:
        answer = await standin.call("PUT", "/user", content=raw, token=token)
        assert answer.status_code < 500, raw[:60]
        for method, path in (("POST", "/users"), ("PUT", f"/users/{user_id}")):
            answer = await standin.call(
                method, f"/admin{path}", content=raw, token=SECRET_KEY, headers=secret
            )
            assert answer.status_code < 500, (method, raw[:60])
    for query in ("page=0", "page=-1", "per_page=x", "page=" + "9" * 5000, "per_page=%F0%9D%9F%98"):
        answer = await standin.admin("GET", f"/users?{query}")
        assert code_of(answer) == (400, "validation_failed"), query
    for bad_id in ("x", "%00", "1" * 3000):
        assert code_of(await standin.admin("GET", f"/users/{bad_id}")) == (404, "validation_failed")
    for duration in ("soon", "1", "-1h", "1h x", "9" * 40 + "h", "h"):
        answer = await standin.admin("PUT", f"/users/{user_id}", {"ban_duration": duration})
        assert code_of(answer) == (400, "validation_failed"), duration
    forever = {"ban_duration": "999999999h"}
    assert (await standin.admin("PUT", f"/users/{user_id}", forever)).is_success


async def test_unknown_routes_and_methods_are_json_errors(standin: StandIn) -> None:
    assert (await standin.call("GET", "/nothing")).json()["code"] == 404
    assert (await standin.call("DELETE", "/signup")).json()["code"] == 405
