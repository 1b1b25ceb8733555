"""Pictures for people: heat in colours, outlines, data URIs. Pictures in, new pictures out.

Colours come from a scale that is fixed for a part, never from the picture at hand: a picture
stretched between its own smallest and largest value would set a good part aglow.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspect_pipeline.geometry import Box, grown
from inspect_pipeline.records import Heat, Mask, Picture, check_picture

Colour = tuple[int, int, int]  # RGB
Shares = npt.NDArray[np.float32]

HEAT_COLOURS: Final[tuple[Colour, ...]] = (  # even steps of the scale, each lighter than the last
    (24, 18, 74),
    (106, 28, 138),
    (198, 42, 96),
    (240, 116, 36),
    (255, 226, 92),
)
FOUND: Final[Colour] = (0, 200, 255)  # outlines: a blue that no heat and hardly a part has
PLANTED: Final[Colour] = (60, 220, 60)
EDGE: Final[Colour] = (0, 0, 0)  # around a line, so that it shows on any part
STRONGEST: Final = 0.85  # opacity of the overlay at the upper end of the scale
JPEG_QUALITY: Final = 88


@dataclass(frozen=True, kw_only=True)
class HeatScale:
    """Raw scores (log-odds) where the colours of one part begin, become a finding, and end."""

    low: float
    threshold: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high or not self.low <= self.threshold <= self.high:
            raise ValueError(f"low <= threshold <= high and low < high must hold, got {self}")

    @property
    def threshold_share(self) -> float:
        """Where the threshold lies between low (0) and high (1)."""
        return (self.threshold - self.low) / (self.high - self.low)


def scale_for(*, threshold: float, typical: float) -> HeatScale:
    """From the typical good part to twice its distance beyond the threshold.

    `typical` is the score that good parts usually reach: a usual good part stays uncoloured.
    """
    spread = (threshold - typical) or 1.0
    return HeatScale(low=threshold - spread, threshold=threshold, high=threshold + 2 * spread)


def heat_picture(heat: Heat, *, low: float, high: float) -> Picture:
    """float32 (h, w) as RGB: the first colour at `low` and below, the last at `high` and above."""
    return _coloured(heat_shares(heat, low=low, high=high)).round().astype(np.uint8)


def heat_shares(heat: Heat, *, low: float, high: float) -> Shares:
    """Where each score lies between low (0) and high (1)."""
    if not low < high:
        raise ValueError(f"low must be less than high, got {low} and {high}")
    shares = np.clip((heat - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(shares, dtype=np.float32)


def overlay(observed: Picture, heat: Heat, *, low: float, high: float) -> Picture:
    """The observed picture, covered by the heat's colours the more the hotter it is.

    Nothing covers the picture at `low` and below.
    """
    check_picture(observed, "the observed picture")
    if observed.shape[:2] != heat.shape:
        raise ValueError(f"heat of {heat.shape} does not fit a picture of {observed.shape[:2]}")
    shares = heat_shares(heat, low=low, high=high)
    cover = (STRONGEST * np.sqrt(shares))[..., None]
    mixed = as_rgb(observed) * (1 - cover) + _coloured(shares) * cover
    return np.asarray(mixed.round(), dtype=np.uint8)


def outlined(
    picture: Picture, where: Box | Mask, colour: Colour = FOUND, *, width_px: int = 1
) -> Picture:
    """RGB with a line of `width_px` just outside a box or a mask (H, W); inside stays untouched."""
    drawn = as_rgb(picture).copy()
    if isinstance(where, Box):
        drawn[_frame_around(where, width_px, drawn)] = colour
    else:
        if where.shape != picture.shape[:2]:
            raise ValueError(f"a mask of {where.shape} does not fit {picture.shape[:2]}")
        drawn[grown_mask(where, width_px) & ~where] = colour
    return drawn


def grown_mask(mask: Mask, margin_px: int) -> Mask:
    """The mask and everything at most `margin_px` beside or above it, corners included."""
    grown_so_far = mask
    for axis in (0, 1):
        widened = grown_so_far.copy()
        for shift in range(1, min(margin_px, mask.shape[axis] - 1) + 1):
            ahead, behind = _shifted(shift, axis)
            widened[ahead] |= grown_so_far[behind]
            widened[behind] |= grown_so_far[ahead]
        grown_so_far = widened
    return grown_so_far


def enlarged(picture: Picture, *, longest_px: int) -> Picture:
    """Whole-number enlargement, each pixel a square: nothing is invented between pixels."""
    times = max(1, longest_px // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def reduced(picture: Picture, *, longest_px: int) -> Picture:
    """The picture with sides of at most `longest_px`; a smaller one comes back as it is."""
    check_picture(picture, "the picture to reduce")
    height, width = picture.shape[:2]
    if max(height, width) <= longest_px:
        return picture
    share = longest_px / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    smaller = _image(picture).resize(size, Image.Resampling.BOX)
    return np.asarray(smaller).reshape(size[1], size[0], picture.shape[2])


def reduced_with_box(
    picture: Picture, box: Box, colour: Colour = FOUND, *, longest_px: int
) -> Picture:
    """A whole frame made small, with a box drawn that stays visible however small the box is."""
    small = reduced(picture, longest_px=longest_px)
    height, width = small.shape[:2]
    share_x, share_y = width / picture.shape[1], height / picture.shape[0]
    x0, y0 = min(width - 1, int(box.x0 * share_x)), min(height - 1, int(box.y0 * share_y))
    x1 = min(width, max(x0 + 1, round(box.x1 * share_x)))
    y1 = min(height, max(y0 + 1, round(box.y1 * share_y)))
    shown = grown(Box(x0=x0, y0=y0, x1=x1, y1=y1), margin_px=5, frame_wh=(width, height))
    line_px = max(2, longest_px // 180)
    edge = grown(shown, margin_px=line_px, frame_wh=(width, height))
    return outlined(outlined(small, shown, colour, width_px=line_px), edge, EDGE)


def as_rgb(picture: Picture) -> Picture:
    """uint8 (H, W, 3), also of a grey picture."""
    check_picture(picture, "the picture")
    return np.broadcast_to(picture, (*picture.shape[:2], 3))


def png_of(picture: Picture) -> bytes:
    """Without loss: what a finding shows."""
    written = BytesIO()
    _image(picture).save(written, format="PNG")
    return written.getvalue()


def jpeg_of(picture: Picture) -> bytes:
    """Small: for whole frames that only say where to look."""
    written = BytesIO()
    _image(picture).save(written, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    return written.getvalue()


def data_uri(content: bytes) -> str:
    """A PNG or JPEG as an address that holds the picture itself."""
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _image(picture: Picture) -> Image.Image:
    check_picture(picture, "the picture")
    pixels = picture[:, :, 0] if picture.shape[2] == 1 else picture
    return Image.fromarray(np.ascontiguousarray(pixels))


def _coloured(shares: Shares) -> Shares:
    steps = np.linspace(0.0, 1.0, len(HEAT_COLOURS))
    channels = [np.interp(shares, steps, column) for column in np.transpose(HEAT_COLOURS)]
    return np.stack(channels, axis=-1).astype(np.float32)


def _frame_around(box: Box, width_px: int, picture: Picture) -> Mask:
    height, width = picture.shape[:2]
    line = np.zeros((height, width), dtype=bool)
    line[grown(box, margin_px=width_px, frame_wh=(width, height)).slices] = True
    line[box.slices] = False
    return line


def _shifted(shift: int, axis: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Index of all but the first, and of all but the last `shift` rows (axis 0) or columns."""
    whole, ahead, behind = slice(None), slice(shift, None), slice(None, -shift)
    return ((ahead, whole), (behind, whole)) if axis == 0 else ((whole, ahead), (whole, behind))
