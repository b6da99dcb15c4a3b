"""Where the schema stands, and bringing it to the newest revision."""

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from alembic import command

_INI = Path(__file__).parents[2] / "alembic.ini"


def upgrade_to_head(database_url: str) -> None:
    """Run what `alembic upgrade head` runs, on the given database. Must not run in a loop."""
    config = Config(str(_INI))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


@cache
def head_revision() -> str | None:
    """The newest revision that this code knows. Reads the migration files once."""
    return ScriptDirectory.from_config(Config(str(_INI))).get_current_head()
