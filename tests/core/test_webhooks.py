"""Standard Webhooks: whose message is believed, and whose is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.webhooks import SignedMessage, WebhookRefused, parse_secrets, verify
from tests.fakes.webhook_sender import KEY, OTHER_KEY, secret, signature

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
BODY = b'{"type":"UPDATE"}'


def signed(key: bytes = KEY, *, body: bytes = BODY, at: datetime = NOW, name: str = "1") -> str:
    return signature(body=body, at=at, message_id=name, key=key)


def message(at: datetime = NOW) -> SignedMessage:
    return SignedMessage(BODY, "1", str(int(at.timestamp())), signed(at=at))


def test_a_known_vector_of_the_specification_is_believed() -> None:
    """The example of the Standard Webhooks specification."""
    key = parse_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    example = SignedMessage(
        b'{"test": 2432232314}',
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )
    verify(example, keys=key, now=datetime.fromtimestamp(1614265330, UTC))


@pytest.mark.parametrize(
    "header",
    [
        signed(),
        f"{signed(OTHER_KEY)} {signed()}",
        f"{signed()} {signed(OTHER_KEY)}",
        f"{signed(OTHER_KEY)},{signed()}",
        f"{signed(OTHER_KEY)}, {signed()}",
        f"v1a,bm90IG91cnM= {signed()}",
        f"v1,not-base64! {signed()}",
    ],
)
def test_one_good_signature_among_several_is_enough(header: str) -> None:
    verify(replace(message(), signature=header), keys=[KEY], now=NOW)


def test_while_secrets_rotate_both_are_good() -> None:
    for key in (KEY, OTHER_KEY):
        verify(replace(message(), signature=signed(key)), keys=[OTHER_KEY, KEY], now=NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature": None},
        {"signature": ""},
        {"signature": "v1,"},
        {"signature": "v1"},
        {"signature": signed().removeprefix("v1,")},
        {"signature": signed().replace("v1,", "v2,")},
        {"signature": signed(OTHER_KEY)},
        {"signature": signed(body=BODY + b" ")},
        {"signature": signed(name="2")},
        {"signature": signed(at=NOW + timedelta(seconds=1))},
        {"signature": " ".join([signed(OTHER_KEY)] * 10_000 + [signed()])},
        {"signature": "v1,\x00é"},
        {"message_id": None},
        {"message_id": ""},
        {"message_id": "é"},
        {"message_id": "1" * 1000},
        {"timestamp": None},
        {"timestamp": ""},
        {"timestamp": "now"},
        {"timestamp": "nan"},
        {"timestamp": "-1"},
        {"timestamp": "1e9"},
        {"timestamp": "٣"},
        {"timestamp": "9" * 5000},
    ],
)
def test_everything_else_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WebhookRefused):
        verify(replace(message(), **wrong), keys=[KEY], now=NOW)


def test_without_a_key_nothing_is_believed() -> None:
    with pytest.raises(WebhookRefused):
        verify(message(), keys=[], now=NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_good(seconds: int) -> None:
    verify(message(NOW + timedelta(seconds=seconds)), keys=[KEY], now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_either_way_are_refused(seconds: int) -> None:
    with pytest.raises(WebhookRefused):
        verify(message(NOW + timedelta(seconds=seconds)), keys=[KEY], now=NOW)


@pytest.mark.parametrize(
    "written",
    [
        f"v1,{secret(KEY)},v1,{secret(OTHER_KEY)}",
        f"{secret(KEY)},{secret(OTHER_KEY)}",
        f"v1,{secret(KEY)}, {secret(OTHER_KEY)}\n",
        f"{secret(KEY).rstrip('=')} v1,{secret(OTHER_KEY)}",
    ],
)
def test_secrets_are_read_as_supabase_writes_them(written: str) -> None:
    assert parse_secrets(written) == (KEY, OTHER_KEY)


@pytest.mark.parametrize("written", ["", "v1", "secret", "whsec_", "whsec_!!!", "whsec_c2hvcnQ="])
def test_a_wrong_secret_is_explained_but_not_repeated(written: str) -> None:
    with pytest.raises(ValueError, match=r"whsec_|bytes") as refused:
        parse_secrets(written)
    assert "c2hvcnQ" not in str(refused.value)
