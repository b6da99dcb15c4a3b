"""What makes a request the same as one before: a key stands for one request, its query included."""

from fastapi import FastAPI

from tests.factories import Factory
from tests.support import assert_error, count_rows, data_of, rows

COMMENT = {"textContent": "Well done!"}


async def test_a_key_that_comes_back_with_another_query_has_no_effect(
    factory: Factory, app: FastAPI
) -> None:
    alice = await factory.person()
    first, second = [(await factory.goal(alice))["id"] for _ in range(2)]
    key = {"Idempotency-Key": "once"}

    def about(goal: str) -> str:
        return f"/comments?targetType=goal&targetId={goal}"

    made = data_of(await alice.post(about(first), COMMENT, headers=key), 201)
    other = await alice.post(about(second), COMMENT, headers=key)
    again = await alice.post(about(first), COMMENT, headers=key)

    assert_error(other, 422, "idempotency_key_reused")
    assert data_of(again, 201) == made
    assert again.headers["idempotency-replayed"] == "true"
    assert [str(row["target_id"]) for row in await rows(app, "SELECT target_id FROM comments")] == [
        first
    ]
    assert await count_rows(app, "idempotency_keys") == (1,)
