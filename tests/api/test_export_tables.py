"""The export in step with the schema: nothing new can be forgotten."""

from fastapi import FastAPI

from app.crud.export_tables import ACCOUNT, EXPORTED, TABLES_LEFT_OUT
from app.db.base_class import Base
from app.schemas.account_schemas import AccountExport

SECRETS_AND_INTERNALS = {
    "users": set(),
    "partnerships": {"invite_token"},
    "email_outbox": {"payload", "attempts", "next_attempt_at", "last_error", "dedupe_key"},
}


def test_every_table_and_column_is_exported_or_left_out_for_a_reason() -> None:
    exports = (ACCOUNT, *EXPORTED)
    named = {export.model.__tablename__ for export in exports}
    assert named.isdisjoint(TABLES_LEFT_OUT)
    assert named | set(TABLES_LEFT_OUT) == set(Base.metadata.tables), (
        "say in app/crud/export_tables.py how the rows of a new table belong to a person"
    )
    for table in Base.metadata.sorted_tables:
        if table.name in TABLES_LEFT_OUT:
            continue
        mine = [export for export in exports if export.model.__table__ is table]
        known = {name for export in mine for name in (*export.columns, *export.left_out)}
        assert known == set(table.columns.keys()), (
            f"say in app/crud/export_tables.py whether a new column of {table.name} is exported"
        )
        for export in mine:
            assert set(export.columns).isdisjoint(export.left_out)
        hidden = {name for export in mine for name in export.left_out}
        assert hidden >= SECRETS_AND_INTERNALS.get(table.name, set())


def test_the_document_is_described_as_it_is() -> None:
    described = list(AccountExport.model_fields)
    assert described == ["exported_at", "account", *(export.key for export in EXPORTED)]


async def test_openapi_describes_the_file(app: FastAPI) -> None:
    operation = app.openapi()["paths"]["/api/v1/users/me/export"]["get"]
    answer = operation["responses"]["200"]["content"]
    assert list(answer) == ["application/json"]
    assert answer["application/json"]["schema"]["$ref"].endswith("/AccountExport")
