"""Settings: every problem at once, nothing local in production, no secret in any message."""

import re
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app.core.config import (
    Environment,
    Settings,
    SettingsError,
    load_database_target,
    load_settings,
    parse_database_url,
)
from app.schemas.email_event_schemas import EmailEventKind
from tests.core.configuring import load, problems

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("empty_environment")


def test_complete_settings_load_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.environment is Environment.PRODUCTION
    assert settings.allowed_origins == ("https://app.example.com",)
    assert settings.docs_enabled is False
    assert settings.frontend_link("/x") == "https://app.example.com/x"


def test_every_wrong_setting_is_listed_at_once_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = problems(
        monkeypatch,
        DATABASE_URL="mysql://app:s3cret-db@db/duotrak",
        DATABASE_POOL_SIZE="0",
        SUPABASE_URL="not an address",
        SUPABASE_JWT_SECRET="s3cret-short",
        ENVIRONMENT="prodction",
        EMAIL_MODE="pigeon",
        LOG_LEVEL="CHATTY",
        SUPABASE_TIMEOUT_SECONDS="soon",
    )
    by_name = {line.partition(":")[0]: line for line in found}
    assert set(by_name) == {
        "DATABASE_URL",
        "DATABASE_POOL_SIZE",
        "SUPABASE_URL",
        "SUPABASE_JWT_SECRET",
        "ENVIRONMENT",
        "EMAIL_MODE",
        "LOG_LEVEL",
        "SUPABASE_TIMEOUT_SECONDS",
    }
    assert "postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in by_name["DATABASE_URL"]
    assert "greater than or equal to 1" in by_name["DATABASE_POOL_SIZE"]
    assert "'production'" in by_name["ENVIRONMENT"]
    assert "'resend'" in by_name["EMAIL_MODE"]
    assert "32" in by_name["SUPABASE_JWT_SECRET"]


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_deployment_refuses_everything_that_is_only_for_development_at_once(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems(
        monkeypatch,
        ENVIRONMENT=environment,
        SUPABASE_URL="http://127.0.0.1:8000/_local/supabase",
        EMAIL_MODE="mailbox",
        FRONTEND_URL="http://app.example.com",
        CORS_ORIGINS="https://a.example.com, *",
    )
    text = "\n".join(found)
    assert len(found) >= 5
    assert "SUPABASE_URL: the local stand-in cannot be used" in text
    assert "SUPABASE_URL: expected an https address" in text
    assert "EMAIL_MODE: `mailbox` is for local mode" in text
    assert "FRONTEND_URL: expected an https address" in text
    assert "CORS_ORIGINS: expected exact origins" in text
    assert environment in text


def test_a_deployment_needs_the_clients_address_and_a_key_for_sending_e_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = problems(monkeypatch, FRONTEND_URL=None, RESEND_API_KEY=None)
    assert [line.partition(":")[0] for line in found] == ["RESEND_API_KEY", "FRONTEND_URL"]


def test_without_an_environment_the_strict_one_applies(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems(monkeypatch, ENVIRONMENT=None, FRONTEND_URL="http://app.example.com")
    assert found == ["FRONTEND_URL: expected an https address in `production`"]


def test_development_is_lenient_and_allows_its_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        ENVIRONMENT="local",
        SUPABASE_URL="http://127.0.0.1:8000/_local/supabase",
        EMAIL_MODE="mailbox",
        FRONTEND_URL=None,
        CORS_ORIGINS="https://one.example.com/, https://two.example.com",
    )
    assert settings.uses_local_supabase
    assert settings.docs_enabled
    assert settings.allowed_origins == (
        "http://localhost:3000",
        "https://one.example.com",
        "https://two.example.com",
        "http://127.0.0.1:3000",
    )


def test_no_secret_is_in_any_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, SUPABASE_JWT_SECRET="s3cret" * 6)
    shown = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    assert all("s3cret" not in text for text in shown)
    secrets = {name for name, value in settings if isinstance(value, SecretStr)}
    assert secrets >= {"database_url", "supabase_secret_key", "resend_api_key"}


def test_blank_values_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, SUPABASE_JWT_SECRET="", ENABLE_DOCS="", CORS_ORIGINS="")
    assert settings.supabase_jwt_secret is None
    assert settings.enable_docs is None
    assert settings.cors_origins == ()


def test_the_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nDATABASE_POOL_SIZE=7\nUNKNOWN=1\n")
    settings = load(monkeypatch, LOG_LEVEL="ERROR")
    assert (settings.log_level, settings.database_pool_size) == ("ERROR", 7)


NORMALISED = [
    ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h:5432/d"),
    ("postgresql://u:p@h:5433/d", "postgresql+asyncpg://u:p@h:5433/d"),
    ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h:5432/d"),
    ("  postgresql://u@h/d\n", "postgresql+asyncpg://u@h:5432/d"),
    ("postgresql://h/d", "postgresql+asyncpg://h:5432/d"),
    (
        "postgres://u:p%40ss%2Fw%3Aord%23%3F@h/d",
        "postgresql+asyncpg://u:p%40ss%2Fw%3Aord%23%3F@h:5432/d",
    ),
    ("postgres://u:p@ss@h/d", "postgresql+asyncpg://u:p%40ss@h:5432/d"),
    ("postgres://u:100%25@h/d", "postgresql+asyncpg://u:100%25@h:5432/d"),
    ("postgres://postgres.ref:p+q@h/d", "postgresql+asyncpg://postgres.ref:p%2Bq@h:5432/d"),
    ("postgres://u:p@[::1]:5433/d", "postgresql+asyncpg://u:p@[::1]:5433/d"),
    ("postgres://u:p@[2001:db8::1]/d", "postgresql+asyncpg://u:p@[2001:db8::1]:5432/d"),
    (
        "postgresql:///d?host=/var/run/postgresql",
        "postgresql+asyncpg:///d?host=/var/run/postgresql",
    ),
    (
        "postgresql://u@/d?host=/var/run/postgresql&port=5433",
        "postgresql+asyncpg://u@/d?host=/var/run/postgresql&port=5433",
    ),
    ("postgres://u:p@h/d?sslmode=require&application_name=x", "postgresql+asyncpg://u:p@h:5432/d"),
]


@pytest.mark.parametrize(("given", "normalised"), NORMALISED)
def test_database_urls_are_normalised_for_asyncpg(given: str, normalised: str) -> None:
    assert parse_database_url(given).url == normalised


@pytest.mark.parametrize("password", ["p@:/?#[]%&=+ ü'\"\\", "100%", "%41"])
def test_a_password_reaches_the_driver_as_it_is(password: str) -> None:
    target = parse_database_url(f"postgres://user:{quote(password, safe='')}@h/d")
    assert make_url(target.url).password == password


@pytest.mark.parametrize(
    "given",
    [
        "",
        "postgres://",
        "mysql://u:s3cret@h/d",
        "postgresql+psycopg://u:s3cret@h/d",
        "postgresql://u:s3cret@h",
        "postgresql://u:s3cret@h:notaport/d",
        "postgresql://u:s3cret@h:99999/d",
        "postgresql://u:s3#cret@h/d",
        "postgresql://u:s3cret@[::1/d",
        "postgresql://u:s3cret@h/d?sslmode=maybe",
        "h:5432/d",
    ],
)
def test_what_is_no_database_url_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(ValueError, match="expected") as refusal:
        parse_database_url(given)
    assert "s3" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("host", "query", "encrypted", "verified"),
    [
        ("db.example.com", "", True, "hostname"),
        ("db.example.com", "?sslmode=verify-full", True, "hostname"),
        ("db.example.com", "?sslmode=verify-ca", True, "certificate"),
        ("db.example.com", "?sslmode=require", True, "nothing"),
        ("db.example.com", "?ssl=true", True, "nothing"),
        ("db.example.com", "?sslmode=prefer", False, ""),
        ("db.example.com", "?sslmode=disable", False, ""),
        ("localhost", "", False, ""),
        ("127.0.0.1", "", False, ""),
        ("[::1]", "", False, ""),
        ("127.0.0.1", "?sslmode=require", True, "nothing"),
    ],
)
def test_tls_is_verified_for_other_machines_unless_told_otherwise(
    host: str, query: str, encrypted: bool, verified: str
) -> None:
    context = parse_database_url(f"postgres://u:p@{host}/d{query}").ssl
    if not encrypted:
        assert context is False
        return
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname == (verified == "hostname")
    assert (context.verify_mode == ssl.CERT_REQUIRED) == (verified != "nothing")


def test_the_transaction_pooler_is_known_by_its_port_and_gets_no_cached_statements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    direct = parse_database_url("postgres://u:p@h:5432/d")
    pooled = parse_database_url("postgres://u:p@h:6543/d")
    off = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    assert pooled.transaction_pooling
    assert off.items() <= pooled.connect_args.items()
    assert not direct.transaction_pooling
    assert not off.keys() & direct.connect_args.keys()

    told = load(monkeypatch, DATABASE_TRANSACTION_POOLING="true").database
    assert told.transaction_pooling
    assert off.items() <= told.connect_args.items()
    monkeypatch.setenv("DATABASE_TRANSACTION_POOLING", "false")
    not_a_pooler = load(monkeypatch, DATABASE_URL="postgres://u:p@h:6543/d").database
    assert not not_a_pooler.transaction_pooling


def test_behind_a_transaction_pooler_another_connection_can_be_named_for_listening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pooled, direct = "postgres://u:p@h:6543/d", "postgres://u:s3cret@direct:5432/d"
    assert load(monkeypatch, DATABASE_URL=pooled).direct_database.transaction_pooling

    settings = load(monkeypatch, DATABASE_URL=pooled, DATABASE_DIRECT_URL=direct)

    assert settings.database.transaction_pooling
    assert not settings.direct_database.transaction_pooling
    assert settings.direct_database.url == "postgresql+asyncpg://u:s3cret@direct:5432/d"
    assert "s3cret" not in repr(settings)
    blank = load(monkeypatch, DATABASE_URL=pooled, DATABASE_DIRECT_URL="")
    assert blank.direct_database.url == blank.database.url


@pytest.mark.parametrize("wrong", ["postgres://u:s3cret@h:6543/d", "mysql://u:s3cret@h/d"])
def test_what_cannot_listen_is_refused_as_the_direct_connection(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = problems(monkeypatch, DATABASE_DIRECT_URL=wrong)
    assert line.startswith("DATABASE_DIRECT_URL: expected")


def test_migrations_need_only_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL: required"):
        load_database_target()
    monkeypatch.setenv("DATABASE_URL", "mysql://u:s3cret@h/d")
    with pytest.raises(SettingsError, match="DATABASE_URL: expected postgresql") as refusal:
        load_database_target()
    assert "s3cret" not in str(refusal.value)
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@h/d")
    assert load_database_target().url == "postgresql+asyncpg://u:p@h:5432/d"


def documented_settings() -> dict[str, str]:
    """What `.env.example` says of each setting, in one line."""
    blocks = (ROOT / ".env.example").read_text().split("\n\n")
    documented: dict[str, str] = {}
    for block in blocks:
        lines = [line for line in block.splitlines() if not line.startswith("# ---")]
        names = [match[1] for line in lines if (match := re.match(r"([A-Z_]+)=", line))]
        comments = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
        documented |= dict.fromkeys(names, " ".join(comments))
    return documented


def test_env_example_documents_exactly_the_settings_that_exist() -> None:
    documented = documented_settings()

    assert set(documented) == {name.upper() for name in Settings.model_fields}
    assert [name for name, comment in documented.items() if len(comment) < 13] == []
    assert "s3cret" not in str(documented)


def test_env_example_loads_and_readme_names_every_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    readme = (ROOT / "README.md").read_text()

    assert load_settings().environment is Environment.PRODUCTION
    assert [name for name in documented_settings() if f"`{name}`" not in readme] == []


def test_env_example_names_every_event_that_is_noted() -> None:
    said = documented_settings()["RESEND_WEBHOOK_SECRET"]

    assert [kind.value for kind in EmailEventKind if kind.value not in said] == []
