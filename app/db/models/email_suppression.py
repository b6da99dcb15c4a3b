"""Addresses that optional e-mails no longer go to."""

from datetime import datetime

from sqlalchemy import String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import SuppressionReason
from app.db.base_class import Base, stored_values


class EmailSuppression(Base):
    """`address_hash` is the SHA-256 of the address in lower case, in hex.

    It belongs to an address, not to an account, and outlives both: whoever complained must not be
    written to again because the account was made anew. No key, so that none can be lost.
    """

    __tablename__ = "email_suppressions"

    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[SuppressionReason] = mapped_column(stored_values(SuppressionReason, "reason"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
