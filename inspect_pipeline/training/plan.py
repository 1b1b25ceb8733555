"""What a training run will do, worked out before it starts: sizes, batch, minutes per phase."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from inspect_pipeline.errors import UsageError
from inspect_pipeline.networks.config import TILE_SIDES_PX, NetworkConfig
from inspect_pipeline.networks.contextual import GIVEN, USUALLY_GIVEN, Given
from inspect_pipeline.records import sha256_of
from inspect_pipeline.stages.prepare import Preparation
from inspect_pipeline.training.backbone import OWN
from inspect_pipeline.training.good_parts import Split, sizes_seen

SHARES = {"generator": 0.38, "encoder": 0.10, "discrepancy": 0.48, "mapping": 0.04}
BATCH_ON_CPU = {32: 32, 64: 16, 128: 8, 256: 4}
BATCH_ON_GPU = {32: 128, 64: 64, 128: 32, 256: 16}
CONTEXT_SHARE = 0.4  # of the whole budget, where the part gets a contextual branch
NO_CONTEXT = "none"  # instead of a backbone
FEW_TILES = 2000  # distinct crops below which the discriminator would learn them by heart
CROPS_PER_TILE_AREA = 4
MIN_MINUTES = 0.05


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What the user asked for. `steps` replaces the time budget (per phase; for tests)."""

    part: str
    tile_px: int = 64
    width: int = 96
    spatial_channels: int = 8
    volume: str = "2d"
    budget_minutes: float = 30.0
    scale: float | None = None
    seed: int = 0
    paper_mode: bool = False
    backbone: str = OWN  # a name or file that `training.backbone` loads, or NO_CONTEXT
    backbone_sha256: str | None = None
    signs: str = ",".join(USUALLY_GIVEN)  # what the contextual branch weighs
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.tile_px not in TILE_SIDES_PX:
            raise UsageError(f"--tile must be one of {TILE_SIDES_PX}, got {self.tile_px}")
        if self.volume not in ("2d", "3d"):
            raise UsageError(f"--volume must be 2d or 3d, got {self.volume}")
        if self.width <= 0 or self.width % 12:
            raise UsageError(f"--width must be a positive multiple of 12, got {self.width}")
        if not self.budget_minutes >= MIN_MINUTES:
            raise UsageError(
                f"--budget-minutes must be at least {MIN_MINUTES}, got {self.budget_minutes}"
            )
        if not self.given or set(self.signs.split(",")) - set(GIVEN):
            raise UsageError(f"signs are a list of {', '.join(GIVEN)}, got {self.signs!r}")
        if self.scale is not None and not 0 < self.scale <= 1:
            raise UsageError(f"--scale must lie in (0, 1], got {self.scale}")

    @property
    def given(self) -> tuple[Given, ...]:
        wanted = self.signs.split(",")
        return tuple(name for name in GIVEN if name in wanted)


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    options: TrainingOptions
    config: NetworkConfig
    preparation: Preparation
    batch: int
    augment: bool
    device: str
    train_count: int
    held_out_count: int
    groups: int  # of pictures that seem to show one part
    frame_wh_min: tuple[int, int]
    frame_wh_max: tuple[int, int]
    pictures_sha256: str  # of all pictures that train, in their order

    def seconds_of(self, phase: str) -> float:
        return SHARES[phase] * (self._total_s - self.context_seconds)

    @property
    def context_seconds(self) -> float:
        """Time for the contextual branch, 0 where there is none."""
        return CONTEXT_SHARE * self._total_s if self.has_context else 0.0

    @property
    def has_context(self) -> bool:
        return self.options.backbone != NO_CONTEXT and not self.options.paper_mode

    @property
    def _total_s(self) -> float:
        return self.options.budget_minutes * 60

    def settings(self) -> dict[str, Any]:
        """What must be equal for a run to be resumed, as plain JSON."""
        options = asdict(self.options)
        options.pop("budget_minutes")
        return {
            "options": options,
            "config": self.config.to_dict(),
            "preparation": self.preparation.to_dict(),
            "train_count": self.train_count,
            "held_out_count": self.held_out_count,
            "pictures_sha256": self.pictures_sha256,
        }

    def sentences(self) -> list[str]:
        """The plan in words, for people, before anything is done."""
        how, config = self.preparation, self.config
        kind = "grey" if how.channels == 1 else "colour"
        light = (
            "each frame levelled by itself (exposure differs between frames)"
            if how.photometric == "frame"
            else "fixed grey levels (exposure is steady)"
        )
        shares = ", ".join(f"{name} {self.seconds_of(name) / 60:.1f} min" for name in SHARES)
        if self.options.steps is not None:
            shares = ", ".join(f"{name} {self.options.steps} steps" for name in SHARES)
        if self.has_context:
            amount = f"{self.context_seconds / 60:.1f} min"
            if self.options.steps is not None:
                amount = f"{self.options.steps} steps"
            shares += f", contextual branch {amount} ({self.options.backbone} features)"
        crops = "with" if self.augment else "without"
        counts = (
            f"{self.train_count} good parts train, {self.held_out_count} are held out to calibrate"
        )
        if self.groups:
            counts += f"; {self.groups} groups of pictures that seem to show one part stay together"
        return [
            counts,
            f"frames {_size(self.frame_wh_min, self.frame_wh_max)}, worked at scale {how.scale:g}, "
            f"{kind}, {light}",
            f"tiles of {config.tile_px} px, batches of {self.batch} on {self.device}, "
            f"networks of width {config.width}, {crops} DiffAugment",
            f"phases: {shares}",
        ]


def plan_training(
    options: TrainingOptions, split: Split, preparation: Preparation, device: str
) -> TrainingPlan:
    config = NetworkConfig(
        tile_px=options.tile_px,
        channels=preparation.channels,
        width=options.width,
        spatial_channels=options.spatial_channels,
        volume="3d" if options.volume == "3d" else "2d",
    )
    smallest, largest = sizes_seen([*split.train, *split.held_out])
    tile_area = options.tile_px**2 / preparation.scale**2
    distinct = sum(p.pixels.shape[0] * p.pixels.shape[1] / tile_area for p in split.train)
    batches = BATCH_ON_CPU if device == "cpu" else BATCH_ON_GPU
    return TrainingPlan(
        options=options,
        config=config,
        preparation=preparation,
        batch=batches[options.tile_px],
        augment=distinct * CROPS_PER_TILE_AREA < FEW_TILES,
        device=device,
        train_count=len(split.train),
        held_out_count=len(split.held_out),
        groups=split.groups,
        frame_wh_min=smallest,
        frame_wh_max=largest,
        pictures_sha256=sha256_of("".join(p.sha256 for p in split.train).encode()),
    )


def best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _size(smallest: tuple[int, int], largest: tuple[int, int]) -> str:
    if smallest == largest:
        return f"of {smallest[0]} x {smallest[1]} px"
    return f"from {smallest[0]} x {smallest[1]} to {largest[0]} x {largest[1]} px"
