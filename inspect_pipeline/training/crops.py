"""Endless batches of training tiles, each a pure function of (seed, stream, batch number).

Tiles are cut and damaged on background threads; because a batch depends on its number alone, the
order of work never changes what a network sees, and a resumed run goes on where it stopped.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspect_pipeline.training.defects import with_defect

AHEAD = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Good tiles, the same tiles with synthetic defects, and where they were changed."""

    clean: Tensor  # (n, C, T, T)
    damaged: Tensor  # (n, C, T, T), equal to clean outside the mask
    mask: Tensor  # (n, 1, T, T) float, 1 = defect

    def to(self, device: torch.device) -> Batch:
        """On the device, in the memory layout that the networks train in."""
        moved = (
            tensor.to(device, memory_format=torch.channels_last)
            for tensor in (self.clean, self.damaged, self.mask)
        )
        clean, damaged, mask = moved
        return Batch(clean=clean, damaged=damaged, mask=mask)


@dataclass(frozen=True, kw_only=True, eq=False)
class Crops:
    """Random tiles of prepared pictures (C, h, w); `damage` is the share that gets a defect."""

    pictures: Sequence[npt.NDArray[np.float32]]
    tile_px: int
    batch: int
    seed: int
    stream: str
    damage: float

    def batch_at(self, number: int) -> Batch:
        rng = np.random.default_rng([self.seed, zlib.crc32(self.stream.encode()), number])
        clean = np.stack([self._tile(rng) for _ in range(self.batch)])
        damaged = clean.copy()
        mask = np.zeros((self.batch, 1, self.tile_px, self.tile_px), dtype=np.float32)
        for i in range(self.batch):
            if rng.random() < self.damage:
                damaged[i], mask[i, 0] = with_defect(clean[i], self._tile(rng), rng)
        return Batch(
            clean=torch.from_numpy(clean),
            damaged=torch.from_numpy(damaged),
            mask=torch.from_numpy(mask),
        )

    def batches(self, start: int, threads: int = 1) -> Iterator[Batch]:
        """Batches start, start + 1, ... prepared ahead of their use."""
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[Batch]] = deque()
            number = start
            try:
                while True:
                    while len(waiting) < AHEAD:
                        waiting.append(pool.submit(self.batch_at, number))
                        number += 1
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _tile(self, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        picture = self.pictures[int(rng.integers(len(self.pictures)))]
        height, width = picture.shape[1:]
        y = int(rng.integers(height - self.tile_px + 1))
        x = int(rng.integers(width - self.tile_px + 1))
        return picture[:, y : y + self.tile_px, x : x + self.tile_px]
