"""The one list of notification types: complete, agreed with the client, and used by all code."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from app.core.notification_catalogue import (
    CATALOGUE,
    NotificationPreference,
    NotificationType,
    default_preferences,
)
from app.main import create_app
from tests.conftest import settings_for

APP = Path(__file__).parents[2] / "app"

AGREED = {
    "partner_checkin_completed": ("CheckCircle2", "/partnership?tab=activity", "partnerActivity"),
    "verification_requested": (
        "BellRing",
        "/activity?filter=verifications",
        "verificationRequests",
    ),
    "checkin_verified": ("BadgeCheck", "/systems/{system_id}", "verificationRequests"),
    "checkin_queried": ("HelpCircle", "/systems/{system_id}", "verificationRequests"),
    "new_direct_message": ("MessageSquare", "/partnership?tab=chat", "messages"),
    "message_reaction": ("Smile", "/partnership?tab=chat", "messages"),
    "new_comment": ("MessageCircle", "{target_link}", "partnerActivity"),
    "new_reaction": ("Smile", "{target_link}", "partnerActivity"),
    "partnership_invited": ("UserPlus", "/partnership/setup", None),
    "partnership_accepted": ("HeartHandshake", "/partnership", None),
    "partnership_declined": ("UserX", "/partnership", None),
    "partnership_dissolved": ("UserX", "/partnership", None),
    "reflection_added": ("BookOpen", "/partnership?tab=activity", "partnerActivity"),
    "goal_achieved": ("Trophy", "/goals/{goal_id}", "goalProgress"),
    "streak_milestone": ("Flame", "/progress", "goalProgress"),
    "system_reminder": ("AlarmClock", "/dashboard", "reminders"),
}
FILLED_BY_CODE = {"system_id", "goal_id", "target_link"}


def test_every_type_is_in_the_catalogue_as_agreed_with_the_client() -> None:
    assert set(CATALOGUE) == set(NotificationType)
    assert {
        kind.value: (entry.icon, entry.link, entry.preference) for kind, entry in CATALOGUE.items()
    } == AGREED


@pytest.mark.parametrize("kind", NotificationType)
def test_icons_are_lucide_names_and_links_are_paths_of_the_client(kind: NotificationType) -> None:
    entry = CATALOGUE[kind]
    fields = {name for _, name, _, _ in Formatter().parse(entry.link) if name}

    assert re.fullmatch(r"([A-Z][a-z0-9]*)+", entry.icon)
    assert entry.link.startswith(("/", "{target_link}"))
    assert fields <= FILLED_BY_CODE
    assert len(kind.value) <= 64  # as the column
    assert entry.preference is None or entry.preference in NotificationPreference


def test_each_preference_has_a_label_and_is_on_at_first() -> None:
    assert [item["id"] for item in default_preferences()] == [
        preference.value for preference in NotificationPreference
    ]
    assert all(item["enabled"] and item["label"] for item in default_preferences())


def test_openapi_lists_the_types() -> None:
    document = create_app(settings_for("postgresql://unused@localhost/unused")).openapi()
    schemas = document["components"]["schemas"]

    assert schemas["NotificationType"]["enum"] == [kind.value for kind in NotificationType]
    assert schemas["NotificationRead"]["properties"]["type"]["$ref"].endswith("/NotificationType")


def test_notifications_are_only_written_where_the_catalogue_is_looked_up() -> None:
    """Whatever writes one, does so with a NotificationType, whose entry it needs."""
    writers = {
        str(path.relative_to(APP))
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _writes_notification(node)
    }

    assert writers == {"crud/crud_notification.py", "crud/crud_scans_reminders.py"}
    for writer in writers:
        assert "CATALOGUE[" in (APP / writer).read_text()


def _writes_notification(call: ast.Call) -> bool:
    """`Notification(...)` or `insert(Notification, ...)`, also by way of a module."""
    if _name(call.func) == "Notification":
        return True
    return _name(call.func) in ("insert", "upsert") and any(
        _name(argument) == "Notification" for argument in call.args
    )


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_every_type_that_the_code_names_exists() -> None:
    named = {
        match
        for path in APP.rglob("*.py")
        for match in re.findall(r"NotificationType\.([A-Z_]+)\b", path.read_text())
    }

    assert named <= set(NotificationType.__members__)
