"""What clients may send to the Supabase Auth stand-in, and how it is read.

Like Supabase Auth: unknown fields are ignored, null means absent, a wrong type is `bad_json`.
"""

import json
import re
from datetime import timedelta
from typing import Any, Self, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from app.local.auth_errors import AuthError

MAX_BODY_BYTES = 1024 * 1024
MAX_EMAIL_LENGTH = 255
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL = re.compile(rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_MAX_BAN = timedelta(days=36525)
B = TypeVar("B", bound="Body")


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _null_means_absent(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value

    @model_validator(mode="after")
    def _can_be_stored(self) -> Self:
        # Infinity, and numbers with thousands of digits, are no JSON that PostgreSQL takes.
        json.dumps(self.model_dump(), allow_nan=False)
        return self


class SignupBody(Body):
    email: str = ""
    phone: str = ""
    password: str = ""
    data: dict[str, Any] = {}


class PasswordGrantBody(Body):
    email: str = ""
    phone: str = ""
    password: str = ""


class RefreshGrantBody(Body):
    refresh_token: str = ""


class VerifyBody(Body):
    type: str = ""
    token: str = ""
    token_hash: str = ""
    email: str = ""
    phone: str = ""


class RecoverBody(Body):
    email: str = ""


class ResendBody(Body):
    type: str = ""
    email: str = ""
    phone: str = ""


class UpdateUserBody(Body):
    email: str = ""
    phone: str = ""
    password: str | None = None
    data: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


class AdminUserBody(Body):
    id: str = ""
    email: str = ""
    phone: str = ""
    password: str | None = None
    email_confirm: bool = False
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None
    ban_duration: str = ""


class DeleteUserBody(Body):
    should_soft_delete: bool = False


async def read_body(request: Request, model: type[B], *, optional: bool = False) -> B:
    """The JSON body as `model`. Raises AuthError 400 `bad_json`, or 413 over 1 MiB."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise AuthError(413, "validation_failed", "Request body is too large")
    if optional and not raw:
        return model()
    # PostgreSQL cannot store NUL, so it is refused here, wherever in the body it stands.
    if b"\\u0000" in raw:
        raise _bad_json()
    try:
        return model.model_validate_json(bytes(raw))
    except ValidationError:
        raise _bad_json() from None


def _bad_json() -> AuthError:
    return AuthError(400, "bad_json", "Could not parse request body as JSON")


def checked_email(email: str) -> str:
    """The address in lower case. Raises AuthError 400 when it is none."""
    if not email:
        raise AuthError(400, "validation_failed", "An email address is required")
    if len(email) > MAX_EMAIL_LENGTH:
        raise AuthError(400, "validation_failed", "An email address is too long")
    if not _EMAIL.fullmatch(email):
        message = "Unable to validate email address: invalid format"
        raise AuthError(400, "validation_failed", message)
    email = email.lower()
    # Supabase looks domains up. Offline, the one that is reserved to never exist stands for them.
    if email.endswith(".invalid"):
        raise AuthError(400, "email_address_invalid", f'Email address "{email}" is invalid')
    return email


def ban_length(duration: str) -> timedelta:
    """A duration as Go writes it, such as `1h30m`; `none` is zero. Raises AuthError 400."""
    if duration == "none":
        return timedelta(0)
    parts = _DURATION.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        message = f'invalid format for ban duration: time: invalid duration "{duration}"'
        raise AuthError(400, "validation_failed", message)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return min(timedelta(seconds=min(seconds, _MAX_BAN.total_seconds())), _MAX_BAN)


def merged(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Metadata after an update: keys are replaced one by one, null removes one."""
    return {key: value for key, value in (old | changes).items() if value is not None}
