"""Frame -> working picture: channels, scale and brightness as the part model was trained with.

Training and inspection share this file, so that a frame means the same to both. The way back
(`Prepared.picture`) turns the networks' pictures into the frame's own size and grey levels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspect_pipeline.records import Picture

LOW_PERCENT, HIGH_PERCENT = 2, 98
MIN_SPREAD_GREY = 12.0
GREY_TOLERANCE = 2  # channels of a colour file that is really grey differ by no more (JPEG)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How frames of a part become network input; chosen from good parts, saved in the bundle.

    `photometric`: "fixed" applies the training set's own grey levels; "frame" takes them from each
    frame, for parts whose exposure changes from frame to frame.
    """

    channels: int
    tile_px: int
    scale: float  # working pixels per frame pixel, at most 1
    photometric: Literal["fixed", "frame"]
    centre_grey: float  # grey level that becomes 0
    spread_grey: float  # grey levels from low to high percentile; this range becomes 1.0

    def __post_init__(self) -> None:
        if not 0 < self.scale <= 1:
            raise ValueError(f"scale must lie in (0, 1], got {self.scale}")
        if self.spread_grey <= 0:
            raise ValueError(f"spread_grey must be positive, got {self.spread_grey}")
        if self.photometric not in ("fixed", "frame"):
            raise ValueError(f"photometric must be 'fixed' or 'frame', got {self.photometric!r}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A working picture, float32 (C, h, w) in [-1, 1], and the way back to the frame."""

    pixels: Tensor
    frame_wh: tuple[int, int]
    centre_grey: float
    spread_grey: float

    @property
    def working_wh(self) -> tuple[int, int]:
        return self.pixels.shape[2], self.pixels.shape[1]

    def picture(self, values: Tensor) -> Picture:
        """Network picture (C, h, w) -> uint8 (H, W, C) of the frame's size."""
        grey = values.detach().cpu().numpy().transpose(1, 2, 0) * self.spread_grey
        levels = resized(grey + self.centre_grey, self.frame_wh)
        picture: Picture = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
        return picture


def grey_levels(pixels: Picture | npt.NDArray[np.float32]) -> tuple[float, float]:
    """(median, spread from the 2nd to the 98th percentile) over all channels, in grey levels."""
    low, centre, high = np.percentile(pixels, (LOW_PERCENT, 50, HIGH_PERCENT))
    return float(centre), float(high - low)


def prepare(pixels: Picture, how: Preparation) -> Prepared:
    """Frame pixels uint8 (H, W, C) -> working picture. The channels must be the part's."""
    height, width, channels = pixels.shape
    if channels != how.channels:
        raise ValueError(f"the part has {how.channels} channels, the frame {channels}")
    small = resized(pixels, working_wh((width, height), how.scale)).astype(np.float32)
    centre, spread = how.centre_grey, how.spread_grey
    if how.photometric == "frame":
        centre, own = grey_levels(small)
        spread = max(own, 0.25 * how.spread_grey, MIN_SPREAD_GREY)
    values = np.clip((small - centre) / spread, -1.0, 1.0)
    return Prepared(
        pixels=torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1))),
        frame_wh=(width, height),
        centre_grey=centre,
        spread_grey=spread,
    )


def channels_apart(pixels: Picture) -> int:
    """Largest difference between the channels of any pixel, in grey levels; grey has none."""
    if pixels.shape[2] == 1:
        return 0
    red, green, blue = (pixels[..., channel] for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return int((highest - lowest).max(initial=0))


def as_channels(pixels: Picture, channels: int) -> Picture:
    """The picture with 1 or 3 channels, as a part's model expects it.

    Grey to RGB repeats the channel. RGB to grey is luma (ITU-R 601), which is exact for a grey
    picture that was saved with three equal channels.
    """
    if channels not in (1, 3):
        raise ValueError(f"a picture has 1 or 3 channels, not {channels}")
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    grey: Picture = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return grey[:, :, None]


def working_wh(frame_wh: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(frame_wh[0] * scale)), max(1, round(frame_wh[1] * scale))


def resized(picture: npt.NDArray[Any], wh: tuple[int, int]) -> npt.NDArray[Any]:
    """(H, W, C) at another size: by area downwards, bilinear upwards; C is kept."""
    height, width, channels = picture.shape
    if (width, height) == wh:
        return picture
    method = cv2.INTER_AREA if wh[0] < width else cv2.INTER_LINEAR
    moved: npt.NDArray[Any] = cv2.resize(picture, wh, interpolation=method)
    return moved.reshape(wh[1], wh[0], channels)
