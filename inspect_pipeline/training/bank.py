"""A bank of good pictures with planted defects, as the networks before the head see them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.networks.contextual import COARSEST_PX, STRIDE_PX, Contextual, Views
from inspect_pipeline.opinion import views_of
from inspect_pipeline.stages.context import MARGIN_PX
from inspect_pipeline.tiling import Window
from inspect_pipeline.training.defects import with_defect
from inspect_pipeline.training.memory import Picture, Watch

DAMAGED_SHARE = 0.75
MOST_PLANTED = 3  # defects in one piece
PLANTED_SIDES_PX = (32, 48, 64, 96, 128, 256)
LIGHT = (0.9, 1.1, 0.06)  # gain from, gain to, offset either way of a piece
PIECE_PX = 512  # most of a picture's side that goes into the bank at once
MIN_BANK = 24
CROP = 64  # places a side of what the head learns from at once
ON_DEFECT = 0.7  # share of the crops that are taken where something was planted, if it was
MIN_COVERED = (
    0.1  # of the 4 x 4 pixels of an answer: two make it the defect's, as a thin scratch has
)
LEAST_DEVIATION = 1e-3
REACHED_BY = 0.8  # quantile of good pictures: the reach of a plain sign


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What all networks before the head made of a piece of a picture, and where it was damaged."""

    signs: Tensor  # (signs, rows, columns), in a bank those that the head weighs
    mask: Tensor  # (1, rows, columns) 0 or 1


@dataclass(frozen=True, kw_only=True)
class Bank:
    pieces: Sequence[Piece]

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """Random crops of one size, (n, signs, h, w) and (n, 1, h, w), mirrored as it comes."""
        chosen = [self.pieces[number] for number in torch.randint(len(self.pieces), (count,))]
        sides = torch.tensor([one.mask.shape[1:] for one in chosen]).amin(0)
        crops = [_crop(one, sides.clamp(max=CROP).tolist()) for one in chosen]
        flips = [axis for axis in (2, 3) if torch.rand(()) < 0.5]
        signs, mask = (torch.stack(parts).flip(flips) for parts in zip(*crops, strict=True))
        return signs, mask


def _crop(piece: Piece, side: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Somewhere; more often than by chance where it shows a damaged place."""
    damaged = piece.mask[0].nonzero()
    aim = None
    if len(damaged) and torch.rand(()) < ON_DEFECT:
        aim = damaged[int(torch.randint(len(damaged), ()))].tolist()
    start = []
    for axis, length in enumerate(piece.mask.shape[1:]):
        most = length - side[axis]
        at = int(torch.randint(most + 1, ()))
        if aim is not None:
            at = min(max(aim[axis] - int(torch.randint(side[axis], ())), 0), most)
        start.append(slice(at, at + side[axis]))
    rows, columns = start
    return piece.signs[:, rows, columns], piece.mask[:, rows, columns]


def fill_bank(
    model: PartModel,
    contextual: Contextual,
    pictures: Sequence[Picture],
    watch: Watch,
    *,
    seed: int,
    most: int,
    seconds: float | None,
) -> Bank:
    """`most` pieces, or as many as fit into the time, but a few at least."""
    rng = np.random.default_rng([seed, 77])
    until = math.inf if seconds is None else time.monotonic() + seconds
    pieces: list[Piece] = []
    for number in watch(range(most), most, "pictures with planted defects, as many as time allows"):
        if number >= MIN_BANK and time.monotonic() > until:
            break
        seen, mask, window = planted_piece(pictures, rng)
        views = views_of(model, torch.from_numpy(seen), contextual.config.given)
        signs = contextual.signs(Views(*(one[None] for one in views)))[0]
        rows, columns = window.places(STRIDE_PX)
        covered = F.avg_pool2d(torch.from_numpy(mask)[None].float(), STRIDE_PX, ceil_mode=True)
        kept = signs[:, rows, columns], (covered > MIN_COVERED).float()[:, rows, columns]
        pieces.append(Piece(signs=kept[0], mask=kept[1]))
    return _normalised(contextual, pieces)


def _normalised(contextual: Contextual, pieces: Sequence[Piece]) -> Bank:
    """Sets what is usual from the good places of the bank, and the bank in those terms."""
    good = torch.cat([one.signs[:, one.mask[0] == 0] for one in pieces], dim=1)  # (signs, places)
    usual = torch.stack((good.mean(1), good.std(1).clamp_min(LEAST_DEVIATION)))
    contextual.usual = usual[:, :, None, None]
    in_deviations = [
        replace(one, signs=contextual.deviations(one.signs[None])[0]) for one in pieces
    ]
    if contextual.config.plain:
        contextual.reach = _reach(in_deviations, contextual.config.plain)
    return Bank(
        pieces=[replace(one, signs=contextual.weighed(one.signs[None])[0]) for one in in_deviations]
    )


def _reach(pieces: Sequence[Piece], plain: int) -> Tensor:
    """How far the plain signs go on good pictures: most of those that nothing was planted in."""
    undamaged = [one for one in pieces if not one.mask.any()] or pieces
    farthest = torch.stack(
        [one.signs[-plain:].masked_fill(one.mask > 0, 0).amax(dim=(1, 2)) for one in undamaged]
    )
    return farthest.quantile(REACHED_BY, dim=0).clamp_min(1.0)[:, None, None]


def planted_piece(
    pictures: Sequence[Picture], rng: np.random.Generator
) -> tuple[Picture, npt.NDArray[np.bool_], Window]:
    """A good picture or a large piece of one in slightly other light, mostly with planted defects.

    (C, h, w), where it was damaged (h, w), and the part of it that a head may learn from: a border
    that was cut looks different from a picture's own.
    """
    picture = pictures[int(rng.integers(len(pictures)))]
    window = _window(picture.shape[1:], rng)
    piece = picture[:, *window.seen].copy()
    mask = np.zeros(piece.shape[1:], dtype=bool)
    if rng.random() < DAMAGED_SHARE:
        for _ in range(int(rng.integers(1, MOST_PLANTED + 1))):
            _plant(piece, mask, pictures, window.kept_of_seen, rng)
    low, high, offset = LIGHT
    piece = piece * rng.uniform(low, high) + rng.uniform(-offset, offset)
    return np.clip(piece, -1.0, 1.0).astype(np.float32), mask, window


def _window(shape: Sequence[int], rng: np.random.Generator) -> Window:
    """A window of at most PIECE_PX a side; it starts where features do."""
    seen, kept = [], []
    for length in shape:
        starts = -(-max(0, length - PIECE_PX) // COARSEST_PX) + 1
        start = COARSEST_PX * int(rng.integers(starts))
        stop = min(length, start + PIECE_PX)
        kept.append(slice(start, stop))
        seen.append(slice(max(0, start - MARGIN_PX), min(length, stop + MARGIN_PX)))
    return Window(seen=(seen[0], seen[1]), kept=(kept[0], kept[1]))


def _plant(
    piece: Picture,
    mask: npt.NDArray[np.bool_],
    pictures: Sequence[Picture],
    within: tuple[slice, slice],
    rng: np.random.Generator,
) -> None:
    """Changes `piece` and `mask` at some place that is still undamaged, if it finds one."""
    other = pictures[int(rng.integers(len(pictures)))]
    rows, columns = within
    side = min(
        int(rng.choice(PLANTED_SIDES_PX)),
        rows.stop - rows.start,
        columns.stop - columns.start,
        *other.shape[1:],
    )
    y, x = (int(rng.integers(axis.start, axis.stop - side + 1)) for axis in within)
    v, u = (int(rng.integers(length - side + 1)) for length in other.shape[1:])
    place = slice(y, y + side), slice(x, x + side)
    if mask[place].any():
        return
    foreign = other[:, v : v + side, u : u + side]
    piece[:, *place], mask[place] = with_defect(piece[:, *place].copy(), foreign, rng)
