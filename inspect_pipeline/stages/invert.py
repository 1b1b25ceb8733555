"""Observed tiles -> codes and golden tiles: the encoder's single pass, no search on the line."""

from __future__ import annotations

import torch
from torch import Tensor

from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Inversion

BATCH = 32  # tiles that go through the networks at once


def invert(networks: PartNetworks, tiles: Tensor) -> Inversion:
    """W+ codes, spatial map and golden picture of every tile (n, C, T, T)."""
    observed = tiles.contiguous(memory_format=torch.channels_last)
    latents, spatial, golden = networks.invert(observed)
    return Inversion(observed=observed, latents=latents, spatial=spatial, golden=golden)
