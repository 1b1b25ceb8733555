"""How sharp is a picture? One figure, to be held against that of good pictures of the same part."""

from __future__ import annotations

import cv2
import numpy as np

from inspect_pipeline.records import Picture
from inspect_pipeline.stages.prepare import as_channels

_NOISE_PX = 1.0  # finer than this is noise of the sensor


def sharpness(pixels: Picture) -> float:
    """Strength of fine detail in percent of the mean grey level; a brighter lamp changes little."""
    grey = as_channels(pixels, 1)[..., 0].astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), _NOISE_PX)
    detail = cv2.Laplacian(smooth, cv2.CV_32F)
    return float(100.0 * np.sqrt((detail**2).mean()) / (smooth.mean() + 1.0))
