"""Structured logs: one event a line, with the request's id and user, without personal data."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from pydantic_core import to_json

from app.core.config import LogFormat

_FRAMES_LOGGED = 12
# They log addresses, tokens of links included, and the fields of forms and prompts.
_QUOTING_LIBRARIES = (
    "httpx",
    "httpcore",
    "hpack",
    "python_multipart",
    "multipart",
    "google",
    "urllib3",
)


def configure_logging(*, level: str, log_format: LogFormat) -> None:
    """Send the application's and the libraries' logs to standard output in one format."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=_StandardOutput,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _without_messages, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in (*_QUOTING_LIBRARIES, "alembic.runtime.plugins"):  # which lists all of its own
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        server_log = logging.getLogger(name)
        server_log.handlers = []
        # Each request is logged by `api/middleware.py`; the server would quote its address.
        server_log.propagate = name != "uvicorn.access"


def _to_json(event: object, **_options: Any) -> str:
    return to_json(event, fallback=repr).decode()


class _StandardOutput:
    """Writes lines to whatever is standard output at that time."""

    def __init__(self, *_arguments: Any) -> None:
        pass

    def msg(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    debug = info = warning = error = critical = msg


def _without_messages(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say of a library's exception what and where it was, as of our own: see below."""
    exc_info = event.pop("exc_info", None)
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        event.update(describe_exception(exc_info[1]))
    if event["logger"] == "asyncio":  # what follows the first line quotes the exception
        event["event"] = event["event"].partition("\n")[0]
    return event


def describe_exception(error: BaseException) -> dict[str, Any]:
    """What went wrong and where, without the message: it may quote what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LOGGED:]
    cause = error.__cause__ or error.__context__
    return {
        "error": type(error).__qualname__,
        "cause": type(cause).__qualname__ if cause else None,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
