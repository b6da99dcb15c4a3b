"""An API and a PostgreSQL in processes of their own, to be killed and started again."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from app.local.postgres import EmbeddedPostgres

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
HANGING_SECONDS = 60.0  # only a guard against waiting for ever


class Victim(Protocol):
    def kill(self) -> None:
        """End it as `kill -9` does, and return when nothing of it runs any more."""

    def start(self) -> None:
        """Start it again, at the same place."""


class Api:
    """One process that serves HTTP. It takes a moment until it answers.

    `settings` are what `start` tells it, as the environment would.
    """

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}"
        self.settings: dict[str, str] = {}
        self._starter = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.api_process", str(self._port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        assert self._starter.stdin is not None
        self._starter.stdin.write(json.dumps(self.settings) + "\n")
        self._starter.stdin.flush()

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + HANGING_SECONDS
        while not _accepts(self._port):
            assert self._starter.poll() is None, "the API did not start"
            assert time.monotonic() < deadline, "the API does not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        os.kill(int(self._read()), signal.SIGKILL)
        ended = int(self._read())
        assert ended == -signal.SIGKILL, f"it had ended before, with {ended}"

    def close(self) -> None:
        self._starter.kill()  # takes the one that serves along
        self._starter.communicate(timeout=HANGING_SECONDS)

    def _read(self) -> str:
        assert self._starter.stdout is not None
        line = self._starter.stdout.readline()
        assert line, "the API did not start"
        return line


class DurablePostgres:
    """A server with PostgreSQL's own settings, as in production: what it commits, it keeps."""

    def __init__(self, data_dir: Path) -> None:
        self.server = EmbeddedPostgres(data_dir, port=free_port())
        self.server.start()
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert self.server.psql(f"SHOW {setting}") == "on"

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        postmaster = self.server.pid
        assert postmaster is not None
        os.kill(postmaster, signal.SIGSTOP)  # or it would answer the end of one by a restart
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        family = [postmaster, *map(int, children)]
        for process in family:
            os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + HANGING_SECONDS
        while not all(_has_ended(process) for process in family):
            assert time.monotonic() < deadline, "killed processes do not end"
            time.sleep(0.001)
        self.server.stop()  # there is nothing left to stop: it gives the directory free

    def close(self) -> None:
        if self.server.pid is not None:
            self.kill()  # sooner done than an orderly end


def free_port() -> int:
    """A port that the system gives to nobody who does not ask for it.

    Of those that it does give, whoever keeps trying to reach a dead server is given that very port
    some day, is connected to itself, and the server cannot start any more.
    """
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def _has_ended(pid: int) -> bool:
    """Whether it runs no more, collected by its parent or not yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
