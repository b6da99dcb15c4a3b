"""The first benchmark: what the application costs beyond the least that answers the same.

Run `uv run python -m tests.benchmarks` (about six minutes; `--help` has the options) on a
machine that does nothing else, with two cores or more. It starts an embedded PostgreSQL with the
real migrations and fills it. Four servers answer the same JSON from it: the *floor* (Starlette,
asyncpg, orjson, SQL by hand), the *framework* (the floor's statement behind a bare FastAPI route:
what is out of reach of anything built on it), an *idiomatic* FastAPI service (entities, session
dependency, response models), and the *application* with its real authentication, middleware and
logging. The two in the middle have only some of the scenarios.
Before measuring, their answers and the rows that they write are compared.

How to read the table: the *ratio* is the requests per second as a share of the floor's in the
same round; its median counts, min and max say how noisy the machine is, and a requests/s alone
says nothing. *CPU ms* is what the server process used for a request, and *by CPU* the ratio of
those: it is steadier on a busy machine, and lower wherever the floor waits for the database or
the load generator instead of its own core (CPU times requests/s is then well below a second). The
second table has the same without the cache of verified tokens, on both sides: each request then
pays for one ES256 verification.

Each server is one uvicorn worker on a core of its own, the database and the load generator are on
another; 16 connections, 200 tokens in rotation, a pool of 20. The database does not wait for the
disk, which would hide what the servers cost. The order is reversed each round. Any unexpected
status, lost connection, short body or dead server ends the run with exit code 1.
"""

import argparse
from contextlib import ExitStack

import uvloop

from tests.benchmarks.measure import Results, measure
from tests.benchmarks.report import print_report
from tests.benchmarks.scenarios import SCENARIOS
from tests.benchmarks.servers.launch import Server
from tests.benchmarks.stage import Stage, set_up


def main() -> None:
    arguments = _arguments()
    with set_up() as stage:
        if arguments.token_cache is not False:
            results = _run(arguments, stage, token_cache=True)
            print_report("With the token cache", results, rounds=arguments.rounds)
        if arguments.token_cache is not True:
            results = _run(arguments, stage, token_cache=False)
            print_report("Without the token cache", results, rounds=arguments.rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="per server, scenario and round (%(default)s)"
    )
    parser.add_argument(
        "--only", default="", metavar="PART", help="only scenarios with this in their name"
    )
    parser.add_argument(
        "--token-cache",
        action=argparse.BooleanOptionalAction,
        help="only with, or only without, the cache of verified tokens; default: both",
    )
    return parser.parse_args()


def _run(arguments: argparse.Namespace, stage: Stage, *, token_cache: bool) -> Results:
    # The idiomatic variant is here for orientation: once is enough.
    orientation = ("framework", "idiomatic") if token_cache else ("framework",)
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                Server(
                    name,
                    stage.server_options(token_cache=token_cache),
                    directory=stage.directory,
                )
            )
            for name in ("floor", *orientation, "application")
        }
        return uvloop.run(
            measure(
                stage.url,
                stage.dataset,
                servers,
                rounds=arguments.rounds,
                seconds=arguments.seconds,
                scenarios=[one for one in SCENARIOS if arguments.only in one.name],
            )
        )


if __name__ == "__main__":
    main()
