"""What importing costs, and where things lie."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
APP = ROOT / "app"
MEGABYTES = 120

IMPORT_APP = """
import sys, socket, json

def refuse(*_args, **_options):
    raise AssertionError("importing must not connect")

socket.socket.connect = refuse
socket.socket.connect_ex = refuse
import app.main
memory = next(
    int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")
) if sys.platform == "linux" else 0
print(json.dumps({"memory": memory, "modules": sorted(sys.modules)}))
"""


def run(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin", **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def imported() -> dict[str, Any]:
    done = run(IMPORT_APP)
    assert (done.returncode, done.stderr) == (0, "")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def test_importing_the_application_takes_little_memory(imported: dict[str, Any]) -> None:
    assert imported["memory"] < MEGABYTES


@pytest.mark.parametrize(
    "heavy",
    [
        *("supabase", "supabase_auth", "resend", "alembic", "app.local", "uvicorn", "typer", "PIL"),
        *("google.generativeai", "google.api_core", "grpc"),
    ],
)
def test_what_is_heavy_or_only_for_some_is_imported_when_it_is_used(
    heavy: str, imported: dict[str, Any]
) -> None:
    modules = imported["modules"]
    assert "app.main" in modules
    assert [name for name in modules if name == heavy or name.startswith(f"{heavy}.")] == []


def test_the_command_line_imports_no_application_before_a_command_is_chosen() -> None:
    done = run("import sys, app.cli; print(*sys.modules)")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"fastapi", "sqlalchemy", "alembic", "uvicorn", "app.main"} & {
        *done.stdout.split()
    } == set()


def test_importing_needs_no_settings_and_making_the_app_does_not_connect() -> None:
    made = run(
        "import socket\n"
        "socket.socket.connect = None\n"
        "from app.main import create_app\n"
        "from app.core.config import load_settings\n"
        "print(create_app(load_settings()).title)",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        SUPABASE_URL="https://project.supabase.example",
        SUPABASE_PUBLISHABLE_KEY="none",
        SUPABASE_SECRET_KEY="none",
        FRONTEND_URL="https://app.example.com",
        PUBLIC_API_URL="https://api.example.com",
        EMAIL_MODE="off",
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "DuoTrak\n", "")


def test_no_module_is_named_after_nothing_in_particular() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}
    modules = [path.relative_to(ROOT) for path in APP.rglob("*.py")]
    assert len(modules) > 50
    found = [path for path in modules if {path.stem, *path.parent.parts} & vague]
    assert found == []


def test_only_one_module_knows_the_token_library_and_each_vendor_has_its_own() -> None:
    allowed = {
        "from jose": {"app/core/security.py", "app/local"},
        "import jose": {"app/core/security.py", "app/local"},
        "import resend": {"app/clients/resend_client.py"},
        "from resend": {"app/clients/resend_client.py"},
        "from supabase": {"app/clients"},
        "import supabase": {"app/clients"},
    }
    for statement, places in allowed.items():
        users = {
            str(path.relative_to(ROOT))
            for path in APP.rglob("*.py")
            if any(line.strip().startswith(statement) for line in path.read_text().splitlines())
        }
        assert all(any(user.startswith(place) for place in places) for user in users), users
