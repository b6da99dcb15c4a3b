"""The settings that local mode makes up, and the note about the running `duotrak dev`."""

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.config import LOCAL_SUPABASE_PATH, Environment, Settings, load_settings
from app.local.problems import CommandError
from app.local.processes import is_running

DEFAULT_PORT = 8000
NOTE = "dev.json"


class Given(BaseSettings):
    """What the developer has set, in the environment or in `.env`. Nothing is checked here."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    environment: str | None = None
    database_url: str | None = None
    supabase_url: str | None = None
    supabase_publishable_key: str | None = None
    supabase_secret_key: str | None = None
    public_api_url: str | None = None
    email_mode: str | None = None
    log_format: str | None = None

    def refuse_deployment(self, command: str) -> None:
        """Raise CommandError in staging and production, where local mode must never run."""
        name = (self.environment or "").lower()
        if name in (Environment.STAGING, Environment.PRODUCTION):
            raise CommandError(
                f"`duotrak {command}` is for local mode and refuses to run while ENVIRONMENT is "
                f"`{name}`: unset it (also in .env), or use `duotrak serve`."
            )


@dataclass(frozen=True, slots=True)
class Instance:
    """A running `duotrak dev`."""

    pid: int
    port: int
    database_url: str
    supabase_url: str


def fill_environment(given: Given, *, origin: str, database_url: str) -> None:
    """Set what the developer has not set, for this process and the workers that it starts.

    `origin` is where the API answers, such as `http://127.0.0.1:8000`.
    """
    made_up = {"EMAIL_MODE": "mailbox", "LOG_FORMAT": "console", "PUBLIC_API_URL": origin}
    if given.supabase_url is None:
        made_up |= {
            "SUPABASE_URL": origin + LOCAL_SUPABASE_PATH,
            "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_local",
            "SUPABASE_SECRET_KEY": "sb_secret_local",
        }
    chosen = given.model_dump(exclude_none=True)
    os.environ.update({name: made_up[name] for name in made_up if name.lower() not in chosen})
    os.environ["DATABASE_URL"] = database_url
    # Any other value, a misspelt `prodction` for one, stays: the settings refuse it.
    if given.environment is None or given.environment.lower() == Environment.TEST:
        os.environ["ENVIRONMENT"] = Environment.LOCAL.value


@contextmanager
def noted(data_dir: Path, instance: Instance) -> Iterator[None]:
    """Keep the note about the running instance while the block lasts. It holds a password."""
    note = data_dir / NOTE
    note.unlink(missing_ok=True)
    with open(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(instance), file)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def running_instance(data_dir: Path) -> Instance | None:
    """The `duotrak dev` that runs on this data directory; None when there is none."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        instance = Instance(**json.loads((data_dir / NOTE).read_text()))
        if is_running(instance.pid):
            return instance
    return None


def database_url_beside_dev(data_dir: Path) -> str:
    """Which database a command works on: that of DATABASE_URL, or of a running `duotrak dev`.

    Raises CommandError when there is neither.
    """
    instance = running_instance(data_dir)
    url = Given().database_url or (instance.database_url if instance else None)
    if url is None:
        raise CommandError(
            f"`duotrak dev` is not running on {data_dir}: start it in another terminal first, "
            "or set DATABASE_URL."
        )
    return url


def settings_beside_dev(data_dir: Path, command: str) -> Settings:
    """The settings for a command that works beside `duotrak dev`, or on DATABASE_URL.

    Raises CommandError when there is neither, SettingsError when a setting is wrong.
    """
    given = Given()
    given.refuse_deployment(command)
    database_url = database_url_beside_dev(data_dir)
    instance = running_instance(data_dir)
    origin = f"http://127.0.0.1:{instance.port if instance else DEFAULT_PORT}"
    fill_environment(given, origin=origin, database_url=database_url)
    if instance and given.supabase_url is None:
        os.environ["SUPABASE_URL"] = instance.supabase_url
    return load_settings()
