"""What the training loop asks of a phase: step, save, load, finish. One file per phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from inspect_pipeline.training.checkpoint import tensors_below
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.optimisers import load_optimiser, optimiser_tensors


class Phase(Protocol):
    """One part of a training run. `damage` = share of its tiles that get a synthetic defect."""

    name: str
    damage: float

    def step(self, batch: Batch, number: int, fraction: float) -> dict[str, float]:
        """Learns from one batch; `fraction` of the phase's budget is used up. Returns losses."""

    def modules(self) -> Mapping[str, nn.Module]:
        """Networks that only this phase has, by name."""

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]: ...

    def finish(self) -> None:
        """Hands the result over to the part's networks."""


def phase_tensors(phase: Phase) -> dict[str, Tensor]:
    """Everything a phase needs to go on, beside the part's networks."""
    tensors: dict[str, Tensor] = {}
    for name, module in phase.modules().items():
        tensors |= {f"module/{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimiser in phase.optimisers().items():
        state = optimiser_tensors(optimiser)
        tensors |= {f"optimiser/{name}/{key}": value for key, value in state.items()}
    return tensors


def load_phase(phase: Phase, tensors: Mapping[str, Tensor]) -> None:
    for name, module in phase.modules().items():
        module.load_state_dict(tensors_below(tensors, f"module/{name}/"))
    for name, optimiser in phase.optimisers().items():
        load_optimiser(optimiser, tensors_below(tensors, f"optimiser/{name}/"))


def frozen(*modules: nn.Module) -> None:
    """No gradients and evaluation mode: the networks that a phase must not touch."""
    for module in modules:
        module.eval().requires_grad_(False)


def learning(*modules: nn.Module) -> None:
    for module in modules:
        module.train().requires_grad_(True)
