"""`duotrak jobs`: what waits, what runs, what was given up; and trying that again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.local.problems import CommandError

if TYPE_CHECKING:
    from app.crud.crud_job import JobCrud, JobRow

Result = TypeVar("Result")

SHOWN_AT_MOST = 200
LARGEST_ID = 2**63 - 1

jobs = typer.Typer(help="Look at the job queue, and retry what was given up.", no_args_is_help=True)

DataDir = Annotated[
    Path, typer.Option("--data-dir", help="The data of the `duotrak dev` whose queue is meant.")
]


class ShownStatus(StrEnum):
    """As operators call them; the queue's own words are in the second column."""

    QUEUED = "queued"
    RUNNING = "running"
    HELD = "held"


_STORED = {"queued": "queued", "running": "picked", "held": "failed"}
_SHOWN = {stored: shown for shown, stored in _STORED.items()}


@jobs.command("list")
def list_jobs(
    status: Annotated[
        ShownStatus | None, typer.Option(help="Only these; held are those that were given up.")
    ] = None,
    data_dir: DataDir = Path(".duotrak"),
) -> None:
    """List jobs: the held ones first, then the oldest. Uses DATABASE_URL, or a running dev."""
    stored = _STORED[status] if status else None
    found = _ask(
        data_dir,
        lambda queue: queue.list(status=stored, at_most=SHOWN_AT_MOST),  # type: ignore[arg-type]
    )
    _show(found)


@jobs.command("retry")
def retry_jobs(
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", min=1, max=LARGEST_ID)
    ] = None,
    all_held: Annotated[bool, typer.Option("--all-held", help="All that were given up.")] = False,
    data_dir: DataDir = Path(".duotrak"),
) -> None:
    """Put held jobs back into the queue. An e-mail that was parked is not sent again."""
    if bool(ids) == all_held:
        raise CommandError("Name the jobs to retry by their ids, or give `--all-held`.")
    back, parked = _ask(data_dir, lambda queue: queue.retry(None if all_held else ids))
    if back:
        typer.echo(f"{back} {'job is' if back == 1 else 'jobs are'} back in the queue.")
    if not ids:
        if parked:
            typer.echo(_stay_held(parked))
        elif not back:
            typer.echo("No job is held: there is nothing to retry.")
        return
    problems = [_stay_held(parked)] if parked else []
    if back + parked < len(set(ids)):
        which = "The others are not" if back or parked else "None of these is"
        problems.append(f"{which} held: see `duotrak jobs list --status held`.")
    if problems:
        raise CommandError("\n".join(problems))


def _stay_held(parked: int) -> str:
    if parked == 1:
        return (
            "1 job stays held: its e-mail is parked, since it may have been sent already, "
            "and is not sent again."
        )
    return (
        f"{parked} jobs stay held: their e-mails are parked, since they may have been sent "
        "already, and are not sent again."
    )


def _ask(data_dir: Path, question: "Callable[[JobCrud], Awaitable[Result]]") -> Result:
    from app.core.config import SettingsError, parse_database_url
    from app.local.instance import database_url_beside_dev
    from app.local.reach import check_database

    try:
        target = parse_database_url(database_url_beside_dev(data_dir))
    except ValueError as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from None
    check_database(target)
    from app.crud.crud_job import JobCrud
    from app.db.session import Database

    async def ask() -> Result:
        database = Database(target, pool_size=1)
        try:
            async with database.session() as session:
                return await question(JobCrud(session))
        finally:
            await database.dispose()

    return asyncio.run(ask())


def _show(found: "Sequence[JobRow]") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not found:
        console.print("There are no such jobs.")
        return
    table = Table("id", "name", "status", "failures", "age", "last error")
    for job in found:
        table.add_row(
            str(job["id"]),
            job["job"],
            _SHOWN.get(job["status"], job["status"]),
            str(job["failures"]),
            _in_words(job["age"]),
            job["last_error"] or "",
        )
    console.print(table)
    if len(found) == SHOWN_AT_MOST:
        console.print(f"There may be more: these are the first {SHOWN_AT_MOST}.")


def _in_words(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
