"""The four networks that inspect a part, as one module with the method's three moves."""

from __future__ import annotations

from torch import Tensor, nn

from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.dicn import DICN, restore
from inspect_pipeline.networks.dipn import DIPN
from inspect_pipeline.networks.encoder import Encoder
from inspect_pipeline.networks.generator import Generator


class PartNetworks(nn.Module):
    """Generator, encoder, DIPN and DICN of one part; the bundle stores its state dict."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config)
        self.encoder = Encoder(config)
        self.dipn = DIPN(config)
        self.dicn = DICN(config)

    def invert(self, tiles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Observed tiles -> W+ latents, spatial map, golden tiles."""
        latents, spatial = self.encoder(tiles)
        return latents, spatial, self.generator(latents, spatial)

    def compare(self, tiles: Tensor, golden: Tensor) -> tuple[Tensor, Tensor]:
        """Observed and golden tiles -> signed discrepancy D, log-odds of a defect."""
        d, log_odds = self.dipn(tiles, golden)
        return d, log_odds

    def restore(self, gated: Tensor, latents: Tensor, spatial: Tensor) -> Tensor:
        """Gated discrepancy and codes -> restored tiles."""
        return restore(self.generator, self.dicn, gated, latents, spatial)[0]
