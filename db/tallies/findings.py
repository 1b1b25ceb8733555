"""Keeps the tallies of inspections and findings true: called where these are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.models import Finding, Frame, Inspection
from db.tallies.changes import Key, add_counts
from db.tallies.levels import FINDING_LEVELS, PLACE_LEVELS, inspection_levels
from db.tallies.slots import HOUR, QUARTER, place_cell
from db.words import ReviewState

INSPECTION_SLOT = QUARTER
FINDING_SLOT = HOUR


def tally_inspection(
    opened: Session, frame: Frame, inspection: Inspection, *, zone: ZoneInfo
) -> None:
    """Counts a new inspection and its findings; `zone` is the plant's."""
    where = (frame.taken_at, frame.line_id, frame.camera_id, frame.part)
    key = (*where, inspection.model_id, inspection.outcome)
    add_counts(opened, inspection_levels(zone), {key: 1})
    _add_findings(opened, [(finding, finding.state, 1) for finding in inspection.findings])


def tally_states(opened: Session, moved: Sequence[tuple[Finding, ReviewState]]) -> None:
    """Moves findings, each with its new state, from the count of their present state to it."""
    changes = [(finding, finding.state, -1) for finding, _ in moved]
    _add_findings(opened, [*changes, *((finding, state, 1) for finding, state in moved)])


def tally_findings(opened: Session, findings: Sequence[Finding], count: int) -> None:
    """1 for findings that are there now, -1 for those that will not be as they are any more."""
    _add_findings(opened, [(finding, finding.state, count) for finding in findings])


def _add_findings(opened: Session, changes: Sequence[tuple[Finding, ReviewState, int]]) -> None:
    """Adds to every count that a finding is part of, as if it had the state given."""
    sorts: Counter[Key] = Counter()
    places: Counter[Key] = Counter()
    for finding, state, count in changes:
        where = (finding.taken_at, finding.line_id, finding.camera_id, finding.part)
        cells = place_cell(finding.place_x), place_cell(finding.place_y)
        sorts[*where, finding.kind or "", finding.verdict, finding.severity, state] += count
        places[*where, state, *cells] += count
    add_counts(opened, FINDING_LEVELS, sorts)
    add_counts(opened, PLACE_LEVELS, places)
