"""Findings that look like this one, by what the networks saw (db.descriptors)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import pandas as pd
from sqlalchemy import CompoundSelect, bindparam, select, union_all
from sqlalchemy.orm import Session

from db.descriptors import CODE_BITS, codes_near, decode_descriptor, decode_descriptors, distances
from db.errors import QuestionRefused
from db.models import Finding
from db.questions.parameters import MOST_ID, asked, required
from db.rows import FindingRow
from db.selects import finding_columns
from db.tables import rows_table

_MOST_CANDIDATES = 1000
_FURTHEST_BITS = 2

Descriptors = CompoundSelect[int, bytes | None]


@dataclass(frozen=True, kw_only=True)
class SimilarTo:
    finding: int = required("The finding that the others should look like.", least=1, most=MOST_ID)
    limit: int = asked("At most this many.", 20, least=1, most=500)


@dataclass(frozen=True, kw_only=True)
class SimilarFinding(FindingRow):
    """`distance` is the cosine distance in [0, 2]: 0 looks the same."""

    distance: float


def similar(opened: Session, wanted: SimilarTo) -> pd.DataFrame:
    """Which findings of other inspections look like this one? Nearest first, see below."""
    return rows_table(similar_findings(opened, wanted), SimilarFinding)


def similar_findings(opened: Session, wanted: SimilarTo) -> list[SimilarFinding]:
    """The same as rows.

    Up to 1000 candidates, the newest of the nearest codes first; among them the order is exact
    (cosine distance). Where no more have ever been described, all are compared. Raises
    QuestionRefused where nothing is known of how the finding looks.
    """
    chosen = select(
        Finding.inspection_id, Finding.descriptor, Finding.descriptor_space, Finding.descriptor_code
    ).where(Finding.id == wanted.finding)
    row = opened.execute(chosen).one_or_none()
    if row is None:
        raise QuestionRefused(f"finding: there is no finding {wanted.finding}", field="finding")
    inspection_id, descriptor, space, code = row
    if descriptor is None or space is None or code is None:
        raise QuestionRefused(
            f"finding: nothing is kept of how finding {wanted.finding} looks: it was recorded "
            "without a description of its region, so none can be compared with it",
            field="finding",
        )
    beside = opened.scalars(select(Finding.id).where(Finding.inspection_id == inspection_id))
    candidates = _candidates(opened, space, code)
    for one in beside:
        candidates.pop(one, None)
    if not candidates:
        return []
    ids = np.array(list(candidates))
    away = distances(decode_descriptor(descriptor), decode_descriptors(candidates.values()))
    nearest = np.lexsort((-ids, away))[: wanted.limit]
    by_id = {int(ids[at]): max(0.0, float(away[at])) for at in nearest}
    return _rows(opened, by_id)


def _candidates(opened: Session, space: str, code: int) -> dict[int, bytes]:
    """Descriptors by id: of this code, of codes that differ in one bit, in two, then of any."""
    found: dict[int, bytes] = {}
    code_itself, *further = codes_near(code, bits=_FURTHEST_BITS)
    groups = [further[at : at + CODE_BITS] for at in range(0, len(further), CODE_BITS)]
    for codes in ([code_itself], *groups):
        wanted = {f"code_{place}": one for place, one in enumerate(codes)}
        share = -(-(_MOST_CANDIDATES - len(found)) // len(codes))
        asked = {"space": space, "share": share, **wanted}
        found |= {
            row_id: stored
            for row_id, stored in opened.execute(_of_codes(len(codes)), asked)
            if stored
        }
        if len(found) >= _MOST_CANDIDATES:
            return found
    any_code = (
        select(Finding.id, Finding.descriptor)
        .where(Finding.descriptor_space == space)
        .order_by(Finding.descriptor_code, Finding.id)
        .limit(_MOST_CANDIDATES)
    )
    return {row_id: stored for row_id, stored in opened.execute(any_code) if stored} | found


@cache
def _of_codes(count: int) -> Descriptors:
    """The newest of each code. Each is asked by itself: the index gives them and no more is read.

    Nothing but what lies in the index is asked for, so that no row need be looked up.
    """
    of_codes = [
        select(Finding.id, Finding.descriptor)
        .where(
            Finding.descriptor_space == bindparam("space"),
            Finding.descriptor_code == bindparam(f"code_{place}"),
        )
        .order_by(Finding.id.desc())
        .limit(bindparam("share"))
        .subquery()
        for place in range(count)
    ]
    return union_all(*(select(one.c.id, one.c.descriptor) for one in of_codes))


def _rows(opened: Session, distance_of: dict[int, float]) -> list[SimilarFinding]:
    """In the order of the ids."""
    chosen = finding_columns().where(Finding.id.in_(distance_of))
    rows = {row["finding_id"]: row for row in opened.execute(chosen).mappings()}
    names = [field.name for field in fields(FindingRow)]
    return [
        SimilarFinding(**{name: rows[row_id][name] for name in names}, distance=distance)
        for row_id, distance in distance_of.items()
    ]
