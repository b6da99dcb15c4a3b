"""The launcher of the embedded PostgreSQL: what it starts, keeps, refuses and leaves behind."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app.local import postgres_install
from app.local.postgres import EmbeddedPostgres
from app.local.postgres_install import LocalPostgresError

ROOT = Path(__file__).parents[2]
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# A process that owns a server, says where, and waits for its end.
OWNER = """
import signal, sys
from pathlib import Path
from app.local import processes
from app.local.postgres import EmbeddedPostgres
if sys.argv[2] == "unseen":  # what a system without prctl does
    processes._libc = None
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"})
server.start()
print(server.pid, server.port, flush=True)
signal.pause()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that any account may enter; pytest's own is closed to all but its owner."""
    directory = Path(tempfile.mkdtemp(prefix="duotrak-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def data_dir(place: Path) -> Path:
    return place / "state" / "postgres"


def wait_until(what: str, condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.01)


def accepts(port: int | None) -> bool:
    assert port is not None
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def lives(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start_owner(data_dir: Path, death: str = "seen") -> tuple[subprocess.Popen[str], int, int]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir), death],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pid, port = owner.stdout.readline().split()
    return owner, int(pid), int(port)


def kill(owner: subprocess.Popen[str]) -> None:
    owner.kill()
    owner.wait()
    assert owner.stdout is not None
    owner.stdout.close()


async def test_a_started_server_takes_connections_and_a_stopped_one_leaves_nothing(
    data_dir: Path,
) -> None:
    server = EmbeddedPostgres(data_dir, settings=QUICK)
    server.start()
    pid, port = server.pid, server.port
    assert pid is not None
    connection = await asyncpg.connect(server.url())
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    assert await connection.fetchval("SHOW fsync") == "off"

    server.stop()  # with a session open, which must not hold it up
    connection.terminate()

    assert not lives(pid)
    assert not accepts(port)
    assert not (data_dir / "postmaster.pid").exists()


async def test_only_this_machine_can_reach_it_and_only_with_the_password(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        assert server.psql("SHOW listen_addresses") == "127.0.0.1"
        assert server.psql("SHOW unix_socket_directories") == ""
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host="127.0.0.1", port=server.port, user="duotrak", password="", database="postgres"
            )
        password_file = data_dir / "duotrak.password"
        assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
        assert password_file.read_text() in server.url()


def test_the_server_never_runs_as_root(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_data_is_kept_between_runs(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        server.create_database("kept")
        server.psql("CREATE TABLE note AS SELECT 'still here' AS text", "kept")
        first_url = server.url("kept")
    with EmbeddedPostgres(data_dir, port=server.port) as server:
        assert server.psql("SELECT text FROM note", "kept") == "still here"
        assert server.url("kept") == first_url


def test_a_throwaway_cluster_is_removed() -> None:
    with EmbeddedPostgres(settings=QUICK) as server:
        where = server.data_dir.parent
        assert server.psql("SELECT 1") == "1"
    assert not where.exists()


def test_a_database_can_be_a_copy_of_another_and_is_dropped_with_sessions_in_it(
    data_dir: Path,
) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        server.create_database("original")
        server.psql("CREATE TABLE note AS SELECT 1 AS number", "original")
        server.create_database('copy "1"', template="original")
        server.psql("INSERT INTO note VALUES (2)", 'copy "1"')
        assert server.psql("SELECT count(*) FROM note", 'copy "1"') == "2"
        assert server.psql("SELECT count(*) FROM note", "original") == "1"
        server.drop_database('copy "1"')
        server.drop_database('copy "1"')
        with pytest.raises(LocalPostgresError, match="does not exist"):
            server.psql("SELECT 1", 'copy "1"')


def test_the_server_ends_when_its_owner_is_killed(data_dir: Path) -> None:
    owner, pid, port = start_owner(data_dir)
    assert lives(pid)
    assert accepts(port)

    kill(owner)

    wait_until("the server ends", lambda: not lives(pid))
    assert not accepts(port)


def test_a_start_right_after_a_kill_works_and_has_the_data(data_dir: Path) -> None:
    for _ in range(3):
        owner, _, _ = start_owner(data_dir)
        kill(owner)
    with EmbeddedPostgres(data_dir) as server:
        assert server.psql("SELECT 1") == "1"


def test_a_server_that_outlived_its_owner_is_stopped_at_the_next_start(data_dir: Path) -> None:
    owner, pid, _ = start_owner(data_dir, "unseen")
    kill(owner)
    assert lives(pid)

    with EmbeddedPostgres(data_dir) as server:
        assert server.pid != pid
        assert not lives(pid)
        assert server.psql("SELECT 1") == "1"


def test_a_status_file_that_names_a_foreign_process_neither_blocks_nor_kills_it(
    data_dir: Path,
) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK):
        pass
    with subprocess.Popen(["sleep", "60"]) as bystander:
        (data_dir / "postmaster.pid").write_text(f"{bystander.pid}\n{data_dir}\n")
        with EmbeddedPostgres(data_dir, settings=QUICK) as server:
            assert server.psql("SELECT 1") == "1"
        assert bystander.poll() is None
        bystander.kill()


def test_a_second_server_on_the_same_directory_is_refused_and_the_first_goes_on(
    data_dir: Path,
) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK) as first:
        second = EmbeddedPostgres(data_dir, settings=QUICK)
        with pytest.raises(LocalPostgresError, match=r"in use by another .* \(process \d+\): stop"):
            second.start()
        assert second.pid is None
        assert first.psql("SELECT 1") == "1"
    with EmbeddedPostgres(data_dir, settings=QUICK) as third:
        assert third.psql("SELECT 1") == "1"


def test_a_cluster_of_another_version_is_refused_and_left_as_it_is(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK):
        pass
    version = data_dir / "PG_VERSION"
    original = version.read_text()
    version.write_text("15\n")
    server = EmbeddedPostgres(data_dir, settings=QUICK)
    with pytest.raises(LocalPostgresError, match=r"PostgreSQL 15, but .* 18: delete .*--data-dir"):
        server.start()
    assert server.pid is None
    assert version.read_text() == "15\n"
    version.write_text(original)
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        assert server.psql("SELECT 1") == "1"


def test_a_directory_with_something_else_in_it_is_refused_and_left_as_it_is(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "thesis.txt").write_text("three years of work")
    with pytest.raises(LocalPostgresError, match="something other than a PostgreSQL cluster"):
        EmbeddedPostgres(data_dir).start()
    assert [file.name for file in data_dir.iterdir()] == ["thesis.txt"]


def test_an_empty_directory_and_a_half_made_cluster_are_no_obstacle(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    half_made = data_dir.with_name("postgres.new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        assert server.psql("SELECT 1") == "1"
    assert not half_made.exists()


def test_a_taken_port_is_named_and_no_server_stays(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = EmbeddedPostgres(data_dir, port=port, settings=QUICK)
        with pytest.raises(LocalPostgresError, match=f"port {port}, it is taken: stop"):
            server.start()
        assert server.pid is None
        assert not (data_dir / "postmaster.pid").exists()


def test_a_wrong_server_setting_is_reported_with_the_servers_reason(data_dir: Path) -> None:
    with pytest.raises(LocalPostgresError, match=r"did not start: .*no_such_setting"):
        EmbeddedPostgres(data_dir, settings={"no_such_setting": "1"}).start()


def test_a_directory_closed_to_others_stays_closed_and_works(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_install, "DATA_HOME", place / "outside")
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / ".duotrak" / "postgres"
    for _ in range(2):
        with EmbeddedPostgres(data_dir, settings=QUICK) as server:
            assert server.psql("SELECT 1") == "1"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    # Only root has to run the server as somebody who cannot enter.
    assert data_dir.is_symlink() == (os.geteuid() == 0)


def test_a_link_to_data_that_is_gone_gives_a_new_cluster(data_dir: Path) -> None:
    data_dir.parent.mkdir()
    data_dir.symlink_to(data_dir.parent / "gone")
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        assert server.psql("SELECT 1") == "1"


def test_binaries_that_the_account_cannot_reach_are_copied_once_and_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_install, "BINARIES_CACHE", place / "cache")
    monkeypatch.setattr(postgres_install.Account, "can_enter", lambda self, directory: False)
    account = postgres_install.Account(os.geteuid(), os.getegid(), switch=True)

    copy = postgres_install.find_binaries(account)

    assert copy.is_relative_to(place / "cache")
    for program in ("postgres", "initdb", "psql"):  # the last two need libpq beside them
        shown = subprocess.run([copy / program, "--version"], capture_output=True, text=True)
        assert "(PostgreSQL) 18" in shown.stdout, shown.stderr
    made = (copy / "postgres").stat().st_ctime_ns
    assert postgres_install.find_binaries(account) == copy
    assert (copy / "postgres").stat().st_ctime_ns == made
    assert len(list((place / "cache").iterdir())) == 1


def test_starting_from_another_thread_is_refused_because_the_server_would_end_with_it(
    data_dir: Path,
) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            EmbeddedPostgres(data_dir).start()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])
    assert not data_dir.exists()


def test_ctrl_c_in_the_terminal_does_not_reach_the_server_before_the_application(
    data_dir: Path,
) -> None:
    with EmbeddedPostgres(data_dir, settings=QUICK) as server:
        assert server.pid is not None
        assert os.getpgid(server.pid) != os.getpgid(0)
        os.kill(server.pid, signal.SIGHUP)  # a closing terminal: the server re-reads its settings
        assert server.psql("SELECT 1") == "1"
