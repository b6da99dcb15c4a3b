"""`duotrak` as a person at a terminal meets it: real processes, real signals, real output."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60
NOT_INHERITED = re.compile(
    "^(DATABASE|SUPABASE|EMAIL|RESEND|FRONTEND|CORS|LOG|ENVIRONMENT|ENABLE_DOCS)"
)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A working directory without `.env` that any account may enter."""
    directory = Path(tempfile.mkdtemp(prefix="duotrak-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not NOT_INHERITED.match(name)}
    return kept | {"PYTHONPATH": str(ROOT)} | extra


def duotrak(*arguments: str, cwd: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a refusal says: on stderr only, with exit code 1, and never a traceback."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def wait_until(what: str, condition: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def process_states() -> dict[int, tuple[int, str]]:
    """Parent and state of each process of this machine."""
    states = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        states[int(directory.name)] = (int(fields[1]), fields[0])
    return states


def descendants(pid: int) -> set[int]:
    states = process_states()
    found: set[int] = set()
    parents = {pid}
    while parents:
        parents = {child for child, (parent, _) in states.items() if parent in parents}
        found |= parents
    return found


def living(pids: set[int]) -> set[int]:
    states = process_states()
    return {pid for pid in pids if pid in states and states[pid][1] != "Z"}


@dataclass
class Dev:
    """A running `duotrak dev`, with everything that it has printed in `log`."""

    process: subprocess.Popen[bytes]
    port: int
    data_dir: Path
    log: Path

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def note(self) -> dict[str, Any]:
        note: dict[str, Any] = json.loads((self.data_dir / "dev.json").read_text())
        return note

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(self.origin + path, timeout=10) as answer:
            return answer.status, answer.read().decode()

    def printed(self) -> str:
        return self.log.read_text()

    def answers(self) -> bool:
        assert self.process.poll() is None, self.printed()
        try:
            return self.get("/healthz")[0] == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def start_dev(place: Path, *options: str, **extra: str) -> Dev:
    port = free_port()
    log = place / f"dev-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "dev", "--port", str(port), *options],
            cwd=place,
            env=environment(**extra),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    dev = Dev(process, port, place / ".duotrak", log)
    try:
        wait_until("the API answers", dev.answers)
        wait_until("the announcement", lambda: "Ctrl-C stops everything." in dev.printed())
    except AssertionError:
        process.kill()
        process.wait()
        raise
    return dev


@pytest.fixture(scope="module")
def dev(place: Path) -> Iterator[Dev]:
    """One instance for the tests that do not end it."""
    running = start_dev(place, "--no-reload")
    yield running
    running.process.send_signal(signal.SIGINT)
    running.process.wait(30)


def sample_account(dev: Dev) -> tuple[str, str]:
    """E-mail address and password of the first sample account, as printed."""
    line = dev.printed().split("Sample accounts")[1].splitlines()[1]
    email, password = line.split()[-2:]
    return email, password


def test_dev_serves_the_api_the_docs_and_the_mailbox_and_says_where(dev: Dev) -> None:
    for path in ("/docs", "/healthz", "/_local/mailbox"):
        assert dev.get(path)[0] == 200
        assert f"{dev.origin}{path}" in dev.printed()


def test_dev_prints_two_sample_accounts_and_how_to_get_a_token(dev: Dev) -> None:
    accounts = dev.printed().split("Sample accounts")[1]
    assert len(re.findall(r"\S+@\S+  +\S+", accounts)) == 2
    assert f"duotrak token {sample_account(dev)[0]}" in accounts


def test_the_note_about_the_running_instance_is_for_its_owner_only(dev: Dev) -> None:
    assert stat.S_IMODE((dev.data_dir / "dev.json").stat().st_mode) == 0o600
    assert dev.note["port"] == dev.port
    assert dev.note["pid"] == dev.process.pid


def test_token_prints_only_a_token_that_the_api_accepts(dev: Dev, place: Path) -> None:
    email, _ = sample_account(dev)
    done = duotrak("token", email, cwd=place)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    request = urllib.request.Request(
        f"{dev.origin}/api/v1/users/me",
        headers={"Authorization": f"Bearer {done.stdout.strip()}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["data"]["email"] == email


def test_token_for_an_unknown_address_says_what_to_do(dev: Dev, place: Path) -> None:
    said = refused(duotrak("token", "nobody@example.com", cwd=place))
    assert "no account with the address nobody@example.com" in said
    assert "duotrak seed" in said


def test_seeding_again_changes_nothing_and_lists_the_accounts(dev: Dev, place: Path) -> None:
    first = duotrak("seed", cwd=place)
    assert first.returncode == 0, first.stderr
    assert sample_account(dev)[0] in first.stdout
    assert "nothing was changed" in first.stdout
    assert duotrak("seed", cwd=place).stdout == first.stdout


def test_the_database_of_dev_passes_the_audit(dev: Dev, place: Path) -> None:
    done = duotrak("audit-db", cwd=place)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_second_dev_on_the_same_data_is_refused_and_the_first_goes_on(
    dev: Dev, place: Path
) -> None:
    done = duotrak("dev", "--port", str(free_port()), cwd=place)
    said = refused_with_progress(done)
    assert "is in use by another `duotrak dev`" in said
    assert dev.note["pid"] == dev.process.pid
    assert dev.answers()


def refused_with_progress(done: subprocess.CompletedProcess[str]) -> str:
    """A refusal that comes after some steps have been reported on stdout."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stdout
    return done.stderr


@pytest.mark.parametrize("options", [(), ("--no-reload",)], ids=["reload", "no-reload"])
@pytest.mark.parametrize(
    "signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda signum: signum.name
)
def test_no_process_outlives_dev(
    own_place: Path,
    options: tuple[str, ...],
    signum: signal.Signals,
) -> None:
    dev = start_dev(own_place, *options)
    started = descendants(dev.process.pid)
    assert len(started) > 5  # PostgreSQL alone has more

    dev.process.send_signal(signum)

    assert dev.process.wait(30) == (-signum if signum is signal.SIGKILL else 0)
    wait_until("every process ends", lambda: not living(started), seconds=10)
    if signum is not signal.SIGKILL:
        assert not (dev.data_dir / "dev.json").exists()
    assert "is not running" in refused(duotrak("token", "any@example.com", cwd=own_place))


@pytest.fixture(scope="module")
def own_place(place: Path) -> Path:
    """A data directory of its own, for instances that are started and ended."""
    directory = place / "own"
    directory.mkdir()
    return directory


def test_a_later_start_has_the_data_and_prints_the_same_accounts(own_place: Path) -> None:
    printed = []
    for _ in range(2):
        dev = start_dev(own_place, "--no-reload")
        printed.append(sample_account(dev))
        dev.process.send_signal(signal.SIGINT)
        assert dev.process.wait(30) == 0
    assert printed[0] == printed[1]
    assert "sample data is loaded" not in dev.printed()


def test_no_seed_loads_no_accounts(place: Path) -> None:
    directory = place / "no-seed"
    directory.mkdir()
    dev = start_dev(directory, "--no-reload", "--no-seed")
    try:
        assert "Sample accounts" not in dev.printed()
        assert "duotrak seed" in refused(duotrak("token", "alice@example.com", cwd=directory))
    finally:
        dev.process.send_signal(signal.SIGINT)
        dev.process.wait(30)


def test_a_given_database_is_used_instead_of_the_embedded_one(dev: Dev, place: Path) -> None:
    directory = place / "given"
    directory.mkdir()
    other = start_dev(directory, "--no-reload", "--no-seed", DATABASE_URL=dev.note["database_url"])
    try:
        assert other.note["database_url"] == dev.note["database_url"]
        assert not (directory / ".duotrak" / "postgres").exists()
    finally:
        other.process.send_signal(signal.SIGINT)
        other.process.wait(30)
    assert dev.answers()


def test_a_taken_port_is_refused_before_anything_else_happens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(duotrak("dev", "--port", str(port), cwd=tmp_path))
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert f"--port {port + 1}" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["production", "staging"])
@pytest.mark.parametrize("command", [("dev", "--port", "0"), ("token", "a@example.com"), ("seed",)])
def test_local_mode_refuses_to_run_in_a_deployment(
    tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    (tmp_path / ".env").write_text(f"ENVIRONMENT={name}\n")
    said = refused(duotrak(*command, cwd=tmp_path))
    assert "refuses to run" in said
    assert f"`{name}`" in said
    assert not (tmp_path / ".duotrak" / "postgres").exists()


def test_an_unreachable_database_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://someone:s3cret@127.0.0.1:{free_port()}/db"
    for command in (("audit-db",), ("seed",), ("token", "a@example.com")):
        said = refused(duotrak(*command, cwd=tmp_path, DATABASE_URL=url))
        assert "Cannot reach the database at 127.0.0.1:" in said
        assert "correct DATABASE_URL" in said
        assert "s3cret" not in said


def test_serve_lists_every_missing_setting(tmp_path: Path) -> None:
    said = refused(duotrak("serve", "--port", "0", cwd=tmp_path))
    assert said.startswith("The settings are not complete:\n")
    for name in ("DATABASE_URL", "SUPABASE_URL", "SUPABASE_SECRET_KEY"):
        assert f"  {name}: required, but not set\n" in said


def test_serve_refuses_to_start_without_its_database(tmp_path: Path) -> None:
    said = refused(
        duotrak(
            "serve",
            "--port",
            str(free_port()),
            cwd=tmp_path,
            ENVIRONMENT="local",
            DATABASE_URL=f"postgresql://duotrak@127.0.0.1:{free_port()}/db",
            SUPABASE_URL="https://project.supabase.example",
            SUPABASE_PUBLISHABLE_KEY="key",
            SUPABASE_SECRET_KEY="key",
            EMAIL_MODE="off",
        )
    )
    assert "Cannot reach the database" in said


def test_openapi_prints_the_document_without_any_settings(tmp_path: Path) -> None:
    done = duotrak("openapi", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"].startswith("3.")
    assert not any(path.startswith("/_local") for path in document["paths"])


def test_help_imports_neither_the_framework_nor_the_database(tmp_path: Path) -> None:
    heavy = "{'fastapi', 'sqlalchemy', 'pydantic', 'asyncpg', 'uvicorn'}"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, app.cli; print({heavy} & set(sys.modules))"],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "set()\n"
    shown = duotrak("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for command in ("dev", "serve", "token", "seed", "audit-db", "openapi"):
        assert command in shown.stdout
