"""What the scans for e-mails share: who may get one, and how due people become e-mails."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    not_,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.core.notification_catalogue import NotificationPreference
from app.crud.crud_email_outbox import insert_emails
from app.crud.crud_suppression import is_suppressed
from app.db.models import User
from app.db.query import Query
from app.emails.messages import OptionalEmail

# Locked rows keep their owners' check-ins waiting: few enough for a tenth of a second.
BATCH = 2000


class WrittenRow(TypedDict):
    """An e-mail that was written."""

    id: UUID
    user_id: UUID


def is_switched_on(preference: NotificationPreference) -> ColumnElement[bool]:
    """Whether a person of the statement has this on; what was never stored is on."""
    off = literal([{"id": preference.value, "enabled": False}], JSONB)
    return not_(User.notification_preferences.contains(off))


def local_days_table() -> Any:
    """Zones with their dates, as parameters: `timezone, local_date, began_at`."""
    return (
        func.unnest(
            bindparam("timezones", type_=ARRAY(String)),
            bindparam("local_dates", type_=ARRAY(Date)),
            bindparam("days_began", type_=ARRAY(DateTime(timezone=True))),
        )
        .table_valued(
            Column("timezone", String),
            Column("local_date", Date),
            Column("began_at", DateTime(timezone=True)),
        )
        .render_derived(name="days")
    )


def may_be_sent(kind: type[OptionalEmail]) -> ColumnElement[bool]:
    """Only to addresses that were shown to be the person's own."""
    return and_(
        User.is_active,
        User.is_email_verified,
        is_switched_on(kind.preference),
        not_(is_suppressed(User.email)),
    )


def write_emails(
    kind: type[OptionalEmail],
    due: Select[*tuple[Any, ...]],
    is_unmarked: Callable[[CTE], ColumnElement[bool]],
    marks: Mapping[str, Any],
    payload: Mapping[str, str],
) -> Query[WrittenRow]:
    """Take some of `due`, which selects users' `id` and more; set their marks; write the e-mails.

    `is_unmarked` compares a user's marks with a row of `due` again, once the user is locked.
    `marks` names the columns of users and what they become; `payload` the columns of `due` that go
    into the e-mail's row.
    """
    # On its own: looking for a few would make a plan that looks at most of them again and again.
    found = due.cte("due").prefix_with("MATERIALIZED")
    taken = (
        select(*found.c)
        .join_from(found, User, User.id == found.c.id)
        .where(is_unmarked(found))
        .limit(bindparam("at_most", type_=Integer))
        .with_for_update(of=User, key_share=True, skip_locked=True)
        .cte("taken")
    )
    marked = (
        update(User)
        .where(User.id == taken.c.id)
        .values(
            {name: taken.c[new] if isinstance(new, str) else new for name, new in marks.items()}
            | {"updated_at": User.updated_at}  # nothing of the profile changed
        )
        .returning(User.id, User.email, *(taken.c[name] for name in payload.values()))
        .cte("marked")
    )
    fields = [part for key, name in payload.items() for part in (key, marked.c[name])]
    return Query(
        insert_emails(
            select(
                marked.c.id.label("user_id"),
                marked.c.email.label("to_email"),
                literal(kind.kind).label("kind"),
                func.jsonb_build_object(*fields).label("payload"),
                cast(null(), String).label("dedupe_key"),
            )
        ),
        WrittenRow,
    )
