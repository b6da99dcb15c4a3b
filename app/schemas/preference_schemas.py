"""What a user wants to be told about (Specification §4.1)."""

from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, RootModel, model_validator

from app.core.enums import ThemePreference
from app.core.notification_catalogue import NotificationPreference
from app.schemas.base_schemas import RequestSchema, ResponseSchema


class PreferenceRead(ResponseSchema):
    id: NotificationPreference
    label: str = Field(examples=["Partner Activity"])
    enabled: bool


class PreferencesRead(ResponseSchema):
    preferences: list[PreferenceRead]


class PreferenceChange(RequestSchema):
    id: NotificationPreference
    enabled: bool


class _FramedChanges(RequestSchema):
    preferences: list[PreferenceChange]


class PreferencesUpdate(RootModel[list[PreferenceChange]]):
    """All or some preferences; the others stay as they are."""

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """The answer of GET may be sent back as it is: its frame and its labels are dropped."""
        if isinstance(value, dict) and value.keys() == {"preferences"}:
            changes = {"preferences": _without_labels(value["preferences"])}
            return cls(_FramedChanges.model_validate(changes).preferences)
        return read(_without_labels(value))


def _without_labels(value: object) -> object:
    if not isinstance(value, list):
        return value
    return [
        {key: part for key, part in item.items() if key != "label"}
        if isinstance(item, dict)
        else item
        for item in value
    ]


class ThemeUpdate(RequestSchema):
    theme: ThemePreference


class UsernameAvailability(ResponseSchema):
    available: bool
    reason: str | None = Field(
        description="A sentence for the person; null when available.",
        examples=["This username is taken. Please choose another one."],
    )
