"""Checkpoints of streaks: kept to be found sooner, never the truth."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, String, any_, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Date, Integer, Uuid

from app.core.schedule import Earlier
from app.core.streak_checkpoints import Checkpoint
from app.crud.base_crud import BaseCrud
from app.db.models import StreakCheckpoint, System, User
from app.db.query import Query


class KeptRow(TypedDict):
    user_id: UUID


_given = (
    func.jsonb_to_recordset(bindparam("checkpoints", type_=JSONB))
    .table_valued(
        column("owner_id", Uuid),
        column("until", Date),
        column("longest", Integer),
        column("running", Integer),
        column("systems", JSONB),
    )
    .render_derived(name="given", with_types=True)
)
_KEPT = ("until", "longest", "running", "systems")
# None that names a system whose deletion has begun; and no deletion begins before this is written,
# so that it finds what it has to delete. Rows that are locked are passed over, not awaited.
_there = (
    select(System.id)
    .where(System.id == any_(bindparam("system_ids", type_=ARRAY(Uuid))))
    .with_for_update(key_share=True, read=True, skip_locked=True)
    .cte("there")
)
_named = (
    func.jsonb_object_keys(_given.c.systems)
    .table_valued(column("system_id", String))
    .render_derived(name="named")
)
_lacks_a_system = (
    select(_named.c.system_id)
    .where(cast(_named.c.system_id, Uuid).not_in(select(_there.c.id)))
    .correlate(_given)
    .exists()
)
_new = upsert(StreakCheckpoint).from_select(
    ["user_id", "begun", *_KEPT],
    select(User.id, bindparam("begun_on", type_=Date), *(_given.c[name] for name in _KEPT))
    .join(_given, _given.c.owner_id == User.id)
    .where(~_lacks_a_system)
    .order_by(User.id)
    .with_for_update(key_share=True, read=True, skip_locked=True, of=User),
    include_defaults=False,
)
KEEP = Query(
    _new.on_conflict_do_update(
        index_elements=[StreakCheckpoint.user_id, StreakCheckpoint.begun],
        set_={name: _new.excluded[name] for name in _KEPT},
        where=_new.excluded.until > StreakCheckpoint.until,
    ).returning(StreakCheckpoint.user_id),
    KeptRow,
)


class StreakCheckpointCrud(BaseCrud):
    async def keep(self, made: Mapping[UUID, Checkpoint[UUID]], *, begun: date = date.min) -> None:
        """Keep some people's checkpoints, but none instead of a later one.

        None at all for who has lost one of the systems meanwhile.
        `begun` is where their histories were clipped.
        """
        checkpoints = [
            {
                "owner_id": str(user_id),
                "until": checkpoint.person.until.isoformat(),
                "longest": checkpoint.person.longest,
                "running": checkpoint.person.running,
                "systems": {
                    str(system_id): _stored(earlier)
                    for system_id, earlier in checkpoint.systems.items()
                },
            }
            for user_id, checkpoint in made.items()
        ]
        system_ids = [system_id for one in made.values() for system_id in one.systems]
        await self.session.fetch_all(
            KEEP, checkpoints=checkpoints, system_ids=system_ids, begun_on=begun
        )


def _stored(earlier: Earlier) -> dict[str, Any]:
    last_excused = earlier.last_excused
    return {
        "longest": earlier.longest,
        "running": earlier.running,
        "last_excused": last_excused.isoformat() if last_excused else None,
        "credited": earlier.credited,
        "met": earlier.met,
        "skipped": earlier.skipped,
    }
