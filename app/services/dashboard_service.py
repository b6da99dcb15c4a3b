"""The first page after signing in: the day, the streak, and what waits for somebody."""

from datetime import date
from typing import Any

from app.core.clock import Clock
from app.core.reflection_prompts import prompts_for
from app.core.system_cards import verification_message
from app.core.tasks import QUERY_MEMORY
from app.crud.crud_dashboard import DashboardCrud
from app.crud.crud_user import Account
from app.db.session import Session
from app.schemas.dashboard_schemas import (
    DailyReflection,
    DailyReflectionPrompt,
    DashboardRead,
    ReflectionStatus,
    StreakRead,
    VerificationAlert,
)
from app.services.card_reading import CardReader, read_cards

CARDS = 100


class DashboardService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._dashboards = DashboardCrud(session)
        self._cards = CardReader(session, clock)

    async def read(self, account: Account, day: date | None) -> DashboardRead:
        """Systems and reflection of `day`, default the caller's today; all else as of now."""
        history = await self._cards.history_for(account, day)
        day = day or history.today
        due = await self._cards.due_on(history, account.id, day)
        summary = await self._dashboards.summary(
            account.id,
            account.current_partnership_id,
            day,
            queried_since=history.today - QUERY_MEMORY,
        )
        reflection_id = summary["reflection_id"]
        return DashboardRead(
            user_greeting_name=account.name or account.username or "there",
            date=day,
            streak=StreakRead(
                current_streak=history.streak(), longest_streak=history.longest_streak()
            ),
            pending_verification_count=summary["awaiting_verification"],
            pending_systems_count=sum(row["checkin_id"] is None for row in due),
            unread_notification_count=summary["unread_notifications"],
            systems_for_today=read_cards(due[:CARDS], history, is_owner=True),
            daily_reflection=DailyReflection(
                status=ReflectionStatus.COMPLETED if reflection_id else ReflectionStatus.PENDING,
                reflection_id=reflection_id,
            ),
            daily_reflection_prompts=[
                DailyReflectionPrompt(id=prompt.id, text=prompt.text) for prompt in prompts_for(day)
            ],
            verification_alerts=[_alert(account, alert) for alert in summary["alerts"]],
        )


def _alert(account: Account, found: dict[str, Any]) -> VerificationAlert:
    return VerificationAlert(
        id=found["id"],
        system_id=found["system_id"],
        system_name=found["system_title"],
        message=verification_message(
            account.partner_display_name,
            found["system_title"],
            date.fromisoformat(found["local_date"]),
            found["query"],
        ),
    )
