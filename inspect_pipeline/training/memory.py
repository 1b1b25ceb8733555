"""Memories of good features: what of good pictures is kept to compare with.

Context features of good pictures, seen as inspection will see them, thinned to those that lie
farthest apart (greedy k-centre, as PatchCore does).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspect_pipeline.networks.contextual import (
    LEVELS,
    Contextual,
    GoodMemory,
    Level,
    features_of,
)
from inspect_pipeline.stages.context import MARGIN_PX, WINDOW_PX
from inspect_pipeline.tiling import windows

CANDIDATES = 40_000  # features among which a memory chooses its members
SKETCH = 32  # dimensions in which distances are compared while choosing (Johnson-Lindenstrauss)
FLOOR = 0.02  # of the mean variance, added before whitening: what hardly varies is no evidence

Picture = npt.NDArray[np.float32]
Watch = Callable[[Iterable[int], int, str], Iterable[int]]


def remember(contextual: Contextual, pictures: Sequence[Picture], seed: int, watch: Watch) -> None:
    """Fills every memory from good pictures, seen as inspection will see them."""
    generator = torch.Generator().manual_seed(seed)
    kept: list[list[Tensor]] = [[] for _ in LEVELS]
    share = math.ceil(CANDIDATES / len(pictures))
    for number in watch(range(len(pictures)), len(pictures), "good features"):
        found = _features_of(contextual, torch.from_numpy(pictures[number]))
        for all_rows, rows in zip(kept, found, strict=True):
            all_rows.append(rows[torch.randperm(len(rows), generator=generator)[:share]])
    names = [level.name for level in LEVELS]
    for number in watch(range(len(LEVELS)), len(LEVELS), f"memory: {', '.join(names)}"):
        memory = contextual.memories[number]
        assert isinstance(memory, GoodMemory)
        _fill(memory, LEVELS[number], torch.cat(kept[number]), generator)


def _features_of(contextual: Contextual, picture: Tensor) -> list[Tensor]:
    """(places, c) of each level, all places of a picture (C, h, w)."""
    found: list[list[Tensor]] = [[] for _ in LEVELS]
    wh = (picture.shape[2], picture.shape[1])
    for window in windows(wh, window_px=WINDOW_PX, margin_px=MARGIN_PX):
        contexts = contextual.contexts(picture[None, :, *window.seen])
        for level, rows in zip(LEVELS, found, strict=True):
            own = features_of(contexts, level)[0, :, *window.places(level.stride_px)]
            rows.append(own.flatten(1).T)
    return [torch.cat(rows) for rows in found]


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
