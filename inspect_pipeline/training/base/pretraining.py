"""The context network learns from procedural pictures; what it has learnt becomes one file.

The same plan gives the same weights on one thread: pictures depend on (seed, number) and a step's
episodes on (seed, step), so that an interrupted run goes on as if nothing had happened.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import overload

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from inspect_pipeline.errors import ModelError, UsageError
from inspect_pipeline.networks.context import MIN_SIDE_PX, ContextNetwork
from inspect_pipeline.networks.layers import channels_last
from inspect_pipeline.records import Picture, sha256_of
from inspect_pipeline.training.backbone import TO_PLUS_MINUS_ONE
from inspect_pipeline.training.base.objective import (
    LEVEL_CHANNELS,
    ProjectionHeads,
    identity_loss,
    memory_loss,
)
from inspect_pipeline.training.base.pictures import draw_picture, drawn_picture
from inspect_pipeline.training.base.views import Episodes, draw_episodes
from inspect_pipeline.training.checkpoint import (
    FILE_NAME,
    Progress,
    load_modules,
    load_progress,
    load_tensors,
    save_checkpoint,
    tensors_below,
)
from inspect_pipeline.training.optimisers import load_optimiser, optimiser_tensors

PHASE = "pretraining"
MEMORY_WEIGHT, IDENTITY_WEIGHT = 2.0, 0.25
PEAK_RATE, WEIGHT_DECAY, CLIP_NORM = 2e-3, 0.05, 5.0
WARM_UP = 0.08  # of the steps
FIRST_RATE, LAST_RATE = 1 / 25, 1 / 250_000  # of the peak
CALM, BRISK = 0.95, 0.85  # Adam's first beta at the lowest and at the highest rate
BATCH_MOMENTUM = 0.1
STATISTICS_BATCH = 16
CHECKPOINT_EVERY_S = 60.0
STEP_STREAM, STATISTICS_STREAM = 1, 2  # random numbers that no picture of the seed shares


@dataclass(frozen=True, kw_only=True)
class PretrainingPlan:
    """What is drawn, and how long is learnt."""

    steps: int = 1500
    pictures: int = 8000
    seed: int = 0
    episodes: int = 12  # in a step
    views: int = 4  # of an episode
    picture_px: int = 128
    view_px: int = 64
    statistics_pictures: int = 160
    statistics_px: int = 256  # about as large as the windows of an inspection

    def __post_init__(self) -> None:
        least = {"steps": 1, "pictures": self.episodes, "seed": 0, "episodes": 2, "views": 2}
        least |= {"view_px": MIN_SIDE_PX, "picture_px": MIN_SIDE_PX, "statistics_px": MIN_SIDE_PX}
        for name, lowest in least.items():
            if (value := getattr(self, name)) < lowest:
                raise UsageError(f"{name} must be {lowest} or more, got {value}")


@dataclass(frozen=True, kw_only=True)
class Losses:
    memory: float
    identity: float


Told = Callable[[int, Losses], None]  # after each step: how many are done, and how it went


class DrawnPictures(Sequence[Picture]):
    """The pictures of a seed, each drawn when it is first asked for and kept from then on."""

    def __init__(self, *, seed: int, count: int, side_px: int) -> None:
        self._seed, self._count, self._side_px = seed, count, side_px
        self._drawn: dict[int, Picture] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> Picture: ...

    @overload
    def __getitem__(self, number: slice) -> list[Picture]: ...

    def __getitem__(self, number: int | slice) -> Picture | list[Picture]:
        if isinstance(number, slice):
            return [self[each] for each in range(self._count)[number]]
        number = range(self._count)[number]
        if number not in self._drawn:
            self._drawn[number] = drawn_picture(self._seed, number, self._side_px)
        return self._drawn[number]


class Pretraining:
    """A run: the network, what teaches it, and how many steps are done."""

    def __init__(self, plan: PretrainingPlan) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.network = ContextNetwork(TO_PLUS_MINUS_ONE)
        self.heads = ProjectionHeads()
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        channels_last(self.network)
        self.network.features.train()  # the network itself would keep its batch norms still
        self.optimiser = _optimiser([*self.network.parameters(), *self.heads.parameters()])
        self.pictures = DrawnPictures(seed=plan.seed, count=plan.pictures, side_px=plan.picture_px)
        self.done = 0

    def step(self) -> Losses:
        """Draws the next episodes and learns from them."""
        rng = np.random.default_rng((self.plan.seed, self.done, STEP_STREAM))
        episodes = draw_episodes(
            rng,
            self.pictures,
            episodes=self.plan.episodes,
            views=self.plan.views,
            side_px=self.plan.view_px,
        )
        return self.learn(episodes, rng)

    def learn(self, episodes: Episodes, rng: np.random.Generator) -> Losses:
        """One step down the objective; `rng` chooses the places that are asked for identity."""
        memory, identity = self._objective(episodes, rng)
        self._descend(MEMORY_WEIGHT * memory + IDENTITY_WEIGHT * identity)
        self.done += 1
        return Losses(memory=memory.item(), identity=identity.item())

    def save(self, folder: Path) -> None:
        """The whole run, replaced atomically: a kill at any moment leaves the one before."""
        folder.mkdir(parents=True, exist_ok=True)
        progress = Progress(
            settings=asdict(self.plan),
            phase=PHASE,
            step=self.done,
            phase_seconds=0.0,
            seconds_by_phase={},
            steps_by_phase={},
            final_losses={},
        )
        state = optimiser_tensors(self.optimiser)
        tensors = {f"optimiser/{name}": tensor for name, tensor in state.items()}
        save_checkpoint(folder, progress, self._modules(), tensors)

    def resume(self, folder: Path) -> None:
        """Goes on from the folder's checkpoint, if there is one.

        Raises ModelError where it cannot be read or belongs to another plan.
        """
        progress = load_progress(folder)
        if progress is None:
            return
        if progress.settings != asdict(self.plan):
            raise ModelError(
                f"{folder}: the interrupted run was started with {progress.settings}; give the "
                "same options, or delete the folder to start afresh"
            )
        tensors = load_tensors(folder)
        load_modules(tensors, self._modules())
        load_optimiser(self.optimiser, tensors_below(tensors, "phase/optimiser/"))
        self.done = progress.step

    def _modules(self) -> dict[str, nn.Module]:
        return {"network": self.network, "heads": self.heads}

    def _objective(self, episodes: Episodes, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        masks = torch.from_numpy(episodes.masks)
        levels = _levels(self.network, torch.from_numpy(episodes.views).flatten(0, 1))
        return memory_loss(levels, masks), identity_loss(self.heads, levels, masks, rng)

    def _descend(self, loss: Tensor) -> None:
        rate, beta = one_cycle(self.done, self.plan.steps)
        parameters = []
        for group in self.optimiser.param_groups:
            group["lr"], group["betas"] = rate, (beta, group["betas"][1])
            parameters += group["params"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        self.optimiser.step()


def pretrain(
    plan: PretrainingPlan,
    folder: Path,
    *,
    told: Told | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ContextNetwork:
    """The plan to its end, from where the folder's checkpoint stands; ready for inspection.

    Raises ModelError where the checkpoint belongs to another plan. Ctrl-C loses nothing.
    """
    run = Pretraining(plan)
    run.resume(folder)
    saved_at = clock()
    try:
        while run.done < plan.steps:
            losses = run.step()
            if told is not None:
                told(run.done, losses)
            if clock() - saved_at >= CHECKPOINT_EVERY_S:
                run.save(folder)
                saved_at = clock()
    except KeyboardInterrupt:
        run.save(folder)
        raise
    run.save(folder)
    measure_statistics(run.network, plan)
    return run.network


@torch.no_grad()
def measure_statistics(network: ContextNetwork, plan: PretrainingPlan) -> None:
    """Sets the batch norms to plain means over pictures as large as an inspection's windows."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for a plain mean over all batches
    network.features.train()
    pictures = [
        draw_picture(
            np.random.default_rng((plan.seed, number, STATISTICS_STREAM)), plan.statistics_px
        )
        for number in range(plan.statistics_pictures)
    ]
    for begin in range(0, len(pictures), STATISTICS_BATCH):
        stacked = torch.from_numpy(np.stack(pictures[begin : begin + STATISTICS_BATCH]))
        network(stacked.permute(0, 3, 1, 2).float().div(255))
    for norm in norms:
        norm.momentum = BATCH_MOMENTUM
    network.features.eval()


def one_cycle(step: int, steps: int) -> tuple[float, float]:
    """Learning rate and Adam's first beta: up over a few steps, then down, both by half a cosine.

    The super-convergence schedule (Smith and Topin 2017, arXiv 1708.07120) in torch's variant.
    """
    top, last = WARM_UP * steps - 1, steps - 1
    if step <= top:
        rise = step / top
        return _eased(FIRST_RATE, 1.0, rise) * PEAK_RATE, _eased(CALM, BRISK, rise)
    fall = (step - top) / (last - top)
    return _eased(1.0, LAST_RATE, fall) * PEAK_RATE, _eased(BRISK, CALM, fall)


def write_weights(network: ContextNetwork, path: Path) -> str:
    """Half precision, under torchvision's names, whole or not at all; returns the SHA-256.

    Raises ModelError where the file cannot be written.
    """
    weights = {
        key: value.half().contiguous()
        for key, value in network.state_dict().items()
        if key.startswith("features.") and not key.endswith(".num_batches_tracked")
    }
    content = safetensors.torch.save(weights)
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error}): give another place") from error
    return sha256_of(content)


def forget(folder: Path) -> None:
    """Removes the checkpoint, and the folder if nothing else is in it."""
    (folder / FILE_NAME).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _levels(network: ContextNetwork, views: Tensor) -> list[Tensor]:
    """Features of views (n, 3, S, S) in [-1, 1] after layers 6, 10 and 13."""
    pictures = (views.contiguous(memory_format=torch.channels_last) + 1) / 2
    contexts = network(pictures)
    return [contexts.eighth, *contexts.sixteenth.split(LEVEL_CHANNELS[1:], dim=1)]


def _optimiser(parameters: Sequence[nn.Parameter]) -> torch.optim.AdamW:
    """Kernels decay, biases and the scales of norms do not."""
    kernels = [parameter for parameter in parameters if parameter.dim() > 1]
    others = [parameter for parameter in parameters if parameter.dim() <= 1]
    groups = [
        {"params": kernels, "weight_decay": WEIGHT_DECAY},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=PEAK_RATE)


def _eased(begin: float, end: float, share: float) -> float:
    """From one to the other by half a cosine."""
    return end + (begin - end) / 2 * (1 + math.cos(math.pi * share))
