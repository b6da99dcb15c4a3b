"""The daily summary: a person's date, and the partner's (Specification, e-mail strategy §3)."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from app.core.enums import CheckinStatus, SystemMetricType
from app.core.paging import PageRequest
from app.core.system_cards import clock_time
from app.crud.crud_card import CardRow
from app.crud.crud_checkin import CheckinCrud
from app.emails.contents import NotNeeded, Reading
from app.emails.messages import DailySummary, PartnerDay, SummaryLine, SummaryList
from app.services.card_reading import CardReader, monday_before
from app.services.person_history import HistoryReader, PersonHistory

SHOWN = 8
_ONE_DAY = timedelta(days=1)


async def write_daily_summary(
    payload: Mapping[str, object], reading: Reading
) -> DailySummary | NotNeeded:
    """As long as something can still be done about its date; only if anything was due or done."""
    day = date.fromisoformat(str(payload["local_date"]))
    account, cards = reading.account, CardReader(reading.session, reading.clock)
    people = await HistoryReader(reading.session, reading.clock).of_people(
        account.self_and_partner_ids, since=monday_before(day - _ONE_DAY)
    )
    history = people.get(account.id)
    if history is None or day not in history.open_dates:
        return NotNeeded("its date is over")
    today = await cards.due_on(history, account.id, day)
    partner = None
    if account.partner_id in people:
        partner = await _partner_day(people[account.partner_id], day, reading, cards)
    if not today and (partner is None or not (partner.done.count or partner.skipped_count)):
        return NotNeeded("nothing was due and nothing happened")
    before = day - _ONE_DAY
    forgotten = [
        row for row in await cards.due_on(history, account.id, before) if not row["checkin_id"]
    ]
    still_open = before in history.open_dates
    open_rows = [(row, _time_of(row)) for row in today if row["checkin_status"] is None]
    if still_open:
        open_rows += [(row, f"for {_name(before)}") for row in forgotten]
    return DailySummary(
        recipient_name=reading.recipient_name,
        local_date=day,
        streak=history.streak(),
        done=_listed(
            (row, _how_it_went(row, account.partner_display_name))
            for row in today
            if row["checkin_status"] not in (None, CheckinStatus.SKIPPED)
        ),
        skipped=_listed(
            (row, None) for row in today if row["checkin_status"] is CheckinStatus.SKIPPED
        ),
        open=_listed(open_rows),
        missed=_listed((row, _name(before)) for row in (() if still_open else forgotten)),
        partner=partner,
        waiting_count=await _waiting(reading),
        dashboard_url=reading.links.to("/dashboard"),
        unsubscribe_url=reading.links.unsubscribe,
        settings_url=reading.links.settings,
    )


async def _partner_day(
    history: PersonHistory, day: date, reading: Reading, cards: CardReader
) -> PartnerDay:
    """The same date in the partner's own calendar; their today where that has not come yet."""
    partner_id = reading.account.partner_id
    assert partner_id is not None
    their_day = min(day, history.today)
    rows = await cards.due_on(history, partner_id, their_day)
    done = [row for row in rows if row["checkin_status"] not in (None, CheckinStatus.SKIPPED)]
    return PartnerDay(
        name=reading.account.partner_display_name,
        local_date=their_day,
        is_same_date=their_day == day,
        done=_listed((row, _amount(row)) for row in done),
        skipped_count=sum(row["checkin_status"] is CheckinStatus.SKIPPED for row in rows),
        open_count=sum(row["checkin_status"] is None for row in rows),
    )


async def _waiting(reading: Reading) -> int:
    account = reading.account
    if account.partner_id is None or account.current_partnership_id is None:
        return 0
    _, total = await CheckinCrud(reading.session).verification_queue(
        account.current_partnership_id, account.id, page=PageRequest(1, 1)
    )
    return total


def _listed(rows: Iterable[tuple[CardRow, str | None]]) -> SummaryList:
    lines = [SummaryLine(title=row["title"], note=note) for row, note in rows]
    return SummaryList(lines=lines[:SHOWN], more=max(0, len(lines) - SHOWN))


def _how_it_went(row: CardRow, partner: str) -> str | None:
    words: str | None
    match row["checkin_status"]:
        case CheckinStatus.PENDING_VERIFICATION:
            words = f"waits for {partner}"
        case CheckinStatus.QUERIED_BY_PARTNER:
            words = f"{partner} has a question"
        case CheckinStatus.VERIFIED_COMPLETED:
            words = "verified"
        case _:
            words = None
    return " · ".join(part for part in (_amount(row), words) if part) or None


def _amount(row: CardRow) -> str | None:
    """What was logged, such as "5 km"."""
    if row["metric_type"] is SystemMetricType.BINARY or row["last_value"] is None:
        return None
    return f"{row['last_value']:,.10g} {row['target_unit'] or ''}".strip()


def _time_of(row: CardRow) -> str | None:
    return clock_time(row["target_time_local"])


def _name(day: date) -> str:
    return f"{day:%A}"
