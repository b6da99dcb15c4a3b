"""Settings of a deployment, and what is wrong with others: what tests of settings share."""

import pytest

from app.core.config import Settings, SettingsError, load_settings

COMPLETE: dict[str, str] = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://app:s3cret-db@db.example.com/duotrak",
    "FRONTEND_URL": "https://app.example.com",
    "PUBLIC_API_URL": "https://api.example.com",
    "SUPABASE_URL": "https://project.supabase.co",
    "SUPABASE_PUBLISHABLE_KEY": "s3cret-publishable",
    "SUPABASE_SECRET_KEY": "s3cret-secret",
    "RESEND_API_KEY": "s3cret-resend",
    "EMAIL_FROM": "DuoTrak <hello@example.com>",
}


def load(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    for name, value in (COMPLETE | changes).items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return load_settings()


def problems(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load(monkeypatch, **changes)
    assert refusal.value.__cause__ is None  # pydantic's own error would repeat the values
    for line in refusal.value.problems:
        assert "s3cret" not in line
        assert "@" not in line.replace("PASSWORD@HOST", "")
    return refusal.value.problems
