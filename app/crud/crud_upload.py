"""Uploads: which objects exist in the storage, and whose they are."""

from typing import TypedDict
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, delete, select, update

from app.core.enums import UploadPurpose
from app.crud.base_crud import BaseCrud, IdRow
from app.db.models import Upload, User
from app.db.query import Query


class StoredObject(TypedDict):
    id: UUID
    purpose: UploadPurpose
    path: str


_objects = select(Upload.id, Upload.purpose, Upload.path)
BY_ID = Query(_objects.where(Upload.id == bindparam("upload_id")), StoredObject)
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

    async def get(self, upload_id: UUID) -> StoredObject | None:
        """For everybody: who may see it is decided by the link, not by the row."""
        return await self.session.fetch_one(BY_ID, upload_id=upload_id)

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
