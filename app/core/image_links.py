"""Links to private images: one person's right to see one, for an hour or two.

A row keeps the stable reference `upload:{id}`; an answer turns it into a link of our own for
whoever asked, `{PUBLIC_API_URL}/api/v1/uploads/{id}/{expiry}-{viewer}-{signature}`, which needs no
call of a vendor. It comes without a sign-in, so the viewer's id is in it: whether this person may
still see the image is asked anew each time. Expiries lie on whole hours, so that a link stays the
same, and cacheable, for up to an hour.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

WINDOW_SECONDS = 3600
UPLOADS_PATH = "/api/v1/uploads"

_REFERENCE_PREFIX = "upload:"
_KEY_PURPOSE = b"duotrak image links, version 2"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN = re.compile(rf"([1-9][0-9]{{9,11}})-({_UUID})-([A-Za-z0-9_-]{{43}})")
_PATH = re.compile(rf"({_UUID})/({_UUID})\.(?:jpg|png|webp)")
_LINK_TAIL = re.compile(rf"/({_UUID})/{_TOKEN.pattern}")


@dataclass(frozen=True, slots=True)
class Viewing:
    """What a link that works says: for whom it was made, and when it ends."""

    viewer_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ImageLinks:
    """Makes and checks links. `base_url` is where uploads answer, without a slash at its end."""

    base_url: str
    key: bytes

    def seen_by(self, viewer_id: UUID, now: datetime) -> "ViewerLinks":
        """The links that somebody gets in an answer at `now`."""
        return ViewerLinks(self, viewer_id, now)

    def sign(self, upload_id: UUID, viewer_id: UUID, now: datetime) -> str:
        """A link that works for one to two hours from `now`."""
        expires = (int(now.timestamp()) // WINDOW_SECONDS + 2) * WINDOW_SECONDS
        signature = self._signature(upload_id, viewer_id, expires)
        return f"{self.base_url}/{upload_id}/{expires}-{viewer_id}-{signature}"

    def read(self, upload_id: UUID, token: str, now: datetime) -> Viewing | None:
        """What the link with this last segment says; None when it is forged or has ended."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        expires, viewer_id = int(match[1]), UUID(match[2])
        if not hmac.compare_digest(self._signature(upload_id, viewer_id, expires), match[3]):
            return None
        expires_at = datetime.fromtimestamp(expires, UTC)
        return Viewing(viewer_id, expires_at) if now < expires_at else None

    def upload_id(self, given: str, owner_id: UUID) -> UUID | None:
        """The upload that a client names, by a link, ended ones too, or by its path.

        Only the database knows whether it exists and is the owner's: the signature is not asked,
        since a link must stay usable as a name after its time. None for anything else.
        """
        if given.startswith(self.base_url):
            match = _LINK_TAIL.fullmatch(given, len(self.base_url))
            return UUID(match[1]) if match else None
        match = _PATH.fullmatch(given)
        return UUID(match[2]) if match and match[1] == str(owner_id) else None

    def _signature(self, upload_id: UUID, viewer_id: UUID, expires: int) -> str:
        signed = b"%s%s%d" % (upload_id.bytes, viewer_id.bytes, expires)
        digest = hmac.digest(self.key, signed, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class ViewerLinks:
    """The links in an answer at `now`, for the one person whom it is for."""

    links: ImageLinks
    viewer_id: UUID
    now: datetime

    def shown(self, stored: str | None) -> str | None:
        """What the viewer gets for a stored value: references become links, the rest stays."""
        if stored is None or not stored.startswith(_REFERENCE_PREFIX):
            return stored
        upload_id = UUID(stored.removeprefix(_REFERENCE_PREFIX))
        return self.links.sign(upload_id, self.viewer_id, self.now)


def image_links(*, public_api_url: str, secret_key: str) -> ImageLinks:
    """The links of an API that answers at `public_api_url`.

    Their key is derived from the service's secret: a new secret ends every link.
    """
    key = hmac.digest(secret_key.encode(), _KEY_PURPOSE, hashlib.sha256)
    return ImageLinks(public_api_url.rstrip("/") + UPLOADS_PATH, key)


def reference_to(upload_id: UUID) -> str:
    """What other rows store of a private image."""
    return f"{_REFERENCE_PREFIX}{upload_id}"


def seconds_until(instant: datetime, now: datetime) -> int:
    """Whole seconds, never negative."""
    return max(0, (instant - now) // timedelta(seconds=1))
