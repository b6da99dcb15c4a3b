"""What Supabase's Data API could reach in this database (`duotrak audit-db`)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.core.config import parse_database_url
from app.db.lockdown import exposed


async def audit(database_url: str) -> Sequence[str]:
    """A line for each finding; none when everything is locked down."""
    target = parse_database_url(database_url)
    engine = create_async_engine(target.url, poolclass=NullPool, connect_args=target.connect_args)
    try:
        async with engine.connect() as connection:
            return await exposed(connection)
    finally:
        await engine.dispose()
