"""The nouns that flow through the pipeline: frozen, keyword-only, checked at the door.

Arrays inside a record are never changed after construction. Pictures are uint8 (H, W, C), RGB or
grey (C = 3 or 1). Boxes are half-open pixels of the frame. Times are UTC-aware. Raw scores are
evidence log-odds (higher = more anomalous, unbounded) and are kept beside every calibrated figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from inspect_pipeline.geometry import Box

if TYPE_CHECKING:  # torch takes seconds to import, and most readers of records need no tensor
    from torch import Tensor

Picture = npt.NDArray[np.uint8]
Heat = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


class Outcome(StrEnum):
    """What became of a frame: none is ever silently skipped."""

    PASSED = "passed"
    FAILED = "failed"
    UNFIT = "unfit"


class UnfitReason(StrEnum):
    """Why a frame cannot be inspected."""

    UNREADABLE = "unreadable"
    WRONG_SIZE = "wrong_size"
    DARK = "dark"
    SATURATED = "saturated"
    BLANK = "blank"
    BLURRED = "blurred"
    NO_PART = "no_part"
    MISPLACED = "misplaced"
    FROZEN = "frozen"


class Verdict(StrEnum):
    """What the restored picture says of a region."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSURE = "unsure"


class Severity(StrEnum):
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


def check_picture(pixels: Picture, what: str) -> None:
    """Raises ValueError unless `pixels` is uint8 (H, W, 1 or 3)."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ValueError(
            f"{what} must be uint8 (H, W, 1 or 3), got {pixels.dtype} {tuple(pixels.shape)}"
        )


def _check_unit(value: float, what: str) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{what} must lie in [0, 1], got {value}")


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class FrameKey:
    """Which picture this is: enough to find it again and to know that it is the same one."""

    line_id: str
    camera_id: str
    part: str
    taken_at: datetime
    content_sha256: str  # of the original bytes as they came from the camera or the disk
    source: str  # file path or camera address, for people
    serial: str | None = None
    web_position_mm: float | None = None  # line-scan: absolute position of the first line

    def __post_init__(self) -> None:
        if self.taken_at.utcoffset() != timedelta(0):
            raise ValueError(f"taken_at must be UTC-aware, got {self.taken_at!r}")
        if len(self.content_sha256) != 64:
            raise ValueError(f"content_sha256 must be 64 hex digits, got {self.content_sha256!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One picture of the line as the camera gave it: uint8 (H, W, C), RGB or grey."""

    key: FrameKey
    pixels: Picture

    def __post_init__(self) -> None:
        check_picture(self.pixels, "Frame.pixels")

    @property
    def frame_wh(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, kw_only=True)
class Unfit:
    """Why a frame cannot be inspected, in a word for the database and a sentence for people."""

    reason: UnfitReason
    detail: str


@dataclass(frozen=True, kw_only=True)
class UnreadableFrame:
    """A picture that arrived and cannot be decoded: it still becomes a row, with the reason."""

    key: FrameKey
    unfit: Unfit


Captured = Frame | UnreadableFrame


@dataclass(frozen=True, kw_only=True)
class InputFigures:
    """How lamp and lens made a frame. What is per cent does not follow the lamp's brightness.

    `contrast`: from the darkest twentieth to the brightest, in % of the brightness. `focus`: fine
    detail in %, as stages.sharpness. `shading`: how much darker the edges are than the middle, in
    %. `darkest_spot`: how much darker the darkest patch is than the usual one, in %. `clipped`:
    pixels at 0 or 255, in %.
    """

    brightness: float  # mean grey level, 0 to 255
    contrast: float
    focus: float
    shading: float
    darkest_spot: float
    clipped: float


@dataclass(frozen=True, kw_only=True)
class TileGrid:
    """Where the tiles of a frame lie. The last of a row or column is shifted back, not cropped.

    A frame smaller than a tile cannot be tiled: pad it before (tiling.cut does, by reflection).
    """

    frame_wh: tuple[int, int]
    tile_px: int
    overlap_px: int

    def __post_init__(self) -> None:
        if min(self.frame_wh) < self.tile_px:
            raise ValueError(f"frame {self.frame_wh} is smaller than a tile of {self.tile_px} px")
        if not 0 <= self.overlap_px < self.tile_px:
            raise ValueError(f"overlap must lie in [0, {self.tile_px}), got {self.overlap_px}")

    @property
    def offsets_xy(self) -> npt.NDArray[np.int64]:
        """(n, 2) upper left corners, row by row."""
        xs, ys = (self._starts(length) for length in self.frame_wh)
        return np.array([(x, y) for y in ys for x in xs], dtype=np.int64)

    def _starts(self, length_px: int) -> list[int]:
        last = length_px - self.tile_px
        starts = list(range(0, last, self.tile_px - self.overlap_px))
        return [*starts, last]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tiles:
    """Tiles of one frame: float32 (n, C, T, T) in [-1, 1]."""

    grid: TileGrid
    pixels: Tensor

    def __post_init__(self) -> None:
        n, side = len(self.grid.offsets_xy), self.grid.tile_px
        if self.pixels.shape[0] != n or tuple(self.pixels.shape[2:]) != (side, side):
            raise ValueError(f"expected {n} tiles of {side} px, got {tuple(self.pixels.shape)}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Inversion:
    """What the generator makes of the tiles: codes, and the tile as a good part shows it."""

    observed: Tensor  # tiles (n, C, T, T) in [-1, 1]
    latents: Tensor  # W+ (n, num_ws, w_dim)
    spatial: Tensor  # coarse style map (n, c, s, s); c = 0 where the generator has none
    golden: Tensor  # (n, C, T, T) in [-1, 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Discrepancy:
    """DIPN's answer per tile: signed values (observed minus golden) and defect evidence."""

    values: Tensor  # (n, C, T, T), in [-2, 2] up to the network's error
    evidence: Tensor  # (n, 1, T, T) in [0, 1]
    log_odds: Tensor  # (n, 1, T, T) raw evidence, unbounded


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscrepancyMap:
    """Raw evidence of a whole frame, stitched: float32 (H, W), frame coordinates."""

    values: Heat

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32 or self.values.ndim != 2:
            raise ValueError(f"expected float32 (H, W), got {self.values.dtype}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """One connected anomaly: half-open box, mask (h, w) inside the box, raw scores."""

    box: Box
    mask: Mask
    peak: float
    mean: float

    def __post_init__(self) -> None:
        if self.mask.shape != (self.box.height_px, self.box.width_px):
            raise ValueError(f"mask {self.mask.shape} does not fit {self.box}")
        if not self.mask.any():
            raise ValueError("a region needs at least one pixel")

    @property
    def area_px(self) -> int:
        return int(self.mask.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification:
    """What the restored picture says of a region.

    `explained` in [0, 1]: share of the region's discrepancy that disappears when DICN may restore
    normal detail there. A defect stays (near 0), a weakness of the generator disappears (near 1).
    """

    region: Region
    explained: float
    verdict: Verdict

    def __post_init__(self) -> None:
        _check_unit(self.explained, "explained")


@dataclass(frozen=True, kw_only=True, eq=False)
class Descriptor:
    """How a region looks: float32 (d,) of length 1, comparable only within its space."""

    space: str  # sha256 of the weights that made it
    vector: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.vector.ndim != 1 or self.vector.dtype != np.float32:
            raise ValueError(f"expected float32 (d,), got {self.vector.dtype} {self.vector.shape}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What people look at: the pictures behind a finding, all cut with the same box.

    The descriptor finds other findings that look alike.
    """

    box: Box
    observed: Picture
    golden: Picture
    restored: Picture
    heat: Heat  # (h, w), raw scores
    descriptor: Descriptor | None = None

    def __post_init__(self) -> None:
        wanted = (self.box.height_px, self.box.width_px)
        for name in ("observed", "golden", "restored", "heat"):
            found = getattr(self, name).shape[:2]
            if found != wanted:
                raise ValueError(f"evidence {name} is {found}, the box wants {wanted}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """A verified region in the plant's units: millimetres appear here first."""

    verification: Verification
    severity: Severity
    area_mm2: float
    centre_mm: tuple[float, float]  # (x, y) from the frame's upper left corner
    p_value: float  # share of good parts that score at least as high, conformal
    score: float  # normalised, monotone in the raw peak; 0.5 = the part's threshold
    evidence: Evidence
    kind: str | None = None

    def __post_init__(self) -> None:
        _check_unit(self.p_value, "p_value")
        _check_unit(self.score, "score")


@dataclass(frozen=True, kw_only=True, eq=False)
class FramePictures:
    """Whole-frame pictures, all of the frame's size."""

    observed: Picture
    golden: Picture
    restored: Picture
    heat: Heat


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection:
    """The result for one frame. UNFIT frames have a reason and no scores."""

    frame: FrameKey
    outcome: Outcome
    model_id: str  # sha256 of the bundle's weights and calibration
    config_id: str  # sha256 of the limits, polygon and scale used
    findings: tuple[Finding, ...] = ()
    frame_wh: tuple[int, int] | None = None
    raw_score: float | None = None
    p_value: float | None = None
    score: float | None = None
    unfit: Unfit | None = None
    pictures: FramePictures | None = None
    timings_s: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.UNFIT) != (self.unfit is not None):
            raise ValueError("an UNFIT inspection, and only that, names its reason")
        if self.outcome is Outcome.FAILED and not self.findings:
            raise ValueError("a FAILED frame needs at least one finding")
        if self.outcome is not Outcome.UNFIT and self.raw_score is None:
            raise ValueError("an inspected frame has a raw score")
