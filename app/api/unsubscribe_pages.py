"""What a person sees who follows the unsubscribe link of an e-mail."""

from fastapi.responses import HTMLResponse

from app.core.errors import InvalidToken
from app.emails.render import render_page
from app.services.unsubscribe_service import UnsubscribeService

# Nothing but the page itself, and no other page may frame the button.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}


class UnsubscribePages:
    """For one request. `wants_page`: whether failures are shown to a person, in a browser."""

    def __init__(self, service: UnsubscribeService, *, settings_url: str, wants_page: bool) -> None:
        self._service = service
        self._settings_url = settings_url
        self._wants_page = wants_page

    def ask(self, token: str) -> HTMLResponse:
        """What the link would switch off, with a button. Raises InvalidToken."""
        try:
            preference = self._service.look(token)
        except InvalidToken as error:
            return self._refuse(error)
        return self._page("confirmation", kind=preference.label)

    async def act(self, token: str) -> HTMLResponse:
        """Switch it off. Raises InvalidToken."""
        try:
            preference = await self._service.unsubscribe(token)
        except InvalidToken as error:
            return self._refuse(error)
        return self._page("done", kind=preference.label)

    def _refuse(self, error: InvalidToken) -> HTMLResponse:
        if not self._wants_page:
            raise error
        return self._page("refusal", status=error.status, reason=str(error))

    def _page(self, name: str, *, status: int = 200, **values: str) -> HTMLResponse:
        page = render_page(name, settings_url=self._settings_url, **values)
        return HTMLResponse(page, status, headers=_HEADERS)
