"""Findings against what was planted: which defects were found, which findings are false alarms.

A planted defect is found if a finding that was not rejected overlaps its mask grown by TOUCH_PX. A
false alarm is a finding that was not rejected and overlaps no planted defect, grown alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np

from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Mask
from inspect_pipeline.reports.drawing import grown_mask

TOUCH_PX = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Planted:
    """One defect that is known to be there: its kind, its box in the frame, its mask in the box."""

    kind: str
    box: Box
    mask: Mask

    def __post_init__(self) -> None:
        if self.mask.shape != (self.box.height_px, self.box.width_px) or not self.mask.any():
            raise ValueError(f"a planted {self.kind} needs a mask that fits {self.box}")

    @classmethod
    def of(cls, kind: str, frame_mask: Mask) -> Self:
        """From a mask (H, W) of the whole frame; it needs at least one pixel."""
        rows, columns = np.flatnonzero(frame_mask.any(axis=1)), np.flatnonzero(frame_mask.any(0))
        if not rows.size:
            raise ValueError(f"the mask of a planted {kind} is empty")
        box = Box(
            x0=int(columns[0]), y0=int(rows[0]), x1=int(columns[-1]) + 1, y1=int(rows[-1]) + 1
        )
        return cls(kind=kind, box=box, mask=frame_mask[box.slices].copy())


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """What was planted, by the frames' content_sha256.

    A good frame has an entry with nothing in it; of a frame without an entry nothing is known, and
    its findings are neither right nor wrong.
    """

    planted: Mapping[str, Sequence[Planted]]


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundRegion:
    """What matters of a finding here."""

    finding_id: int
    box: Box
    mask: Mask
    is_rejected: bool


class Fate(StrEnum):
    """What became of a planted defect."""

    FOUND = "found"
    REJECTED = "rejected"  # a region was there, and verification rejected it
    UNNOTICED = "unnoticed"
    UNFIT = "unfit"  # the frame was not inspected


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameMatch:
    """One frame: what became of each planted defect, and what each finding touches."""

    content_sha256: str
    planted: tuple[Planted, ...]
    fates: tuple[Fate, ...]  # of `planted`, pairwise
    kinds_touched: Mapping[int, tuple[str, ...]]  # finding id -> kinds; () touches nothing
    false_alarms: tuple[int, ...]  # finding ids
    rejected: frozenset[int]  # finding ids


@dataclass(frozen=True, kw_only=True)
class KindTally:
    kind: str
    planted: int
    found: int


@dataclass(frozen=True, kw_only=True)
class TruthTally:
    """The whole selection in numbers; `kinds` in alphabetical order."""

    kinds: tuple[KindTally, ...]
    frames: int
    good_frames: int  # fit frames that carry nothing
    good_frames_alarmed: int
    false_alarms: int  # findings, on good and on defective frames

    @property
    def planted(self) -> int:
        return sum(kind.planted for kind in self.kinds)

    @property
    def found(self) -> int:
        return sum(kind.found for kind in self.kinds)


def match_frame(
    content_sha256: str,
    planted: Sequence[Planted],
    regions: Sequence[FoundRegion],
    *,
    is_unfit: bool = False,
) -> FrameMatch:
    """Compares the findings of one frame with the defects planted into it."""
    touching = {
        region.finding_id: tuple(touches(region, defect) for defect in planted)
        for region in regions
    }
    fates = tuple(
        Fate.UNFIT if is_unfit else _fate([(r, touching[r.finding_id][number]) for r in regions])
        for number in range(len(planted))
    )
    return FrameMatch(
        content_sha256=content_sha256,
        planted=tuple(planted),
        fates=fates,
        kinds_touched={
            finding_id: tuple(defect.kind for defect, hit in zip(planted, hits, strict=True) if hit)
            for finding_id, hits in touching.items()
        },
        false_alarms=tuple(
            region.finding_id
            for region in regions
            if not region.is_rejected and not any(touching[region.finding_id])
        ),
        rejected=frozenset(region.finding_id for region in regions if region.is_rejected),
    )


def touches(region: FoundRegion, defect: Planted) -> bool:
    """Does the region's mask overlap the defect's mask grown by TOUCH_PX?"""
    x0, y0 = min(region.box.x0, defect.box.x0), min(region.box.y0, defect.box.y0)
    x1, y1 = max(region.box.x1, defect.box.x1), max(region.box.y1, defect.box.y1)
    if _gap_px(region.box, defect.box) > TOUCH_PX:
        return False
    found, there = np.zeros((2, y1 - y0, x1 - x0), dtype=bool)
    for canvas, box, mask in ((found, region.box, region.mask), (there, defect.box, defect.mask)):
        canvas[box.y0 - y0 : box.y1 - y0, box.x0 - x0 : box.x1 - x0] = mask
    return bool((found & grown_mask(there, TOUCH_PX)).any())


def tally(matches: Iterable[FrameMatch]) -> TruthTally:
    """All frames together. Defects on unfit frames count as planted and not found."""
    matches = list(matches)
    fates = [
        (defect.kind, fate)
        for match in matches
        for defect, fate in zip(match.planted, match.fates, strict=True)
    ]
    good = [match for match in matches if not match.planted]
    return TruthTally(
        kinds=tuple(
            KindTally(
                kind=kind,
                planted=sum(1 for name, _ in fates if name == kind),
                found=sum(1 for name, fate in fates if name == kind and fate is Fate.FOUND),
            )
            for kind in sorted({kind for kind, _ in fates})
        ),
        frames=len(matches),
        good_frames=len(good),
        good_frames_alarmed=sum(1 for match in good if match.false_alarms),
        false_alarms=sum(len(match.false_alarms) for match in matches),
    )


def _fate(regions: Sequence[tuple[FoundRegion, bool]]) -> Fate:
    touching = [region for region, hit in regions if hit]
    if any(not region.is_rejected for region in touching):
        return Fate.FOUND
    return Fate.REJECTED if touching else Fate.UNNOTICED


def _gap_px(first: Box, second: Box) -> int:
    """Pixels between two boxes along the axis that separates them most; 0 where they overlap."""
    gap_x = max(first.x0, second.x0) - min(first.x1, second.x1)
    gap_y = max(first.y0, second.y0) - min(first.y1, second.y1)
    return max(0, gap_x, gap_y)
