"""What the evidence store and the tables keep, as arrays again."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from db.masks import decode_mask
from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Heat, Mask, Picture


def picture_of(content: bytes) -> Picture:
    """uint8 (H, W, 1 or 3) from the PNG that the evidence store keeps."""
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        pixels = np.asarray(image, dtype=np.uint8)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def heat_of(content: bytes) -> Heat:
    """float32 (H, W) from the TIFF that the evidence store keeps."""
    with Image.open(BytesIO(content), formats=("TIFF",)) as image:
        return np.asarray(image, dtype=np.float32)


def mask_of(stored: bytes, box: Box) -> Mask:
    """A stored mask as bool (h, w) of its box."""
    cells = decode_mask(stored, width_px=box.width_px, height_px=box.height_px)
    return np.frombuffer(cells, dtype=np.bool_).reshape(box.height_px, box.width_px)
