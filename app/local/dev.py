"""`duotrak dev`: database, schema, sample data and API, on a fresh machine, with one command.

The heavy imports are inside functions: they happen while the developer already sees progress.
"""

import asyncio
import hashlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from app.local.problems import CommandError
from app.local.processes import die_with_parent, parent_name

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.core.config import Settings

PACKAGE = Path(__file__).parents[1]
FACTORY = "app.local.dev:create_local_app"
DATABASE = "duotrak"
SAMPLE_DATA_MARKER = "duotrak.sample-data.json"
# An open event stream would hold a reload up for ever.
GRACE_SECONDS = 2

# Of a developer's data, a power cut may take the last moments, but never the rest.
SERVER_SETTINGS = {"synchronous_commit": "off"}

Accounts = list[dict[str, str]]


def run(*, host: str, port: int, data_dir: Path, seed: bool, reload: bool) -> None:
    """Run until Ctrl-C. Raises CommandError or SettingsError when something is in the way."""
    began = time.monotonic()
    listener = claim_port(host, port)
    with listener, ExitStack() as stack:
        _end_in_order()
        try:
            _run(stack, listener, host, data_dir.absolute(), seed, reload, began)
        except KeyboardInterrupt:
            _say("Stopped.")


def _run(
    stack: ExitStack,
    listener: socket.socket,
    host: str,
    data_dir: Path,
    seed: bool,
    reload: bool,
    began: float,
) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    first_start = not any(data_dir.iterdir())
    _keep_bytecode(data_dir / "pycache")
    if first_start:
        stack.callback(_stop, _compile_ahead())

    from app.core.config import load_settings
    from app.local import instance

    given = instance.Given()
    given.refuse_deployment("dev")
    if given.database_url:
        cluster, database_url = None, given.database_url
    else:
        cluster, database_url = _start_postgres(stack, data_dir / "postgres")
    port = listener.getsockname()[1]
    origin = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"
    instance.fill_environment(given, origin=origin, database_url=database_url)
    os.environ["LOCAL_STORAGE_DIR"] = str(data_dir / "storage")
    settings = load_settings()
    _upgrade(settings)
    running = instance.Instance(os.getpid(), port, database_url, str(settings.supabase_url))
    stack.enter_context(instance.noted(data_dir, running))

    def finish() -> None:
        accounts = _load_sample_data(settings, cluster) if seed else []
        _announce(listener.getsockname(), origin, accounts, began)

    # Beside the start of the API, which takes as long.
    threading.Thread(target=finish, daemon=True).start()
    _serve(listener, reload)


def claim_port(host: str, port: int) -> socket.socket:
    """Bind the port now, so that nobody takes it before the server listens.

    Raises CommandError when it cannot be had.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CommandError(
            f"Cannot listen on {host}:{port} ({error.strerror}): stop the program that uses the "
            f"port, or choose another one, such as `--port {port + 1}`."
        ) from None
    return listener


def create_local_app() -> "FastAPI":
    """The application, as uvicorn loads it in local mode, in the reload worker or in place."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        die_with_parent(signal.SIGKILL, parent=supervisor.pid)
    if sys.pycache_prefix:  # see `_keep_bytecode`; multiprocessing hands the old wish down
        sys.dont_write_bytecode = False
    from app.core.config import load_settings
    from app.main import create_app

    return create_app(load_settings())


def _end_in_order() -> None:
    """Turn every polite request to end into one KeyboardInterrupt, so that `finally` runs."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
        # By way of SIGTERM, which uvicorn takes over while it serves.
        signal.signal(signal.SIGHUP, lambda signum, frame: signal.raise_signal(signal.SIGTERM))
    # `uv run` stays between the terminal and us, and cannot pass a kill -9 on.
    if parent_name() == "uv":
        die_with_parent(signal.SIGTERM)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _keep_bytecode(directory: Path) -> None:
    """Where Python is told not to write bytecode, keep it with our data: starts take a third."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(directory)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _compile_ahead() -> "subprocess.Popen[bytes]":
    """On the first start, let a second core compile the application while this one prepares."""
    # First what this process needs next.
    modules = "alembic.command, sqlalchemy.ext.asyncio, app.main, uvicorn.supervisors"
    return subprocess.Popen(
        [sys.executable, "-c", f"import {modules}"],
        cwd=PACKAGE.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=partial(  # noqa: PLW1509
            die_with_parent, signal.SIGKILL, parent=os.getpid()
        ),
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _start_postgres(stack: ExitStack, cluster: Path) -> tuple[Path, str]:
    from app.local.postgres import EmbeddedPostgres

    began = time.monotonic()
    server = stack.enter_context(EmbeddedPostgres(cluster, settings=SERVER_SETTINGS))
    if not server.psql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
        server.create_database(DATABASE)
    _say("PostgreSQL is running", began)
    return server.data_dir, server.url(DATABASE)


def _upgrade(settings: "Settings") -> None:
    began = time.monotonic()
    from app.db.migrations import upgrade_to_head
    from app.local.reach import check_database

    check_database(settings.database)
    upgrade_to_head(settings.database_url.get_secret_value())
    _say("The schema is up to date", began)


def _load_sample_data(settings: "Settings", cluster: Path | None) -> Accounts:
    """Load the sample data, unless the cluster has it in its present form, or it is not ours.

    The marker lives in the cluster, so that a new cluster gets the data again. Accounts whose
    passwords everybody knows go neither to another machine nor to a real Supabase project.
    """
    if not settings.uses_local_supabase or not (cluster or _on_this_machine(settings)):
        _say("Sample data is left out: it is only for databases on this machine.")
        return []
    began = time.monotonic()
    sources = sorted((PACKAGE / "local").glob("seed*.py"))
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    marker = cluster / SAMPLE_DATA_MARKER if cluster else None
    if marker and marker.exists():
        kept = json.loads(marker.read_text())
        if kept["version"] == version:
            accounts: Accounts = kept["accounts"]
            return accounts
    from app.local.seed import seed

    loaded = asyncio.run(seed(settings))
    accounts = [
        {"name": account.name, "email": account.email, "password": account.password}
        for account in loaded.accounts
    ]
    if marker:
        marker.write_text(json.dumps({"version": version, "accounts": accounts}))
    _say("The sample data is loaded" if loaded.is_new else "The sample data was kept", began)
    return accounts


def _on_this_machine(settings: "Settings") -> bool:
    # No host means a unix socket.
    return urlsplit(settings.database.url).hostname in (None, "localhost", "127.0.0.1", "::1")


def _serve(listener: socket.socket, reload: bool) -> None:
    import uvicorn
    from uvicorn.supervisors import ChangeReload

    config = uvicorn.Config(
        FACTORY,
        factory=True,
        reload=reload,
        reload_dirs=[str(PACKAGE)] if reload else None,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    if not reload:
        server.run(sockets=[listener])
        if not server.started:
            raise CommandError("The API did not start: the reason is above.")
        return
    try:
        ChangeReload(config, target=server.run, sockets=[listener]).run()
    finally:
        # Should the supervisor fail, multiprocessing would wait for its worker for ever.
        for worker in multiprocessing.active_children():
            worker.terminate()


def _announce(address: tuple[str, int], origin: str, accounts: Accounts, began: float) -> None:
    """Print where everything is, once the API accepts connections."""
    from rich.console import Console
    from rich.table import Table

    while True:
        try:
            socket.create_connection(address[:2], timeout=1).close()
            break
        except OSError:
            time.sleep(0.02)
    table = Table.grid(padding=(0, 2))
    for path, purpose in (
        ("/docs", "try the API"),
        ("/healthz", "is it alive"),
        ("/_local/mailbox", "every e-mail that the app sends"),
    ):
        table.add_row(f"  {origin}{path}", purpose)
    console = Console(highlight=False, soft_wrap=True)
    with console:  # in one piece: the API logs requests meanwhile
        console.print(f"\n[bold]DuoTrak is ready[/bold] ({time.monotonic() - began:.1f} s)\n")
        console.print(table)
        if accounts:
            people = Table.grid(padding=(0, 2))
            for account in accounts:
                people.add_row(f"  {account['name']}", account["email"], account["password"])
            console.print("\nSample accounts (name, e-mail, password)")
            console.print(people)
            console.print(
                f"\nAn access token for curl: uv run duotrak token {accounts[0]['email']}"
            )
        console.print("\nCtrl-C stops everything.")


def _say(what: str, began: float | None = None) -> None:
    took = f" ({time.monotonic() - began:.1f} s)" if began is not None else ""
    sys.stdout.write(f"{what}{took}\n")
    sys.stdout.flush()
