"""Pictures that a browser cannot make itself: heat in colours, differences, smaller frames.

Bytes in, PNG out. Colours come from a scale that is fixed for a model (heat) or for all parts
(differences), never from the picture at hand.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspect_pipeline.records import Heat, Picture
from inspect_pipeline.reports.drawing import (
    Colour,
    HeatScale,
    heat_picture,
    heat_shares,
    png_of,
    reduced,
)

DIFFERENCE_FULL: Final = 96.0  # grey levels from which a difference has its strongest colour
SMALL_LONGEST_PX: Final = 720
_DARKER: Final[Colour] = (33, 102, 172)
_SAME: Final[Colour] = (244, 244, 244)
_BRIGHTER: Final[Colour] = (203, 67, 24)

Greys = npt.NDArray[np.float32]


def heat_colours(heat: Heat, scale: HeatScale) -> bytes:
    """Opaque: every pixel has the colour of its score."""
    return png_of(heat_picture(heat, low=scale.low, high=scale.high))


def heat_veil(heat: Heat, scale: HeatScale) -> bytes:
    """The same colours as a veil over the part: clear at the scale's lower end, denser above."""
    cover = np.sqrt(heat_shares(heat, low=scale.low, high=scale.high))
    colours = heat_picture(heat, low=scale.low, high=scale.high)
    veil = np.dstack((colours, (255 * cover).round().astype(np.uint8)))
    written = BytesIO()
    Image.fromarray(veil, mode="RGBA").save(written, format="PNG")
    return written.getvalue()


def signed_difference(observed: Picture, golden: Picture) -> bytes:
    """Where the part is brighter (orange) or darker (blue) than a good one, in mean grey levels."""
    grey = _greys(observed, golden).mean(axis=2)
    share = np.clip(grey / DIFFERENCE_FULL, -1.0, 1.0)[..., None]
    same = np.array(_SAME, dtype=np.float32)
    away = np.where(share > 0, np.array(_BRIGHTER), np.array(_DARKER)).astype(np.float32)
    mixed = same + np.abs(share) * (away - same)
    return png_of(mixed.round().astype(np.uint8))


def absolute_difference(observed: Picture, golden: Picture) -> bytes:
    """How far each pixel is from a good part, in its most different channel; black is equal."""
    farthest = np.abs(_greys(observed, golden)).max(axis=2, keepdims=True)
    share = np.clip(farthest / DIFFERENCE_FULL, 0.0, 1.0)
    return png_of((255 * share).round().astype(np.uint8))


def small(picture: Picture) -> bytes:
    """For maps and lists: sides of at most SMALL_LONGEST_PX."""
    return png_of(reduced(picture, longest_px=SMALL_LONGEST_PX))


def _greys(observed: Picture, golden: Picture) -> Greys:
    if observed.shape != golden.shape:
        raise ValueError(f"pictures of {observed.shape} and {golden.shape} cannot be compared")
    return observed.astype(np.float32) - golden.astype(np.float32)
