"""What people say, counted the plain way: every row is read, nothing is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Audit, Finding, Frame, Inspection, Review
from db.questions.selection import Selection
from db.words import Judgement, Outcome, ReviewState, Verdict

SETTLED = (ReviewState.CONFIRMED, ReviewState.FALSE_ALARM)


class EveryRow:
    """All rows of a small database, to ask of again and again."""

    def __init__(self, opened: Session) -> None:
        self.findings = opened.scalars(select(Finding)).all()
        self.frames = opened.scalars(select(Frame)).all()
        self.reviews: dict[int, list[Review]] = defaultdict(list)
        for review in opened.scalars(select(Review).order_by(Review.id)):
            self.reviews[review.finding_id].append(review)
        self.inspections: dict[int, list[Inspection]] = defaultdict(list)
        for inspection in opened.scalars(select(Inspection).order_by(Inspection.id)):
            self.inspections[inspection.frame_id].append(inspection)
        self.audits: dict[int, list[Audit]] = defaultdict(list)
        for audit in opened.scalars(select(Audit).order_by(Audit.id)):
            self.audits[audit.frame_id].append(audit)


def slow_agreement(
    every: EveryRow, wanted: Selection
) -> dict[tuple[str, str], Counter[tuple[ReviewState, ReviewState]]]:
    """How often each pair said which two words."""
    counts: dict[tuple[str, str], Counter[tuple[ReviewState, ReviewState]]] = defaultdict(Counter)
    for words in _words(every, wanted):
        for one, other in combinations(sorted(words, key=lambda review: review.reviewer), 2):
            later = max(one, other, key=lambda review: review.id)
            if _is_in(wanted, later.reviewed_at):
                both = (one.state_after, other.state_after)
                counts[one.reviewer, other.reviewer][both] += 1
    return dict(counts)


def slow_false_alarms(
    every: EveryRow, wanted: Selection, group: Callable[[datetime], str] | None
) -> dict[str, Counter[ReviewState]]:
    """By group of the time of a finding's last word; by reviewer where no group is given."""
    counts: dict[str, Counter[ReviewState]] = defaultdict(Counter)
    for words in _words(every, wanted):
        for word in words if group is None else words[-1:]:
            if _is_in(wanted, word.reviewed_at):
                name = word.reviewer if group is None else group(word.reviewed_at)
                counts[name][word.state_after] += 1
    return dict(counts)


def slow_escapes(
    every: EveryRow, wanted: Selection, model_id: str | None, group: Callable[[Frame], str]
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Frames and errors by measure, source and group."""
    counts: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for frame, inspection in _newest(every, wanted, model_id):
        passed = inspection.outcome is Outcome.PASSED
        findings = [one for one in every.findings if one.inspection_id == inspection.id]
        for source, defective in (
            ("audits", _audited(every.audits[frame.id])),
            ("reviews", _reviewed(findings, passed=passed)),
        ):
            if defective is not None:
                measure = "escape" if passed else "false_call"
                counts[measure, source, group(frame)].append(passed is defective)
    return {key: (len(errors), sum(errors)) for key, errors in counts.items()}


def _words(every: EveryRow, wanted: Selection) -> Iterator[list[Review]]:
    """Of every finding everybody's last verdict that stands, in the order they were said."""
    for finding in every.findings:
        if not _is_there(wanted, finding):
            continue
        reviews = every.reviews[finding.id]
        last: dict[str, Review] = {}
        for review in reviews:
            is_verdict = review.undoes_id is None and review.state_after in SETTLED
            if is_verdict and _stands(review, reviews):
                last[review.reviewer] = review
        yield sorted(last.values(), key=lambda review: review.id)


def _stands(review: Review, reviews: Sequence[Review]) -> bool:
    """Nobody took it back with a review that stands itself."""
    return not any(one.undoes_id == review.id and _stands(one, reviews) for one in reviews)


def _newest(
    every: EveryRow, wanted: Selection, model_id: str | None
) -> Iterator[tuple[Frame, Inspection]]:
    """Every frame with its newest inspection (or the model's), unless that was unfit."""
    for frame in every.frames:
        looks = [one for one in every.inspections[frame.id] if model_id in (None, one.model_id)]
        is_wanted = _is_there(wanted, frame) and _is_in(wanted, frame.taken_at)
        if is_wanted and looks and looks[-1].outcome is not Outcome.UNFIT:
            yield frame, looks[-1]


def _audited(audits: Sequence[Audit]) -> bool | None:
    return audits[-1].judgement is Judgement.DEFECTIVE if audits else None


def _reviewed(findings: Sequence[Finding], *, passed: bool) -> bool | None:
    counting = [one for one in findings if passed or one.verdict is not Verdict.REJECTED]
    if not counting or any(one.state not in SETTLED for one in counting):
        return None
    return any(one.state is ReviewState.CONFIRMED for one in findings)


def _is_there(wanted: Selection, place: Frame | Finding) -> bool:
    return (
        wanted.line in (None, place.line_id)
        and wanted.part in (None, place.part)
        and wanted.camera in (None, place.camera_id)
    )


def _is_in(wanted: Selection, moment: datetime) -> bool:
    is_late = wanted.since is None or moment >= wanted.since
    return is_late and (wanted.until is None or moment < wanted.until)
