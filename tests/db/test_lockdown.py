"""Supabase's Data API reaches nothing: proven by being `anon` and trying."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.local.postgres import EmbeddedPostgres
from app.local.postgres_install import LocalPostgresError
from tests.db.migrating import alembic

DATABASE = "like_supabase"
DATA_API_ROLES = ("anon", "authenticated")
SUPABASE_ROLES = (*DATA_API_ROLES, "service_role")

# As in a Supabase project from before 2026: whatever is made later belongs to everybody.
LEGACY_GRANTS = """
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
"""
EARLIER_OBJECTS = """
CREATE TABLE earlier (id serial PRIMARY KEY, secret text, shared text);
INSERT INTO earlier (secret) VALUES ('secret');
CREATE VIEW earlier_view AS SELECT * FROM earlier;
CREATE MATERIALIZED VIEW earlier_copy AS SELECT * FROM earlier;
CREATE FUNCTION earlier_function() RETURNS text LANGUAGE sql AS 'SELECT ''secret''';
CREATE TABLE by_column (id int, shared text);
REVOKE ALL ON by_column FROM PUBLIC, anon, authenticated;
GRANT SELECT (shared) ON by_column TO anon;
CREATE TABLE by_everybody (id int);
GRANT SELECT ON by_everybody TO PUBLIC;
"""

PRIVILEGES = """
SELECT r.rolname || ' on ' || c.relname FROM pg_class c, pg_roles r
WHERE c.relnamespace = 'public'::regnamespace AND r.rolname IN ('anon', 'authenticated')
  AND CASE WHEN c.relkind = 'S'
           THEN has_sequence_privilege(r.oid, c.oid, 'USAGE, SELECT, UPDATE')
           WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f')
           THEN has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                OR has_table_privilege(r.oid, c.oid, 'REFERENCES, TRIGGER')
                OR has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
           END
UNION ALL
SELECT r.rolname || ' on ' || p.proname FROM pg_proc p, pg_roles r
WHERE p.pronamespace = 'public'::regnamespace AND r.rolname IN ('anon', 'authenticated')
  AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
"""
WITHOUT_RLS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity
"""
ROW_VERSIONS = """
SELECT 'class', oid, xmin, ctid FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'proc', oid, xmin, ctid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'default', oid, xmin, ctid FROM pg_default_acl ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A database of a Supabase project; `url` signs in as its owner, who is no superuser."""

    server: EmbeddedPostgres
    url: str

    def owner(self, sql: str) -> str:
        return self.server.psql(f"SET SESSION AUTHORIZATION app_owner; {sql}", DATABASE)

    def as_role(self, role: str, sql: str) -> str:
        return self.server.psql(f"SET SESSION AUTHORIZATION {role}; {sql}", DATABASE)

    def look(self, sql: str) -> list[str]:
        return self.server.psql(sql, DATABASE).splitlines()

    def audit(self) -> "subprocess.CompletedProcess[str]":
        return audit(self.url)


def audit(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).with_name("duotrak"), "audit-db"],
        env={"DATABASE_URL": url, "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def project(postgres: EmbeddedPostgres) -> Iterator[Project]:
    roles = (*SUPABASE_ROLES, "app_owner")
    for role in SUPABASE_ROLES:
        postgres.psql(f"CREATE ROLE {role} NOLOGIN")
    postgres.psql("ALTER ROLE service_role BYPASSRLS")
    postgres.psql("CREATE ROLE app_owner LOGIN PASSWORD 'pass' NOSUPERUSER")
    postgres.psql(f"CREATE DATABASE {DATABASE} OWNER app_owner")
    address = urlsplit(postgres.url(DATABASE))
    made = Project(
        postgres, f"postgresql://app_owner:pass@{address.hostname}:{address.port}/{DATABASE}"
    )
    made.owner(LEGACY_GRANTS)
    yield made
    postgres.drop_database(DATABASE)
    postgres.psql(f"DROP ROLE {', '.join(roles)}")


def test_after_an_upgrade_the_data_api_can_do_nothing_and_the_owner_everything(
    project: Project,
) -> None:
    project.owner(EARLIER_OBJECTS)
    before = project.as_role("anon", "SELECT secret FROM earlier")
    assert before == "secret"  # the hole is there

    alembic(project.url, "upgrade", "head")

    assert project.look(PRIVILEGES) == []
    assert project.look(WITHOUT_RLS) == []
    for role in DATA_API_ROLES:
        for attempt in (
            "SELECT * FROM users",
            "SELECT * FROM alembic_version",
            "UPDATE alembic_version SET version_num = ''",
            "INSERT INTO users (email) VALUES ('x@example.com')",
            "DELETE FROM goals",
            "TRUNCATE checkins",
            "SELECT secret FROM earlier",
            "SELECT * FROM earlier_view",
            "SELECT * FROM earlier_copy",
            "SELECT shared FROM by_column",
            "SELECT * FROM by_everybody",
            "SELECT nextval('earlier_id_seq')",
            "SELECT earlier_function()",
        ):
            with pytest.raises(LocalPostgresError, match="permission denied"):
                project.as_role(role, attempt)
    project.owner("INSERT INTO users (email, name) VALUES ('a@example.com', 'Alice')")
    assert project.owner("SELECT name FROM users") == "Alice"
    assert project.owner("SELECT earlier_function()") == "secret"
    assert project.look("SELECT relname FROM pg_class WHERE relforcerowsecurity") == []
    assert project.look("SELECT * FROM pg_policies") == []


def test_a_table_that_is_made_later_is_closed_by_the_next_upgrade(project: Project) -> None:
    alembic(project.url, "upgrade", "head")
    # As the superuser's legacy defaults would have it, whoever made the table.
    project.owner("CREATE TABLE later (id serial, secret text)")
    project.owner("CREATE FUNCTION later_function() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.owner("GRANT ALL ON later, later_id_seq TO anon, authenticated")
    assert project.as_role("anon", "SELECT later_function()") == "1"
    found = project.audit()
    assert found.returncode == 1
    assert "table later: row level security is off" in found.stdout
    assert "table later: anon may SELECT" in found.stdout
    assert "sequence later_id_seq: authenticated may use it" in found.stdout
    assert "function later_function(): anon may execute it" in found.stdout
    assert "users" not in found.stdout

    alembic(project.url, "upgrade", "head")

    assert project.look(PRIVILEGES) == []
    assert project.look(WITHOUT_RLS) == []
    clean = project.audit()
    assert (clean.returncode, clean.stdout, clean.stderr) == (0, "", "")


def test_the_defaults_of_the_owner_no_longer_open_new_tables(project: Project) -> None:
    alembic(project.url, "upgrade", "head")

    project.owner("CREATE TABLE later (id serial)")

    for attempt in ("SELECT * FROM later", "SELECT nextval('later_id_seq')"):
        with pytest.raises(LocalPostgresError, match="permission denied"):
            project.as_role("anon", attempt)
    # What the project's own back-end role may do is not ours to take away.
    assert project.as_role("service_role", "SELECT count(*) FROM later") == "0"


def test_running_it_again_changes_nothing_and_waits_for_no_lock(project: Project) -> None:
    alembic(project.url, "upgrade", "head")
    before = project.look(ROW_VERSIONS)
    assert len(before) > 50
    busy = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCKS, project.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert busy.stdout is not None
    assert busy.stdout.readline() == "held\n"

    # Would wait for 5 s and fail if it wanted any lock on a table that is being written to.
    alembic(project.url, "upgrade", "head")

    busy.communicate("", timeout=10)
    assert project.look(ROW_VERSIONS) == before


HOLD_LOCKS = """
import asyncio, sys, asyncpg
async def hold(url):
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE users, checkins IN ROW EXCLUSIVE MODE")
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(hold(sys.argv[1]))
"""


def test_what_belongs_to_others_is_reported_rather_than_in_the_way(project: Project) -> None:
    project.server.psql(
        "CREATE TABLE public.foreign_table (id int); GRANT SELECT ON public.foreign_table TO anon",
        DATABASE,
    )

    alembic(project.url, "upgrade", "head")

    found = project.audit()
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        "table foreign_table: anon may SELECT",
        "table foreign_table: row level security is off",
    ]


def test_a_privilege_on_one_column_is_found_by_the_audit(project: Project) -> None:
    alembic(project.url, "upgrade", "head")
    project.owner("GRANT SELECT (email) ON users TO anon")

    found = project.audit()

    assert found.returncode == 1
    assert found.stdout.splitlines() == ["table users: anon may SELECT some columns"]


def test_without_supabases_roles_the_upgrade_still_turns_row_level_security_on(
    postgres: EmbeddedPostgres, make_database: Callable[[], str]
) -> None:
    assert postgres.psql("SELECT FROM pg_roles WHERE rolname = 'anon'") == ""
    url = make_database()
    assert postgres.psql(WITHOUT_RLS, urlsplit(url).path[1:]) == ""
    done = audit(url)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://u:s3cret@127.0.0.1:1/none", "Cannot reach the database"),
        ("nonsense://u:s3cret@host/none", "DATABASE_URL: expected postgresql://"),
    ],
)
def test_an_audit_that_cannot_look_says_so_and_fails(url: str, sentence: str) -> None:
    done = audit(url)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
