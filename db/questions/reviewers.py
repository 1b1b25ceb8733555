"""Do people agree, and how much of what is shown to them is a false alarm?

Counted from the kept tallies of what people say (`db.models.verdict_tallies`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, partial

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.questions.parameters import asked
from db.questions.periods import Period, Span, span_of
from db.questions.proportions import wilson_interval
from db.questions.selection import (
    Selection,
    agreement_counts,
    plant_shifts,
    plant_zone,
    verdict_counts,
)
from db.tables import rows_table
from db.tallies.verdicts import SETTLED
from db.words import ReviewState


@dataclass(frozen=True, kw_only=True)
class AgreementOf(Selection):
    """`since` and `until` are about the time of the later review of two."""

    fewest: int = asked("Only pairs who both judged this many findings.", 1, least=1)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """`share` of the findings both judged that they called the same, with its interval.

    `kappa` is Cohen's: 1 is full agreement, 0 what chance would give; none where both always said
    the same one word, which chance alone would explain.
    """

    reviewer: str
    other: str
    findings: int
    agreed: int
    share: float
    low: float
    high: float
    kappa: float | None


class Cut(StrEnum):
    DAY = "day"
    WEEK = "week"
    REVIEWER = "reviewer"


@dataclass(frozen=True, kw_only=True)
class FalseAlarmsOf(Selection):
    """`since` and `until` are about the time of the reviews."""

    by: Cut = asked("Per day or week of the review, or per reviewer.", Cut.WEEK)


@dataclass(frozen=True, kw_only=True)
class FalseAlarmShare:
    """`share` is false alarms / reviewed, with its interval; times are those of the period."""

    period: str | None
    from_at: datetime | None
    to_at: datetime | None
    reviewer: str | None
    reviewed: int
    false_alarms: int
    share: float
    low: float
    high: float


def agreement(opened: Session, wanted: AgreementOf) -> pd.DataFrame:
    """Do two people who judged the same finding call it the same? Pairs by name.

    Everybody's last standing word on a finding counts, confirmed or false alarm; a second look is
    none. A pair belongs to the time of its later word, in quarters of an hour, each where it
    begins. Cohen's kappa (Educational and Psychological Measurement 20, 1960). Who reviews second
    sees what the first said: agreement is not that of two who judge blindly.
    """
    kept = agreement_counts(wanted).c
    keys = (kept.reviewer, kept.other, kept.state, kept.other_state)
    findings = func.sum(kept.findings)
    chosen = select(*keys, findings).group_by(*keys).having(findings > 0)
    pairs: dict[tuple[str, str], Counter[tuple[ReviewState, ReviewState]]] = defaultdict(Counter)
    for one, other, said, other_said, count in opened.execute(chosen):
        pairs[one, other][said, other_said] += int(count)
    rows = [
        _agreement(pair, pairs[pair])
        for pair in sorted(pairs)
        if pairs[pair].total() >= wanted.fewest
    ]
    return rows_table(rows, Agreement)


def false_alarms(opened: Session, wanted: FalseAlarmsOf) -> pd.DataFrame:
    """Which share of what people judged was a false alarm? With the Wilson interval (1927).

    A finding counts once, where its last standing word was said; per reviewer, everybody's last
    word counts. A word that was followed by a later one does not count, whenever that was said.
    Findings nobody has judged do not count. Time is counted in quarters of an hour, each where it
    begins.
    """
    counts: dict[tuple[Span | None, str | None], Counter[ReviewState]] = defaultdict(Counter)
    of_words = _of_reviewers if wanted.by is Cut.REVIEWER else _of_times
    for span, reviewer, state, count in of_words(opened, wanted):
        counts[span, reviewer][state] += count
    shares = [_share(span, reviewer, counts[span, reviewer]) for span, reviewer in counts]
    shares.sort(key=lambda one: (one.period or "", one.reviewer or ""))
    return rows_table(shares, FalseAlarmShare)


def cohens_kappa(counts: Mapping[tuple[ReviewState, ReviewState], int]) -> float | None:
    """Agreement beyond chance from how often two people said which pair of words."""
    total = sum(counts.values())
    if total == 0:
        return None
    observed = sum(count for (one, other), count in counts.items() if one == other) / total
    expected = 0.0
    for word in SETTLED:
        of_one = sum(count for (one, _), count in counts.items() if one == word)
        of_other = sum(count for (_, other), count in counts.items() if other == word)
        expected += of_one * of_other / total**2
    return None if expected == 1.0 else (observed - expected) / (1 - expected)


_Counted = tuple[Span | None, str | None, ReviewState, int]


def _of_reviewers(opened: Session, wanted: FalseAlarmsOf) -> Iterator[_Counted]:
    kept = verdict_counts(wanted, zone=plant_zone(opened)).c
    verdicts = func.sum(kept.verdicts)
    chosen = select(kept.reviewer, kept.state, verdicts).group_by(kept.reviewer, kept.state)
    for reviewer, state, count in opened.execute(chosen.having(verdicts > 0)):
        yield None, reviewer, state, int(count)


def _of_times(opened: Session, wanted: FalseAlarmsOf) -> Iterator[_Counted]:
    zone, shifts = plant_zone(opened), plant_shifts(opened)
    kept = verdict_counts(wanted, zone=zone).c
    verdicts = func.sum(kept.verdicts)
    chosen = select(kept.slot_at, kept.state, verdicts).group_by(kept.slot_at, kept.state)
    begun = cache(partial(span_of, period=Period(wanted.by), shifts=shifts, zone=zone))
    for slot_at, state, count in opened.execute(chosen.where(kept.is_last).having(verdicts > 0)):
        yield begun(slot_at), None, state, int(count)


def _agreement(
    pair: tuple[str, str], counts: Counter[tuple[ReviewState, ReviewState]]
) -> Agreement:
    total = counts.total()
    agreed = sum(count for (one, other), count in counts.items() if one == other)
    low, high = wilson_interval(agreed, total) or (0.0, 1.0)
    return Agreement(
        reviewer=pair[0],
        other=pair[1],
        findings=total,
        agreed=agreed,
        share=agreed / total,
        low=low,
        high=high,
        kappa=cohens_kappa(counts),
    )


def _share(
    span: Span | None, reviewer: str | None, counts: Counter[ReviewState]
) -> FalseAlarmShare:
    reviewed, alarms = counts.total(), counts[ReviewState.FALSE_ALARM]
    low, high = wilson_interval(alarms, reviewed) or (0.0, 1.0)
    return FalseAlarmShare(
        period=None if span is None else span.name,
        from_at=None if span is None else span.from_at,
        to_at=None if span is None else span.to_at,
        reviewer=reviewer,
        reviewed=reviewed,
        false_alarms=alarms,
        share=alarms / reviewed,
        low=low,
        high=high,
    )
