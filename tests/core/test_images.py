"""Cleaning images: what is taken, what comes out, and what is refused."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.core.images import (
    AVATAR_SIDE,
    MAX_PIXELS,
    MAX_SIDE,
    UnusableImageError,
    clean_avatar,
    clean_photo,
)
from tests.pictures import opened, picture

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F
# The service silences these, but pytest sets filters of its own around every test.
BROKEN_EXIF = pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\..*")


def exif(orientation: int = 1) -> Image.Exif:
    data = Image.Exif()
    data[ORIENTATION] = orientation
    data[MAKER] = "SecretCamera"
    data.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return data


def png(width: int, height: int, *, pixels: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG whose header may promise more than it has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + header + extra + body + chunk(b"IEND", b"")


def cleaned(content: bytes) -> Image.Image:
    return opened(clean_photo(BytesIO(content)).content)


@pytest.mark.parametrize(
    ("kind", "mode", "content_type", "extension"),
    [
        ("JPEG", "RGB", "image/jpeg", "jpg"),
        ("JPEG", "L", "image/jpeg", "jpg"),
        ("JPEG", "CMYK", "image/jpeg", "jpg"),
        ("MPO", "RGB", "image/jpeg", "jpg"),
        ("PNG", "RGB", "image/png", "png"),
        ("PNG", "RGBA", "image/png", "png"),
        ("PNG", "P", "image/png", "png"),
        ("PNG", "LA", "image/png", "png"),
        ("PNG", "1", "image/png", "png"),
        ("PNG", "I;16", "image/png", "png"),
        ("GIF", "P", "image/png", "png"),
        ("WEBP", "RGB", "image/webp", "webp"),
        ("WEBP", "RGBA", "image/webp", "webp"),
    ],
)
def test_each_kind_of_image_comes_back_as_what_it_is(
    kind: str, mode: str, content_type: str, extension: str
) -> None:
    # As cameras write it: with one picture, an MPO is a plain JPEG.
    several: dict[str, Any] = {"save_all": True, "append_images": [Image.new(mode, (60, 40))]}
    sent = picture(kind, mode=mode, colour=None, **several if kind == "MPO" else {})
    assert opened(sent).format == kind

    clean = clean_photo(BytesIO(sent))

    assert (clean.content_type, clean.extension) == (content_type, extension)
    image = opened(clean.content)
    assert image.size == (60, 40)
    assert Image.MIME[image.format or ""] == content_type


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_device_profile_and_comments_are_gone(kind: str) -> None:
    content = picture(
        kind,
        exif=exif(),
        icc_profile=b"a secret profile",
        xmp=b"<x>a secret</x>",
        comment=b"a secret comment",
    )
    assert b"SecretCamera" in content

    image = cleaned(content)
    clean = clean_photo(BytesIO(content)).content

    assert dict(image.getexif()) == {}
    assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & image.info.keys()
    assert b"ecret" not in clean
    assert b"Exif" not in clean


def test_text_in_a_png_is_gone() -> None:
    text = b"tEXt" + b"Author\x00a secret author"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))

    clean = clean_photo(BytesIO(png(1, 1, pixels=b"\x00\x80", extra=chunk)))

    assert b"secret" not in clean.content


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), "blue")
    upright.paste("red", (0, 0, 16, 16))  # a mark in the upper left corner
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    held = upright.transpose(undo) if undo is not None else upright
    file = BytesIO()
    held.save(file, "JPEG", exif=exif(orientation), quality=95)

    image = cleaned(file.getvalue())

    assert image.size == (64, 32)
    red, _, blue = image.convert("RGB").split()
    assert red.getpixel((4, 4)) > 200  # type: ignore[operator]
    assert blue.getpixel((60, 28)) > 200  # type: ignore[operator]


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_meaningless_orientation_is_upright(orientation: int) -> None:
    assert cleaned(picture(exif=exif(orientation))).size == (60, 40)


@BROKEN_EXIF
def test_broken_exif_does_not_spoil_an_image() -> None:
    broken = b"Exif\x00\x00II*\x00\xff\xff\xff\x7f"
    assert cleaned(picture(exif=broken)).size == (60, 40)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((MAX_SIDE * 2, 100), (MAX_SIDE, 50)),
        ((100, MAX_SIDE + 1), (100, MAX_SIDE)),
        ((4000, 3000), (2048, 1536)),
        ((MAX_SIDE, MAX_SIDE), (MAX_SIDE, MAX_SIDE)),
        ((1, 1), (1, 1)),
        ((20_000, 1), (MAX_SIDE, 1)),
    ],
)
def test_large_images_are_made_smaller_and_small_ones_stay(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert cleaned(picture(size=size)).size == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(3000, 1200), (600, 2000), (AVATAR_SIDE, AVATAR_SIDE)])
def test_an_avatar_is_the_middle_square(kind: str, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "blue")
    short = min(size)
    left, top = (size[0] - short) // 2, (size[1] - short) // 2
    image.paste("red", (left, top, left + short, top + short))
    file = BytesIO()
    image.save(file, kind)

    avatar = opened(clean_avatar(file).content).convert("RGB")

    assert avatar.size == (AVATAR_SIDE, AVATAR_SIDE)
    for corner in ((8, 8), (AVATAR_SIDE - 8, AVATAR_SIDE - 8)):
        assert avatar.getpixel(corner)[0] > 200  # type: ignore[index]


def test_a_small_avatar_is_not_blown_up() -> None:
    assert opened(clean_avatar(BytesIO(picture(size=(90, 60)))).content).size == (60, 60)


def test_transparency_is_kept() -> None:
    image = cleaned(picture("PNG", mode="RGBA", colour=(255, 0, 0, 0)))

    assert image.getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    image = cleaned(picture("PNG", mode="I;16", colour=32768))

    assert image.convert("L").getpixel((5, 5)) == 128


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        file = BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=50)

        image = cleaned(file.getvalue())

        assert getattr(image, "n_frames", 1) == 1
        assert image.convert("RGB").getpixel((5, 5))[0] > 240  # type: ignore[index]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content",
    [
        b"\x00",
        SVG,
        b"<?xml version='1.0'?>" + SVG,
        b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>",
        b"%PDF-1.7\n",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        picture("BMP"),
        picture("TIFF"),
        picture("ICO"),
        picture("PPM"),
        picture("EPS"),
    ],
    ids=lambda content: repr(content[:16]),
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableImageError, match="not a JPEG"):
        clean_photo(BytesIO(content))


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(UnusableImageError, match="empty"):
        clean_photo(BytesIO())


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
    ],
    ids=["SOI", "JPEG", "PNG", "GIF", "WEBP"],
)
def test_the_bare_beginning_of_an_image_is_called_damaged(content: bytes) -> None:
    with pytest.raises(UnusableImageError, match="damaged"):
        clean_photo(BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_truncated_image_is_refused(kind: str) -> None:
    noise = Image.effect_noise((200, 200), 80)
    file = BytesIO()
    noise.convert("RGB").save(file, kind)
    content = file.getvalue()

    for keep in (0.1, 0.5, 0.9):
        with pytest.raises(UnusableImageError, match="damaged"):
            clean_photo(BytesIO(content[: int(len(content) * keep)]))


# In the service it is only a warning: pytest makes it an exception.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("width", "height"),
    [(5001, 5000), (10_000, 10_000), (50_000, 50_000), (1, 2**31 - 1)],
)
def test_a_bomb_is_refused_before_it_is_decoded(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*args: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", explode)
    bomb = png(width, height, pixels=bytes(100))
    assert len(bomb) < 200

    with pytest.raises(UnusableImageError, match="25 million"):
        clean_photo(BytesIO(bomb))


def test_the_limit_of_pixels_itself_is_taken() -> None:
    assert cleaned(picture("PNG", (MAX_PIXELS // 5000, 5000), mode="L", colour=7)).height == 2048


def test_a_bomb_in_a_png_text_is_refused() -> None:
    data = b"zTXt" + b"Comment\x00\x00" + zlib.compress(bytes(80_000_000), 9)
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))

    with pytest.raises(UnusableImageError):
        clean_photo(BytesIO(png(1, 1, pixels=b"\x00\x80", extra=chunk)))


SAMPLES = [
    picture("JPEG", exif=exif(6)),
    picture("PNG", mode="P", colour=None),
    picture("PNG", mode="RGBA", colour=(1, 2, 3, 4)),
    picture("GIF", mode="P", colour=None),
    picture("WEBP", mode="RGBA", colour=None, exif=exif(3)),
]


@BROKEN_EXIF
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), max_size=6),
    st.integers(0, 50),
)
def test_damaged_images_are_cleaned_or_refused(
    content: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    damaged = bytearray(content[: len(content) - cut])
    for position, value in changes:
        start = position % len(damaged)
        damaged[start : start + len(value)] = value

    try:
        clean = clean_photo(BytesIO(bytes(damaged)))
    except UnusableImageError:
        return
    assert opened(clean.content).size[0] <= MAX_SIDE
