"""What the benchmarks of servers have in common: two cores, a filled database, a place for logs."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from app.db.migrations import upgrade_to_head
from app.local.postgres import EmbeddedPostgres
from tests.benchmarks.dataset import Dataset, populate
from tests.benchmarks.load import BenchmarkError
from tests.benchmarks.servers.launch import free_port
from tests.benchmarks.servers.options import ISSUER, ServerOptions

_DATABASE = "benchmark"
_DATABASE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
}


@dataclass(frozen=True)
class Stage:
    url: str
    dataset: Dataset
    directory: Path
    server_core: int

    def server_options(self, *, token_cache: bool = True) -> ServerOptions:
        """For one more server, at a port of its own."""
        return ServerOptions(self.url, free_port(), self.server_core, self.dataset.jwk, token_cache)


@contextmanager
def set_up() -> Iterator[Stage]:
    """Fill a database, on the core that is not the servers'. What fails ends with exit code 1."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The benchmark failed: it needs two cores, one of them for the server alone.")
    os.sched_setaffinity(0, {cores[0]})  # the database inherits it
    try:
        with (
            tempfile.TemporaryDirectory() as directory,
            EmbeddedPostgres(settings=_DATABASE_SETTINGS) as postgres,
        ):
            postgres.create_database(_DATABASE)
            url = postgres.url(_DATABASE)
            upgrade_to_head(url)
            dataset = uvloop.run(populate(url, issuer=ISSUER))
            yield Stage(url, dataset, Path(directory), cores[-1])
    except BenchmarkError as error:
        sys.exit(f"The benchmark failed: {error}")
    except (TimeoutError, OSError) as error:
        sys.exit(f"The benchmark failed: {error!r}")
