"""Signing up and in. Supabase Auth keeps the passwords; they only pass through."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, SecretStr

from app.core.passwords import MIN_LENGTH
from app.schemas.base_schemas import (
    BlankIsNull,
    NoNul,
    RequestSchema,
    ResponseSchema,
    refuse_nul,
)
from app.schemas.user_schemas import DisplayName, Timezone, Username, UserRead


def _normal_address(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


EmailAddress = Annotated[
    EmailStr,
    BeforeValidator(_normal_address),
    Field(max_length=320, examples=["alice@example.com"]),
]


def _refuse_nul_in_secret(value: SecretStr) -> SecretStr:
    refuse_nul(value.get_secret_value())
    return value


SecretWithoutNul = AfterValidator(_refuse_nul_in_secret)
# bcrypt, which Supabase uses, reads no more than 72 bytes.
NewPassword = Annotated[
    SecretStr,
    Field(
        min_length=1,
        max_length=72,
        description="8 to 72 characters; `weak_password` says what is missing.",
        examples=["a long phrase"],
        json_schema_extra={"minLength": MIN_LENGTH},
    ),
    SecretWithoutNul,
]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=200), SecretWithoutNul]
LinkToken = Annotated[
    str,
    Field(min_length=1, max_length=500, description="The `token` of the link in the e-mail."),
    NoNul,
]


class SignupRequest(RequestSchema):
    email: EmailAddress
    password: NewPassword
    username: Annotated[Username | None, BlankIsNull] = None
    name: Annotated[DisplayName | None, BlankIsNull] = None
    timezone: Annotated[Timezone | None, BlankIsNull] = None


class LoginRequest(RequestSchema):
    email: EmailAddress
    password: GivenPassword


class RefreshRequest(RequestSchema):
    refresh_token: Annotated[str, Field(min_length=1, max_length=2000), NoNul]


class EmailRequest(RequestSchema):
    email: EmailAddress


class VerifyEmailRequest(RequestSchema):
    token: LinkToken


class ResetPasswordRequest(RequestSchema):
    token: LinkToken
    new_password: NewPassword


class SessionRead(ResponseSchema):
    token: str = Field(description="The access token: send it as `Authorization: Bearer …`.")
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[3600])
    expires_at: datetime


class LoginRead(SessionRead):
    user: UserRead


class SignedUpUser(ResponseSchema):
    """What was asked for. There is no id yet: the profile is made on the first sign-in."""

    email: str
    username: str | None
    name: str | None
    timezone: str


class SignupRead(ResponseSchema):
    user: SignedUpUser
    session: SessionRead | None = Field(description="Null until the address is confirmed.")
    email_confirmation_required: bool


class OAuth2Token(ResponseSchema):
    """The answer that OAuth2 prescribes (RFC 6749 §5.1): snake_case and without the envelope."""

    access_token: str = Field(serialization_alias="access_token")
    token_type: Literal["bearer"] = Field(default="bearer", serialization_alias="token_type")
    expires_in: int = Field(serialization_alias="expires_in")
    refresh_token: str = Field(serialization_alias="refresh_token")
