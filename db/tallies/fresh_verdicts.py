"""What the shortest tallies of verdicts and agreement should say: all reviews, finding by finding.

A query language does not say well what stands after undos of undos, so that Python reads them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AgreementTally, Finding, Review, VerdictTally
from db.models.tallies import Tally
from db.tallies.changes import Key
from db.tallies.opinions import agreement_keys, verdict_keys
from db.tallies.quarter_counts import QuarterCounts
from db.tallies.verdicts import Said

ROWS_AT_ONCE = 10_000


def fresh_verdicts(opened: Session) -> dict[type[Tally], QuarterCounts]:
    """Some minutes for ten million reviews."""
    verdicts, agreements = QuarterCounts(), QuarterCounts()
    for where, said in _findings(opened):
        for key in verdict_keys(said, where):
            verdicts.add(key, 1)
        for key in agreement_keys(said, where):
            agreements.add(key, 1)
    return {VerdictTally: verdicts, AgreementTally: agreements}


def _findings(opened: Session) -> Iterator[tuple[Key, list[Said]]]:
    """Line, camera and part of every reviewed finding, and all that was said of it."""
    chosen = (
        select(
            *(Review.finding_id, Finding.line_id, Finding.camera_id, Finding.part),
            *(Review.id, Review.reviewer, Review.reviewed_at),
            *(Review.state_after, Review.undoes_id),
        )
        .join(Finding, Review.finding_id == Finding.id)
        .order_by(Review.finding_id, Review.id)
    )
    rows = opened.execute(chosen, execution_options={"yield_per": ROWS_AT_ONCE})
    for _, of_finding in groupby(rows, key=itemgetter(0)):
        found = list(of_finding)
        yield tuple(found[0][1:4]), [Said._make(row[4:]) for row in found]
