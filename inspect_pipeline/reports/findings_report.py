"""The findings report: one self-contained page, numbers first, then every finding, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from db import queries, reporting
from db.evidence import EvidenceStore
from db.rows import FindingRow, FrameFilter
from db.words import Outcome
from inspect_pipeline.records import Picture
from inspect_pipeline.reports.finding_cards import Card, MissedCard, finding_card, missed_card
from inspect_pipeline.reports.pages import rendered
from inspect_pipeline.reports.totals import totals_of
from inspect_pipeline.reports.truth import GroundTruth
from inspect_pipeline.reports.truth_section import Comparison, compare_with_truth

EVERY_FRAME = FrameFilter()
FINDINGS_LIMIT = 50
TABLE_LIMIT = 500
UNFIT_LIMIT = 200
NO_PICTURES: Mapping[str, Picture] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class FindingsSection:
    """The worst findings as rows, the worst of these with pictures."""

    table: tuple[FindingRow, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class TruthSection:
    comparison: Comparison
    missed: tuple[MissedCard, ...]


def findings_report(
    opened: Session,
    evidence: EvidenceStore,
    *,
    title: str,
    created_at: datetime,
    wanted: FrameFilter = EVERY_FRAME,
    limit: int = FINDINGS_LIMIT,
    truth: GroundTruth | None = None,
    observed: Mapping[str, Picture] = NO_PICTURES,
) -> str:
    """The page as HTML that needs no other file, no script and no network.

    The worst `limit` findings get pictures, the page says how many did not. With `truth` it also
    says what was found of what was planted; `observed` are frames by content_sha256, for defects
    missed in frames of which the database keeps no picture. Reads in the caller's transaction.
    """
    if limit < 0:
        raise ValueError(f"limit must not be negative, got {limit}")
    totals = totals_of(opened, wanted)
    compared = None if truth is None else _truth(opened, evidence, wanted, truth, observed, limit)
    marks = {} if compared is None else compared.comparison.marks
    table = reporting.worst_findings(opened, wanted, limit=max(limit, TABLE_LIMIT))
    cards = tuple(
        finding_card(
            queries.finding(opened, row.finding_id),
            evidence,
            scale=totals.scale_of(row.model_id),
            mark=marks.get(row.finding_id),
        )
        for row in table[:limit]
    )
    unfit = reporting.inspections_of(wanted, Outcome.UNFIT)
    facts = {
        "title": title,
        "created_at": created_at,
        "wanted": wanted,
        "totals": totals,
        "findings": FindingsSection(table=tuple(table), cards=cards),
        "marks": marks,
        "truth": compared,
        "unfit": queries.inspections(opened, unfit, limit=UNFIT_LIMIT),
    }
    return rendered("findings_report.html.j2", facts)


def _truth(
    opened: Session,
    evidence: EvidenceStore,
    wanted: FrameFilter,
    truth: GroundTruth,
    observed: Mapping[str, Picture],
    limit: int,
) -> TruthSection:
    comparison = compare_with_truth(opened, wanted, truth)
    missed = tuple(
        missed_card(one, evidence, observed.get(one.frame.content_sha256))
        for one in comparison.missed[:limit]
    )
    return TruthSection(comparison=comparison, missed=missed)
