"""The migrations: there and back, one process at a time, never queueing in front of the service."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.local.postgres import EmbeddedPostgres
from tests.db.migrating import ROOT, alembic, start_upgrade

# A revision as the template advises: it takes a while, and builds an index concurrently.
NEXT_REVISION = '''"""Slow"""
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS lock_timeout, "
        "current_setting('statement_timeout') AS statement_timeout"
    )
    op.execute("SELECT pg_sleep(1.5)")
    with op.get_context().autocommit_block():
        op.create_index("ix_goals_title", "goals", ["title"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index("ix_goals_title")
    op.drop_table("seen")
'''

SCHEMA = """
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
       || coalesce(column_default, '') AS line
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY line
"""

EVERYTHING = """
SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1
"""

FOREIGN_KEYS_WITHOUT_INDEX = """
SELECT c.conname FROM pg_constraint c
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
      AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
)
"""

NAMES = """
SELECT c.conrelid::regclass AS "table", c.conname AS name, c.contype AS kind,
       (SELECT string_agg(a.attname, '_' ORDER BY position)
        FROM unnest(c.conkey) WITH ORDINALITY AS key(number, position)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = key.number) AS columns,
       nullif(c.confrelid, 0)::regclass AS other
FROM pg_constraint c
WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'f', 'u', 'c')
  AND c.conrelid <> 'alembic_version'::regclass
  AND c.conrelid::regclass::text NOT LIKE 'pgqueuer%'  -- the library names its own
"""


def database_of(url: str) -> str:
    return urlsplit(url).path[1:]


@pytest.fixture
def url(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    name = "migrations_" + str(abs(hash(request.node.name)) % 10**8)
    postgres.create_database(name)
    return postgres.url(name)


def test_upgrade_matches_the_models_and_downgrade_to_base_leaves_nothing(
    postgres: EmbeddedPostgres, url: str
) -> None:
    alembic(url, "upgrade", "head")
    first = postgres.psql(SCHEMA, database_of(url))
    alembic(url, "check")  # raises when the models say something else

    alembic(url, "downgrade", "base")
    left = postgres.psql(EVERYTHING, database_of(url)).splitlines()
    assert [line for line in left if "alembic_version" not in line] == []

    alembic(url, "upgrade", "head")
    assert postgres.psql(SCHEMA, database_of(url)) == first
    assert "uq_checkins_system_id" in first


def test_two_upgrades_at_once_are_both_fine_even_when_an_index_is_built_concurrently(
    postgres: EmbeddedPostgres, make_database: Callable[[], str], tmp_path: Path
) -> None:
    url = make_database()
    head = postgres.psql("SELECT version_num FROM alembic_version", database_of(url))
    (tmp_path / "9999_slow.py").write_text(NEXT_REVISION.format(head=head))

    processes = [start_upgrade(url, tmp_path) for _ in range(2)]
    outcomes = [(process.communicate(timeout=30)[1], process.returncode) for process in processes]

    assert outcomes == [("", 0), ("", 0)]
    assert postgres.psql("SELECT version_num FROM alembic_version", database_of(url)) == "9999"
    # Once, and with a limit on how long a statement may queue for a lock, not on how long it runs.
    assert postgres.psql("SELECT * FROM seen", database_of(url)) == "5s|0"
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_goals_title'::regclass"
    assert postgres.psql(valid, database_of(url)) == "t"


def test_every_foreign_key_leads_an_index(
    postgres: EmbeddedPostgres, make_database: Callable[[], str]
) -> None:
    assert postgres.psql(FOREIGN_KEYS_WITHOUT_INDEX, database_of(make_database())) == ""


def test_every_constraint_has_the_name_that_the_convention_gives_it(
    postgres: EmbeddedPostgres, make_database: Callable[[], str]
) -> None:
    found = postgres.psql(NAMES, database_of(make_database())).splitlines()
    assert len(found) > 50
    for line in found:
        table, name, kind, columns, other = line.split("|")
        match kind:
            case "p":
                assert name == f"pk_{table}"
            case "f":
                assert name == f"fk_{table}_{columns}_{other}"
            case "u":
                assert name == f"uq_{table}_{columns}"
            case _:
                assert name.startswith(f"ck_{table}_")


@pytest.mark.parametrize(
    ("database_url", "sentence"),
    [
        ("postgresql://u:s3cret@127.0.0.1:1/none", "cannot be reached"),
        ("postgresql://u:s3cret@db.example:6543/none", "transaction pooler"),
        ("mysql://u:s3cret@127.0.0.1/none", "DATABASE_URL: expected postgresql://"),
        ("", "DATABASE_URL: required, but not set"),
    ],
)
def test_a_database_that_cannot_be_migrated_is_explained_without_the_password(
    database_url: str, sentence: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
