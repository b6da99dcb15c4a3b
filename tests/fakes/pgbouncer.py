"""A PgBouncer in transaction mode in front of a test server, as Supabase's port 6543 is."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

PROGRAM = "pgbouncer"
ACCOUNT = "nobody"  # it refuses to run as root
SERVER_CONNECTIONS = 4  # fewer than the clients, so that clients take turns on each of them


def require_pgbouncer() -> None:
    """Skip where PgBouncer is not installed; fail where CI says that it must be (CI=true)."""
    if shutil.which(PROGRAM):
        return
    sentence = "PgBouncer is not installed: `apt-get install pgbouncer` (.ci/run does it)."
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def pgbouncer(server_url: str) -> Iterator[str]:
    """The URL of the same database, by way of a transaction pooler."""
    server = urlsplit(server_url)
    port = _free_port()
    directory = Path(tempfile.mkdtemp(prefix="duotrak-pgbouncer-"))
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        f"""
[databases]
* = host={server.hostname} port={server.port} user={server.username} password={server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
max_client_conn = 200
logfile = {directory / "log"}
"""
    )
    directory.chmod(0o777)
    settings.chmod(0o644)
    process = subprocess.Popen(
        [PROGRAM, "-q", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=ACCOUNT if os.geteuid() == 0 else None,
    )
    try:
        _wait_for(port, process, directory / "log")
        database = unquote(server.path.lstrip("/"))
        yield f"postgresql://{server.username}@127.0.0.1:{port}/{database}"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(directory)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"PgBouncer did not start: {log.read_text() if log.exists() else ''}")
