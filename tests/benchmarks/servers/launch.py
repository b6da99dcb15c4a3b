"""Starts the servers, each in a process of its own, and asks the kernel what they cost."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.benchmarks.load import BenchmarkError
from tests.benchmarks.servers.options import ServerOptions

START_TIMEOUT = 30.0
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server. Its log goes to /dev/null, and what it says on stderr to a file."""

    def __init__(self, name: str, options: ServerOptions, *, directory: Path) -> None:
        self.port = options.port
        self._name = name
        self._stderr = directory / f"{name}-{options.port}.err"
        with self._stderr.open("wb") as stderr:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.servers", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        stdin: IO[bytes] | None = self._process.stdin
        assert stdin is not None
        stdin.write(options.to_json())
        stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            self.check_alive()
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise BenchmarkError(f"{self._name} did not start") from None
                time.sleep(0.05)
            else:
                return

    def check_alive(self) -> None:
        if self._process.poll() is not None:
            raise BenchmarkError(
                f"{self._name} ended with {self._process.returncode}:\n{self.complaints()}"
            )

    def complaints(self) -> str:
        return self._stderr.read_text(errors="replace")[-3000:]

    def cpu_seconds(self) -> float:
        """Processor time used so far, in user and in kernel mode."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS_PER_SECOND


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
