"""Switching e-mails off without a login (RFC 8058)."""

from app.core.clock import Clock
from app.core.errors import InvalidToken
from app.core.notification_catalogue import NotificationPreference
from app.core.unsubscribe_links import Subscription, UnsubscribeLinks
from app.db.session import Session
from app.emails.messages import EMAIL_PREFERENCES
from app.services.preference_service import PreferenceService


class UnsubscribeService:
    def __init__(self, session: Session, clock: Clock, links: UnsubscribeLinks) -> None:
        self._preferences = PreferenceService(session, clock)
        self._links = links

    def look(self, token: str) -> NotificationPreference:
        """What a link would switch off. Changes nothing. Raises InvalidToken."""
        return self._read(token).preference

    async def unsubscribe(self, token: str) -> NotificationPreference:
        """Switch it off; again, or for an account that is gone, too. Raises InvalidToken."""
        subscription = self._read(token)
        await self._preferences.switch_off(subscription.user_id, [subscription.preference])
        return subscription.preference

    def _read(self, token: str) -> Subscription:
        subscription = self._links.read(token)
        if subscription is None or subscription.preference not in EMAIL_PREFERENCES:
            raise InvalidToken("This link is not complete or not from us. Please open it again.")
        return subscription
