"""Tables of the Supabase Auth stand-in, in a schema `auth` of its own, and how they come to be."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.local.auth_keys import SigningKey

_PREPARE_LOCK = 0x6475_6F74_0002
_VERSION = 1

# An own MetaData: Alembic must never see these tables.
metadata = MetaData(schema="auth")


def _instant(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def _of_user() -> Column[object]:
    return Column(
        "user_id", Uuid, ForeignKey("auth.users.id", ondelete="CASCADE"), nullable=False, index=True
    )


# Its presence says that schema `auth` is ours and not that of a Supabase project.
stand_in = Table("duotrak_stand_in", metadata, Column("version", Integer, primary_key=True))

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("private_key", Text, nullable=False),
    Column("only_one", Boolean, nullable=False, server_default=text("true"), unique=True),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    _instant("email_confirmed_at"),
    _instant("confirmation_sent_at"),
    _instant("recovery_sent_at"),
    Column("new_email", Text),
    _instant("email_change_sent_at"),
    _instant("last_sign_in_at"),
    _instant("banned_until"),
    Column("app_metadata", JSONB, nullable=False),
    Column("user_metadata", JSONB, nullable=False),
    _instant("created_at", required=True),
    _instant("updated_at", required=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of_user(),
    Column("method", Text, nullable=False),
    _instant("created_at", required=True),
)

# As in Supabase, refresh tokens are stored as they are: a client that lost the answer to a refresh
# asks again with the old token and must get the very same new one.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("parent", Text),
    Column(
        "session_id",
        Uuid,
        ForeignKey("auth.sessions.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("revoked", Boolean, nullable=False, server_default=text("false")),
    # When a refresh replaced it. Stays null when it was revoked for another reason.
    _instant("rotated_at"),
)

# One living link for each user and purpose. Both secrets are stored hashed.
one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    Column("user_id", Uuid, ForeignKey("auth.users.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("code_hash", Text, nullable=False, index=True),
    _instant("expires_at", required=True),
)


class RealSupabaseSchemaError(Exception):
    """The database belongs to a Supabase project: the stand-in must not touch its users."""

    def __init__(self) -> None:
        super().__init__(
            "The schema `auth` of this database was not made by DuoTrak's local mode; it looks "
            "like that of a real Supabase project. Point DATABASE_URL at another database, or set "
            "SUPABASE_URL to that project."
        )


async def prepare(engine: AsyncEngine) -> None:
    """Create schema `auth`, its tables and the signing key, if missing.

    Safe when two processes do it at once. Raises RealSupabaseSchemaError when the schema holds
    tables that are not ours.
    """
    async with engine.begin() as connection:
        await connection.execute(select(func.pg_advisory_xact_lock(_PREPARE_LOCK)))
        await _refuse_foreign_schema(connection)
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS auth"))
        await connection.run_sync(metadata.create_all)
        await connection.execute(insert(stand_in).values(version=_VERSION).on_conflict_do_nothing())
        key = SigningKey.generate()
        await connection.execute(
            insert(signing_keys).values(kid=key.kid, private_key=key.pem()).on_conflict_do_nothing()
        )


async def load_signing_key(connection: AsyncConnection) -> SigningKey:
    """The key that `prepare` made; kept in the database so that tokens survive restarts."""
    row = (await connection.execute(select(signing_keys))).one()
    return SigningKey.from_pem(kid=row.kid, pem=row.private_key)


async def _refuse_foreign_schema(connection: AsyncConnection) -> None:
    # The catalogue is read directly: information_schema hides tables that we may not use.
    found = await connection.execute(
        text(
            "SELECT count(*) FILTER (WHERE c.relname = 'duotrak_stand_in'), count(*)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'auth' AND c.relkind IN ('r', 'p', 'v')"
        )
    )
    ours, total = found.one()
    if total and not ours:
        raise RealSupabaseSchemaError
