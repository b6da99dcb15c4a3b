"""What the assistant was asked for, and what that took; never what was said."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ai_usage import AiOperation, AiOutcome
from app.db.base_class import Base, UuidKey, stored_values


class AiUsage(Base):
    """One request to the assistant, with all calls to the model that it took."""

    __tablename__ = "ai_usage"
    __table_args__ = (Index("ix_ai_usage_user_id_created_at", "user_id", "created_at"),)

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    operation: Mapped[AiOperation] = mapped_column(stored_values(AiOperation, "operation"))
    model: Mapped[str] = mapped_column(String(100))
    prompt_version: Mapped[str] = mapped_column(String(50))
    tokens_read: Mapped[int]
    tokens_written: Mapped[int]
    latency_ms: Mapped[int]
    outcome: Mapped[AiOutcome] = mapped_column(stored_values(AiOutcome, "outcome"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
