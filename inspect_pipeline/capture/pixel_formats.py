"""What industrial cameras call their pixels, as pictures of ours."""

from __future__ import annotations

import cv2
import numpy as np

from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture

_BAYER = {
    "BayerRG8": cv2.COLOR_BayerRGGB2RGB,
    "BayerGB8": cv2.COLOR_BayerGBRG2RGB,
    "BayerGR8": cv2.COLOR_BayerGRBG2RGB,
    "BayerBG8": cv2.COLOR_BayerBGGR2RGB,
}


def picture_of(
    content: bytes, frame_wh: tuple[int, int], pixel_format: str, *, row_padding_bytes: int = 0
) -> Picture:
    """RGB or grey. A Bayer pattern is filled in between its pixels. CaptureError: bytes lack."""
    width, height = frame_wh
    channels = 3 if pixel_format in ("RGB8", "BGR8") else 1
    row_bytes = width * channels + row_padding_bytes
    values = np.frombuffer(content, np.uint8)
    if values.size < row_bytes * height:
        raise CaptureError(
            f"{values.size} bytes came for {width} x {height} px {pixel_format}, "
            f"{row_bytes * height} are needed"
        )
    rows = values[: row_bytes * height].reshape(height, row_bytes)[:, : width * channels]
    pixels: Picture = rows.reshape(height, width, channels).copy()
    if pixel_format == "BGR8":
        return np.ascontiguousarray(pixels[..., ::-1])
    if pixel_format in _BAYER:
        rgb: Picture = cv2.cvtColor(pixels, _BAYER[pixel_format])
        return rgb
    return pixels
