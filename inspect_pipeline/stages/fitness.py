"""Is this frame worth inspecting? A pure function: limits and pixels in, a reason out.

A frame that cannot be inspected is never passed and never skipped: it becomes UNFIT with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inspect_pipeline.records import Frame, Picture, Unfit, UnfitReason
from inspect_pipeline.stages.placement import placement_of
from inspect_pipeline.stages.prepare import GREY_TOLERANCE, channels_apart
from inspect_pipeline.stages.sharpness import sharpness

_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601, as in prepare.as_channels


@dataclass(frozen=True, kw_only=True)
class FitnessLimits:
    """What a frame of a part must be like. Grey levels are 0 to 255.

    `dark_below`: mean grey level (luma) under which a frame is too dark; 0 = no check.
    `saturated_share`: share of pixels with any channel at 255 above which it is overexposed;
    1 = no check. `min_contrast`: standard deviation of grey levels under which nothing is to be
    seen; 0 = no check. `min_wh`, `max_wh`: smallest and largest (width, height) in pixels, both
    inclusive; equal = exact size, None = any. `channels`: what the part's model wants, None = any.
    `least_web_lines`: from so many lines on a frame of a web is fit though it is less high than
    others, because the web was cut there by a gap or by its end; None = no exception.
    `blurred_below`: sharpness under which a frame is blurred; 0 = no check. Held against a picture
    of a good part in its place: `least_likeness` (0 to 1) under which there is no part, 0 = no
    check; `max_shift_px` beyond which the part is misplaced, None = no check.
    """

    dark_below: float = 10.0
    saturated_share: float = 0.5
    min_contrast: float = 0.5
    min_wh: tuple[int, int] | None = None
    max_wh: tuple[int, int] | None = None
    channels: int | None = None
    least_web_lines: int | None = None
    blurred_below: float = 0.0
    least_likeness: float = 0.0
    max_shift_px: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.dark_below <= 255.0:
            raise ValueError(f"dark_below is a grey level in [0, 255], got {self.dark_below}")
        if not 0.0 < self.saturated_share <= 1.0:
            raise ValueError(f"saturated_share lies in (0, 1], got {self.saturated_share}")
        if not self.min_contrast >= 0.0:
            raise ValueError(f"min_contrast is a number of grey levels, got {self.min_contrast}")
        if self.channels not in (None, 1, 3):
            raise ValueError(f"channels is 1, 3 or None, got {self.channels}")


def unfit_reason(
    frame: Frame, limits: FitnessLimits, reference: Picture | None = None
) -> Unfit | None:
    """Why the frame cannot be inspected, or None: size first, then light, focus and the part.

    `reference` is a good part in its place, of the frame's size; without one the place is free.

    A grey frame fits a colour part, and a colour frame that is really grey fits a grey part:
    `prepare.as_channels` converts both without loss. A truly coloured frame does not fit a grey
    part, since a defect may show in colour only: that is WRONG_SIZE too, as (H, W, C) is.
    """
    return (
        _wrong_size(frame, limits)
        or _wrong_light(frame.pixels, limits)
        or _blurred(frame.pixels, limits)
        or _wrong_place(frame.pixels, limits, reference)
    )


def _wrong_size(frame: Frame, limits: FitnessLimits) -> Unfit | None:
    width, height = frame.frame_wh
    low, high = limits.min_wh, limits.max_wh
    is_web = frame.key.web_position_mm is not None
    if low is not None and is_web and limits.least_web_lines is not None:
        low = (low[0], min(low[1], limits.least_web_lines))
    too_small = low is not None and (width < low[0] or height < low[1])
    too_large = high is not None and (width > high[0] or height > high[1])
    if too_small or too_large:
        detail = f"the frame is {width} x {height} px, expected {_size_words(low, high)}"
        return Unfit(reason=UnfitReason.WRONG_SIZE, detail=detail)
    if 0 in (width, height):
        detail = f"the frame is {width} x {height} px: there is no pixel to inspect"
        return Unfit(reason=UnfitReason.WRONG_SIZE, detail=detail)
    if limits.channels == 1 and frame.pixels.shape[2] == 3:
        apart = channels_apart(frame.pixels)
        if apart > GREY_TOLERANCE:
            detail = (
                f"the frame is in colour (channels differ by up to {apart} grey levels), "
                "the part is inspected in grey"
            )
            return Unfit(reason=UnfitReason.WRONG_SIZE, detail=detail)
    return None


def _size_words(low: tuple[int, int] | None, high: tuple[int, int] | None) -> str:
    words = {"at least ": low, "at most ": high}
    if low == high:
        words = {"": low}
    return " and ".join(f"{word}{wh[0]} x {wh[1]} px" for word, wh in words.items() if wh)


def _wrong_light(pixels: Picture, limits: FitnessLimits) -> Unfit | None:
    mean, contrast = _mean_and_contrast(pixels)
    if mean < limits.dark_below:
        detail = f"mean grey level {mean:.1f}, at least {limits.dark_below:g} is needed"
        return Unfit(reason=UnfitReason.DARK, detail=detail)
    share = _saturated_share(pixels)
    if share > limits.saturated_share:
        detail = (
            f"{share:.1%} of the pixels are at 255, at most {limits.saturated_share:.1%} may be"
        )
        return Unfit(reason=UnfitReason.SATURATED, detail=detail)
    if contrast < limits.min_contrast:
        detail = (
            f"contrast {contrast:.2f} grey levels (standard deviation), "
            f"at least {limits.min_contrast:g} is needed: the frame shows one even tone"
        )
        return Unfit(reason=UnfitReason.BLANK, detail=detail)
    return None


def _blurred(pixels: Picture, limits: FitnessLimits) -> Unfit | None:
    if limits.blurred_below <= 0:
        return None
    found = sharpness(pixels)
    if found >= limits.blurred_below:
        return None
    detail = f"focus figure {found:.2f}, at least {limits.blurred_below:g} is needed"
    return Unfit(reason=UnfitReason.BLURRED, detail=detail)


def _wrong_place(pixels: Picture, limits: FitnessLimits, reference: Picture | None) -> Unfit | None:
    if reference is None:
        return None
    if pixels.shape[:2] != reference.shape[:2]:
        height, width = reference.shape[:2]
        detail = (
            f"the frame is {pixels.shape[1]} x {pixels.shape[0]} px, the reference of its part "
            f"{width} x {height} px"
        )
        return Unfit(reason=UnfitReason.WRONG_SIZE, detail=detail)
    found = placement_of(pixels, reference)
    if found.likeness < limits.least_likeness:
        detail = (
            f"likeness to a good part {found.likeness:.2f}, at least {limits.least_likeness:g} "
            "is needed: no part is in view, or another one"
        )
        return Unfit(reason=UnfitReason.NO_PART, detail=detail)
    if limits.max_shift_px is not None and found.distance_px > limits.max_shift_px:
        right, down = found.shift_px
        detail = (
            f"the part lies {right:+.1f} px across and {down:+.1f} px down from its place, at most "
            f"{limits.max_shift_px:g} px are allowed"
        )
        return Unfit(reason=UnfitReason.MISPLACED, detail=detail)
    return None


def _mean_and_contrast(pixels: Picture) -> tuple[float, float]:
    """Mean luma, and the standard deviation of the channel that varies most."""
    means, deviations = cv2.meanStdDev(np.ascontiguousarray(pixels))  # (C, 1) float64 each
    weights = _LUMA if pixels.shape[2] == 3 else (1.0,)
    mean = sum(weight * float(value) for weight, value in zip(weights, means[:, 0], strict=True))
    return mean, float(deviations.max())


def _saturated_share(pixels: Picture) -> float:
    clipped = pixels[..., 0] == 255
    for channel in range(1, pixels.shape[2]):
        clipped = clipped | (pixels[..., channel] == 255)
    return float(clipped.mean())
