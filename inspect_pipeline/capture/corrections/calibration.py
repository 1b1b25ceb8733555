"""What was measured of a camera: dark level, flat field, white balance, millimetres per pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Picture

Levels = npt.NDArray[np.float32]

GAIN_MAX = 8.0  # a pixel that needs more sees too little to be put right
FLAT_LEAST, FLAT_MOST = 20.0, 250.0  # mean grey level of a usable flat-field picture
DARK_MOST = 40.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """What is None was not measured. Gains bring each pixel to the mean of its channel."""

    camera_id: str
    made_at: datetime
    dark: Levels | None = None
    flat_gain: Levels | None = None
    white_gains: tuple[float, ...] | None = None
    mm_per_px: float | None = None
    blind_px: int = 0  # pixels that saw too little light to be put right
    shading: float | None = None  # largest fall of light across the field, as a share of its mean


def with_dark(known: Calibration, pictures: Sequence[Picture], *, lines: bool) -> Calibration:
    """From pictures with the lens covered. `lines`: one level per column, for line-scan cameras."""
    dark = _mean_of(pictures, lines=lines)
    if dark.mean() > DARK_MOST:
        raise UsageError(
            f"the dark pictures have a mean grey level of {dark.mean():.1f}, at most "
            f"{DARK_MOST:g} is dark: cover the lens"
        )
    return replace(known, dark=dark)


def with_flat(known: Calibration, pictures: Sequence[Picture], *, lines: bool) -> Calibration:
    """From pictures of something even and grey or white, neither too dark nor overexposed."""
    flat = _mean_of(pictures, lines=lines)
    if not FLAT_LEAST <= flat.mean() <= FLAT_MOST:
        raise UsageError(
            f"the flat-field pictures have a mean grey level of {flat.mean():.1f}, between "
            f"{FLAT_LEAST:g} and {FLAT_MOST:g} is needed: change the exposure"
        )
    light = flat
    if known.dark is not None:
        if known.dark.shape != flat.shape:
            raise UsageError(
                f"the dark pictures are {known.dark.shape}, the flat-field ones {flat.shape} "
                "(rows, columns, channels): take both with the same camera settings"
            )
        light = flat - known.dark
    middle = light.mean(axis=(0, 1), keepdims=True)  # (1, 1, C)
    sees = light > middle / GAIN_MAX
    gain = np.where(sees, middle / np.maximum(light, 1e-3), 1.0).astype(np.float32)
    low, high = np.percentile(light / middle, (1, 99))
    return replace(
        known,
        flat_gain=gain,
        white_gains=_white_of(middle),
        blind_px=int((~sees).any(axis=2).sum()),
        shading=float(high - low),
    )


def _white_of(middle: Levels) -> tuple[float, ...] | None:
    """What makes the mean colour of the flat field grey; None for a grey camera."""
    levels = middle.ravel()
    if levels.size == 1:
        return None
    return tuple(round(float(levels.mean() / level), 5) for level in levels)


def _mean_of(pictures: Sequence[Picture], *, lines: bool) -> Levels:
    if not pictures:
        raise UsageError("no picture was given to calibrate from: name files, a folder or `live`")
    shapes = {picture.shape for picture in pictures}
    if len(shapes) > 1:
        raise UsageError(
            f"the pictures differ in size or channels ({sorted(shapes)}): take all alike"
        )
    total = np.zeros(pictures[0].shape, np.float64)
    for picture in pictures:
        total += picture
    mean = (total / len(pictures)).astype(np.float32)
    return mean.mean(axis=0, keepdims=True) if lines else mean
