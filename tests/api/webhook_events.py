"""What tests of Supabase's webhooks share: a look at both sides of an account."""

from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from tests.conftest import BASE_URL, client_of
from tests.factories import Person
from tests.support import items_of


async def at_supabase(app: FastAPI, method: str, user_id: UUID, **changes: Any) -> None:
    """Change the account where only its administrators can."""
    key = app.state.settings.supabase_secret_key.get_secret_value()
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    async with client_of(app, headers=headers) as admin:
        path = f"{BASE_URL}/_local/supabase/auth/v1/admin/users/{user_id}"
        answer = await admin.request(method, path, json=changes or None)
    assert answer.status_code == 200, answer.text


async def row(app: FastAPI, user_id: UUID) -> dict[str, Any] | None:
    async with app.state.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT * FROM users WHERE id = :id"), {"id": user_id}
        )
        first = found.mappings().first()
        return dict(first) if first else None


async def deletions(app: FastAPI) -> list[UUID]:
    async with app.state.database.engine.connect() as connection:
        return list(await connection.scalars(text("SELECT user_id FROM account_deletions")))


async def notifications_of(person: Person) -> int:
    return len(items_of(await person.get("/notifications")))
