"""What goes wrong at a simulated camera: when asked for, at a rate, always the same for a seed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import ndimage

from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Picture

DARK_SHARE = 0.03  # of the light that is left when the lamp fails
BLUR_PX = 2.5
DIRT_DEPTH = 0.55  # how much light the dirt takes in its middle


class FaultKind(StrEnum):
    """Stall and slow hold shots up, drop loses them, the others change what is handed over."""

    STALL = "stall"
    SLOW = "slow"
    DROP = "drop"
    DUPLICATE = "duplicate"
    CORRUPT = "corrupt"
    DARK = "dark"
    BLURRED = "blurred"
    LENS_DIRT = "lens_dirt"
    FROZEN = "frozen"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """From shot `first` on, for `shots` shots (None: for ever); each with probability `rate`.

    `seconds` is how long a stall takes, and by how much each slow shot is late.
    """

    kind: FaultKind
    first: int = 0
    shots: int | None = None
    rate: float = 1.0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.first < 0 or (self.shots is not None and self.shots < 1):
            raise UsageError(
                f"fault {self.kind}: first must be 0 or more and shots 1 or more, "
                f"got {self.first} and {self.shots}"
            )
        if not 0.0 <= self.rate <= 1.0 or self.seconds < 0.0:
            raise UsageError(
                f"fault {self.kind}: rate must lie in [0, 1] and seconds be 0 or more, "
                f"got {self.rate} and {self.seconds}"
            )

    def hits(self, index: int, *, seed: int) -> bool:
        """Does it hit the shot of this number? A stall hits the first one only."""
        if index < self.first or (self.shots is not None and index >= self.first + self.shots):
            return False
        if self.kind is FaultKind.STALL and self.rate == 1.0:
            return index == self.first
        key = (tuple(FaultKind).index(self.kind), index)
        draw = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key)).random()
        return bool(draw < self.rate)


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """`seed` decides which shots faults with a rate hit, and where dirt lies on the lens."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def at(self, index: int) -> dict[FaultKind, Fault]:
        """Which faults hit a shot."""
        return {fault.kind: fault for fault in self.faults if fault.hits(index, seed=self.seed)}


def darkened(pixels: Picture) -> Picture:
    """The lamp is out."""
    dark: Picture = (pixels * DARK_SHARE).astype(np.uint8)
    return dark


def blurred(pixels: Picture) -> Picture:
    """The lens is out of focus."""
    return np.asarray(ndimage.gaussian_filter(pixels, (BLUR_PX, BLUR_PX, 0.0)))


def dirtied(pixels: Picture, *, seed: int, lines_only: bool) -> Picture:
    """A soft dark spot at one place of the lens: of every line where the sensor is a line."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len(FaultKind), 0)))
    height, width = pixels.shape[:2]
    centre_x, centre_y = rng.uniform(0.2, 0.8, size=2) * (width, height)
    reach_px = rng.uniform(0.02, 0.04) * width
    x2 = ((np.arange(width) + 0.5 - centre_x) / reach_px)[None, :] ** 2
    y2 = ((np.arange(height) + 0.5 - centre_y) / reach_px)[:, None] ** 2
    distance2 = x2 + (np.zeros_like(y2) if lines_only else y2)
    kept = 1.0 - DIRT_DEPTH * np.exp(-distance2)
    dirty: Picture = np.rint(pixels * kept[..., None]).astype(np.uint8)
    return dirty


def corrupted(content: bytes) -> bytes:
    """Half of the file is missing."""
    return content[: len(content) // 2]
