"""What the context network is asked for while it learns from procedural pictures.

Memory: each view is held against the clean places of the episode's other views by the distance to
the nearest, as a memory of good patches does (PatchCore, arXiv 2106.08265); planted defects must
lie farther off than clean places. Identity: from which picture a view, and a place in it, comes
(supervised contrastive loss, arXiv 2004.11362). Both on the same views of E episodes of V views.
Levels are the features (E * V, c, h, w) after three layers, finest first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.training.base.fields import Rng

LEVEL_CHANNELS = (32, 64, 96)
HEAD_CHANNELS, EMBEDDING = 256, 64
PLACES_PER_VIEW = 6
TEMPERATURE = 0.15
LOCAL_WEIGHT = 0.5
SHARPNESS = 6.0  # per unit of log distance: how soon a place counts as farther off
MIN_COVERED = 0.08  # of a place's pixels: from here on it belongs to the defect
NEVER, FAR = -1e4, 1e6  # a similarity and a squared distance that never win
LEAST_SQUARE = 1e-3  # of a feature of unit power, so that the logarithm of a distance stays finite


class ProjectionHeads(nn.Module):
    """Between the features and the identity loss, thrown away afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = nn.Sequential(
            nn.Linear(LEVEL_CHANNELS[-1], HEAD_CHANNELS),
            nn.BatchNorm1d(HEAD_CHANNELS),
            nn.ReLU(),
            nn.Linear(HEAD_CHANNELS, EMBEDDING),
        )
        self.local = nn.ModuleList(nn.Conv2d(c, EMBEDDING, 1) for c in LEVEL_CHANNELS)


def memory_loss(levels: Sequence[Tensor], masks: Tensor) -> Tensor:
    """Asked of each level and of all together, on the grid of the finest. masks (E, V, S, S)."""
    episodes, views = masks.shape[:2]
    grid = levels[0].shape[2:]
    places = grid.numel()
    is_bad, is_clean = (
        each.reshape(episodes, -1) for each in bad_and_clean(masks.flatten(0, 1), grid[0])
    )
    smooth = [_on_grid(level, grid) for level in levels]
    view = torch.arange(views).repeat_interleave(places)
    is_no_member = (view[:, None] == view)[None] | ~is_clean[:, None, :]  # (E, V * p, V * p)
    total = masks.new_zeros((), dtype=torch.float32)
    for level in (*smooth, torch.cat(smooth, 1)):
        rows = level.flatten(2).transpose(1, 2).reshape(episodes, views * places, -1)
        total = total + separation(log_distances(rows, is_no_member), is_bad, is_clean)
    return total


def identity_loss(
    heads: ProjectionHeads, levels: Sequence[Tensor], masks: Tensor, rng: Rng
) -> Tensor:
    """Of whole views, and of some places in each. masks (E, V, S, S)."""
    episodes, views = masks.shape[:2]
    n = episodes * views
    whose = torch.arange(episodes).repeat_interleave(views)
    embedded = heads.whole(levels[-1].mean((2, 3)))
    total = contrastive(embedded, whose, torch.eye(n, dtype=torch.bool))
    for head, level in zip(heads.local, levels, strict=True):
        is_bad, _ = bad_and_clean(masks.flatten(0, 1), level.shape[2])
        embedded, chosen = _some_places(head(level), rng)
        places = chosen.shape[1]
        view = torch.arange(n).repeat_interleave(places)
        # A planted place is like nothing else, itself excepted: it pushes and never pulls.
        alone = -1 - torch.arange(n * places)
        label = torch.where(
            is_bad.gather(1, chosen).flatten(), alone, whose.repeat_interleave(places)
        )
        good = label >= 0
        # Clean places of one view say nothing: they need be neither alike nor different.
        is_left_out = (view[:, None] == view) & good[:, None] & good
        is_left_out = is_left_out | torch.eye(n * places, dtype=torch.bool)
        total = total + LOCAL_WEIGHT * contrastive(embedded, label, is_left_out)
    return total


def contrastive(rows: Tensor, labels: Tensor, is_left_out: Tensor) -> Tensor:
    """Supervised contrastive loss of rows (n, c); pairs left out (n, n) neither pull nor push."""
    unit = F.normalize(rows, dim=1)
    similarity = (unit @ unit.T / TEMPERATURE).masked_fill(is_left_out, NEVER)
    pulls = (labels[:, None] == labels) & ~is_left_out
    log_share = similarity - similarity.logsumexp(1, keepdim=True)
    return -(log_share * pulls).sum(1).div(pulls.sum(1).clamp_min(1)).mean()


def log_distances(rows: Tensor, is_no_member: Tensor) -> Tensor:
    """Logarithm of the distance (E, n) of each row (E, n, c) to the nearest member.

    `is_no_member` (E, n, n) says which rows (last) a row (middle) is not held against.
    """
    unit = rows / rows.square().mean().sqrt()
    squares = unit.square().sum(2)
    apart = squares[:, :, None] + squares[:, None] - 2 * unit @ unit.transpose(1, 2)
    nearest = apart.masked_fill(is_no_member, FAR).amin(2)
    logarithm: Tensor = 0.5 * torch.log(nearest.clamp_min(0) + LEAST_SQUARE * rows.shape[2])
    return logarithm


def separation(distances: Tensor, is_bad: Tensor, is_clean: Tensor) -> Tensor:
    """How far bad places fail to lie beyond clean ones; all (E, n), distances are logarithms.

    First against a soft maximum of the clean places, which an image's score feels, then against
    every clean place alike, as the area under the pixel curve does: there outliers weigh little.
    """
    bad, clean = is_bad.sum(1), is_clean.sum(1)
    sharp = SHARPNESS * distances
    top = sharp.masked_fill(~is_clean, NEVER).logsumexp(1) - clean.clamp_min(1).log()
    beyond_top = F.softplus(top[:, None] - sharp) * is_bad / SHARPNESS
    pairs = F.softplus(sharp[:, :, None] - sharp[:, None])  # (E, clean, bad)
    beyond_each = pairs * (is_clean[:, :, None] & is_bad[:, None]) / SHARPNESS
    by_top = (beyond_top.sum(1) / bad.clamp_min(1)).mean()
    by_pairs = (beyond_each.sum((1, 2)) / (clean * bad).clamp_min(1)).mean()
    return 0.5 * by_top + by_pairs


def bad_and_clean(masks: Tensor, grid: int) -> tuple[Tensor, Tensor]:
    """Places (n, grid * grid) of a defect, and those with none near; masks (n, S, S)."""
    covered = F.avg_pool2d(masks.float()[:, None], masks.shape[1] // grid)
    near = F.max_pool2d(covered, 3, 1, 1)
    return (covered > MIN_COVERED).flatten(1), (near == 0).flatten(1)


def _on_grid(level: Tensor, grid: torch.Size) -> Tensor:
    """A neighbourhood's mean at each place, raised to the grid (h, w)."""
    smooth = F.avg_pool2d(level, 3, 1, 1, count_include_pad=False)
    if smooth.shape[2:] == grid:
        return smooth
    return F.interpolate(smooth, size=list(grid), mode="bilinear", align_corners=False)


def _some_places(embedded: Tensor, rng: Rng) -> tuple[Tensor, Tensor]:
    """Rows (n * k, c) of k random places of each map (n, c, h, w), and their numbers (n, k)."""
    rows = embedded.flatten(2).transpose(1, 2)  # (n, h * w, c)
    n, places, channels = rows.shape
    k = min(PLACES_PER_VIEW, places)
    chosen = torch.from_numpy(np.stack([rng.permutation(places)[:k] for _ in range(n)]))
    picked = rows.gather(1, chosen[..., None].expand(-1, -1, channels))
    return picked.reshape(n * k, channels), chosen
