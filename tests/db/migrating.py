"""Running Alembic on a test's own database."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from alembic.config import Config

from alembic import command

ROOT = Path(__file__).parents[2]
INI = ROOT / "alembic.ini"

# `python -c` with DATABASE URL and a directory of further versions.
UPGRADE = """
import sys
from alembic import command
from tests.db.migrating import config
command.upgrade(config(sys.argv[1], versions=sys.argv[2]), "head")
"""


def config(url: str, *, versions: str | None = None) -> Config:
    made = Config(str(INI))
    made.attributes["database_url"] = url
    if versions is not None:
        made.set_main_option("version_locations", f"{ROOT / 'alembic/versions'}:{versions}")
    return made


def alembic(url: str, name: str, *arguments: str, versions: str | None = None) -> None:
    """Run a command. In a thread: it runs a loop of its own, which must not replace pytest's."""
    run: Any = getattr(command, name)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(run, config(url, versions=versions), *arguments).result()


def start_upgrade(url: str, versions: Path) -> "subprocess.Popen[str]":
    """`upgrade head` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", UPGRADE, url, str(versions)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
