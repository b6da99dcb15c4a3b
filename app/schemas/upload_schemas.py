"""Uploaded images (Specification §4.5)."""

from typing import Annotated

from fastapi import UploadFile
from pydantic import BeforeValidator, Field
from starlette.datastructures import UploadFile as FormFile

from app.core.enums import UploadPurpose
from app.schemas.base_schemas import NoNul, RequestSchema, ResponseSchema

# How a body names an image: the service decides whether it is one of the caller's own uploads.
ImageReference = Annotated[
    str,
    Field(max_length=2048, description="The `url` or the `path` of one of your own uploads."),
    NoNul,
]


def _a_file(value: object) -> object:
    if not isinstance(value, FormFile):
        raise ValueError("must be a file, sent as multipart/form-data")
    return value


ImageFile = Annotated[
    UploadFile,
    BeforeValidator(_a_file),
    Field(description="A JPEG, PNG, WebP or GIF image of at most 10 MB and 25 million pixels."),
]


class UploadForm(RequestSchema):
    file: ImageFile
    purpose: UploadPurpose = Field(
        description="Where the image will be used; it can be used nowhere else."
    )


class AvatarForm(RequestSchema):
    file: ImageFile


class UploadRead(ResponseSchema):
    url: str = Field(
        description="Shows the image to whoever has it. The address of a private image works for "
        "one to two hours, and while its reader may see the image; whatever shows the image comes "
        "with a new one.",
        examples=[
            "https://api.example.com/api/v1/uploads/5a4e7c1e-6f0a-4d0c-9a51-0d8a3c1f7b2e/"
            "1773147600-0f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d-"
            "mB7fM2v5nJxYc0wq3S1rXo8a6K4uTtEhLzPdGiQyVbA"
        ],
    )
    path: str = Field(
        description="The lasting name of the image.",
        examples=["0f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d/5a4e7c1e-6f0a-4d0c-9a51-0d8a3c1f7b2e.jpg"],
    )
    content_type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="In bytes, as stored.", examples=[184_320])


class AvatarRead(ResponseSchema):
    avatar_url: str = Field(
        examples=[
            "https://project.supabase.co/storage/v1/object/public/avatars/"
            "0f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d/9d1f6a3e-2b4c-4e5d-8f70-6a5b4c3d2e1f.jpg"
        ]
    )
