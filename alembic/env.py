"""Runs the migrations: one process at a time, with a lock timeout, and locks the schema down.

The database is `DATABASE_URL` (environment or `.env`), or the URL that `app/db/migrations.py`
puts into the configuration.
"""

import asyncio
import time

from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

import app.db.models  # noqa: F401  fills the metadata
from alembic import context
from app.core.config import (
    DatabaseTarget,
    SettingsError,
    load_database_target,
    parse_database_url,
)
from app.db.base_class import Base
from app.db.lockdown import lock_down
from app.db.queue_tables import TABLES as QUEUE_TABLES

# Any constant: it only has to be the same in every process that migrates this database.
MIGRATION_LOCK = 7_240_315_001


def target() -> DatabaseTarget:
    url = context.config.attributes.get("database_url")
    try:
        return parse_database_url(url) if url else load_database_target()
    except SettingsError as error:
        raise SystemExit(
            f"{error}\nSet it in the environment or in .env, as .env.example shows."
        ) from None


def wait_for_turn(connection: Connection) -> None:
    """Take the lock, by asking again and again between transactions.

    A session that waited for it inside a statement would hold a snapshot, for whose end a
    concurrent index build of the process that migrates waits in its turn: a deadlock.
    """
    while not connection.scalar(
        text("SELECT pg_try_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK}
    ):
        connection.rollback()
        time.sleep(0.2)


def migrate(connection: Connection) -> None:
    wait_for_turn(connection)
    # From here on: rather fail, and be run again, than queue in front of the application.
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
        include_name=lambda name, kind, _parents: kind != "table" or name not in QUEUE_TABLES,
    )
    with context.begin_transaction():
        context.run_migrations()
    lock_down(connection)
    connection.commit()


async def migrate_online() -> None:
    database = target()
    if database.transaction_pooling:
        raise SystemExit(
            "Migrations need a direct or session-mode connection (port 5432 on Supabase): "
            "DATABASE_URL points at a transaction pooler."
        )
    engine = create_async_engine(
        database.url, poolclass=pool.NullPool, connect_args=database.connect_args
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    except OSError as error:
        raise SystemExit(
            f"The database of DATABASE_URL cannot be reached ({error.__class__.__name__}). "
            "Check the host and port, and that PostgreSQL is running."
        ) from None
    finally:
        await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: the lockdown has to see the database.")
asyncio.run(migrate_online())
