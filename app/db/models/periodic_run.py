"""Which periodic jobs have been started for which time."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base_class import Base


class PeriodicRun(Base):
    """`last_tick` is the latest time of the schedule for which a run was put into the queue."""

    __tablename__ = "periodic_runs"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_tick: Mapped[datetime]
