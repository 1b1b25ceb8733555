"""The good parts a model is made from: read, split by content, looked at, prepared.

The split needs no list and no seed: a picture is held out when its content hash says so, so the
same picture is on the same side in every run. Copies of one picture count once, and pictures that
seem to show one part (`likeness`) stay on one side.
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
from inspect_pipeline.training.likeness import near_duplicates

HELD_OUT_SHARE = 0.2
MIN_GOOD_PARTS = 8
FEWEST_HELD_OUT = 2
EXPOSURE_WANDERS = 0.12  # spread of frame medians, in grey spreads, above which frames are levelled
TILES_PER_SIDE = 4  # automatic scale: the shorter side of a frame is this many tiles


@dataclass(frozen=True, kw_only=True, eq=False)
class GoodPart:
    """One picture of a good part as it was on disk.

    One out of the database also knows the hash of the file that the camera gave: the same frame may
    lie in a folder as well.
    """

    path: Path
    sha256: str
    pixels: Picture
    frame_sha256: str | None = None

    @property
    def hashes(self) -> frozenset[str]:
        return frozenset({self.sha256, self.frame_sha256 or self.sha256})


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """`train` teaches the networks; `held_out` is never shown to them and calibrates."""

    train: tuple[GoodPart, ...]
    held_out: tuple[GoodPart, ...]
    groups: int = 0  # of near-duplicates: sets of two or more pictures that seem to show one part


def read_good_parts(folder: Path, taught: Sequence[GoodPart] = ()) -> tuple[GoodPart, ...]:
    """Every picture below the folder and of `taught`, copies only once, ordered by content.

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
    for part in taught:
        if parts.keys().isdisjoint(part.hashes):
            parts[part.sha256] = part
    if len(parts) < MIN_GOOD_PARTS:
        raise TrainingDataError(
            f"{folder}: {len(parts)} different pictures of good parts, at least {MIN_GOOD_PARTS} "
            "are needed: add pictures of good parts to this folder"
        )
    return tuple(parts[key] for key in sorted(parts))


def split_by_content(parts: Sequence[GoodPart], share: float = HELD_OUT_SHARE) -> Split:
    """Holds out the groups of near-duplicates with the smallest hashes, whole ones.

    They are about `share` of the pictures, at least two and never all. A picture like no other is
    a group of its own.
    """
    groups = _groups(parts)
    wanted = max(FEWEST_HELD_OUT, round(share * len(parts)))
    held: list[GoodPart] = []
    for group in groups:
        comes_nearer = len(group) < 2 * (wanted - len(held))
        if comes_nearer and len(held) + len(group) < len(parts):
            held += group
    if len(held) < FEWEST_HELD_OUT:  # few and large groups
        smallest = min((group for group in groups if group[0] not in held), key=len)
        held += smallest
    chosen = {part.sha256 for part in held}
    ordered = sorted(parts, key=lambda part: part.sha256)
    return Split(
        train=tuple(part for part in ordered if part.sha256 not in chosen),
        held_out=tuple(part for part in ordered if part.sha256 in chosen),
        groups=sum(len(group) > 1 for group in groups),
    )


def _groups(parts: Sequence[GoodPart]) -> list[list[GoodPart]]:
    """Near-duplicates together, each group and all groups in the order of their hashes."""
    ordered = sorted(parts, key=lambda part: part.sha256)
    groups: dict[int, list[GoodPart]] = {}
    for part, group in zip(ordered, near_duplicates([p.pixels for p in ordered]), strict=True):
        groups.setdefault(group, []).append(part)
    return list(groups.values())


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
