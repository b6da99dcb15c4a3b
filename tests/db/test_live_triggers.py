"""The triggers that write live events bear thousands of rows in one statement."""

from datetime import date
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text

from tests.factories import Factory
from tests.support import rows

MANY = 20_000


async def test_a_plan_kept_from_single_rows_does_not_slow_many_down(
    factory: Factory, app: FastAPI
) -> None:
    alice, _ = await factory.partners()
    system = await factory.system(alice)
    async with app.state.database.engine.connect() as connection:

        async def run(sql: str, **parameters: Any) -> None:
            await connection.execute(text(sql), parameters)

        # Each statement has the application's five seconds. Rows joined one by one need minutes.
        await run(
            "INSERT INTO checkins (user_id, system_id, checkin_timestamp_utc, checkin_date_local,"
            " checkin_timezone, status) SELECT :user_id, :system_id, now(),"
            " date '1900-01-01' + n, 'UTC', 'completed' FROM generate_series(1, :many) n",
            user_id=alice.id,
            system_id=system["id"],
            many=MANY,
        )
        await run(
            "INSERT INTO notifications (recipient_id, type, title)"
            " SELECT :user_id, 'checkin_verified', n FROM generate_series(1, :many) n",
            user_id=alice.id,
            many=MANY,
        )
        for day in range(2, 12):
            await run(
                "UPDATE checkins SET notes = 'one' WHERE checkin_date_local = :day",
                day=date(1900, 1, day),
            )
            await run("UPDATE notifications SET message = 'one' WHERE title = :n", n=str(day))
        await run("DELETE FROM live_events")

        await run("UPDATE checkins SET notes = 'all'")
        await run("UPDATE notifications SET is_read = true")
        await run("UPDATE notifications SET message = 'all' WHERE title <= '11'")
        await connection.commit()

    events = await rows(app, "SELECT event, count(*) AS n FROM live_events GROUP BY 1 ORDER BY 1")
    changed = len([n for n in range(1, MANY + 1) if str(n) <= "11"])
    # Of so many check-ins each of the two hears once, of what was read nobody.
    assert events == [{"event": "checkin", "n": 2}, {"event": "notification", "n": changed}]
