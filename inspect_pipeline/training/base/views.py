"""Episodes: some views of one normality each, a part of them with planted defects.

An episode stands for one part. Its views are crops of one picture at nearly one scale, under
slightly different light; the last of them is always good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.records import Picture
from inspect_pipeline.training.base.fields import Rng
from inspect_pipeline.training.defects import with_defect

LEAST_CUT_PX = 40
DAMAGED_SHARE = 0.5  # of the views between the first, always damaged, and the last

View = npt.NDArray[np.float32]  # (3, S, S) in [-1, 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Episodes:
    """E episodes of V views of S x S px."""

    views: npt.NDArray[np.float32]  # (E, V, 3, S, S) in [-1, 1]
    masks: npt.NDArray[np.bool_]  # (E, V, S, S), True where a defect was planted


def draw_episodes(
    rng: Rng, pictures: Sequence[Picture], *, episodes: int, views: int, side_px: int
) -> Episodes:
    """One picture per episode, no two the same."""
    chosen = rng.choice(len(pictures), episodes, replace=False)
    good = np.stack([_crops(rng, pictures[int(k)], views, side_px) for k in chosen])
    seen = good.copy()
    masks = np.zeros((episodes, views, side_px, side_px), dtype=bool)
    for e in range(episodes):
        for v in range(views - 1):
            if v == 0 or rng.random() < DAMAGED_SHARE:
                foreign = _foreign(rng, good, e)
                seen[e, v], masks[e, v] = with_defect(good[e, v], foreign, rng)
        for v in range(views):
            seen[e, v] = _relit(rng, seen[e, v])
    return Episodes(views=seen, masks=masks)


def _foreign(rng: Rng, good: npt.NDArray[np.float32], episode: int) -> View:
    """What a defect is made of: a view of the same part or of any."""
    episodes, views = good.shape[:2]
    if rng.random() < 0.5:
        view: View = good[episode, int(rng.integers(views))]
    else:
        view = good[int(rng.integers(episodes)), 0]
    return view


def _crops(rng: Rng, picture: Picture, views: int, side_px: int) -> npt.NDArray[np.float32]:
    """(views, 3, S, S): a part lies always alike, or is turned anyhow; its distance may vary."""
    full_px = len(picture)
    share, turns = rng.uniform(0.5, 1.0), int(rng.integers(4))
    lies_anyhow, distance_varies = rng.random() < 0.3, rng.random() < 0.5
    is_mirrored = rng.random() < 0.5
    crops = []
    for _ in range(views):
        scale = rng.uniform(0.93, 1.07) if distance_varies else 1
        cut_px = int(np.clip(share * full_px * scale, min(LEAST_CUT_PX, full_px), full_px))
        y, x = rng.integers(0, full_px - cut_px + 1, 2)
        crop = _resized(picture[y : y + cut_px, x : x + cut_px], side_px)
        crop = np.rot90(crop, int(rng.integers(4)) if lies_anyhow else turns)
        if (rng.random() < 0.5) if lies_anyhow else is_mirrored:
            crop = crop[:, ::-1]
        crops.append(crop.transpose(2, 0, 1))
    return np.ascontiguousarray(np.stack(crops))


def _resized(pixels: Picture, side_px: int) -> View:
    """(S, S, 3) in [-1, 1]."""
    how = cv2.INTER_AREA if len(pixels) > side_px else cv2.INTER_LINEAR
    resized = cv2.resize(pixels, (side_px, side_px), interpolation=how)
    return np.asarray(resized, np.float32) / np.float32(127.5) - np.float32(1)


def _relit(rng: Rng, view: View) -> View:
    """Small changes that are no defect: gain, offset, tint, blur, noise."""
    lit = view * rng.uniform(0.85, 1.15) + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.3:
        lit = lit * rng.uniform(0.95, 1.05, (3, 1, 1))
    if rng.random() < 0.2:
        channels = lit.astype(np.float32)
        lit = np.stack([cv2.GaussianBlur(c, (0, 0), rng.uniform(0.3, 0.7)) for c in channels])
    if rng.random() < 0.6:
        shape = lit.shape if rng.random() < 0.5 else lit.shape[1:]
        noise = rng.standard_normal(shape, dtype=np.float32)
        lit = lit + noise * rng.uniform(0, 0.04)
    relit: View = np.clip(lit, -1, 1).astype(np.float32)
    return relit
