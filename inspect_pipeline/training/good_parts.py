"""The good parts a model is made from: read, split by content, looked at, prepared.

The split needs no list and no seed: a picture is held out when its content hash says so, so the
same picture is on the same side in every run, and copies of one picture never face each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.capture.reading import decode_picture, read_content
from inspect_pipeline.errors import TrainingDataError
from inspect_pipeline.records import Picture, sha256_of
from inspect_pipeline.stages.prepare import (
    GREY_TOLERANCE,
    Preparation,
    as_channels,
    channels_apart,
    grey_levels,
    prepare,
)

HELD_OUT_SHARE = 0.2
MIN_GOOD_PARTS = 8
EXPOSURE_WANDERS = 0.12  # spread of frame medians, in grey spreads, above which frames are levelled
TILES_PER_SIDE = 4  # automatic scale: the shorter side of a frame is this many tiles


@dataclass(frozen=True, kw_only=True, eq=False)
class GoodPart:
    """One picture of a good part as it was on disk."""

    path: Path
    sha256: str
    pixels: Picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """`train` teaches the networks; `held_out` is never shown to them and calibrates."""

    train: tuple[GoodPart, ...]
    held_out: tuple[GoodPart, ...]


def read_good_parts(folder: Path) -> tuple[GoodPart, ...]:
    """Every picture below the folder, copies of one content only once, ordered by content.

    Raises TrainingDataError for a folder without pictures or with too few; a picture that cannot
    be decoded raises UnreadablePicture with its name, for a training set should be clean.
    """
    parts: dict[str, GoodPart] = {}
    camera = FolderCamera(folder, line_id="training", camera_id="good parts", part="good")
    for path in camera.paths():
        content = read_content(path)
        sha256 = sha256_of(content)
        if sha256 not in parts:
            pixels = decode_picture(content, source=path)
            parts[sha256] = GoodPart(path=path, sha256=sha256, pixels=pixels)
    if len(parts) < MIN_GOOD_PARTS:
        raise TrainingDataError(
            f"{folder}: {len(parts)} different pictures of good parts, at least {MIN_GOOD_PARTS} "
            "are needed: add pictures of good parts to this folder"
        )
    return tuple(parts[key] for key in sorted(parts))


def split_by_content(parts: Sequence[GoodPart], share: float = HELD_OUT_SHARE) -> Split:
    """Holds out the pictures with the smallest hashes: `share` of them, at least two."""
    ordered = sorted(parts, key=lambda part: part.sha256)
    count = max(2, round(share * len(ordered)))
    return Split(train=tuple(ordered[count:]), held_out=tuple(ordered[:count]))


def preparation_for(
    parts: Sequence[GoodPart], *, tile_px: int, scale: float | None = None
) -> Preparation:
    """Chooses channels, scale and brightness handling from good parts alone."""
    channels = 3 if any(channels_apart(part.pixels) > GREY_TOLERANCE for part in parts) else 1
    pictures = [as_channels(part.pixels, channels) for part in parts]
    levels = np.array([grey_levels(picture) for picture in pictures])  # (n, 2) centre, spread
    centre, spread = (float(v) for v in np.median(levels, axis=0))
    spread = max(spread, 1.0)
    wander = float(levels[:, 0].std()) / spread
    if scale is None:
        shorter = float(np.median([min(picture.shape[:2]) for picture in pictures]))
        scale = min(1.0, TILES_PER_SIDE * tile_px / shorter)
    return Preparation(
        channels=channels,
        tile_px=tile_px,
        scale=round(scale, 4),
        photometric="frame" if wander > EXPOSURE_WANDERS else "fixed",
        centre_grey=centre,
        spread_grey=spread,
    )


def prepared_arrays(parts: Iterable[GoodPart], how: Preparation) -> list[npt.NDArray[np.float32]]:
    """Working pictures (C, h, w) in [-1, 1], each at least one tile large."""
    return [
        _at_least_a_tile(
            prepare(as_channels(part.pixels, how.channels), how).pixels.numpy(), how.tile_px
        )
        for part in parts
    ]


def sizes_seen(parts: Sequence[GoodPart]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Smallest and largest (width, height) among the pictures, side by side."""
    wh = np.array([part.pixels.shape[1::-1] for part in parts])
    (w0, h0), (w1, h1) = wh.min(axis=0).tolist(), wh.max(axis=0).tolist()
    return (w0, h0), (w1, h1)


def _at_least_a_tile(picture: npt.NDArray[np.float32], tile_px: int) -> npt.NDArray[np.float32]:
    missing = [max(0, tile_px - length) for length in picture.shape[1:]]
    if not any(missing):
        return picture
    return np.pad(picture, ((0, 0), (0, missing[0]), (0, missing[1])), mode="edge")
