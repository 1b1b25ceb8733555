"""Does this part lie in its frame always alike? Then what is familiar at each place is taken off.

The question is put to synthetic defects: planted into good parts, are they told better from good
parts with the familiar map or without? No picture of a real defect, and none of those that set the
threshold, has a say.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.opinion import see
from inspect_pipeline.records import DiscrepancyMap, Heat
from inspect_pipeline.stages.familiar import beyond_familiar, familiar_map
from inspect_pipeline.stages.prepare import as_channels
from inspect_pipeline.stages.regions import frame_score
from inspect_pipeline.training.calibrate import (
    SUSPECT_LOG_ODDS,
    Progress,
    frame_of,
    plant,
    planted_size_px,
    suspect_limits,
    unwatched,
)
from inspect_pipeline.training.good_parts import GoodPart

MIN_GAIN = 0.01  # of the AUROC on planted defects; less is luck


@dataclass(frozen=True, kw_only=True, eq=False)
class FamiliarReport:
    """`familiar` is None where the part has no fixed places, or frames of changing size."""

    familiar: Heat | None
    figures: dict[str, Any]


def learn_familiar(
    model: PartModel,
    known: Sequence[GoodPart],
    proof: Sequence[GoodPart],
    *,
    progress: Progress | None = None,
) -> FamiliarReport:
    """The map of `known` good parts, if it helps to find defects planted into `proof`.

    Only suspect places are familiar: where evidence is always far below, a little more of it is no
    defect, and what lies beyond would make it one.
    """
    if model.origin.frame_wh_min != model.origin.frame_wh_max or not known or not proof:
        return FamiliarReport(
            familiar=None, figures={"used": False, "why": "frames differ in size"}
        )
    watch = progress or unwatched
    plain = replace(model, familiar=None)
    highest = familiar_map(
        see(plain, frame_of(part, model)).heat.values
        for part in watch(known, len(known), "familiar places")
    )
    familiar = np.maximum(highest, np.float32(SUSPECT_LOG_ODDS))
    pairs = [_good_and_planted(plain, part) for part in watch(proof, len(proof), "planted")]
    without = _auroc(model, pairs, None)
    with_map = _auroc(model, pairs, familiar)
    used = with_map > without + MIN_GAIN
    figures = {
        "used": used,
        "pictures": len(known),
        "planted_auroc_without": round(without, 4),
        "planted_auroc_with": round(with_map, 4),
    }
    return FamiliarReport(familiar=familiar if used else None, figures=figures)


def _good_and_planted(model: PartModel, part: GoodPart) -> tuple[DiscrepancyMap, DiscrepancyMap]:
    pixels = as_channels(part.pixels, model.preparation.channels)
    seed = zlib.crc32(part.sha256.encode())
    planted, _ = plant(pixels, pixels, size_px=planted_size_px(model), seed=seed)
    frames = frame_of(part, model), frame_of(part, model, planted)
    good, defective = (see(model, frame).heat for frame in frames)
    return good, defective


def _auroc(
    model: PartModel,
    pairs: Sequence[tuple[DiscrepancyMap, DiscrepancyMap]],
    familiar: Heat | None,
) -> float:
    """Chance that a planted defect scores above a good part (ties count half)."""
    area_px = suspect_limits(model).min_area_px
    good, planted = (
        np.array([frame_score(beyond_familiar(h, familiar), min_area_px=area_px) for h in heats])
        for heats in zip(*pairs, strict=True)
    )
    above = planted[:, None] > good[None, :]
    equal = planted[:, None] == good[None, :]
    return float((above + 0.5 * equal).mean())
