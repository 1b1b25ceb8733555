"""Pixels to the bytes of a picture file, without loss."""

from __future__ import annotations

import cv2

from inspect_pipeline.records import Picture, check_picture

_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)  # half the time of OpenCV's own choice, a tenth larger


def png_of(pixels: Picture) -> bytes:
    """uint8 (H, W, 1 or 3) as PNG, grey or RGB; the same pixels give the same bytes."""
    check_picture(pixels, "a picture to write")
    written, png = cv2.imencode(".png", pixels[..., ::-1], _FAST)  # OpenCV wants BGR
    assert written, f"OpenCV refused to encode {pixels.shape} as PNG"
    return png.tobytes()
