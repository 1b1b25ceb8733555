"""The kept counts against a fresh count of every row: do they agree, and if not, put them right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    SmallInteger,
    cast,
    delete,
    except_,
    func,
    insert,
    literal_column,
    select,
    text,
    type_coerce,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.catalogue import zone_of
from db.columns import Base, UtcDateTime
from db.models import (
    Finding,
    FindingDay,
    FindingMonth,
    FindingTally,
    Frame,
    Inspection,
    InspectionDay,
    InspectionTally,
    PlaceMonth,
)
from db.selects import Rows
from db.tally_slots import PLACE_CELLS
from db.tallying import FINDING_SLOT, INSPECTION_SLOT, count_days_again, counts_of_days


def wrong_tallies(opened: Session) -> int:
    """How many kept counts are not what a fresh count says? Give it a snapshot of the database."""
    wrong = 0
    for table, fresh in (*_fresh_counts(opened), *_fresh_sums(opened)):
        kept = select(*table.__table__.columns).where(_count_of(table) != 0)
        too_much = except_(kept, fresh).subquery()
        too_little = except_(fresh, kept).subquery()
        keys = [column.name for column in table.__table__.columns if column.primary_key]
        either = union(
            *(select(*(side.c[key] for key in keys)) for side in (too_much, too_little))
        ).subquery()
        wrong += opened.scalar(select(func.count()).select_from(either)) or 0
    return wrong + _wrong_days(opened)


def recount(opened: Session) -> None:
    """Counts everything again; writers wait until the transaction ends."""
    if opened.get_bind().dialect.name == "postgresql":
        opened.execute(text("LOCK TABLE inspection_tallies, finding_tallies IN EXCLUSIVE MODE"))
    for table, fresh in _fresh_counts(opened):
        _count_anew(opened, table, fresh)
    recount_long_slots(opened)


def recount_long_slots(opened: Session) -> None:
    """Counts days, months and places again, where the quarters of an hour are right."""
    for table, fresh in _fresh_sums(opened):
        _count_anew(opened, table, fresh)
    count_days_again(opened, ZoneInfo(zone_of(opened)))


def _count_anew(opened: Session, table: type[Base], fresh: Rows) -> None:
    opened.execute(delete(table))
    names = [column.name for column in table.__table__.columns]
    opened.execute(insert(table).from_select(names, fresh))


def _wrong_days(opened: Session) -> int:
    """Of the plant's days, which only Python knows."""
    _, quarters = _fresh_counts(opened)[0]
    fresh = counts_of_days(opened.execute(quarters), ZoneInfo(zone_of(opened)))
    columns = InspectionDay.__table__.columns
    rows = opened.execute(select(*columns).where(InspectionDay.inspections != 0))
    kept = {tuple(key): count for *key, count in rows}
    return sum(kept.get(key) != fresh.get(key) for key in kept.keys() | fresh.keys())


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


def _fresh_sums(opened: Session) -> list[tuple[type[Base], Rows]]:
    """Days, months and places of findings, from the findings; a day of UTC is 24 of its hours."""
    dialect = opened.get_bind().dialect.name
    where = (Finding.line_id, Finding.camera_id, Finding.part)
    kind = func.coalesce(Finding.kind, literal_column("''")).label("kind")
    cells = [
        _cell(dialect, place).label(name)
        for place, name in ((Finding.place_x, "cell_x"), (Finding.place_y, "cell_y"))
    ]
    chosen: list[tuple[type[Base], Rows]] = []
    for table, unit, sorts in (
        (FindingDay, "day", [kind, Finding.verdict, Finding.severity, Finding.state]),
        (FindingMonth, "month", [kind, Finding.verdict, Finding.severity, Finding.state]),
        (PlaceMonth, "month", [Finding.state, *cells]),
    ):
        keys = [_begin(dialect, Finding.taken_at, unit).label("slot_at"), *where, *sorts]
        fresh = select(*keys, func.count().label("findings")).group_by(*keys)
        chosen.append((table, fresh))
    return chosen


def _begin(
    dialect: str, moment: ColumnElement[datetime] | InstrumentedAttribute[datetime], unit: str
) -> ColumnElement[Any]:
    """The beginning of a time's day or month of UTC."""
    if dialect == "postgresql":
        return func.date_trunc(literal_column(f"'{unit}'"), moment, literal_column("'UTC'"))
    length, first = (10, "") if unit == "day" else (7, "-01")
    return func.substr(moment, 1, length).op("||")(literal_column(f"'{first} 00:00:00.000000'"))


def _cell(dialect: str, place: InstrumentedAttribute[float]) -> ColumnElement[int]:
    """As db.tally_slots.place_cell says it."""
    cells: ColumnElement[int] = literal_column(str(PLACE_CELLS))
    if dialect == "postgresql":
        return cast(func.least(func.floor(place * cells), cells - 1), SmallInteger)
    return func.min(cast(place * cells, SmallInteger), cells - 1)


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
        begin = func.date_bin(func.make_interval(*[0] * 6, seconds), moment, epoch)
        return type_coerce(begin, UtcDateTime)
    whole_s = func.substr(moment, 1, 19)  # strftime rounds 59.9996 s up to the next minute
    slots = func.strftime("%s", whole_s).op("/")(seconds)
    begin = func.strftime("%Y-%m-%d %H:%M:%S.000000", slots.op("*")(seconds), "unixepoch")
    return type_coerce(begin, UtcDateTime)
