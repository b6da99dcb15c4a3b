"""Typed settings from environment variables and `.env` (Specification §1.3).

All problems are collected and reported at once, so that an operator fixes a deployment in one go.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.setting_formats import parse_origins, require_mailbox
from app.core.webhooks import parse_secrets

TRANSACTION_POOLER_PORT = 6543
LOCAL_SUPABASE_PATH = "/_local/supabase"
DEVELOPMENT_ORIGINS = ("http://localhost:3000", "http://127.0.0.1:3000")


class Environment(StrEnum):
    LOCAL = "local"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"

    @property
    def is_deployed(self) -> bool:
        return self in (Environment.STAGING, Environment.PRODUCTION)


class EmailMode(StrEnum):
    RESEND = "resend"
    MAILBOX = "mailbox"
    OFF = "off"


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class SettingsError(Exception):
    """Settings are missing or wrong. `problems` has one line for each, with what is expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """Where the database is, in the form that SQLAlchemy's asyncpg dialect takes."""

    url: str
    ssl: ssl.SSLContext | bool
    transaction_pooling: bool

    @property
    def connect_args(self) -> dict[str, Any]:
        """Arguments for `asyncpg.connect`.

        Behind a transaction pooler a prepared statement may meet another server connection than
        the one that prepared it, and then returns wrong rows: both caches are off there.
        """
        arguments: dict[str, Any] = {"ssl": self.ssl, "timeout": 5}
        if self.transaction_pooling:
            arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
        return arguments


class Settings(BaseSettings):
    """Every setting of the service. `.env.example` documents each for operators."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    environment: Environment = Environment.PRODUCTION
    database_url: SecretStr
    database_direct_url: SecretStr | None = None
    database_transaction_pooling: bool | None = None
    database_pool_size: int = Field(default=20, ge=1, le=200)
    frontend_url: HttpUrl = HttpUrl("http://localhost:3000")
    public_api_url: HttpUrl = HttpUrl("http://127.0.0.1:8000")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    supabase_url: HttpUrl
    supabase_publishable_key: SecretStr
    supabase_secret_key: SecretStr
    supabase_jwt_secret: SecretStr | None = Field(default=None, min_length=32)
    supabase_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    local_storage_dir: Path | None = None
    supabase_webhook_secrets: SecretStr | None = None

    rate_limits: bool = True
    auth_answer_step_seconds: float = Field(default=1.0, ge=0, le=10)

    email_mode: EmailMode = EmailMode.RESEND
    email_from: str = "DuoTrak <hello@duotrak.app>"
    resend_api_key: SecretStr | None = None
    resend_webhook_secret: SecretStr | None = None
    email_link_secret: SecretStr | None = Field(default=None, min_length=32)

    gemini_api_key: SecretStr | None = None
    gemini_model: str = Field(default="gemini-3.5-flash-lite", pattern=r"^[A-Za-z0-9._/-]{1,100}$")
    gemini_timeout_seconds: float = Field(default=20.0, gt=0, le=120)
    gemini_max_concurrency: int = Field(default=20, ge=1, le=200)
    gemini_api_endpoint: HttpUrl = HttpUrl("https://generativelanguage.googleapis.com")

    background_jobs: bool = True
    job_heartbeat_seconds: float = Field(default=30.0, ge=1, le=600)

    enable_docs: bool | None = None
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: LogFormat = LogFormat.JSON

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return parse_origins(value) if isinstance(value, str) else value

    @field_validator("email_from")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        return require_mailbox(value)

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_database_url(value.get_secret_value())
        return value

    @field_validator("supabase_webhook_secrets", "resend_webhook_secret")
    @classmethod
    def _are_webhook_secrets(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_secrets(value.get_secret_value())
        return value

    @property
    def webhook_keys(self) -> tuple[bytes, ...]:
        """What Supabase signs its webhooks with; empty when they are not set up."""
        secrets = self.supabase_webhook_secrets
        return parse_secrets(secrets.get_secret_value()) if secrets else ()

    @property
    def resend_webhook_keys(self) -> tuple[bytes, ...]:
        """What Resend signs its webhooks with; empty when they are not set up."""
        secrets = self.resend_webhook_secret
        return parse_secrets(secrets.get_secret_value()) if secrets else ()

    @property
    def email_links_secret(self) -> str:
        """What the links in e-mails that act without a login are signed with."""
        return (self.email_link_secret or self.supabase_secret_key).get_secret_value()

    @property
    def database(self) -> DatabaseTarget:
        target = parse_database_url(self.database_url.get_secret_value())
        if self.database_transaction_pooling is None:
            return target
        return DatabaseTarget(target.url, target.ssl, self.database_transaction_pooling)

    @property
    def direct_database(self) -> DatabaseTarget:
        """Where to listen: the same database, not through a transaction pooler if that is known."""
        if self.database_direct_url is None:
            return self.database
        return parse_database_url(self.database_direct_url.get_secret_value())

    @property
    def docs_enabled(self) -> bool:
        """Docs are on while developing and off in a deployment, unless `ENABLE_DOCS` says so."""
        return not self.environment.is_deployed if self.enable_docs is None else self.enable_docs

    @property
    def metrics_enabled(self) -> bool:
        """In a deployment only behind a token; on the developer's machine without one, too."""
        return self.metrics_token is not None or self.environment is Environment.LOCAL

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        own = str(self.frontend_url).rstrip("/")
        development = () if self.environment.is_deployed else DEVELOPMENT_ORIGINS
        return tuple(dict.fromkeys((own, *self.cors_origins, *development)))

    @property
    def uses_local_supabase(self) -> bool:
        return (self.supabase_url.path or "").rstrip("/").endswith(LOCAL_SUPABASE_PATH)

    def frontend_link(self, path: str) -> str:
        """An absolute link into the client; `path` starts with a slash."""
        return str(self.frontend_url).rstrip("/") + path

    @property
    def notification_settings_link(self) -> str:
        """Where the client shows what can be switched off."""
        return self.frontend_link("/settings/notifications")


def load_settings(**overrides: Any) -> Settings:
    """Read and check the settings. Raises SettingsError with every problem found."""
    problems: list[str] = []
    wrong: set[str] = set()
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        problems += [_describe(problem) for problem in error.errors()]
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        # To look at the others as well; of these nothing is said beyond that they are wrong.
        settings = Settings(**overrides | {name: _in_place_of(name) for name in wrong})
    problems += [line for names, line in _contradictions(settings) if not names & wrong]
    if problems:
        raise SettingsError(problems)
    return settings


_IN_PLACE_OF_REQUIRED = {
    "database_url": "postgresql://nobody@127.0.0.1/none",
    "supabase_url": "https://project.supabase.example",
    "supabase_publishable_key": "none",
    "supabase_secret_key": "none",
}


def _in_place_of(name: str) -> Any:
    """A value that is accepted."""
    return _IN_PLACE_OF_REQUIRED.get(name, Settings.model_fields[name].default)


def _contradictions(settings: Settings) -> Iterator[tuple[set[str], str]]:
    """What is wrong with several settings together: which they are, and a line for operators."""
    if settings.email_mode is EmailMode.RESEND and settings.resend_api_key is None:
        yield (
            {"email_mode", "resend_api_key"},
            "RESEND_API_KEY: required while EMAIL_MODE is `resend` (or set EMAIL_MODE to `off`)",
        )
    if settings.database_direct_url is not None and settings.direct_database.transaction_pooling:
        yield (
            {"database_direct_url"},
            "DATABASE_DIRECT_URL: expected a direct or session-mode connection, not port 6543",
        )
    if settings.environment.is_deployed:
        for names, line in _unfit_for_deployment(settings):
            yield {"environment", *names.split()}, line


def _unfit_for_deployment(settings: Settings) -> Iterator[tuple[str, str]]:
    """The same, of what is only wrong in staging and production."""
    place = settings.environment.value
    if settings.uses_local_supabase:
        line = f"SUPABASE_URL: the local stand-in cannot be used when ENVIRONMENT is `{place}`"
        yield "supabase_url", line
    if settings.email_mode is EmailMode.MAILBOX:
        line = f"EMAIL_MODE: `mailbox` is for local mode; expected `resend` or `off` in `{place}`"
        yield "email_mode", line
    if settings.email_mode is EmailMode.RESEND and "email_from" not in settings.model_fields_set:
        line = "EMAIL_FROM: required while EMAIL_MODE is `resend`; expected the sender's address"
        yield "email_mode email_from", line
    addresses = {"frontend_url": "the client", "public_api_url": "this API"}
    for name, whose in addresses.items():
        if name not in settings.model_fields_set:
            line = f"{name.upper()}: required in `{place}`; expected the https address of {whose}"
            yield name, line
    for name in (*addresses, "gemini_api_endpoint", "supabase_url"):
        if name in settings.model_fields_set and getattr(settings, name).scheme != "https":
            yield name, f"{name.upper()}: expected an https address in `{place}`"
    if "*" in settings.cors_origins:
        line = "CORS_ORIGINS: expected exact origins such as https://app.example.com, not `*`"
        yield "cors_origins", line


def _describe(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"]).upper()
    if problem["type"] == "missing":
        return f"{name}: required, but not set"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"


def parse_database_url(raw: str) -> DatabaseTarget:
    """Normalise a `postgres://` or `postgresql://` URL, `sslmode` included, for asyncpg.

    Hosts on this machine are reached without TLS unless `sslmode` asks for it; all others with
    verified TLS unless it says otherwise. Port 6543 is Supabase's transaction pooler.
    Raises ValueError with a sentence for the operator; it never repeats the URL.
    """
    expected = "expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        parts = urlsplit(raw.strip())
        port = parts.port
    except ValueError:
        raise ValueError(expected) from None
    scheme, _, driver = parts.scheme.partition("+")
    if scheme not in ("postgres", "postgresql") or driver not in ("", "asyncpg"):
        raise ValueError(expected)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = parts.hostname or query.pop("host", None)
    given_port = query.pop("port", "")
    port = port or (int(given_port) if given_port.isdecimal() else None)
    database = parts.path.lstrip("/")
    if not host or not database:
        raise ValueError(expected)
    on_this_machine = host in ("localhost", "127.0.0.1", "::1") or host.startswith("/")
    mode = query.pop("sslmode", query.pop("ssl", "disable" if on_this_machine else "verify-full"))
    credentials = ""
    if parts.username:
        credentials = quote(unquote(parts.username), safe="")
        if parts.password:
            credentials += ":" + quote(unquote(parts.password), safe="")
        credentials += "@"
    if host.startswith("/"):
        location = f"/{database}?host={quote(host, safe='/')}" + (f"&port={port}" if port else "")
    else:
        address = f"[{host}]" if ":" in host else host
        location = f"{address}:{port or 5432}/{database}"
    return DatabaseTarget(
        url=f"postgresql+asyncpg://{credentials}{location}",
        ssl=_ssl_for(mode, query.pop("sslrootcert", None)),
        transaction_pooling=port == TRANSACTION_POOLER_PORT,
    )


def _ssl_for(mode: str, root_certificate: str | None) -> ssl.SSLContext | bool:
    match mode:
        case "disable" | "allow" | "prefer" | "false":
            return False
        case "require" | "true":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        case "verify-ca" | "verify-full":
            try:
                context = ssl.create_default_context(cafile=root_certificate)
            except OSError:
                expected = "sslrootcert: expected the path of a file with certificates"
                raise ValueError(expected) from None
            context.check_hostname = mode == "verify-full"
            return context
        case _:
            raise ValueError("sslmode: expected disable, require, verify-ca or verify-full")


class _DatabaseSettings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    database_url: SecretStr


def load_database_target() -> DatabaseTarget:
    """Only where the database is, for migrations and audits. Raises SettingsError."""
    try:
        url = _DatabaseSettings.model_validate({}).database_url
        return parse_database_url(url.get_secret_value())
    except ValidationError as error:
        raise SettingsError([_describe(problem) for problem in error.errors()]) from None
    except ValueError as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from None
