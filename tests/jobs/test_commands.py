"""`duotrak jobs` and `duotrak worker`, as an operator meets them."""

import asyncio
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.jobs.handler import GiveUp, TryAgain
from tests.jobs.probing import Other, Probe, Recorder, put_in
from tests.jobs.working import jobs, work_off

PROGRAM = Path(sys.executable).with_name("duotrak")


def duotrak(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd="/",
        env={"PATH": os.environ["PATH"], "DATABASE_URL": database_url, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def listed(output: str) -> list[list[str]]:
    """The cells of the table's rows."""
    return [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in output.splitlines()
        if line.startswith("│")
    ]


@pytest.fixture
async def url(app: FastAPI) -> str:
    """Of a queue with a held job, one that waits for its next attempt, and one that is new."""
    probe = Recorder(GiveUp("VendorGone"))
    await put_in(app, Probe(number=1))
    await work_off(app, handlers=[probe.handler()])
    probe.reactions.append(TryAgain("VendorBusy", after=timedelta(hours=1)))
    await put_in(app, Probe(number=2))
    await work_off(app, handlers=[probe.handler()])
    await put_in(app, Other())
    found: str = app.state.settings.database_url.get_secret_value()
    return found


async def test_jobs_are_listed_the_held_ones_first(app: FastAPI, url: str) -> None:
    done = await asyncio.to_thread(duotrak, url, "jobs", "list")

    assert (done.returncode, done.stderr) == (0, "")
    held, waiting, new = listed(done.stdout)
    assert held[1:4] == ["probe", "held", "0"]
    assert held[5] == "VendorGone"
    assert waiting[1:4] == ["probe", "queued", "0"]
    assert waiting[5] == "VendorBusy"
    assert new[1:4] == ["other", "queued", "0"]
    assert new[5] == ""
    assert all(re.fullmatch(r"\d+ s", row[4]) for row in (held, waiting, new))


@pytest.mark.parametrize(
    ("status", "names"), [("held", ["probe"]), ("queued", ["probe", "other"]), ("running", [])]
)
async def test_jobs_are_listed_by_status(status: str, names: list[str], url: str) -> None:
    done = await asyncio.to_thread(duotrak, url, "jobs", "list", "--status", status)
    assert [row[1] for row in listed(done.stdout)] == names
    assert bool(names) != ("There are no such jobs." in done.stdout)


async def test_a_held_job_is_retried_by_its_id_and_others_are_not(app: FastAPI, url: str) -> None:
    held, waiting, _ = await jobs(app)
    refused = await asyncio.to_thread(duotrak, url, "jobs", "retry", str(waiting["id"]))
    retried = await asyncio.to_thread(duotrak, url, "jobs", "retry", str(held["id"]))

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "None of these is held: see `duotrak jobs list --status held`.\n"
    assert (retried.returncode, retried.stdout) == (0, "1 job is back in the queue.\n")
    assert [job["status"] for job in await jobs(app)] == ["queued"] * 3


async def test_all_held_jobs_are_retried_together(app: FastAPI, url: str) -> None:
    done = await asyncio.to_thread(duotrak, url, "jobs", "retry", "--all-held")
    assert done.stdout == "1 job is back in the queue.\n"
    again = await asyncio.to_thread(duotrak, url, "jobs", "retry", "--all-held")
    assert (again.returncode, again.stdout) == (0, "No job is held: there is nothing to retry.\n")


async def test_of_several_jobs_those_that_are_held_are_retried(app: FastAPI, url: str) -> None:
    held, waiting, _ = await jobs(app)
    done = await asyncio.to_thread(
        duotrak, url, "jobs", "retry", str(held["id"]), str(waiting["id"]), str(2**63 - 1)
    )

    assert (done.returncode, done.stdout) == (1, "1 job is back in the queue.\n")
    assert done.stderr == "The others are not held: see `duotrak jobs list --status held`.\n"


@pytest.mark.parametrize("number", ["0", "99999999999999999999", str(2**63), "one"])
async def test_what_cannot_be_the_id_of_a_job_is_refused(number: str, url: str) -> None:
    done = await asyncio.to_thread(duotrak, url, "jobs", "retry", number)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Invalid value" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("jobs", "retry"), "Name the jobs"),
        (("jobs", "retry", "1", "--all-held"), "Name the jobs"),
    ],
)
async def test_what_is_meant_has_to_be_said(
    arguments: tuple[str, ...], sentence: str, url: str
) -> None:
    done = await asyncio.to_thread(duotrak, url, *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_explained_without_its_password() -> None:
    done = duotrak("postgresql://u:s3cret@127.0.0.1:1/none", "jobs", "list")
    assert done.returncode == 1
    assert "Cannot reach the database" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_without_settings_a_worker_says_which_are_missing() -> None:
    done = duotrak("", "worker")
    assert done.returncode == 1
    assert "DATABASE_URL: required" in done.stderr
    assert "SUPABASE_URL: required" in done.stderr
