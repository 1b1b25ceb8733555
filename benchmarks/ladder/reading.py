"""What a fitted variant says of a picture, and the reader that most variants share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import cv2
import torch
from torch import Tensor

from inspect_pipeline.opinion import BORDER_SHARE, OVERLAP_SHARE
from inspect_pipeline.records import DiscrepancyMap, Heat, Picture, Verification
from inspect_pipeline.stages.prepare import Preparation, Prepared, as_channels, prepare, resized
from inspect_pipeline.stages.regions import frame_score
from inspect_pipeline.tiling import Stitcher, grid_for, iter_tiles
from inspect_pipeline.training.calibrate import MIN_AREA_PX

BATCH = 32
SMOOTHING_SHARE = 1 / 32  # of the tile side: sigma of the blur of a difference
NEVER_ZERO = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """`heat` is (H, W) of the picture's own size; heat and score are raw, higher is worse.

    `suspects` are all regions that a reader verified.
    """

    heat: Heat
    score: float
    suspects: tuple[Verification, ...] = ()


class Restored(NamedTuple):
    """A working picture and what the variant restores of it, both (C, h, w) in [-1, 1]."""

    observed: Tensor
    restored: Tensor


class Reader(Protocol):
    """A fitted variant. It sees one picture at a time and keeps nothing of it."""

    @property
    def parameters(self) -> int:
        """Numbers learnt, of all networks that it needs to read a picture."""

    @property
    def verifies(self) -> bool:
        """Whether its readings come with suspects that have a verdict."""

    def read(self, picture: Picture) -> Reading: ...

    def restored(self, picture: Picture) -> Restored | None:
        """None where the variant restores nothing."""


TileMove = Callable[[Tensor], Tensor]  # tiles (n, C, T, T) -> maps (n, 1, T, T) or tiles again


@dataclass(frozen=True, kw_only=True, eq=False)
class TileReader:
    """Reads tile by tile, as inspection does: same tiles, blending and score.

    A difference is blurred, and its score is a logarithm: calibration, which may extrapolate,
    wants scores in the scale of log-odds, and differences compare as ratios.
    """

    preparation: Preparation
    parameters: int
    judge: TileMove
    restore: TileMove | None = None
    verifies: bool = False
    is_difference: bool = False  # maps of at least 0 with grain in them, not log-odds

    @torch.inference_mode()
    def read(self, picture: Picture) -> Reading:
        prepared = self._prepared(picture)
        heat = self._whole(prepared, self.judge, channels=1)[0].numpy()
        if self.is_difference:
            heat = cv2.GaussianBlur(heat, (0, 0), SMOOTHING_SHARE * self.preparation.tile_px)
        whole = DiscrepancyMap(values=resized(heat[:, :, None], prepared.frame_wh)[:, :, 0])
        area_px = max(1, round(MIN_AREA_PX / self.preparation.scale**2))
        peak = frame_score(whole, min_area_px=area_px)
        if self.is_difference:
            peak = math.log(max(peak, NEVER_ZERO))
        return Reading(heat=whole.values, score=peak)

    @torch.inference_mode()
    def restored(self, picture: Picture) -> Restored | None:
        if self.restore is None:
            return None
        prepared = self._prepared(picture)
        restored = self._whole(prepared, self.restore, channels=self.preparation.channels)
        return Restored(observed=prepared.pixels, restored=restored)

    def _prepared(self, picture: Picture) -> Prepared:
        return prepare(as_channels(picture, self.preparation.channels), self.preparation)

    def _whole(self, prepared: Prepared, move: TileMove, *, channels: int) -> Tensor:
        tile_px = self.preparation.tile_px
        overlap_px = round(OVERLAP_SHARE * tile_px)
        grid = grid_for(prepared.working_wh, tile_px=tile_px, overlap_px=overlap_px)
        stitcher = Stitcher(grid, channels=channels, border_px=round(BORDER_SHARE * tile_px))
        for start, tiles in iter_tiles(prepared.pixels, grid, batch=BATCH):
            stitcher.add(start, move(tiles.contiguous(memory_format=torch.channels_last)))
        return stitcher.result(prepared.working_wh)


def size_of(*modules: torch.nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())
