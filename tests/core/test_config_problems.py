"""An operator mends a deployment in one go: all that can be said of the settings is said."""

from pathlib import Path

import pytest

from app.core.config import SettingsError, load_settings
from tests.core.configuring import COMPLETE, load, problems

pytestmark = pytest.mark.usefixtures("empty_environment")


def named(lines: list[str]) -> set[str]:
    return {line.partition(":")[0] for line in lines}


def test_every_missing_setting_is_listed_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings()

    assert named(refusal.value.problems) == COMPLETE.keys() - {"ENVIRONMENT"}
    assert len(refusal.value.problems) == len(COMPLETE) - 1
    assert all("required" in line for line in refusal.value.problems)


def test_what_is_wrong_with_one_setting_does_not_hide_what_contradicts_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = problems(
        monkeypatch,
        DATABASE_POOL_SIZE="0",
        SUPABASE_SECRET_KEY=None,
        EMAIL_MODE="mailbox",
        FRONTEND_URL="http://app.example.com",
        PUBLIC_API_URL="nowhere",
        CORS_ORIGINS="*",
    )

    assert [line.partition(":")[0] for line in found] == [
        "DATABASE_POOL_SIZE",
        "PUBLIC_API_URL",
        "SUPABASE_SECRET_KEY",
        "EMAIL_MODE",
        "FRONTEND_URL",
        "CORS_ORIGINS",
    ]


@pytest.mark.parametrize("name", ["ENVIRONMENT", "EMAIL_MODE"])
def test_nothing_is_concluded_from_a_setting_that_is_wrong(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ("FRONTEND_URL", "http://a.test") if name == "ENVIRONMENT" else ("EMAIL_FROM", None)

    found = problems(monkeypatch, **{name: "prodction"}, **dict([other]))

    assert named(found) == {name}


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_deployment_that_sends_e_mail_says_from_whom(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = problems(monkeypatch, ENVIRONMENT=environment, EMAIL_FROM=None)
    monkeypatch.delenv("RESEND_API_KEY")
    silent = load(monkeypatch, ENVIRONMENT=environment, EMAIL_MODE="off", EMAIL_FROM=None)

    assert line.startswith("EMAIL_FROM: required while EMAIL_MODE is `resend`")
    assert silent.email_mode == "off"


def test_elsewhere_there_is_a_sender_for_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "duotrak" in load(monkeypatch, ENVIRONMENT="test", EMAIL_FROM=None).email_from


@pytest.mark.parametrize(
    "given",
    ["hello@example.com", "DuoTrak <hello@example.com>", '"Duo, Trak" <a.b+c@mail.example.co.uk>'],
)
def test_the_sender_is_a_mailbox(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, EMAIL_FROM=given).email_from == given


@pytest.mark.parametrize(
    "given",
    [
        "no address",
        "DuoTrak",
        "hello@localhost",
        "DuoTrak hello@example.com",
        "DuoTrak <hello@example.com",
        "Duo, Trak <hello@example.com>",
        "a@example.com, b@example.com",
        "<hello @example.com>",
        "DuoTrak <hello@example.com>\r\nBcc: x@example.com",
        "DuoTrak <@example.com>",
    ],
)
def test_what_is_no_mailbox_is_no_sender(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(monkeypatch, EMAIL_FROM=given)

    (line,) = refusal.value.problems
    assert line.startswith("EMAIL_FROM: expected one address such as ")


@pytest.mark.parametrize(
    "given",
    [
        "https://app.example.com",
        "http://localhost:3000",
        "https://[::1]:3000/",
        "capacitor://localhost",
        "HTTPS://App.Example.com",
    ],
)
def test_an_origin_has_a_scheme_and_a_host(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(monkeypatch, CORS_ORIGINS=given).cors_origins

    assert found == (given.rstrip("/").lower(),)  # as browsers write it


@pytest.mark.parametrize(
    "given",
    [
        "app.example.com",
        "localhost:3000",
        "https://",
        "https://app.example.com/path",
        "https://app.example.com:port",
        "https://app.example.com?x",
        "https://user@app.example.com",
        "https://*.example.com",
        "https://good.example.com, app.example.com",
        "https://a.example.com https://b.example.com",
    ],
)
def test_what_no_browser_sends_is_no_origin(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems(monkeypatch, CORS_ORIGINS=given)

    assert line.startswith("CORS_ORIGINS: expected origins such as https://app.example.com")


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_DIRECT_URL"])
def test_a_root_certificate_that_cannot_be_read_is_a_problem_of_the_address(
    name: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_certificate = tmp_path / "root.pem"
    no_certificate.write_text("s3cret")
    for path in (tmp_path / "nope", tmp_path, no_certificate):
        address = f"postgresql://app:s3cret-db@db/d?sslmode={mode}&sslrootcert={path}"

        (line,) = problems(monkeypatch, **{name: address})

        assert line.startswith(f"{name}: sslrootcert: expected the path of a file with certific")
