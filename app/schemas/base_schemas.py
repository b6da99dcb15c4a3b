"""What every request and response has in common (Specification §2.4).

Responses are camelCase. Requests accept camelCase, which is documented, and snake_case.
"""

import re
from datetime import date, time
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from app.core.errors import ErrorCode
from app.core.paging import PageRequest

Data = TypeVar("Data")
Item = TypeVar("Item")


# The default of a field that may be left out but, its column being NOT NULL, may not be null.
OMITTED: Any = None


class RequestSchema(BaseModel):
    """A body. Unknown fields are refused, so that a misspelt one is not silently lost."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        allow_inf_nan=False,
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices(to_camel(name), name)
        ),
    )

    def changes(self) -> dict[str, Any]:
        """Only the fields that were sent, by their Python names."""
        return self.model_dump(exclude_unset=True)


class ResponseSchema(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))


def refuse_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the character NUL")
    return value


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def blank_is(default: object) -> BeforeValidator:
    """In front of a query parameter with a default: an empty string means the default."""
    return BeforeValidator(lambda value: default if _blank_to_none(value) is None else value)


def _without_blanks(value: object) -> object:
    if not isinstance(value, list):
        return value
    return [item for item in value if _blank_to_none(item) is not None]


# In front of a list that a query repeats a name for: `?type=` chooses nothing.
BlanksLeftOut = BeforeValidator(_without_blanks)


def _refuse_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d")


def _read_date(value: object, read: ValidatorFunctionWrapHandler) -> date:
    """As it is written, perhaps as a midnight; a number would be read as seconds since 1970."""
    try:
        if isinstance(value, date) or (isinstance(value, str) and _DATE.match(value.strip())):
            day: date = read(value.strip() if isinstance(value, str) else value)
            return day
    except ValidationError:
        pass
    raise ValueError("must be a date such as 2026-03-10")


def _read_wall_clock(value: object, read: ValidatorFunctionWrapHandler) -> time:
    """To the minute; with an offset it would be no wall-clock time."""
    try:
        if isinstance(value, time) or (isinstance(value, str) and _TIME.match(value.strip())):
            at: time = read(value.strip() if isinstance(value, str) else value)
            if at.tzinfo is None:
                return at.replace(second=0, microsecond=0)
    except ValidationError:
        pass
    raise ValueError("must be a local time such as 07:00")


def _to_the_minute(value: time) -> str:
    return value.strftime("%H:%M")


NoNul = AfterValidator(refuse_nul)
# In front of an optional date, time, number, UUID or enum: an empty string means null.
BlankIsNull = BeforeValidator(_blank_to_none)
# In front of a number, as which true and false would be read.
NoBoolean = BeforeValidator(_refuse_boolean)

CalendarDate = Annotated[date, WrapValidator(_read_date)]
OptionalDate = Annotated[CalendarDate | None, BlankIsNull]
# Not the `time` of JSON Schema, which has seconds and an offset.
_WALL_CLOCK_SCHEMA = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
WallClock = Annotated[
    time,
    WrapValidator(_read_wall_clock),
    PlainSerializer(_to_the_minute, return_type=str, when_used="json"),
    WithJsonSchema(_WALL_CLOCK_SCHEMA, mode="validation"),
]
OptionalWallClock = Annotated[WallClock | None, BlankIsNull]
OptionalUuid = Annotated[UUID | None, BlankIsNull]
OptionalNumber = Annotated[float | None, BlankIsNull]

# The wall-clock time of a person, to the minute.
LocalTime = Annotated[
    time,
    PlainSerializer(_to_the_minute, return_type=str),
    WithJsonSchema(_WALL_CLOCK_SCHEMA | {"examples": ["07:00"]}, mode="serialization"),
]


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError("must be a web address, starting with https:// or http://")
    return value


WebAddress = Annotated[str, Field(max_length=2048), NoNul, AfterValidator(_web_address)]
Email = Annotated[str, Field(max_length=320), NoNul]


class Envelope(ResponseSchema, Generic[Data]):
    """The frame of every successful answer."""

    success: Literal[True] = True
    message: str
    data: Data


class Pagination(ResponseSchema):
    current_page: int = Field(examples=[1])
    limit: int = Field(examples=[20])
    total_items: int = Field(examples=[57])
    total_pages: int = Field(examples=[3])
    has_next_page: bool = Field(examples=[True])


class Page(ResponseSchema, Generic[Item]):
    items: list[Item]
    pagination: Pagination


def pagination(page: PageRequest, total_items: int) -> Pagination:
    return Pagination(
        current_page=page.page,
        limit=page.limit,
        total_items=total_items,
        total_pages=-(-total_items // page.limit),
        has_next_page=page.page * page.limit < total_items,
    )


class FieldError(ResponseSchema):
    field: str = Field(description="Dotted camelCase path of the field.", examples=["targetDate"])
    message: str = Field(examples=["must not be before the start date"])
    code: str = Field(examples=["value_error"])


class ErrorBody(ResponseSchema):
    """The frame of every answer that is not a success."""

    success: Literal[False] = False
    message: str = Field(description="A sentence that can be shown to a person.")
    code: ErrorCode
    errors: list[FieldError] | None = Field(default=None, description="Present on 422 only.")
    existing_id: UUID | None = Field(
        default=None,
        description="Present on `reflection_exists` only: the id of the one that exists.",
    )
    request_id: str = Field(description="Quote it when you report a problem.")


def envelope(data: Data, message: str) -> Envelope[Data]:
    """Frame a service's answer. It was validated when it was made, so it is not checked again."""
    return Envelope[Any].model_construct(success=True, message=message, data=data)
