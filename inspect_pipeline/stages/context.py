"""Evidence in its surroundings: the working picture, its golden twin and DIPN's local log-odds go
through the contextual branch whole, so that every place has the neighbours it had in training.

Only a picture too large for that is looked at in windows. They see a margin beyond what they answer
for, so wide that the seams do not show.
"""

from __future__ import annotations

import torch
from torch import Tensor

from inspect_pipeline.networks.context import MIN_SIDE_PX
from inspect_pipeline.networks.contextual import Contextual, Views
from inspect_pipeline.tiling import padded, windows

WINDOW_PX = 1024  # answered for at once
MARGIN_PX = 128  # seen beyond that


def evidence_in_context(
    contextual: Contextual, views: Views, *, window_px: int = WINDOW_PX
) -> Tensor:
    """Whole working pictures (C, h, w) and (1, h, w) -> log-odds (1, h, w)."""
    height, width = views.observed.shape[1:]
    least_wh = (max(width, MIN_SIDE_PX), max(height, MIN_SIDE_PX))
    grown = Views(*(padded(one, least_wh) for one in views))
    evidence = torch.empty(1, least_wh[1], least_wh[0])
    for window in windows(least_wh, window_px=window_px, margin_px=MARGIN_PX):
        seen = Views(*(one[None, :, *window.seen] for one in grown))
        evidence[:, *window.kept] = contextual(seen)[0, :, *window.kept_of_seen]
    return evidence[:, :height, :width]
