"""What a database error means, read from SQLAlchemy's exceptions and the driver's alike."""

import asyncpg
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

UNDEFINED_TABLE = "42P01"
RETRYABLE = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
TOO_SLOW = frozenset({"57014", "55P03", "25P03"})  # statement, lock and idle timeouts
UNREACHABLE_CLASSES = ("08", "53", "57P")  # connection, resources, shutdown

# What the driver says when a connection is of no use any more, such as one over which the server
# has taken its leave, but which is not closed yet. Another one will do.
_UNUSABLE = (asyncpg.InterfaceError, asyncpg.InternalClientError)

# What the driver and the pool raise besides; `api/error_handlers.py` registers them all.
DATABASE_ERRORS: tuple[type[Exception], ...] = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    *_UNUSABLE,
    ConnectionError,
)


def _driver_error(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def sqlstate(error: BaseException) -> str | None:
    code = getattr(_driver_error(error), "sqlstate", None)
    return code if isinstance(code, str) else None


def violated_constraint(error: BaseException) -> str | None:
    """The name of the constraint that refused a write, or None for any other error."""
    driver_error = _driver_error(error)
    if isinstance(driver_error, asyncpg.IntegrityConstraintViolationError):
        return str(driver_error.constraint_name or "")
    return None


def is_retryable(error: BaseException) -> bool:
    """Whether the whole transaction may simply be run again."""
    return sqlstate(error) in RETRYABLE


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is down, out of connections, or too slow: worth trying again later."""
    if isinstance(error, PoolTimeoutError | DisconnectionError | ConnectionError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    driver_error = _driver_error(error)
    if isinstance(driver_error, (*_UNUSABLE, OSError, TimeoutError)):
        return True
    code = sqlstate(error) or ""
    return code in TOO_SLOW or code in RETRYABLE or code.startswith(UNREACHABLE_CLASSES)
