"""The contextual branch of a part: a memory of its good features, and a head taught by synthetic
defects to weigh what is far from that memory.

Runs on a finished part model, through the very functions that inspect, so that the head learns from
golden pictures and local evidence as they will be. First the memory: context features of most
training pictures, thinned to those that lie farthest apart (greedy k-centre, as PatchCore does).
Then a bank of windows of the other pictures, most of them with planted defects, seen once by
all networks: what is rare but good is as far from the memory there as it will be tomorrow, and the
head learns which signs to trust. Then the head learns from the bank until its time is over. No test
picture and no held-out picture is seen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.networks.contextual import (
    LEVELS,
    STRIDE_PX,
    USUALLY_GIVEN,
    WINDOW_PX,
    Contextual,
    ContextualConfig,
    Given,
    GoodMemory,
    Level,
    Views,
    features_of,
)
from inspect_pipeline.opinion import local_views
from inspect_pipeline.tiling import cut
from inspect_pipeline.training.defects import with_defect
from inspect_pipeline.training.losses import dice, focal
from inspect_pipeline.training.optimisers import adam, descend, scheduled

CANDIDATES = 40_000  # features among which a memory chooses its members
SKETCH = 32  # dimensions in which distances are compared while choosing (Johnson-Lindenstrauss)
FLOOR = 0.02  # of the mean variance, added before whitening: what hardly varies is no evidence
DAMAGED_SHARE = 0.6
PLANTED_SIDES_PX = (32, 48, 64, 96, 128, 256)
LIGHT = (0.9, 1.1, 0.06)  # gain from, gain to, offset either way of a bank window
BANK_SHARE, MIN_BANK, MAX_BANK = 0.6, 24, 1200  # of the time after the memory; windows
HEAD_SHARE = 0.25  # of the whole time, whatever came before
BATCH = 8
RATE, BETAS = 2e-3, (0.9, 0.99)
MIN_COVERED = (
    0.1  # of the 4 x 4 pixels of an answer: two make it the defect's, as a thin scratch has
)
FOCAL_WEIGHT = 5.0
LEAST_DEVIATION = 1e-3

Picture = npt.NDArray[np.float32]
Watch = Callable[[Iterable[int], int, str], Iterable[int]]


@dataclass(frozen=True, kw_only=True)
class ContextualPlan:
    """How long, and how much. `steps` replaces the time budget (for tests)."""

    seconds: float
    seed: int = 0
    members: int = 1200
    given: tuple[Given, ...] = USUALLY_GIVEN
    windows: int = MAX_BANK
    steps: int | None = None

    @classmethod
    def of(
        cls,
        *,
        seconds: float,
        seed: int,
        steps: int | None,
        given: tuple[Given, ...] = USUALLY_GIVEN,
    ) -> Self:
        """The usual plan; with `steps` a tiny one, of as many batches of windows as steps."""
        usual = cls(seconds=seconds, seed=seed, given=given)
        if steps is None:
            return usual
        return replace(usual, members=64, windows=BATCH * steps, steps=steps)


@dataclass(frozen=True, kw_only=True)
class ContextualReport:
    contextual: Contextual
    figures: dict[str, Any]


def learn_contextual(
    model: PartModel,
    remembered: Sequence[Picture],
    unseen: Sequence[Picture],
    context: ContextNetwork,
    plan: ContextualPlan,
    *,
    watch: Watch | None = None,
) -> ContextualReport:
    """Both sets are prepared training pictures (C, h, w) of good parts, and share no part.

    `remembered` fill the memory, `unseen` the bank. The model's own branch, if any, is not used.
    """
    config = ContextualConfig(members=plan.members, given=plan.given)
    torch.manual_seed(plan.seed)
    contextual = Contextual(config, context).eval()
    look = watch or _unwatched
    started = time.monotonic()
    with torch.inference_mode():
        remember(contextual, remembered, plan.seed, look)
        remembered_s = time.monotonic() - started
        bank = _filled(
            model, contextual, unseen, plan, BANK_SHARE * (plan.seconds - remembered_s), look
        )
    filled_s = time.monotonic() - started - remembered_s
    left_s = max(HEAD_SHARE * plan.seconds, plan.seconds - remembered_s - filled_s)
    steps, loss = _teach(contextual, bank, plan, left_s, look)
    contextual.requires_grad_(False).eval()
    figures = {
        "pictures_remembered": len(remembered),
        "pictures_unseen_by_memory": len(unseen),
        "memory_members": {
            level.name: len(memory.members)  # type: ignore[arg-type]
            for level, memory in zip(LEVELS, contextual.memories, strict=True)
        },
        "bank_windows": len(bank.mask),
        "steps": steps,
        "final_loss": round(loss, 4),
        "minutes": {
            "memory": round(remembered_s / 60, 2),
            "bank": round(filled_s / 60, 2),
            "head": round((time.monotonic() - started - remembered_s - filled_s) / 60, 2),
        },
    }
    return ContextualReport(contextual=contextual, figures=figures)


def remember(contextual: Contextual, pictures: Sequence[Picture], seed: int, watch: Watch) -> None:
    """Fills every memory from the windows of good pictures."""
    generator = torch.Generator().manual_seed(seed)
    kept: list[list[Tensor]] = [[] for _ in LEVELS]
    share = math.ceil(CANDIDATES / len(pictures))
    for number in watch(range(len(pictures)), len(pictures), "good features"):
        windows = cut(torch.from_numpy(pictures[number]), tile_px=WINDOW_PX, overlap_px=0).pixels
        contexts = contextual.contexts(windows)
        for level, rows in zip(LEVELS, kept, strict=True):
            found = features_of(contexts, level).permute(0, 2, 3, 1).reshape(-1, level.channels)
            rows.append(found[torch.randperm(len(found), generator=generator)[:share]])
    names = [level.name for level in LEVELS]
    for number in watch(range(len(LEVELS)), len(LEVELS), f"memory: {', '.join(names)}"):
        memory = contextual.memories[number]
        assert isinstance(memory, GoodMemory)
        _fill(memory, LEVELS[number], torch.cat(kept[number]), generator)


def farthest_apart(rows: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Indices of `count` rows (r, c), each the farthest from all chosen before (greedy k-centre).

    Distances are those of a random projection, which keeps them to some ten per cent. Source:
    Sener and Savarese 2018, arXiv 1708.00489; PatchCore, section 3.2.
    """
    channels = rows.shape[1]
    if channels > SKETCH:
        rows = rows @ (torch.randn(channels, SKETCH, generator=generator) / SKETCH**0.5)
    squares = rows.square().sum(1)
    chosen = [int(torch.randint(len(rows), (1,), generator=generator))]
    nearest = torch.full((len(rows),), math.inf)
    for _ in range(min(count, len(rows)) - 1):
        last = chosen[-1]
        nearest = torch.minimum(nearest, squares - 2 * (rows @ rows[last]) + squares[last])
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


def _fill(memory: GoodMemory, level: Level, rows: Tensor, generator: torch.Generator) -> None:
    memory.centre = rows.mean(0)
    memory.projection = _projection(rows - memory.centre, whitened=level.whitened)
    projected = memory.projected(rows)
    members = projected[farthest_apart(projected, len(memory.members), generator)]
    members = members[torch.arange(len(memory.members)) % len(members)]  # too few: some again
    memory.members = members.half().float()  # as the bundle stores them


def _projection(centred: Tensor, *, whitened: bool) -> Tensor:
    """(c, c): whitening by the eigenvectors of the covariance, or one scale for all channels."""
    if not whitened:
        power = centred.square().sum(1).mean().sqrt().clamp_min(1e-4)
        return (torch.eye(centred.shape[1]) / power).half().float()
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    spread = (values + FLOOR * values.mean()).clamp_min(1e-8)
    projection: Tensor = (vectors / spread.sqrt()).half().float()
    return projection


@dataclass(frozen=True, kw_only=True)
class _Bank:
    """What all networks before the head made of windows, and where a defect was planted."""

    signs: Tensor  # (n, signs, T/4, T/4), normal
    mask: Tensor  # (n, 1, T/4, T/4) 0 or 1

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Random windows, mirrored as the moment has it."""
        chosen = torch.randint(len(self.mask), (count,))
        flips = [axis for axis in (2, 3) if torch.rand(()) < 0.5]
        return self.signs[chosen].flip(flips), self.mask[chosen].flip(flips)


def _filled(
    model: PartModel,
    contextual: Contextual,
    pictures: Sequence[Picture],
    plan: ContextualPlan,
    seconds: float,
    watch: Watch,
) -> _Bank:
    """As many windows as fit into the time, at least a few."""
    rng = np.random.default_rng([plan.seed, 77])
    until = time.monotonic() + seconds
    signs, masks = [], []
    for number in watch(
        range(plan.windows), plan.windows, "windows with planted defects, as many as time allows"
    ):
        if plan.steps is None and number >= MIN_BANK and time.monotonic() > until:
            break
        window, mask = planted_window(pictures, rng)
        views = local_views(model, torch.from_numpy(window))
        signs.append(contextual.signs(Views(*(one[None] for one in views))))
        covered = F.avg_pool2d(torch.from_numpy(mask)[None, None].float(), STRIDE_PX)
        masks.append((covered > MIN_COVERED).float())
    return _normalised(contextual, torch.cat(signs), torch.cat(masks))


def _normalised(contextual: Contextual, signs: Tensor, mask: Tensor) -> _Bank:
    """Sets what is usual from the good places of the bank, and the bank in those terms."""
    good = signs.permute(1, 0, 2, 3)[:, mask[:, 0] == 0]  # (signs, places)
    usual = torch.stack((good.mean(1), good.std(1).clamp_min(LEAST_DEVIATION)))
    contextual.usual = usual[:, :, None, None]
    return _Bank(signs=contextual.normal(signs), mask=mask)


def planted_window(
    pictures: Sequence[Picture], rng: np.random.Generator
) -> tuple[Picture, npt.NDArray[np.bool_]]:
    """A window (C, T, T) of a good picture in slightly other light, mostly with planted defects."""
    window = _window(pictures, rng).copy()
    mask = np.zeros(window.shape[1:], dtype=bool)
    if rng.random() < DAMAGED_SHARE:
        side = int(rng.choice(PLANTED_SIDES_PX))
        y, x, v, u = (int(rng.integers(WINDOW_PX - side + 1)) for _ in range(4))
        foreign = _window(pictures, rng)[:, v : v + side, u : u + side]
        place = slice(y, y + side), slice(x, x + side)
        window[:, *place], mask[place] = with_defect(window[:, *place].copy(), foreign, rng)
    low, high, offset = LIGHT
    window = window * rng.uniform(low, high) + rng.uniform(-offset, offset)
    return np.clip(window, -1.0, 1.0).astype(np.float32), mask


def _window(pictures: Sequence[Picture], rng: np.random.Generator) -> Picture:
    picture = pictures[int(rng.integers(len(pictures)))]
    missing = [max(0, WINDOW_PX - length) for length in picture.shape[1:]]
    if any(missing):
        picture = np.pad(picture, ((0, 0), (0, missing[0]), (0, missing[1])), mode="reflect")
    y, x = (int(rng.integers(length - WINDOW_PX + 1)) for length in picture.shape[1:])
    return picture[:, y : y + WINDOW_PX, x : x + WINDOW_PX]


def _teach(
    contextual: Contextual, bank: _Bank, plan: ContextualPlan, seconds: float, watch: Watch
) -> tuple[int, float]:
    """Steps made and the smoothed loss at the end."""
    head = contextual.head.train()
    optimiser = adam([*head.parameters()], RATE, BETAS)
    started, smooth, step = time.monotonic(), math.nan, 0
    parts = 100
    for part in watch(range(parts), parts, "evidence head"):
        while (done := _done(plan, step, started, seconds)) * parts < part + 1:
            signs, mask = bank.batch(BATCH)
            log_odds = head(signs)
            loss = FOCAL_WEIGHT * focal(log_odds, mask) + dice(log_odds, mask)
            descend(optimiser, loss, scheduled(RATE, step, done))
            smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
            step += 1
    return step, smooth


def _done(plan: ContextualPlan, step: int, started: float, seconds: float) -> float:
    if plan.steps is not None:
        return step / plan.steps
    return (time.monotonic() - started) / max(seconds, 1.0)


def _unwatched(numbers: Iterable[int], _total: int, _what: str) -> Iterable[int]:
    return numbers
