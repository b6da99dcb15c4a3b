"""Where the schema stands, and bringing it to the newest revision.

Alembic is imported when it is used: an API process needs it once, and late.
"""

from functools import cache
from pathlib import Path

_INI = Path(__file__).parents[2] / "alembic.ini"


def upgrade_to_head(database_url: str) -> None:
    """Run what `alembic upgrade head` runs, on the given database. Must not run in a loop."""
    from alembic.config import Config

    from alembic import command

    config = Config(str(_INI))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


@cache
def head_revision() -> str | None:
    """The newest revision that this code knows. Reads the migration files once."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(Config(str(_INI))).get_current_head()
