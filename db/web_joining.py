"""A defect across the border of two frames becomes one finding, when the second is recorded.

In the transaction that records it, so that at no moment two findings stand for one defect. The
finding keeps its id; its row moves to the frame that shows most of it, so that the result does not
depend on the order of recording. A finding that people have spoken of stays where they saw it. Why:
docs/decisions/0015.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import Alert, Finding, Frame, JoinedRegion
from db.tallies.findings import tally_findings
from db.tallies.judged_frames import keep_frames_of, tally_regions
from db.urgency import urgency
from db.web_neighbours import WebAround, frame_line
from db.web_regions import WebRegion, is_same_defect, region_on_web, whole_defect
from db.words import Severity, Verdict

Grade = Callable[[float, float], Severity]
"""How severe a defect of so many square millimetres and of this score is."""

_WORST_FIRST = (Verdict.CONFIRMED, Verdict.UNSURE, Verdict.REJECTED)
_SEVERITIES = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
_SEEN_THERE = (  # what a finding has of the one frame that it stands with
    *("inspection_id", "number", "taken_at", "x0", "y0", "x1", "y1", "mask", "area_px", "mean"),
    *("explained", "place_x", "place_y", "kind"),
    *("descriptor", "descriptor_space", "descriptor_code"),
    *("observed_name", "golden_name", "restored_name", "heat_name"),
    *("evidence_x0", "evidence_y0", "evidence_x1", "evidence_y1"),
)


@dataclass(kw_only=True, eq=False)
class Meeting:
    """New regions and findings that are one defect."""

    new: list[Finding]
    known: list[Finding] = field(default_factory=list)

    @property
    def kept(self) -> Finding:
        """Spoken of before all others, then the oldest."""
        return min(self.known, key=lambda one: (one.version == 1, one.id))

    @property
    def absorbed(self) -> list[Finding]:
        """Findings that turn out to be part of the one that is kept."""
        kept = self.kept
        return [one for one in self.known if one is not kept and one.version == 1]


def meetings(around: WebAround, frame: Frame, found: Sequence[Finding]) -> list[Meeting]:
    """Which of the regions found in the frame are part of a defect that is known already?"""
    met: list[Meeting] = []
    begin_line = frame_line(frame, around.mm_per_px)
    for finding in found:
        region = _region(finding, begin_line, frame.height_px or 0)
        ids = {one.finding_id for one in around.neighbours if is_same_defect(region, one.region)}
        if not ids:
            continue
        joint = Meeting(new=[finding], known=[around.findings[one] for one in sorted(ids)])
        for other in [one for one in met if ids & {known.id for known in one.known}]:
            met.remove(other)
            joint.new = [*other.new, *joint.new]
            joint.known = list({one.id: one for one in (*other.known, *joint.known)}.values())
        met.append(joint)
    return met


def join(
    opened: Session,
    met: Sequence[Meeting],
    frame: Frame,
    around: WebAround,
    *,
    zone: ZoneInfo,
    grade: Grade | None = None,
) -> None:
    """Makes one finding of all that met, and keeps the counts true.

    The new regions have the id of their inspection and are in no table. Two findings that people
    have both spoken of stay two: nobody's word is taken away.
    """
    changing = [one for meeting in met for one in (meeting.kept, *meeting.absorbed)]
    inspection_ids = {one.inspection_id for one in changing}
    before = keep_frames_of(opened, inspection_ids)
    tally_findings(opened, changing, -1)
    for meeting in met:
        _join_one(opened, meeting, frame, around.mm_per_px, grade)
    tally_findings(opened, [meeting.kept for meeting in met], 1)
    after = keep_frames_of(opened, inspection_ids)
    tally_regions(opened, before, after, zone=zone)


def _join_one(
    opened: Session, meeting: Meeting, frame: Frame, mm_per_px: float, grade: Grade | None
) -> None:
    kept, absorbed = meeting.kept, meeting.absorbed
    told = _told_regions(opened, [kept, *absorbed], mm_per_px)
    begin_line = frame_line(frame, mm_per_px)
    told += [_told(finding, begin_line, kept.id) for finding in meeting.new]
    for one in told:
        one.finding_id = kept.id
    opened.add_all(told)
    opened.flush()
    gone = [one.id for one in absorbed]
    opened.execute(update(Alert).where(Alert.finding_id.in_(gone)).values(finding_id=kept.id))
    shown = {(one.inspection_id, one.number): one for one in told}
    best = max([kept, *absorbed, *meeting.new], key=lambda one: _shows(one, shown))
    seen_there = {name: getattr(best, name) for name in _SEEN_THERE}
    for finding in absorbed:
        opened.delete(finding)
    opened.flush()  # before its number is given to the one that is kept
    if kept.version == 1:
        for name, value in seen_there.items():
            setattr(kept, name, value)
    _tell_whole(kept, told, mm_per_px, grade)
    opened.flush()


def _shows(finding: Finding, shown: dict[tuple[int, int], JoinedRegion]) -> tuple[int, int]:
    """How much of the defect its frame shows; of two that show as much, the earlier frame."""
    told = shown[finding.inspection_id, finding.number]
    return told.area_px, told.y0 - told.first_line


def _tell_whole(
    kept: Finding, told: Sequence[JoinedRegion], mm_per_px: float, grade: Grade | None
) -> None:
    whole = whole_defect([_as_region(one) for one in told])
    stands_at = (kept.inspection_id, kept.number)
    own = next(one for one in told if (one.inspection_id, one.number) == stands_at)
    begin_mm = (own.first_line - own.y0) * mm_per_px  # of the frame that the finding stands with
    kept.area_mm2 = whole.area_px * mm_per_px**2
    kept.centre_x_mm = whole.centre_px * mm_per_px
    kept.web_mm = whole.centre_line * mm_per_px
    kept.centre_y_mm = kept.web_mm - begin_mm
    kept.peak = max(one.peak for one in told)
    kept.score = max(one.score for one in told)
    kept.p_value = min(one.p_value for one in told)
    kept.verdict = min((one.verdict for one in told), key=_WORST_FIRST.index)
    kept.severity = max((one.severity for one in told), key=_SEVERITIES.index)
    if grade is not None:
        kept.severity = grade(kept.area_mm2, kept.score)
    kept.urgency = urgency(verdict=kept.verdict, severity=kept.severity, score=kept.score)


def _told_regions(
    opened: Session, findings: Sequence[Finding], mm_per_px: float
) -> list[JoinedRegion]:
    """What is told of each finding's regions; of one that was alone, its own."""
    ids = [finding.id for finding in findings]
    told = list(opened.scalars(select(JoinedRegion).where(JoinedRegion.finding_id.in_(ids))))
    joined = {one.finding_id for one in told}
    for finding in findings:
        if finding.id not in joined:
            assert finding.web_mm is not None
            begin_mm = finding.web_mm - finding.centre_y_mm
            told.append(_told(finding, round(begin_mm / mm_per_px), finding.id))
    return told


def _told(finding: Finding, begin_line: int, finding_id: int) -> JoinedRegion:
    return JoinedRegion(
        inspection_id=finding.inspection_id,
        number=finding.number,
        finding_id=finding_id,
        first_line=begin_line + finding.y0,
        x0=finding.x0,
        y0=finding.y0,
        x1=finding.x1,
        y1=finding.y1,
        mask=finding.mask,
        area_px=finding.area_px,
        area_mm2=finding.area_mm2,
        peak=finding.peak,
        score=finding.score,
        p_value=finding.p_value,
        verdict=finding.verdict,
        severity=finding.severity,
        kind=finding.kind,
    )


def _region(finding: Finding, begin_line: int, lines: int) -> WebRegion:
    box = (finding.x0, finding.y0, finding.x1, finding.y1)
    return region_on_web(finding.mask, box=box, frame_line=begin_line, frame_lines=lines)


def _as_region(told: JoinedRegion) -> WebRegion:
    return region_on_web(
        told.mask,
        box=(told.x0, told.y0, told.x1, told.y1),
        frame_line=told.first_line - told.y0,
        frame_lines=0,
    )
