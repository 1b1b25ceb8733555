"""Observed against golden: DIPN's signed discrepancy and defect evidence, tile by tile."""

from __future__ import annotations

import cv2
import torch
from torch import Tensor

from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Discrepancy, DiscrepancyMap, Inversion
from inspect_pipeline.stages.invert import BATCH


def compare(networks: PartNetworks, inversion: Inversion) -> Discrepancy:
    """What DIPN says of each tile and its golden twin."""
    tiles = inversion.tiles.pixels
    pairs = zip(torch.split(tiles, BATCH), torch.split(inversion.golden, BATCH), strict=True)
    answers = [networks.compare(observed, golden) for observed, golden in pairs]
    values, log_odds = (torch.cat(kind) for kind in zip(*answers, strict=True))
    return Discrepancy(
        grid=inversion.tiles.grid,
        values=values,
        evidence=torch.sigmoid(log_odds),
        log_odds=log_odds,
    )


def frame_map(log_odds: Tensor, frame_wh: tuple[int, int]) -> DiscrepancyMap:
    """Raw log-odds of the working picture (1, h, w), brought to the frame's own size."""
    whole = log_odds[0].numpy()
    if (whole.shape[1], whole.shape[0]) != frame_wh:
        whole = cv2.resize(whole, frame_wh, interpolation=cv2.INTER_LINEAR)
    return DiscrepancyMap(values=whole)
