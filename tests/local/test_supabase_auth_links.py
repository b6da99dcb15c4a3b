"""Links in e-mails, and changes of the user, at the Supabase Auth stand-in."""

import asyncio

from sqlalchemy import text

from tests.local.conftest import PASSWORD, MakeStandIn, StandIn, code_of


async def test_recover_and_resend_answer_alike_for_unknown_addresses(
    standin: StandIn, address: str
) -> None:
    await standin.confirmed_user(address)
    for path, body in [("/recover", {}), ("/resend", {"type": "signup"})]:
        known = await standin.call("POST", path, body | {"email": address})
        unknown = await standin.call("POST", path, body | {"email": f"un{address}"})
        assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
        assert (known.status_code, known.json()) == (200, {})
    assert [email.subject for email in await standin.emails_to(address)] == ["Reset your password"]
    assert await standin.emails_to(f"un{address}") == []


async def test_resend_writes_again_while_the_address_is_unconfirmed(
    standin: StandIn, address: str
) -> None:
    await standin.call("POST", "/signup", {"email": address, "password": PASSWORD})
    await standin.call("POST", "/resend", {"type": "signup", "email": address})
    assert len(await standin.emails_to(address)) == 2


async def test_reset_links_live_an_hour_and_confirmation_links_a_day(
    standin: StandIn, address: str
) -> None:
    await standin.call("POST", "/signup", {"email": address, "password": PASSWORD})
    confirmation = await standin.token_in_last_email(address)
    await standin.call("POST", "/recover", {"email": address})
    reset = await standin.token_in_last_email(address)
    standin.clock.advance(minutes=61)
    late = await standin.call("POST", "/verify", {"token_hash": reset, "type": "recovery"})
    assert code_of(late) == (403, "otp_expired")
    in_time = await standin.call("POST", "/verify", {"token_hash": confirmation, "type": "email"})
    assert in_time.is_success


async def test_a_link_works_only_for_its_own_purpose(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    await standin.call("POST", "/recover", {"email": address})
    link = await standin.token_in_last_email(address)
    for other in ("signup", "email_change", "invite"):
        answer = await standin.call("POST", "/verify", {"token_hash": link, "type": other})
        assert code_of(answer) == (403, "otp_expired")
    right = await standin.call("POST", "/verify", {"token_hash": link, "type": "recovery"})
    assert right.is_success


async def test_a_link_opened_twice_at_once_signs_in_once(standin: StandIn, address: str) -> None:
    await standin.call("POST", "/signup", {"email": address, "password": PASSWORD})
    body = {"token_hash": await standin.token_in_last_email(address), "type": "signup"}
    answers = await asyncio.gather(*(standin.call("POST", "/verify", body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 9


async def test_the_code_of_the_email_confirms_too(standin: StandIn, address: str) -> None:
    await standin.call("POST", "/signup", {"email": address, "password": PASSWORD})
    (email,) = await standin.emails_to(address)
    code = email.text.split("asked for one: ")[1][:6]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    body = {"type": "email", "email": address}
    assert code_of(await standin.call("POST", "/verify", body | {"token": wrong})) == (
        403,
        "otp_expired",
    )
    assert (await standin.call("POST", "/verify", body | {"token": code})).is_success


async def test_secrets_of_links_are_not_stored_readable(standin: StandIn, address: str) -> None:
    await standin.call("POST", "/signup", {"email": address, "password": PASSWORD})
    link = await standin.token_in_last_email(address)
    async with standin.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM auth.one_time_tokens"))).all()
        hashes = await connection.scalars(text("SELECT password_hash FROM auth.users"))
        assert all(stored.startswith("$argon2id$") for stored in hashes)
    assert rows
    assert link not in str(rows)


async def test_emails_to_one_address_keep_their_interval(
    make_standin: MakeStandIn, address: str
) -> None:
    standin = make_standin(email_interval_seconds=60)
    await standin.confirmed_user(address)
    assert (await standin.call("POST", "/recover", {"email": address})).is_success
    soon = await standin.call("POST", "/recover", {"email": address})
    assert code_of(soon) == (429, "over_email_send_rate_limit")
    assert 0 < int(soon.headers["Retry-After"]) <= 60
    standin.clock.advance(seconds=61)
    assert (await standin.call("POST", "/recover", {"email": address})).is_success
    assert len(await standin.emails_to(address)) == 2


async def test_too_many_requests_from_one_client_are_refused(
    make_standin: MakeStandIn, address: str
) -> None:
    standin = make_standin(requests_per_minute=3)
    answers = [await standin.call("POST", "/recover", {"email": address}) for _ in range(3)]
    assert all(answer.is_success for answer in answers)
    refused = await standin.call("POST", "/recover", {"email": address})
    assert code_of(refused) == (429, "over_request_rate_limit")
    standin.clock.advance(minutes=1)
    assert (await standin.call("POST", "/recover", {"email": address})).is_success


async def test_a_new_address_counts_once_it_is_confirmed(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    new = f"new.{address}"
    changed = await standin.call("PUT", "/user", {"email": new}, token=token)
    assert (changed.json()["email"], changed.json()["new_email"]) == (address, new)
    link = await standin.token_in_last_email(new)
    confirmed = await standin.call("POST", "/verify", {"token_hash": link, "type": "email_change"})
    assert confirmed.json()["user"]["email"] == new
    assert "new_email" not in confirmed.json()["user"]
    await standin.sign_in(new)


async def test_an_address_of_somebody_else_is_refused(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    await standin.confirmed_user(f"bob.{address}")
    token = (await standin.sign_in(address))["access_token"]
    taken = await standin.call("PUT", "/user", {"email": f"bob.{address}"}, token=token)
    assert code_of(taken) == (422, "email_exists")


async def test_users_change_their_metadata_but_not_the_apps(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    body = {"data": {"timezone": "Europe/Berlin", "email_verified": None}}
    changed = await standin.call("PUT", "/user", body, token=token)
    assert changed.json()["user_metadata"] == {"timezone": "Europe/Berlin"}
    refused = await standin.call("PUT", "/user", {"app_metadata": {"admin": True}}, token=token)
    assert code_of(refused) == (403, "not_admin")


async def test_a_changed_password_ends_pending_reset_links(standin: StandIn, address: str) -> None:
    await standin.confirmed_user(address)
    token = (await standin.sign_in(address))["access_token"]
    await standin.call("POST", "/recover", {"email": address})
    link = await standin.token_in_last_email(address)
    await standin.call("PUT", "/user", {"password": "battery staple"}, token=token)
    late = await standin.call("POST", "/verify", {"token_hash": link, "type": "recovery"})
    assert code_of(late) == (403, "otp_expired")
