"""Evidence in its surroundings: windows of the working picture, its golden twin and DIPN's local
log-odds go through the contextual branch, one window at a time, and are blended like tiles."""

from __future__ import annotations

import torch
from torch import Tensor

from inspect_pipeline.networks.contextual import WINDOW_PX, Contextual, Views
from inspect_pipeline.tiling import Stitcher, grid_for, iter_tiles

OVERLAP_PX = WINDOW_PX // 4
BORDER_PX = WINDOW_PX // 16
BATCH = 4


def evidence_in_context(contextual: Contextual, views: Views) -> Tensor:
    """Whole working pictures (C, h, w) and (1, h, w) -> log-odds (1, h, w)."""
    channels = views.observed.shape[0]
    height, width = views.observed.shape[1:]
    grid = grid_for((width, height), tile_px=WINDOW_PX, overlap_px=OVERLAP_PX)
    stitcher = Stitcher(grid, channels=1, border_px=BORDER_PX)
    for start, windows in iter_tiles(torch.cat(views), grid, batch=BATCH):
        observed, golden, local = torch.split(windows, [channels, channels, 1], dim=1)
        answer = contextual(Views(observed=observed, golden=golden, local=local))
        stitcher.add(start, answer)
    return stitcher.result((width, height))
