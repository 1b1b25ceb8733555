"""Can a network learn four tiles by heart? One that cannot is wired wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn

from inspect_pipeline.training.crops import Batch, Crops
from tests import make

COUNT = 4


def share_left(
    loss_of: Callable[[], Tensor],
    parameters: Iterable[nn.Parameter],
    *,
    steps: int,
    rate: float = 5e-3,
) -> float:
    """The last loss as a share of the first."""
    optimiser = torch.optim.Adam(list(parameters), lr=rate)
    losses = []
    for _ in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    return losses[-1] / losses[0]


def some_batch(channels: int, *, damage: float = 1.0) -> Batch:
    """Four tiles of good parts, with a synthetic defect each, always the same."""
    pictures = [
        make.picture(seed, channels=channels).transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
        for seed in range(3)
    ]
    crops = Crops(
        pictures=pictures,
        tile_px=make.TILE_PX,
        batch=COUNT,
        seed=1,
        stream="overfitting",
        damage=damage,
    )
    return crops.batch_at(0)
