"""Appearance and notification preferences (Specification §4.1)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.enums import ThemePreference
from app.core.notification_catalogue import NotificationPreference
from app.crud.crud_user import Account, UserCrud
from app.db.models import User
from app.db.session import Session
from app.schemas.preference_schemas import PreferenceRead, PreferencesRead, PreferencesUpdate
from app.schemas.user_schemas import UserRead
from app.services.user_service import UserService


class PreferenceService:
    def __init__(self, session: Session, clock: Clock) -> None:
        self._users = UserCrud(session)
        self._profiles = UserService(session, clock)
        self._clock = clock

    async def get(self, account: Account) -> PreferencesRead:
        return _read(await self._users.get_notification_preferences(account.id))

    async def update(self, account: Account, data: PreferencesUpdate) -> PreferencesRead:
        """Change some, under the lock of the row: two changes at once both last."""
        user = (await self._users.lock(account.id))[account.id]
        return self._change(user, {change.id: change.enabled for change in data.root})

    async def switch_off(self, user_id: UUID, items: Iterable[NotificationPreference]) -> None:
        """The same without a login, for whoever proved otherwise that they may; or is gone."""
        user = (await self._users.lock(user_id)).get(user_id)
        if user is not None:
            self._change(user, dict.fromkeys(items, False))

    def _change(
        self, user: User, changes: Mapping[NotificationPreference, bool]
    ) -> PreferencesRead:
        enabled = {
            item.id: item.enabled for item in _read(user.notification_preferences).preferences
        }
        enabled |= changes
        stored = [
            {"id": item.value, "label": item.label, "enabled": enabled[item]}
            for item in NotificationPreference
        ]
        user.notification_preferences = stored
        user.updated_at = self._clock.now()
        return _read(stored)

    async def set_theme(self, account: Account, theme: ThemePreference) -> UserRead:
        return await self._profiles.change(account, {"theme_preference": theme})


def _read(stored: Iterable[dict[str, Any]]) -> PreferencesRead:
    """Every preference there is, in one order; what was never stored is on."""
    off = {item["id"] for item in stored if not item["enabled"]}
    return PreferencesRead(
        preferences=[
            PreferenceRead(id=item, label=item.label, enabled=item.value not in off)
            for item in NotificationPreference
        ]
    )
