"""What good parts show at each place: evidence that recurs there is no news.

Parts that lie in the frame always alike (a hole, an edge, a stamp) raise the same small evidence at
the same place on every good part. Its highest value over good frames, a few pixels around for the
play of the part in its fixture, is taken off; what remains is evidence beyond the familiar.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from inspect_pipeline.records import DiscrepancyMap, Heat

PLAY_PX = 4  # of the frame, each way


def familiar_map(heats: Iterable[Heat]) -> Heat:
    """Highest log-odds of good frames at and around each pixel; all maps (H, W) of one size."""
    reach = np.ones((2 * PLAY_PX + 1, 2 * PLAY_PX + 1), dtype=np.uint8)
    highest: Heat | None = None
    for heat in heats:
        around = np.asarray(cv2.dilate(heat, reach), dtype=np.float32)
        highest = around if highest is None else np.maximum(highest, around)
    if highest is None:
        raise ValueError("a familiar map needs at least one good frame")
    return highest


def beyond_familiar(heat: DiscrepancyMap, familiar: Heat | None) -> DiscrepancyMap:
    """Where the map exceeds the familiar, by how much; elsewhere raw log-odds of at most 0.

    Without a familiar map the evidence stays as it is.
    """
    if familiar is None:
        return heat
    if familiar.shape != heat.values.shape:
        raise ValueError(f"familiar map {familiar.shape}, frame {heat.values.shape}")
    beyond = heat.values - familiar
    return DiscrepancyMap(values=np.where(beyond > 0, beyond, np.minimum(heat.values, 0)))
