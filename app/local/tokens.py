"""Access tokens for trying things with curl (`duotrak token EMAIL`)."""

from app.core.clock import SystemClock
from app.core.config import Settings
from app.db.session import Database
from app.local.supabase_auth import mint_token


async def mint_access_token(settings: Settings, email: str) -> str:
    """An access token of a real session. Raises LookupError for an unknown address."""
    database = Database(settings.database, pool_size=1)
    try:
        return await mint_token(
            database.engine,
            issuer=f"{str(settings.supabase_url).rstrip('/')}/auth/v1",
            now=SystemClock().now(),
            email=email,
        )
    finally:
        await database.dispose()
