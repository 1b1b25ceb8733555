"""One day's frames and inspections, and which inspection each finding belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from benchmarks.scale.columns import Array, Column, Words
from benchmarks.scale.rhythm import HOURS, Floats
from benchmarks.scale.world import (
    CAMERAS,
    LINES,
    PARTS,
    both_look,
    line_of,
    model_in_use,
    part_of,
)

Ints = npt.NDArray[np.int64]
FINDINGS_PER_FRAME = 4.0  # of frames that have any
CLEAN_PER_FLAGGED = 0.5  # frames without findings that retention has left, per frame with some
SHADOWED = 0.6  # share of the frames that both models look at, in their two weeks
_HOUR_US = 3_600_000_000
_LINE_OF = np.array([line_of(camera) for camera in range(len(CAMERAS))])


@dataclass(frozen=True, kw_only=True)
class DayOfFrames:
    """Frames in order of time, inspections in order of their frames, findings of inspections."""

    day: int
    camera: Ints  # per frame
    part: Ints  # per frame
    taken_at: Array  # datetime64[us] per frame
    frame: Ints  # per inspection
    model: Ints  # per inspection, 0 or 1
    inspection: Ints  # per finding
    number: Ints  # per finding, from 1
    twin: Ints  # per finding: the finding of the first model at the same place, or -1


@dataclass(frozen=True)
class _Groups:
    """Findings of one inspection each: the cell (camera and hour) and the frame it is of."""

    cell: Ints
    frame: Ints
    is_second: npt.NDArray[np.bool_]  # the second model's opinion of the frame before
    group: Ints  # per finding
    place: Ints  # per finding, from 0 in its group


def frames_of(
    day: int, began: np.datetime64, findings: Ints, made: Floats, random: np.random.Generator
) -> DayOfFrames:
    """`findings` and `made` (camera, hour): how many to place, how much was produced."""
    parts = np.array([part_of(camera, day) for camera in range(len(CAMERAS))])
    shadowed = np.array([both_look(int(part), day) for part in parts])
    in_use = np.array([model_in_use(int(part), day) for part in parts])
    groups = _grouped(findings, shadowed, random)
    flagged = int((~groups.is_second).sum())
    share = made.ravel() / made.sum()
    clean = random.choice(share.size, size=random.poisson(flagged * CLEAN_PER_FLAGGED), p=share)
    cell = np.concatenate([groups.cell[~groups.is_second], clean])
    taken_at = began + (cell % HOURS * _HOUR_US + random.integers(0, _HOUR_US, cell.size)).astype(
        "timedelta64[us]"
    )
    order = np.argsort(taken_at, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    camera = cell[order] // HOURS

    clean_frame = rank[flagged:]
    also = shadowed[camera[clean_frame]] & (random.random(clean_frame.size) < SHADOWED / 2)
    frame = np.concatenate([rank[groups.frame], clean_frame, clean_frame[also]])
    is_second = np.concatenate(
        [groups.is_second, np.zeros(clean_frame.size, bool), np.ones(int(also.sum()), bool)]
    )
    model = np.where(is_second, 1, in_use[camera[frame]])
    by_frame = np.lexsort((is_second, frame))
    place_of = np.empty_like(by_frame)
    place_of[by_frame] = np.arange(by_frame.size)

    inspection = place_of[groups.group]
    by_inspection = np.lexsort((groups.place, inspection))
    return DayOfFrames(
        day=day,
        camera=camera,
        part=parts[camera],
        taken_at=taken_at[order],
        frame=frame[by_frame],
        model=model[by_frame],
        inspection=inspection[by_inspection],
        number=groups.place[by_inspection] + 1,
        twin=_twins(groups, by_inspection, random),
    )


def _grouped(
    findings: Ints, shadowed: npt.NDArray[np.bool_], random: np.random.Generator
) -> _Groups:
    cell = np.repeat(np.arange(findings.size), findings.ravel())
    begins = random.random(cell.size) < 1 / FINDINGS_PER_FRAME
    begins[:1] = True
    begins[1:] |= cell[1:] != cell[:-1]
    group = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    cell_of = cell[first]
    is_second = np.zeros(cell_of.size, bool)
    odd = np.arange(1, cell_of.size, 2)
    same = cell_of[odd] == cell_of[odd - 1]
    is_second[odd] = same & shadowed[cell_of[odd] // HOURS] & (random.random(odd.size) < SHADOWED)
    return _Groups(
        cell=cell_of,
        frame=np.cumsum(~is_second) - 1,
        is_second=is_second,
        group=group,
        place=np.arange(cell.size) - first[group],
    )


def _twins(groups: _Groups, order: Ints, random: np.random.Generator) -> Ints:
    """Four of five findings of the second model lie where the first model had one."""
    count = groups.group.size
    sizes = np.bincount(groups.group, minlength=groups.cell.size)
    first = np.cumsum(sizes) - sizes
    before = np.maximum(groups.group - 1, 0)
    has_twin = groups.is_second[groups.group] & (groups.place < sizes[before])
    has_twin &= random.random(count) < 0.8
    twin = np.where(has_twin, first[before] + groups.place, -1)
    rank = np.empty_like(order)
    rank[order] = np.arange(count)
    moved = np.where(twin >= 0, rank[twin], -1)
    return np.asarray(moved[order])


def standing(camera: Array, part: Array) -> dict[str, Column]:
    """Columns that say where, of rows of these cameras and parts."""
    return {
        "part": Words(part, [one.name for one in PARTS]),
        "line_id": Words(_LINE_OF[camera], LINES),
        "camera_id": Words(camera, CAMERAS),
    }


def slots(taken_at: Array, slot: timedelta) -> Array:
    """When the slot of each began."""
    size = np.timedelta64(slot)
    epoch = np.datetime64("1970-01-01", "us")
    return np.asarray(epoch + (taken_at - epoch) // size * size)
