"""Images that a user has uploaded; other rows may only point at the owner's own."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.enums import UploadPurpose
from app.db.base_class import Base, UuidKey, stored_values


class Upload(Base):
    """An object in the storage; `path` is its path in its bucket.

    `url` is what other rows store of it: `upload:{id}`, which answers turn into a link that ends,
    or the lasting public address of an avatar.
    """

    __tablename__ = "uploads"

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    purpose: Mapped[UploadPurpose] = mapped_column(stored_values(UploadPurpose, "purpose"))
    path: Mapped[str] = mapped_column(String(300), unique=True)
    url: Mapped[str] = mapped_column(String(2048), unique=True)
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
