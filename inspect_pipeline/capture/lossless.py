"""A picture as the bytes of a file that gives it back exactly: PNG, at its fastest level."""

from __future__ import annotations

import cv2

from inspect_pipeline.records import Picture, check_picture

_LEVEL = 1  # higher ones save a few percent of a noisy picture and cost several times the time


def png_of(pixels: Picture) -> bytes:
    """`capture.reading.decode_picture` gives the very same pixels, RGB or grey."""
    check_picture(pixels, "picture to keep")
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.shape[2] == 3 else pixels
    is_done, content = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, _LEVEL])
    if not is_done:
        raise ValueError(f"no PNG can be made of a picture of {pixels.shape}")
    return bytes(content)
