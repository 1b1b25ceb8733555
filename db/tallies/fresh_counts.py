"""What the shortest tallies of inspections, findings and judged frames should say: one select each.

The selects group rows as the rules of `db.tallies.findings` and `db.tallies.judging` do, in the
database's words.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    SmallInteger,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.columns import UtcDateTime
from db.models import (
    Audit,
    Finding,
    FindingTally,
    Frame,
    Inspection,
    InspectionTally,
    JudgedTally,
    PlaceMonth,
)
from db.models.tallies import Tally
from db.selects import Rows
from db.tallies.findings import FINDING_SLOT, INSPECTION_SLOT
from db.tallies.slots import PLACE_CELLS
from db.tallies.verdicts import SETTLED
from db.words import JudgedBy, Judgement, Outcome, ReviewState, Verdict


def fresh_counts(opened: Session) -> dict[type[Tally], Rows]:
    """Each table with the select that would fill it, columns in the table's order."""
    dialect = opened.get_bind().dialect.name
    return {
        InspectionTally: _of_inspections(dialect),
        FindingTally: _of_findings(dialect),
        PlaceMonth: _of_places(dialect),
        JudgedTally: _of_judged_frames(dialect),
    }


def _of_inspections(dialect: str) -> Rows:
    keys = [
        _slot(dialect, Frame.taken_at, INSPECTION_SLOT),
        *(Frame.line_id, Frame.camera_id, Frame.part),
        *(Inspection.model_id, Inspection.outcome),
    ]
    return (
        select(*keys, func.count().label("inspections"))
        .join(Inspection, Inspection.frame_id == Frame.id)
        .group_by(*keys)
    )


def _of_findings(dialect: str) -> Rows:
    keys = [
        _slot(dialect, Finding.taken_at, FINDING_SLOT),
        *(Finding.line_id, Finding.camera_id, Finding.part),
        func.coalesce(Finding.kind, literal_column("''")).label("kind"),
        *(Finding.verdict, Finding.severity, Finding.state),
    ]
    return select(*keys, func.count().label("findings")).group_by(*keys)


def _of_places(dialect: str) -> Rows:
    keys = [
        _month(dialect, Finding.taken_at),
        *(Finding.line_id, Finding.camera_id, Finding.part, Finding.state),
        _cell(dialect, Finding.place_x).label("cell_x"),
        _cell(dialect, Finding.place_y).label("cell_y"),
    ]
    return select(*keys, func.count().label("findings")).group_by(*keys)


def _of_judged_frames(dialect: str) -> Rows:
    """By audits and by reviews, of each model's newest inspection of a frame."""
    newest = _newest_opinions()
    chosen = []
    for judged in (_audited(newest).c, _reviewed(newest).c):
        keys = [
            _slot(dialect, judged.taken_at, INSPECTION_SLOT),
            *(judged.line_id, judged.camera_id, judged.part, judged.model_id),
            *(judged.is_newest, judged.source),
            type_coerce(judged.outcome == Outcome.PASSED, Boolean).label("passed"),
            judged.defective,
        ]
        chosen.append(select(*keys, func.count().label("frames")).group_by(*keys))
    both = union_all(*chosen).subquery()
    return select(*both.c)


def _newest_opinions() -> Subquery:
    """Inspections that are the newest of their model, with their frames; unfit ones left out."""
    of_frame = func.max(Inspection.id).over(partition_by=Inspection.frame_id)
    of_model = func.max(Inspection.id).over(partition_by=(Inspection.frame_id, Inspection.model_id))
    ranked = select(
        Inspection.id,
        *(Inspection.frame_id, Inspection.model_id, Inspection.outcome),
        type_coerce(Inspection.id == of_frame, Boolean).label("is_newest"),
        type_coerce(Inspection.id == of_model, Boolean).label("is_newest_of_model"),
    ).subquery()
    return (
        select(ranked, Frame.taken_at, Frame.line_id, Frame.camera_id, Frame.part)
        .join(Frame, ranked.c.frame_id == Frame.id)
        .where(ranked.c.is_newest_of_model, ranked.c.outcome != Outcome.UNFIT)
        .subquery()
    )


def _audited(newest: Subquery) -> Subquery:
    later = aliased(Audit)
    last_id = select(func.max(later.id)).where(later.frame_id == Audit.frame_id)
    defective = type_coerce(Audit.judgement == Judgement.DEFECTIVE, Boolean)
    return (
        select(newest, _word(JudgedBy.AUDITS), defective.label("defective"))
        .join(Audit, Audit.frame_id == newest.c.frame_id)
        .where(Audit.id == last_id.correlate(Audit).scalar_subquery())
        .subquery()
    )


def _reviewed(newest: Subquery) -> Subquery:
    counts = or_(Finding.verdict != Verdict.REJECTED, newest.c.outcome == Outcome.PASSED)
    open_ones = func.sum(case((and_(counts, Finding.state.not_in(SETTLED)), 1), else_=0))
    settled = func.sum(case((and_(counts, Finding.state.in_(SETTLED)), 1), else_=0))
    confirmed = func.sum(case((Finding.state == ReviewState.CONFIRMED, 1), else_=0))
    defective = type_coerce(confirmed > 0, Boolean)
    return (
        select(newest, _word(JudgedBy.REVIEWS), defective.label("defective"))
        .join(Finding, Finding.inspection_id == newest.c.id)
        .group_by(*newest.c)
        .having(and_(open_ones == 0, settled > 0))
        .subquery()
    )


def _word(source: JudgedBy) -> ColumnElement[JudgedBy]:
    return type_coerce(literal_column(f"'{source.value}'"), JudgedTally.source.type).label("source")


def _month(dialect: str, moment: InstrumentedAttribute[datetime]) -> ColumnElement[datetime]:
    """The beginning of a time's month of UTC."""
    begin: ColumnElement[Any] = (
        func.date_trunc(literal_column("'month'"), moment, literal_column("'UTC'"))
        if dialect == "postgresql"
        else func.substr(moment, 1, 7).op("||")(literal_column("'-01 00:00:00.000000'"))
    )
    return type_coerce(begin, UtcDateTime).label("slot_at")


def _cell(dialect: str, place: InstrumentedAttribute[float]) -> ColumnElement[int]:
    """As db.tallies.slots.place_cell says it."""
    cells: ColumnElement[int] = literal_column(str(PLACE_CELLS))
    if dialect == "postgresql":
        return cast(func.least(func.floor(place * cells), cells - 1), SmallInteger)
    return func.min(cast(place * cells, SmallInteger), cells - 1)


def _slot(
    dialect: str,
    moment: InstrumentedAttribute[datetime] | ColumnElement[datetime],
    slot: timedelta,
) -> ColumnElement[datetime]:
    """The beginning of the slot (db.tallies.slots.Every), as each database stores times."""
    seconds: ColumnElement[int] = literal_column(str(int(slot.total_seconds())))
    if dialect == "postgresql":
        epoch: ColumnElement[datetime] = literal_column("TIMESTAMPTZ '1970-01-01 00:00:00+00'")
        begin: ColumnElement[Any] = func.date_bin(
            func.make_interval(*[0] * 6, seconds), moment, epoch
        )
    else:
        whole_s = func.substr(moment, 1, 19)  # strftime rounds 59.9996 s up to the next minute
        slots = func.strftime("%s", whole_s).op("/")(seconds)
        begin = func.strftime("%Y-%m-%d %H:%M:%S.000000", slots.op("*")(seconds), "unixepoch")
    return type_coerce(begin, UtcDateTime).label("slot_at")
