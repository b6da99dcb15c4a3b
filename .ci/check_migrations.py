"""Upgrade, check, downgrade and upgrade again, on an empty embedded PostgreSQL."""

import os
import subprocess
import sys

from app.local.postgres import EmbeddedPostgres

COMMANDS = ("upgrade head", "check", "downgrade base", "upgrade head")


def main() -> None:
    with EmbeddedPostgres(settings={"fsync": "off"}) as server:
        server.create_database("migrations")
        environment = os.environ | {"DATABASE_URL": server.url("migrations")}
        for command in COMMANDS:
            sys.stdout.write(f"alembic {command}\n")
            sys.stdout.flush()
            subprocess.run(
                [sys.executable, "-m", "alembic", *command.split()], env=environment, check=True
            )


if __name__ == "__main__":
    main()
