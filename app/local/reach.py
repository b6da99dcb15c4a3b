"""Whether the database answers, asked before a command depends on it."""

import asyncio
from urllib.parse import urlsplit

import asyncpg

from app.core.config import DatabaseTarget
from app.local.problems import CommandError

TIMEOUT = 5.0


def check_database(target: DatabaseTarget) -> None:
    """Connect once. Raises CommandError with the reason, never with the password."""
    asyncio.run(_connect(target))


async def _connect(target: DatabaseTarget) -> None:
    address = urlsplit(target.url)
    where = f"{address.hostname}:{address.port}" if address.hostname else "its socket"
    dsn = target.url.replace("postgresql+asyncpg:", "postgresql:", 1)
    try:
        connection = await asyncpg.connect(dsn, ssl=target.ssl, timeout=TIMEOUT)
    except TimeoutError:
        reason = f"it did not answer within {TIMEOUT:.0f} s"
    except OSError as error:
        reason = error.strerror or str(error)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error)
    else:
        await connection.close()
        return
    raise CommandError(
        f"Cannot reach the database at {where} ({reason}): "
        "start it, or correct DATABASE_URL in the environment or .env."
    )
