"""Sizes of all networks of one part model; everything else is derived from these few numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from inspect_pipeline.errors import BundleDamaged

TILE_SIDES_PX = (32, 64, 128, 256)


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Saved in every checkpoint and bundle; two configs that are equal build identical networks."""

    tile_px: int = 64
    channels: int = 1  # 1 grey, 3 RGB
    width: int = 96  # channels of the generator's coarse layers
    w_dim: int = 128
    spatial_channels: int = 8  # coarse style map for weaves and grids; 0 = W+ codes alone
    volume: Literal["2d", "3d"] = "2d"  # DIPN's map-learning hourglass; 3d = the paper's

    def __post_init__(self) -> None:
        if self.tile_px not in TILE_SIDES_PX:
            raise ValueError(f"tile_px must be one of {TILE_SIDES_PX}, got {self.tile_px}")
        if self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 (grey) or 3 (colour), got {self.channels}")
        if self.width % 12 or self.width <= 0:
            raise ValueError(f"width must be a positive multiple of 12, got {self.width}")
        if self.spatial_channels < 0 or self.w_dim <= 0:
            raise ValueError("w_dim must be positive and spatial_channels not negative")
        if self.volume not in ("2d", "3d"):
            raise ValueError(f"volume must be '2d' or '3d', got {self.volume!r}")

    @property
    def num_ws(self) -> int:
        """Style vectors per tile: two per resolution from 4 px up (paper: 18 at 1024 px)."""
        return 2 * (self.tile_px.bit_length() - 1) - 2

    @property
    def resolutions(self) -> tuple[int, ...]:
        """4, 8, ..., tile_px."""
        return tuple(1 << k for k in range(2, self.tile_px.bit_length()))

    @property
    def spatial_px(self) -> int:
        """Side of the coarse style map."""
        return max(4, self.tile_px // 8)

    @property
    def compensation_px(self) -> int:
        """The one resolution where DICN enters the generator.

        The paper uses a quarter of the side (64 at 256 px); half keeps grain of 2 px, which
        metal and cloth are made of.
        """
        return self.tile_px // 2

    def generator_channels(self, resolution_px: int) -> int:
        return min(self.width, self.width * self.tile_px // (6 * resolution_px))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise BundleDamaged(f"network config has unknown keys {unknown}; known: {known}")
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise BundleDamaged(f"network config cannot be used: {error}") from error
