"""Small things that tests share."""

from datetime import datetime, timedelta
from typing import Any

import httpx


class FrozenClock:
    """A Clock that stands still until it is moved."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def set(self, instant: datetime) -> None:
        self._instant = instant

    def advance(self, **duration: float) -> None:
        self._instant += timedelta(**duration)


def data_of(response: httpx.Response, status: int = 200) -> Any:
    """The `data` of a successful answer; fails with the whole answer otherwise."""
    assert response.status_code == status, (response.status_code, response.text)
    body = response.json()
    assert body["success"] is True
    assert body["message"]
    return body["data"]


def items_of(response: httpx.Response) -> list[Any]:
    """The items of a list."""
    items: list[Any] = data_of(response)["items"]
    return items


def assert_error(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a well-formed failure with this status and code; returns its body."""
    assert response.status_code == status, (response.status_code, response.text)
    body: dict[str, Any] = response.json()
    assert body["success"] is False
    assert body["code"] == code, body
    assert body["message"]
    assert body["requestId"] == response.headers["x-request-id"]
    assert ("errors" in body) == (status == 422)
    return body
