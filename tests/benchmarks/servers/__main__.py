"""One server: `python -m tests.benchmarks.servers NAME`, its options on standard input."""

import os
import signal
import sys

import uvicorn
from starlette.types import ASGIApp

from app.local.processes import die_with_parent
from tests.benchmarks.servers.options import ServerOptions


def main() -> None:
    die_with_parent(signal.SIGKILL)
    options = ServerOptions.from_json(sys.stdin.buffer.read())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    uvicorn.run(
        _make(sys.argv[1], options),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


def _make(name: str, options: ServerOptions) -> ASGIApp:
    # Each imports only its own: the floor's process shall not carry the application.
    match name:
        case "floor":
            from tests.benchmarks.servers import floor

            return floor.make_app(options)
        case "framework":
            from tests.benchmarks.servers import framework

            return framework.make_app(options)
        case "idiomatic":
            from tests.benchmarks.servers import idiomatic

            return idiomatic.make_app(options)
        case "application":
            from tests.benchmarks.servers import application

            return application.make_app(options)
        case _:
            raise SystemExit(f"unknown server: {name}")


if __name__ == "__main__":
    main()
