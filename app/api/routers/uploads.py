"""Images: check-in photos, pictures in messages, avatars (Specification §4.5)."""

from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Form, Path
from fastapi.responses import RedirectResponse

from app.api.deps import CurrentUser, Uploads, VendorUser
from app.api.limits import limited
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.core.rate_limits import UPLOADS
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.upload_schemas import AvatarForm, AvatarRead, UploadForm, UploadRead

# The largest image of `upload_service.MAX_IMAGE_BYTES`, and what a form has around it.
MAX_FORM_BYTES = 10_100_000

router = ApiRouter()


@router.post(
    "/uploads",
    tags=["Uploads"],
    status_code=201,
    summary="Upload an image",
    max_body_size=MAX_FORM_BYTES,
    responses=errors(ErrorCode.INVALID_IMAGE, ErrorCode.STORAGE_UNAVAILABLE),
)
@limited(UPLOADS)
async def create_upload(
    form: Annotated[UploadForm, Form(media_type="multipart/form-data")],
    user: VendorUser,
    uploads: Uploads,
) -> Envelope[UploadRead]:
    """Store an image, to be used as `photoUrl` of a check-in, in a message, or as an avatar.

    It is decoded and written anew: without EXIF (no place, no device), at most 2048 pixels a side.
    """
    stored = await uploads.create(user, form.file.file, form.file.size or 0, form.purpose)
    return envelope(stored, "Image uploaded.")


@router.get(
    "/uploads/{uploadId}/{token}",
    tags=["Uploads"],
    status_code=302,
    response_class=RedirectResponse,
    summary="Show an image",
    responses={
        302: {
            "description": "Where the image is, for a few minutes.",
            "headers": {
                "Location": {"schema": {"type": "string", "format": "uri"}},
                "Cache-Control": {"schema": {"type": "string"}, "example": "private, max-age=240"},
            },
        },
        **errors(ErrorCode.IMAGE_NOT_FOUND, ErrorCode.STORAGE_UNAVAILABLE),
    },
)
async def show_upload(
    upload_id: Annotated[UUID, Path(alias="uploadId")],
    token: Annotated[str, Path(max_length=100)],
    uploads: Uploads,
) -> RedirectResponse:
    """Links such as `photoUrl` lead here. They need no sign-in, so that `<img>` can show them.

    A link is made for whoever read what shows the image, and works for whoever has it: for one to
    two hours, and only while the person that it was made for may see the image. Read what shows
    the image again for a new one.
    """
    url, seconds = await uploads.resolve(upload_id, token)
    return RedirectResponse(url, 302, {"Cache-Control": f"private, max-age={seconds}"})


@router.post(
    "/users/me/avatar",
    tags=["Users"],
    summary="Change my avatar",
    max_body_size=MAX_FORM_BYTES,
    responses=errors(ErrorCode.INVALID_IMAGE, ErrorCode.STORAGE_UNAVAILABLE),
)
@limited(UPLOADS)
async def set_avatar(
    form: Annotated[AvatarForm, Form(media_type="multipart/form-data")],
    user: VendorUser,
    uploads: Uploads,
    later: BackgroundTasks,
) -> Envelope[AvatarRead]:
    """The middle of the image, square, 512 pixels a side. It is public, unlike other images."""
    url, unused = await uploads.replace_avatar(user, form.file.file, form.file.size or 0)
    later.add_task(uploads.discard, unused)
    return envelope(AvatarRead(avatar_url=url), "Avatar saved.")


@router.delete("/users/me/avatar", tags=["Users"], status_code=204, summary="Remove my avatar")
async def delete_avatar(user: CurrentUser, uploads: Uploads, later: BackgroundTasks) -> None:
    """Having none is no error."""
    later.add_task(uploads.discard, await uploads.remove_avatar(user))
