"""Signing up and in. Supabase Auth keeps the passwords; they only pass through."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    EmailStr,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from app.core.passwords import MAX_BYTES, MIN_LENGTH
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


class Password(SecretStr):
    """Kept as it was typed: spaces at its ends are a part of it, unlike those of other fields."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strip_whitespace=False),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {"format": "password", "writeOnly": True}


def _refuse_what_nobody_has(value: Password) -> Password:
    password = value.get_secret_value()
    if not password:
        raise ValueError("must not be empty")
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise ValueError("must not contain broken characters")
    refuse_nul(password)
    return value


def _refuse_long(value: Password) -> Password:
    if len(value) > MAX_GIVEN_LENGTH:
        raise ValueError(f"must have at most {MAX_GIVEN_LENGTH} characters")
    return value


def _refuse_what_is_not_hashed(value: Password) -> Password:
    if len(value.get_secret_value().encode()) > MAX_BYTES:
        raise ValueError(
            f"must have at most {MAX_BYTES} characters, where é counts as two and an emoji as four"
        )
    return value


MAX_GIVEN_LENGTH = 200
NewPassword = Annotated[
    Password,
    AfterValidator(_refuse_what_nobody_has),
    AfterValidator(_refuse_what_is_not_hashed),
    Field(
        description="At least 8 characters, and at most 72 bytes in UTF-8; `weak_password` says "
        "what is missing.",
        examples=["a long phrase"],
        json_schema_extra={"minLength": MIN_LENGTH, "maxLength": MAX_BYTES},
    ),
]
GivenPassword = Annotated[
    Password,
    AfterValidator(_refuse_what_nobody_has),
    AfterValidator(_refuse_long),
    Field(json_schema_extra={"minLength": 1, "maxLength": MAX_GIVEN_LENGTH}),
]
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
