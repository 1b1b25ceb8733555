"""The kept counts against a fresh count of every row: do they agree, and if not, put them right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    delete,
    except_,
    func,
    insert,
    literal_column,
    select,
    text,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.columns import Base
from db.models import Finding, FindingTally, Frame, Inspection, InspectionTally
from db.selects import Rows
from db.tallying import FINDING_SLOT, INSPECTION_SLOT


def wrong_tallies(opened: Session) -> int:
    """How many kept counts are not what a fresh count says? Give it a snapshot of the database."""
    wrong = 0
    for table, fresh in _fresh_counts(opened):
        kept = select(*table.__table__.columns).where(_count_of(table) != 0)
        too_much = except_(kept, fresh).subquery()
        too_little = except_(fresh, kept).subquery()
        keys = [column.name for column in table.__table__.columns if column.primary_key]
        either = union(
            *(select(*(side.c[key] for key in keys)) for side in (too_much, too_little))
        ).subquery()
        wrong += opened.scalar(select(func.count()).select_from(either)) or 0
    return wrong


def recount(opened: Session) -> None:
    """Counts everything again; writers wait until the transaction ends."""
    if opened.get_bind().dialect.name == "postgresql":
        opened.execute(text("LOCK TABLE inspection_tallies, finding_tallies IN EXCLUSIVE MODE"))
    for table, fresh in _fresh_counts(opened):
        opened.execute(delete(table))
        names = [column.name for column in table.__table__.columns]
        opened.execute(insert(table).from_select(names, fresh))


def _fresh_counts(opened: Session) -> list[tuple[type[Base], Rows]]:
    """Each table of counts with the select that would fill it, columns in the table's order."""
    dialect = opened.get_bind().dialect.name
    of_inspections = [
        _slot(dialect, Frame.taken_at, INSPECTION_SLOT).label("slot_at"),
        *(Frame.line_id, Frame.camera_id, Frame.part),
        *(Inspection.model_id, Inspection.outcome),
    ]
    of_findings = [
        _slot(dialect, Finding.taken_at, FINDING_SLOT).label("slot_at"),
        *(Finding.line_id, Finding.camera_id, Finding.part),
        func.coalesce(Finding.kind, literal_column("''")).label("kind"),
        *(Finding.verdict, Finding.severity, Finding.state),
    ]
    inspections = (
        select(*of_inspections, func.count().label("inspections"))
        .join(Inspection, Inspection.frame_id == Frame.id)
        .group_by(*of_inspections)
    )
    findings = select(*of_findings, func.count().label("findings")).group_by(*of_findings)
    return [(InspectionTally, inspections), (FindingTally, findings)]


def _count_of(table: type[Base]) -> ColumnElement[int]:
    (count,) = (column for column in table.__table__.columns if not column.primary_key)
    return count


def _slot(
    dialect: str, moment: InstrumentedAttribute[datetime], slot: timedelta
) -> ColumnElement[Any]:
    """The beginning of the slot (db.tallying.slot_of), as each database stores times."""
    seconds: ColumnElement[int] = literal_column(str(int(slot.total_seconds())))
    if dialect == "postgresql":
        epoch: ColumnElement[datetime] = literal_column("TIMESTAMPTZ '1970-01-01 00:00:00+00'")
        return func.date_bin(func.make_interval(*[0] * 6, seconds), moment, epoch)
    whole_s = func.substr(moment, 1, 19)  # strftime rounds 59.9996 s up to the next minute
    slots = func.strftime("%s", whole_s).op("/")(seconds)
    return func.strftime("%Y-%m-%d %H:%M:%S.000000", slots.op("*")(seconds), "unixepoch")
