"""The recorded findings held against the ground truth: the part of a report for simulated lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import reporting
from db.reporting import FindingMask, InspectedFrame
from db.rows import FrameFilter
from db.words import Outcome, Verdict
from inspect_pipeline.geometry import Box
from inspect_pipeline.reports.stored import mask_of
from inspect_pipeline.reports.truth import (
    Fate,
    FoundRegion,
    FrameMatch,
    GroundTruth,
    Planted,
    TruthTally,
    match_frame,
    tally,
)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What the truth says of one finding; `tone` is good, bad or calm."""

    words: str
    tone: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Missed:
    """A planted defect that no finding reports, and the frame it lies in."""

    planted: Planted
    fate: Fate
    frame: InspectedFrame


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    tally: TruthTally
    marks: Mapping[int, Mark]  # by finding id; findings of unknown frames have none
    missed: tuple[Missed, ...]
    frames_unknown: int  # inspected frames of which the truth says nothing


def compare_with_truth(opened: Session, wanted: FrameFilter, truth: GroundTruth) -> Comparison:
    """Reads the masks of the selection's findings. Several inspections of a frame count as one."""
    frames: dict[str, list[InspectedFrame]] = defaultdict(list)
    for frame in reporting.inspected_frames(opened, wanted):
        frames[frame.content_sha256].append(frame)
    known = {sha: seen for sha, seen in frames.items() if sha in truth.planted}
    matches = [_match(opened, seen, truth.planted[sha]) for sha, seen in known.items()]
    return Comparison(
        tally=tally(matches),
        marks={finding: mark for match in matches for finding, mark in marks(match).items()},
        missed=tuple(
            Missed(planted=planted, fate=fate, frame=known[match.content_sha256][0])
            for match in matches
            for planted, fate in zip(match.planted, match.fates, strict=True)
            if fate is not Fate.FOUND
        ),
        frames_unknown=len(frames) - len(known),
    )


def marks(match: FrameMatch) -> dict[int, Mark]:
    """One mark for every finding of the frame."""
    return {
        finding_id: _mark(kinds, is_rejected=finding_id in match.rejected)
        for finding_id, kinds in match.kinds_touched.items()
    }


def _mark(kinds: Sequence[str], *, is_rejected: bool) -> Mark:
    if not kinds:
        if is_rejected:
            return Mark(words="rightly rejected", tone="good")
        return Mark(words="false alarm", tone="bad")
    planted = f"planted: {', '.join(sorted(set(kinds)))}"
    if is_rejected:
        return Mark(words=f"{planted}, wrongly rejected", tone="bad")
    return Mark(words=planted, tone="good")


def _match(
    opened: Session, seen: Sequence[InspectedFrame], planted: Sequence[Planted]
) -> FrameMatch:
    regions = [
        _region(mask)
        for inspection in seen
        for mask in reporting.finding_masks(opened, inspection.inspection_id)
    ]
    is_unfit = all(inspection.outcome is Outcome.UNFIT for inspection in seen)
    return match_frame(seen[0].content_sha256, planted, regions, is_unfit=is_unfit)


def _region(finding: FindingMask) -> FoundRegion:
    box = Box(x0=finding.x0, y0=finding.y0, x1=finding.x1, y1=finding.y1)
    return FoundRegion(
        finding_id=finding.finding_id,
        box=box,
        mask=mask_of(finding.mask, box),
        is_rejected=finding.verdict is Verdict.REJECTED,
    )
