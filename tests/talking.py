"""Two people who write to each other and react, through the API."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory, Person
from tests.support import data_of, rows


async def say(sender: Person, words: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A message from `sender` to the active partner."""
    sent: dict[str, Any] = data_of(
        await sender.post("/messages", {"textContent": words} | fields), 201
    )
    return sent


async def comment(
    author: Person, kind: str, target_id: str, words: str = "Well done", **fields: Any
) -> dict[str, Any]:
    path = f"/comments?targetType={kind}&targetId={target_id}"
    made: dict[str, Any] = data_of(await author.post(path, {"textContent": words} | fields), 201)
    return made


async def react(person: Person, kind: str, target_id: str, emoji: str = "👍") -> list[Any]:
    """All reactions of the target afterwards."""
    answer = await person.put(f"/reactions/{kind}/{target_id}", {"emoji": emoji})
    reactions: list[Any] = data_of(answer)["reactions"]
    return reactions


async def a_reflection(app: FastAPI, author: Person, day: date = date(2026, 3, 10)) -> str:
    """A stored reflection; its id."""
    reflection_id = uuid4()
    async with app.state.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO reflections (id, user_id, reflection_date_local, content)"
                " VALUES (:id, :user_id, :day, 'A good day')"
            ),
            {"id": reflection_id, "user_id": author.id, "day": day},
        )
    return str(reflection_id)


async def something(factory: Factory, app: FastAPI, kind: str, author: Person) -> str:
    """The id of a new check-in, reflection, goal or message of `author`."""
    if kind == "reflection":
        return await a_reflection(app, author)
    if kind == "direct_message":
        return str((await say(author))["id"])
    if kind == "goal":
        return str((await factory.goal(author))["id"])
    system = await factory.system(author)
    return str((await factory.checkin(author, system["id"], status="skipped"))["id"])


async def told(app: FastAPI, recipient: UUID, kind: str) -> list[Any]:
    """The notifications of one type that somebody has, oldest first."""
    return await rows(
        app,
        "SELECT * FROM notifications WHERE recipient_id = :id AND type = :kind"
        " ORDER BY created_at, id",
        id=recipient,
        kind=kind,
    )
