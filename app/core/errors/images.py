"""Images: uploads, and links to them."""

from app.core.errors.base import AppError, ErrorCode


class UnknownImage(AppError):
    status, code = 422, ErrorCode.UNKNOWN_IMAGE
    message = "This image is not one of your uploads. Upload it first and use the address you get."
    fields = ("photoUrl", "imageUrl", "profileImageUrl")

    def __init__(self, *, field: str) -> None:
        super().__init__(field=field)


class InvalidImage(AppError):
    status, code = 422, ErrorCode.INVALID_IMAGE
    message = "This file is not a JPEG, PNG, WebP or GIF image."
    fields = ("file",)

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message)


class ImageTooLarge(AppError):
    status, code = 413, ErrorCode.BODY_TOO_LARGE
    message = "This image is too large: 10 MB are the limit."


class ImageNotFound(AppError):
    status, code = 404, ErrorCode.IMAGE_NOT_FOUND
    message = "This image does not exist, or the link to it has expired."


class StorageUnavailable(AppError):
    status, code = 503, ErrorCode.STORAGE_UNAVAILABLE
    message = "Images cannot be saved or shown at the moment. Please try again in a minute."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=30)
