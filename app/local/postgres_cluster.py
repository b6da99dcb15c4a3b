"""The files of an embedded PostgreSQL cluster: making, checking and freeing them."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from app.local import postgres_install
from app.local.postgres_install import Account, LocalPostgresError, server_version
from app.local.processes import die_with_parent

USER = "duotrak"
PASSWORD_FILE = "duotrak.password"
ABANDONED_TIMEOUT = 10.0

# Nothing of the developer's PG* variables or locale may reach the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

INITDB_OPTIONS = (
    "--no-sync",
    "--no-instructions",
    # The same collation on every machine, whatever locales it has.
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    f"--username={USER}",
    # With `trust`, every account of the machine could log in as superuser, and so run programs
    # as the developer. The password is 256 random bits: iterating its hash adds only delay.
    "--auth=scram-sha-256",
    "-cscram_iterations=1",
)


def holds_cluster(data_dir: Path) -> bool:
    """Whether there is a cluster to start; False when one can be made here.

    Raises LocalPostgresError when something else is there.
    """
    if data_dir.is_symlink() and not data_dir.exists():
        data_dir.unlink()  # the data outside the project is gone, say with the container
    if not data_dir.exists():
        return False
    if (data_dir / "PG_VERSION").exists():
        return True
    if any(data_dir.iterdir()):
        raise LocalPostgresError(
            f"{data_dir} holds something other than a PostgreSQL cluster: "
            "move it away, or choose another directory with --data-dir."
        )
    data_dir.rmdir()
    return False


def make_cluster(data_dir: Path, binaries: Path, account: Account) -> None:
    """Run initdb in `postgres.new`, then rename, so that a half-made cluster is never used."""
    new = beside(data_dir, "new")
    remove(new)
    if account.can_enter(data_dir.parent.resolve()):
        new.mkdir(mode=0o700)
    else:
        home = postgres_install.DATA_HOME
        postgres_install.shared_directory(home)
        new.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=home))
    cluster = new.resolve()
    account.own(cluster)
    password = secrets.token_hex(32)
    with tempfile.NamedTemporaryFile("w", dir=cluster.parent) as password_file:
        password_file.write(password)
        password_file.flush()
        account.own(Path(password_file.name))
        done = subprocess.run(
            [binaries / "initdb", "-D", cluster, f"--pwfile={password_file.name}", *INITDB_OPTIONS],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **as_account(account, signal.SIGKILL),
        )
    if done.returncode:
        reason = done.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        remove(new)
        raise LocalPostgresError(f"PostgreSQL could not make a cluster in {data_dir}: {reason[0]}")
    kept = cluster / PASSWORD_FILE
    kept.touch(mode=0o600)
    kept.write_text(password)
    account.own(kept)
    new.rename(data_dir)


def check_cluster(data_dir: Path, binaries: Path) -> None:
    """Raise LocalPostgresError unless these binaries can run this cluster."""
    found = (data_dir / "PG_VERSION").read_text().strip()
    expected = server_version(binaries)
    choice = f"delete {data_dir} to begin with fresh data, or choose another with --data-dir."
    if found != expected:
        raise LocalPostgresError(
            f"{data_dir} is from PostgreSQL {found}, but this is PostgreSQL {expected}: {choice}"
        )
    if not (data_dir / PASSWORD_FILE).exists():
        raise LocalPostgresError(f"{data_dir} was not made by `duotrak dev`: {choice}")


def stop_abandoned_server(data_dir: Path) -> None:
    """Stop the server of an owner that has died. Call it only while holding the lock.

    On Linux it is then stopping already; elsewhere nobody has told it. A status file that names
    some other process is removed: PostgreSQL would take that process for a server and refuse.
    """
    cluster = data_dir.resolve()
    status = cluster / "postmaster.pid"
    try:
        pid = int(status.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        status.unlink(missing_ok=True)
        return
    for signum in (signal.SIGINT, signal.SIGQUIT):
        deadline = time.monotonic() + ABANDONED_TIMEOUT
        if _is_server_of(cluster, pid):
            os.kill(pid, signum)
        while _is_server_of(cluster, pid) and time.monotonic() < deadline:
            time.sleep(0.01)
    if _is_server_of(cluster, pid):
        raise LocalPostgresError(
            f"An abandoned PostgreSQL server (process {pid}) does not stop: "
            f"end it with `kill -9 {pid}` and start again."
        )
    status.unlink(missing_ok=True)


def as_account(account: Account, death_signal: signal.Signals) -> dict[str, Any]:
    """Arguments for Popen: as this account, in a neutral place, and no longer than we live."""
    arguments: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "env": ENVIRONMENT,
        "cwd": "/",
        # Popen calls this after it has changed the user, as `die_with_parent` needs.
        "preexec_fn": partial(die_with_parent, death_signal, parent=os.getpid()),
    }
    if account.switch:
        arguments |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return arguments


def beside(data_dir: Path, suffix: str) -> Path:
    """The path of a companion file: `lock` beside `.duotrak/postgres` is `postgres.lock`."""
    return data_dir.with_name(f"{data_dir.name}.{suffix}")


def remove(path: Path) -> None:
    """Remove a cluster, also one that is elsewhere behind a link. Harmless when there is none."""
    if path.is_symlink():
        shutil.rmtree(path.resolve(), ignore_errors=True)
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _is_server_of(cluster: Path, pid: int) -> bool:
    """Whether this process is a server of this cluster: process ids are used again."""
    if sys.platform == "linux":
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(cluster) in command
    shown = subprocess.run(  # type: ignore[unreachable]  # mypy looks at one platform
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
    )
    return f"-D {cluster}" in shown.stdout
