"""What the pictures of a day were like: the sums that the product keeps of every camera."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.scale.columns import Array, Rows
from benchmarks.scale.frames import DayOfFrames, slots, standing
from db.input_health import FIGURES, SCORE
from db.tallies.slots import QUARTER

USUAL = {  # what a figure is like, and how much frames of a camera differ
    "brightness": (128.0, 4.0),
    "contrast": (40.0, 3.0),
    "focus": (5.0, 0.4),
    "shading": (8.0, 1.0),
    "darkest_spot": (15.0, 2.0),
    "clipped": (0.05, 0.01),
    SCORE: (-1.0, 0.6),
}


def camera_figures(
    frames: DayOfFrames, is_unfit: Array, is_passed: Array, random: np.random.Generator
) -> Rows:
    """`is_unfit` and `is_passed` are of inspections; a frame counts with its first one."""
    first = np.unique(frames.frame, return_index=True)[1]
    unfit, passed = is_unfit[first], is_passed[first]
    seen: dict[str, Array] = {
        "slot_at": slots(frames.taken_at, QUARTER),
        "camera": frames.camera,
        "part": frames.part,
        "frames": np.ones(len(first), np.int64),
        "unfit": unfit.astype(np.int64),
        "measured": (~unfit).astype(np.int64),
        "passed": passed.astype(np.int64),
    }
    for name in (*FIGURES, SCORE):
        mean, spread = USUAL[name]
        value = mean + spread * random.standard_normal(len(first))
        value = np.where(passed if name == SCORE else ~unfit, value, 0.0)
        seen[name], seen[f"{name}_squares"] = value, value**2
    summed = pd.DataFrame(seen).groupby(["slot_at", "camera", "part"]).sum().reset_index()
    columns = {name: summed[name].to_numpy() for name in summed.columns}
    camera, part = columns.pop("camera"), columns.pop("part")
    return Rows(table="camera_figures", columns={**standing(camera, part), **columns})
