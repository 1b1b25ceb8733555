"""Picture files to pixels. Pillow is the reader; this is where its errors become ours.

What is done to a picture, and nothing else:
- grey stays one channel, palette, CMYK and YCbCr become RGB by Pillow's conversion;
- the orientation that a camera noted in the file (EXIF) is applied;
- more than 8 bits per channel: the upper 8 bits are kept, whatever the picture shows, so full
  range stays full range (65535 -> 255) and two pictures stay comparable. It is logged once per
  folder. 32-bit and float pictures have no agreed full range and are refused;
- an alpha channel that is fully opaque is dropped. A see-through pixel has no colour that could
  be inspected, so such a picture is refused, never composed with a made-up background;
- several pictures in one file (animation, pages) are refused: which one is the part? Only the
  JPEG of many cameras that carries its own preview (MPO) is read: its first picture is the picture.
"""

from __future__ import annotations

import io
import logging
import stat
import struct
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from inspect_pipeline.errors import UnreadablePicture
from inspect_pipeline.records import Picture, check_picture

PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
MAX_PICTURE_PX = 80_000_000  # below Pillow's own limit, so that ours is the one that speaks
MAX_FILE_BYTES = 1_000_000_000

_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"RIFF": "WebP",
    b"GIF8": "GIF",
}
_TO_RGB = frozenset({"RGB", "RGBA", "P", "PA", "CMYK", "YCbCr"})
_DECODER_ERRORS = (
    OSError,
    SyntaxError,  # Pillow's word for a damaged header
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
    UserWarning,  # damaged metadata, where warnings are errors; elsewhere the picture is read
)

_log = logging.getLogger(__name__)


def read_picture(path: Path) -> Picture:
    """uint8 (H, W, 3) RGB or (H, W, 1) grey; UnreadablePicture says which file and why."""
    return decode_picture(read_content(path), source=path)


def read_content(path: Path) -> bytes:
    """The bytes of a picture file. UnreadablePicture where it cannot be read or is no file."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnreadablePicture(
                f"{path} is a folder, not a picture: check the path and the folder's permissions"
            )
        if not stat.S_ISREG(status.st_mode):
            raise UnreadablePicture(f"{path} is not a file: name a picture file")
        if status.st_size > MAX_FILE_BYTES:
            raise UnreadablePicture(
                f"{path} is {status.st_size / 1e9:.1f} GB large, the limit for one picture is "
                f"{MAX_FILE_BYTES / 1e9:.0f} GB: check what wrote it"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadablePicture(
            f"{path} cannot be read ({error.strerror}): check that it exists and its permissions"
        ) from error


def decode_picture(content: bytes, *, source: Path) -> Picture:
    """The same for bytes already in memory; `source` is only for the messages."""
    if not content:
        raise UnreadablePicture(f"{source} is empty (0 bytes): copy it again from the camera")
    try:
        pixels = _decoded(content, source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadablePicture(f"{source} is too large: {_largest()}") from error
    except UnidentifiedImageError as error:
        raise UnreadablePicture(f"{source} {_unknown_content(content)}") from error
    except _DECODER_ERRORS as error:
        raise UnreadablePicture(
            f"{source} is damaged or incomplete ({error}): copy it again from the camera"
        ) from error
    check_picture(pixels, f"picture {source}")
    return pixels


def _decoded(content: bytes, source: Path) -> Picture:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PICTURE_PX:
            raise UnreadablePicture(
                f"{source} has {width} x {height} px = {width * height / 1e6:.0f} megapixels: "
                f"{_largest()}"
            )
        pictures = getattr(image, "n_frames", 1)
        if pictures != 1 and image.format != "MPO":
            raise UnreadablePicture(
                f"{source} holds {pictures} pictures (an animation or pages): save each picture "
                "as a file of its own"
            )
        dropped_bits = _bits_above_8(image)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        if dropped_bits:
            _warn_of_depth(source.parent, 8 + dropped_bits)
        if image.mode.startswith("I;16"):
            return _upper_8_bits(image, dropped_bits, source)
        return _eight_bit(image, source)


def _bits_above_8(image: ImageFile.ImageFile) -> int:
    """How many bits per channel do not fit; before loading, when the file's layout is known."""
    layout = " ".join(str(tile) for tile in image.tile)
    if ";12" in layout:
        return 4
    return 8 if ";16" in layout or image.mode.startswith("I;16") else 0


def _upper_8_bits(image: Image.Image, dropped_bits: int, source: Path) -> Picture:
    """Grey only. Colour of 16 bits never gets here: Pillow keeps its upper 8 bits by itself."""
    values = np.asarray(image).astype(np.uint16, copy=False)  # (H, W), native byte order
    see_through = image.info.get("transparency")
    if see_through is not None and (values == see_through).any():
        raise _translucent(source)
    return (values >> dropped_bits).astype(np.uint8)[:, :, None]


def _eight_bit(image: Image.Image, source: Path) -> Picture:
    grey = image.mode in ("1", "L", "LA")
    if not grey and image.mode not in _TO_RGB:
        raise UnreadablePicture(
            f"{source} has the pixel format {image.mode!r}, which has no agreed range in 8 bits: "
            "save it as 8-bit or 16-bit grey, or as 8-bit RGB"
        )
    if image.has_transparency_data:
        image = image.convert("LA" if grey else "RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise _translucent(source)
    pixels = np.array(image.convert("L" if grey else "RGB"))
    return pixels[:, :, None] if grey else pixels


def _translucent(source: Path) -> UnreadablePicture:
    return UnreadablePicture(
        f"{source} has see-through pixels, whose colour cannot be inspected: save it without "
        "transparency"
    )


def _largest() -> str:
    return (
        f"the limit is {MAX_PICTURE_PX / 1e6:.0f} megapixels, check the file or save it in pieces"
    )


def _unknown_content(content: bytes) -> str:
    for signature, name in _SIGNATURES.items():
        if content.startswith(signature):
            return (
                f"begins like a {name} picture, but its header is damaged or incomplete: "
                "copy it again from the camera"
            )
    return (
        f"is not a picture (it begins with {content[:16]!r}): the formats read are "
        "PNG, JPEG, BMP, TIFF and WebP"
    )


@lru_cache(maxsize=1024)
def _warn_of_depth(folder: Path, bits: int) -> None:
    """Once per folder and depth: the cache is what remembers."""
    _log.warning(
        "pictures in %s have %d bits per channel: the upper 8 bits are inspected", folder, bits
    )
