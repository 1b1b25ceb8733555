"""A region's mask as a few bytes.

Format: the mask's pixels row by row, one bit each, the first pixel in the highest bit, filled with
zero bits to whole bytes, then compressed with zlib (which also checks the content). Width and
height are those of the finding's box. The same in other words, for readers with numpy:

    numpy.unpackbits(numpy.frombuffer(zlib.decompress(mask), "u1"), count=h * w).reshape(h, w)
"""

from __future__ import annotations

import zlib

from db.errors import DatabaseError

_TO_DIGITS = bytes([48]) + bytes([49]) * 255  # 0 -> "0", anything else -> "1"
_FROM_DIGITS = bytes(byte & 1 for byte in range(256))  # "0" -> 0, "1" -> 1


def encode_mask(cells: bytes, *, width_px: int, height_px: int) -> bytes:
    """`cells`: one byte per pixel, row by row, zero outside (a bool array's `tobytes()`)."""
    size = width_px * height_px
    if size <= 0 or len(cells) != size:
        raise ValueError(f"a mask of {width_px} x {height_px} px needs {size} bytes: {len(cells)}")
    digits = cells.translate(_TO_DIGITS).ljust(_whole_bytes(size) * 8, b"0")
    return zlib.compress(int(digits, 2).to_bytes(_whole_bytes(size), "big"))


def decode_mask(encoded: bytes, *, width_px: int, height_px: int) -> bytes:
    """One byte per pixel, 0 or 1, row by row. Raises DatabaseError for damaged bytes."""
    size = width_px * height_px
    try:
        packed = zlib.decompress(encoded)
    except zlib.error as error:
        raise DatabaseError(f"a stored mask is damaged: {error}") from error
    if len(packed) != _whole_bytes(size):
        raise DatabaseError(
            f"a stored mask holds {len(packed)} bytes, {width_px} x {height_px} px need "
            f"{_whole_bytes(size)}"
        )
    digits = format(int.from_bytes(packed, "big"), "b").zfill(len(packed) * 8)
    return digits[:size].encode().translate(_FROM_DIGITS)


def _whole_bytes(size_px: int) -> int:
    return (size_px + 7) // 8
