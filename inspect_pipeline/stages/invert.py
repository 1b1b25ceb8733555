"""Observed tiles -> codes and golden tiles: the encoder's single pass, no search on the line."""

from __future__ import annotations

import torch

from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Inversion, Tiles

BATCH = 32


def invert(networks: PartNetworks, tiles: Tiles) -> Inversion:
    """W+ codes, spatial map and golden picture of every tile."""
    observed = tiles.pixels.contiguous(memory_format=torch.channels_last)
    parts = [networks.invert(batch) for batch in torch.split(observed, BATCH)]
    latents, spatial, golden = (torch.cat(kind) for kind in zip(*parts, strict=True))
    return Inversion(tiles=tiles, latents=latents, spatial=spatial, golden=golden)
