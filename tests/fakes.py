"""Stand-ins for what a test cannot wait for or look into."""

from __future__ import annotations

from datetime import datetime, timedelta

import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.networks.part_networks import PartNetworks


class FastClock:
    """Every look at it moves it on by `tick_s`: what takes minutes takes a few looks."""

    def __init__(self, tick_s: float) -> None:
        self.tick_s = tick_s
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += self.tick_s
        return self.now_s


class WallClock:
    """The time of day, which stands until a test moves it on."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **how_far: float) -> None:
        """`forward(minutes=5)`, in the words of timedelta."""
        self.at += timedelta(**how_far)


class RecordingWatcher:
    """Remembers what a training run tells of itself."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.fractions: dict[str, list[float]] = {}

    def phase_begins(self, phase: str, number: int, seconds_done: float) -> None:
        self.phases.append(phase)
        self.fractions[phase] = []

    def stepped(self, phase: str, fraction: float, losses: dict[str, float]) -> None:
        self.fractions[phase].append(fraction)


class InterruptedWatcher(RecordingWatcher):
    """Ctrl-C in the phase `phase` after so many steps of it."""

    def __init__(self, phase: str, after_steps: int) -> None:
        super().__init__()
        self.phase, self.after_steps = phase, after_steps

    def stepped(self, phase: str, fraction: float, losses: dict[str, float]) -> None:
        super().stepped(phase, fraction, losses)
        if phase == self.phase and len(self.fractions[phase]) == self.after_steps:
            raise KeyboardInterrupt


class SpotFinder(PartNetworks):
    """Finds what stands out from its surroundings, with no learning; restores half of anything."""

    contrast = 0.3  # from here on a pixel is more likely a defect than not

    def invert(self, tiles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        latents, spatial, golden = super().invert(tiles)
        return latents, spatial, torch.zeros_like(golden)

    def compare(self, tiles: Tensor, golden: Tensor) -> tuple[Tensor, Tensor]:
        d = tiles - golden
        stands_out = d - F.avg_pool2d(d, 9, stride=1, padding=4, count_include_pad=False)
        return d, 20 * (stands_out.abs().mean(dim=1, keepdim=True) - self.contrast)

    def restore(self, gated: Tensor, latents: Tensor, spatial: Tensor) -> Tensor:
        return gated / 2
