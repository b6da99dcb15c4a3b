"""Cleans images that people send: decoded, turned upright, made smaller, written anew.

What an image is comes from decoding it, never from its name or a header. The result holds pixels
only: no EXIF, so no place and no device, no profile, no comment. Import it late: Pillow is slow to
load. Pure, and heavy on the CPU: call it in a worker thread.
"""

import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps

MAX_PIXELS = 25_000_000
MAX_SIDE = 2048
AVATAR_SIDE = 512

_QUALITY = 85
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_SIGNATURES = tuple(
    re.compile(start, re.DOTALL)
    for start in (rb"\xff\xd8\xff", rb"\x89PNG\r\n\x1a\n", rb"RIFF.{4}WEBP", rb"GIF8[79]a")
)
_LONGEST_SIGNATURE = 12
# A second net below our own check of the size: Pillow refuses by this number too.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# It also complains of broken EXIF, which nobody will see again.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# What Pillow's decoders raise on bytes that are not what they claim to be.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    MemoryError,
    struct.error,
    zlib.error,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_TOO_MANY_PIXELS = "This image has too many pixels: 25 million are the limit."
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnusableImageError(Exception):
    """The bytes are no image that can be shown; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class CleanImage:
    """`extension` has no dot."""

    content: bytes
    content_type: str
    extension: str


@dataclass(frozen=True, slots=True)
class _Written:
    format: str
    content_type: str
    extension: str
    options: dict[str, int]


_JPEG = _Written("JPEG", "image/jpeg", "jpg", {"quality": _QUALITY})
_PNG = _Written("PNG", "image/png", "png", {})
_WEBP = _Written("WEBP", "image/webp", "webp", {"quality": _QUALITY, "method": 2})
_WRITTEN_AS = {"JPEG": _JPEG, "MPO": _JPEG, "PNG": _PNG, "GIF": _PNG, "WEBP": _WEBP}


def clean_photo(file: BinaryIO) -> CleanImage:
    """A photo or a drawing, at most 2048 pixels wide and high. Raises UnusableImageError."""
    return _clean(file, side=MAX_SIDE, square=False)


def clean_avatar(file: BinaryIO) -> CleanImage:
    """The middle of an image, square, at most 512 pixels a side. Raises UnusableImageError."""
    return _clean(file, side=AVATAR_SIDE, square=True)


def _clean(file: BinaryIO, *, side: int, square: bool) -> CleanImage:
    try:
        return _rewrite(file, side=side, square=square)
    except _BOMBS as error:
        raise UnusableImageError(_TOO_MANY_PIXELS) from error
    except _DECODER_ERRORS as error:
        raise UnusableImageError(_why_not(file)) from error


def _why_not(file: BinaryIO) -> str:
    """What to tell whoever sent a file that cannot be decoded."""
    file.seek(0)
    beginning = file.read(_LONGEST_SIGNATURE)
    if not beginning:
        return "This file is empty. Please choose an image."
    if any(signature.match(beginning) for signature in _SIGNATURES):
        return "This image is damaged or incomplete. Please choose another one."
    return "This file is not a JPEG, PNG, WebP or GIF image."


def _rewrite(file: BinaryIO, *, side: int, square: bool) -> CleanImage:
    file.seek(0)
    with Image.open(file, formats=_FORMATS) as opened:
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise UnusableImageError(_TOO_MANY_PIXELS)
        written = _WRITTEN_AS[opened.format or ""]
        # A JPEG can be decoded at a half, a quarter or an eighth of its size: less to hold.
        opened.draft(None, (side, side))
        opened.load()  # of an animation, the first frame
        image = _in_plain_colours(opened)
        turn = _UPRIGHT.get(_orientation(opened))
    if square:
        middle = min(image.size)
        image = ImageOps.fit(image, (min(middle, side),) * 2, Image.Resampling.LANCZOS)
    else:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if turn is not None:
        image = image.transpose(turn)
    image.info.clear()  # the writers would take profile and comment from here
    content = BytesIO()
    image.save(content, written.format, **written.options)
    return CleanImage(content.getvalue(), written.content_type, written.extension)


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """A copy in grey or RGB, with transparency where there is some."""
    if image.mode.startswith(("I", "F")):  # 16 bits of grey: keep the upper eight
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.copy() if image.mode in ("L", "RGB") else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """The camera's orientation, 1 (upright) where it is missing or cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) else 1
