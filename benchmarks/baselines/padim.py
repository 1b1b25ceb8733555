"""PaDiM: at each place of the picture a normal distribution of good features.

After T. Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and
Localization", ICPR 2020 (arXiv 2011.08785): 100 channels drawn at random (section 3.1), mean and
covariance per place (3.2), Mahalanobis distance (3.3). Smaller here: MobileNetV2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.baselines.patch_features import CHANNELS, GRID, heat_of, patch_features
from benchmarks.ladder.reading import Reading
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import Picture

DIMENSIONS = 100
RIDGE = 0.01  # added to the covariance's diagonal, as the paper does


@dataclass(frozen=True, kw_only=True, eq=False)
class Padim:
    context: ContextNetwork
    channels: Tensor  # (d,) which of the features
    mean: Tensor  # (places, d)
    factor: Tensor  # (places, d, d) Cholesky factor of the covariance
    verifies: bool = False

    @property
    def parameters(self) -> int:
        return self.mean.numel() + self.factor.numel()

    def read(self, picture: Picture) -> Reading:
        rows = patch_features(self.context, picture, pooled=False)[self.channels].flatten(1).T
        centred = (rows - self.mean)[:, :, None]
        whitened = torch.linalg.solve_triangular(self.factor, centred, upper=False)
        heat = heat_of(whitened.norm(dim=(1, 2)).reshape(GRID, GRID), picture)
        return Reading(heat=heat, score=float(heat.max()))

    def restored(self, _picture: Picture) -> None:
        return None


def fit_padim(context: ContextNetwork, good: Iterable[Picture], seed: int) -> Padim:
    """Learns from pictures of good parts, seen once; sums alone are kept of them."""
    generator = torch.Generator().manual_seed(seed)
    channels = torch.randperm(CHANNELS, generator=generator)[:DIMENSIONS].sort().values
    places = GRID * GRID
    total = torch.zeros(places, DIMENSIONS, dtype=torch.float64)
    products = torch.zeros(places, DIMENSIONS, DIMENSIONS)
    seen, offset = 0, torch.zeros(places, DIMENSIONS)
    for picture in good:
        rows = patch_features(context, picture, pooled=False)[channels].flatten(1).T
        if seen == 0:
            offset = rows.clone()  # near the mean: the sums of squares lose no digits
        apart = rows - offset
        total += apart
        products.baddbmm_(apart[:, :, None], apart[:, None, :])
        seen += 1
    mean = (total / seen).float()
    covariance = products / max(1, seen - 1) - mean[:, :, None] * mean[:, None, :] * (
        seen / max(1, seen - 1)
    )
    covariance += RIDGE * torch.eye(DIMENSIONS)
    return Padim(
        context=context,
        channels=channels,
        mean=mean + offset,
        factor=torch.linalg.cholesky(covariance),
    )
