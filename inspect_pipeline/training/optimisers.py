"""Adam with our schedule, and its state as plain named tensors: nothing pickled is ever loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

WARM_UP_STEPS = 50
FINAL_SHARE = 0.05
CLIP_NORM = 1.0


def adam(
    parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float]
) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=1e-8)


def scheduled(rate: float, step: int, fraction: float) -> float:
    """Learning rate: a short warm-up by steps, then a cosine over the share of the budget used."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))
    return rate * warm * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor, rate: float) -> None:
    """One step down the loss with clipped gradients; a loss that is not finite changes nothing."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
    if not torch.isfinite(norm):
        optimiser.zero_grad(set_to_none=True)
        return
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """`<parameter number>.<name>` -> tensor."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, values in state.items()
        for name, value in values.items()
    }


def load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    whole = optimiser.state_dict()
    whole["state"] = state
    optimiser.load_state_dict(whole)
