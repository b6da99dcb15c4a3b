"""Uploads: which objects exist in the storage, and whose they are."""

from typing import TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, any_, bindparam, delete, or_, select, update

from app.core.enums import PartnershipStatus, UploadPurpose
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import Partnership, Upload, User
from app.db.query import Query


class StoredObject(TypedDict):
    id: UUID
    purpose: UploadPurpose
    path: str


_objects = select(Upload.id, Upload.purpose, Upload.path)


def _visible() -> Query[StoredObject]:
    """What a private image shows belongs to its owner and, while they are partners, the other one.

    Threads stay readable to both after the end, and so do the pictures in them.
    """
    partners = select(Partnership.id).where(
        or_(
            and_(Partnership.user1_id == Upload.user_id, Partnership.user2_id == User.id),
            and_(Partnership.user2_id == Upload.user_id, Partnership.user1_id == User.id),
        ),
        or_(
            Partnership.status == PartnershipStatus.ACTIVE,
            and_(
                Partnership.status == PartnershipStatus.DISSOLVED,
                Upload.purpose == UploadPurpose.MESSAGE,
            ),
        ),
    )
    return Query(
        _objects.join(User, User.id == bindparam("viewer_id")).where(
            Upload.id == bindparam("upload_id"),
            Upload.purpose != UploadPurpose.AVATAR,
            User.is_active,
            or_(Upload.user_id == User.id, partners.correlate(Upload, User).exists()),
        ),
        StoredObject,
    )


VISIBLE = _visible()
# An avatar is in use while its owner's profile shows its address.
UNUSED_AVATARS = Query(
    _objects.join(User, User.id == Upload.user_id).where(
        Upload.user_id == bindparam("user_id"),
        Upload.purpose == UploadPurpose.AVATAR,
        Upload.url.is_distinct_from(User.profile_image_url),
    ),
    StoredObject,
)
ALL_OF_USER = Query(_objects.where(Upload.user_id == bindparam("user_id")), StoredObject)
OWN_AVATAR = Query(
    select(Upload.id).where(
        Upload.user_id == bindparam("user_id"),
        Upload.purpose == UploadPurpose.AVATAR,
        Upload.url == bindparam("url"),
    ),
    IdRow,
)
FORGET = Query(
    delete(Upload)
    .where(Upload.id == any_(bindparam("upload_ids", type_=ARRAY(Uuid))))
    .returning(Upload.id),
    IdRow,
)


class UploadCrud(BaseCrud):
    async def add(self, upload: Upload) -> None:
        self.session.add(upload)
        await self.session.flush()

    async def get_visible(self, upload_id: UUID, *, viewer_id: UUID) -> StoredObject | None:
        """A private image, if this person may see it now."""
        return await self.session.fetch_one(VISIBLE, upload_id=upload_id, viewer_id=viewer_id)

    async def unused_avatars(self, user_id: UUID) -> list[StoredObject]:
        return await self.session.fetch_all(UNUSED_AVATARS, user_id=user_id)

    async def is_own_avatar(self, user_id: UUID, url: str) -> bool:
        """Whether somebody uploaded what is at an address, as an avatar."""
        return await self.session.fetch_one(OWN_AVATAR, user_id=user_id, url=url) is not None

    async def all_of(self, user_id: UUID) -> list[StoredObject]:
        """Every object of somebody, in all buckets."""
        return await self.session.fetch_all(ALL_OF_USER, user_id=user_id)

    async def forget(self, upload_ids: list[UUID]) -> None:
        """Delete rows whose objects are gone."""
        await self.session.fetch_all(FORGET, upload_ids=upload_ids)

    async def set_avatar(self, user_id: UUID, url: str | None) -> None:
        """Show another picture; the row stays locked until the transaction ends."""
        await self.session.execute(
            update(User).where(User.id == user_id).values(profile_image_url=url)
        )
