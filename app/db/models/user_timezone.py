"""The zones that a user has lived in, for the closing of days after travelling."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base_class import Base


class UserTimezone(Base):
    """From `used_from` on, until the user's next row, the user's calendar was in `timezone`."""

    __tablename__ = "user_timezones"

    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    used_from: Mapped[datetime] = mapped_column(primary_key=True)
    timezone: Mapped[str] = mapped_column(String(64))
