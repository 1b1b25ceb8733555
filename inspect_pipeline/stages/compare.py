"""Observed against golden: DIPN's signed discrepancy and defect evidence, tile by tile."""

from __future__ import annotations

import cv2
import torch
from torch import Tensor

from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Discrepancy, DiscrepancyMap, Inversion


def compare(networks: PartNetworks, inversion: Inversion) -> Discrepancy:
    """What DIPN says of each tile and its golden twin."""
    values, log_odds = networks.compare(inversion.observed, inversion.golden)
    return Discrepancy(values=values, evidence=torch.sigmoid(log_odds), log_odds=log_odds)


def frame_map(log_odds: Tensor, frame_wh: tuple[int, int]) -> DiscrepancyMap:
    """Raw log-odds of the working picture (1, h, w), brought to the frame's own size."""
    whole = log_odds[0].numpy()
    if (whole.shape[1], whole.shape[0]) != frame_wh:
        whole = cv2.resize(whole, frame_wh, interpolation=cv2.INTER_LINEAR)
    return DiscrepancyMap(values=whole)
