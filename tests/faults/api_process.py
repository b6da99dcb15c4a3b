"""The API as `duotrak serve` runs it, started again in a moment however often it is killed.

`python -m tests.faults.api_process PORT` imports everything, once. For each line on standard input,
which has the settings as JSON, a new process begins to serve, and its id is printed; when it has
ended, how it ended.
"""

import json
import os
import signal
import sys

import uvicorn

from app.core.config import load_settings
from app.core.logging import configure_logging
from app.local.processes import die_with_parent
from app.main import create_app


def serve(port: int, environment: dict[str, str], *, parent: int) -> None:
    die_with_parent(signal.SIGKILL, parent=parent)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it logs is no answer to the test
    os.environ.update(environment)
    settings = load_settings(_env_file=None)
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    uvicorn.run(
        create_app(settings),
        host="127.0.0.1",
        port=port,
        proxy_headers=True,
        access_log=False,
        log_config=None,
    )


def main(port: int) -> None:
    die_with_parent(signal.SIGKILL, parent=os.getppid())
    this = os.getpid()
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            serve(port, json.loads(line), parent=this)
            os._exit(0)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
