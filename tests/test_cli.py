"""The command line: each problem is a sentence and an exit code, never a traceback."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

PROGRAM = Path(sys.executable).with_name("duotrak")
SETTINGS = {
    "ENVIRONMENT": "test",
    "SUPABASE_URL": "http://supabase.invalid",
    "SUPABASE_PUBLISHABLE_KEY": "publishable",
    "SUPABASE_SECRET_KEY": "s3cret",
    "EMAIL_MODE": "off",
}


def duotrak(
    *arguments: str, directory: Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run it where no `.env` lies, with nothing but the given environment."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=directory,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_help_lists_the_commands(tmp_path: Path) -> None:
    done = duotrak("--help", directory=tmp_path)
    assert done.returncode == 0
    for command in ("dev", "serve", "worker", "jobs", "token", "seed", "audit-db", "openapi"):
        assert command in done.stdout


def test_serve_lists_every_missing_setting_at_once_and_fails(tmp_path: Path) -> None:
    done = duotrak("serve", directory=tmp_path, DATABASE_URL="mysql://u:s3cret@host/d")
    assert done.returncode == 1
    assert done.stdout == ""
    first, *problems = done.stderr.splitlines()
    assert first == "The settings are not complete:"
    names = {line.strip().partition(":")[0] for line in problems}
    assert names >= {
        "DATABASE_URL",
        "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEY",
        "SUPABASE_SECRET_KEY",
    }
    assert "s3cret" not in done.stderr


def test_serve_explains_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    done = duotrak(
        "serve",
        "--port",
        "0",
        directory=tmp_path,
        DATABASE_URL="postgresql://u:s3cret@127.0.0.1:1/none",
        **SETTINGS,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Cannot reach the database at 127.0.0.1:1" in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_serve_refuses_local_mode_in_production(tmp_path: Path) -> None:
    done = duotrak(
        "serve",
        directory=tmp_path,
        DATABASE_URL="postgresql://u@127.0.0.1:1/none",
        **SETTINGS
        | {
            "ENVIRONMENT": "production",
            "SUPABASE_URL": "http://127.0.0.1:8000/_local/supabase",
            "EMAIL_MODE": "mailbox",
        },
    )
    assert done.returncode == 1
    assert "the local stand-in cannot be used" in done.stderr
    assert "`mailbox` is for local mode" in done.stderr


@pytest.mark.parametrize("command", [("token", "a@example.com"), ("seed",)])
def test_commands_of_local_mode_refuse_a_deployment(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    done = duotrak(*command, directory=tmp_path, ENVIRONMENT="production")
    assert done.returncode == 1
    assert "production" in done.stderr
    assert "Traceback" not in done.stderr


def test_openapi_needs_no_settings_and_has_nothing_of_local_mode(tmp_path: Path) -> None:
    done = duotrak("openapi", directory=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert "/api/v1/users/me" in document["paths"]
    assert "_local" not in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("audit-db",),
        ("jobs", "list"),
        ("jobs", "retry", "--all-held"),
        ("token", "a@example.com"),
        ("seed",),
    ],
    ids=" ".join,
)
def test_without_a_database_commands_name_the_next_step(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    done = duotrak(*command, directory=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "`duotrak dev` is not running on .duotrak: start it in another terminal first, "
        "or set DATABASE_URL.\n"
    )


def test_serve_answers_and_ends_soon_after_sigterm(
    make_database: Callable[[], str], tmp_path: Path
) -> None:
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": make_database(), **SETTINGS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    line = next(line for line in server.stdout if "running on" in line)
    address = line.partition("http://")[2].split()[0]
    ready = httpx.get(f"http://{address}/readyz")
    server.send_signal(signal.SIGTERM)
    rest = server.communicate(timeout=15)[0]

    assert ready.json()["status"] == "ready"
    assert server.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in rest
