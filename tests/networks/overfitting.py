"""Can a network learn four tiles by heart? One that cannot is wired wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from inspect_pipeline.stages.prepare import prepare
from inspect_pipeline.training.crops import Batch, Crops
from tests import make

COUNT = 4


RATE = 1e-2


def share_left(
    loss_of: Callable[[], Tensor],
    parameters: Iterable[nn.Parameter],
    *,
    steps: int,
    rate: float = RATE,
) -> float:
    """The last loss as a share of the first."""
    losses = losses_of(loss_of, parameters, steps=steps, rate=rate)
    return losses[-1] / losses[0]


def losses_of(
    loss_of: Callable[[], Tensor],
    parameters: Iterable[nn.Parameter],
    *,
    steps: int,
    rate: float = RATE,
) -> list[float]:
    """The loss before each step down."""
    optimiser = torch.optim.Adam(list(parameters), lr=rate)
    losses = []
    for _ in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    return losses


def some_batch(channels: int, *, damage: float = 1.0) -> Batch:
    """Four tiles of good parts, with a synthetic defect each, always the same."""
    how = make.preparation(channels=channels, spread_grey=60.0)
    pictures = [
        prepare(make.picture(seed, channels=channels), how).pixels.numpy() for seed in range(3)
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
