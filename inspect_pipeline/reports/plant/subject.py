"""What a report is about: a piece of the plant's time, a lot or an alert, and what came before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.alert_pages import AlertRow, alert_called
from db.lots import Lot, lot_before, lot_seen
from db.questions.periods import Period, Span, read_shifts, span_of
from db.questions.selection import Selection
from db.report_archive import ReportRow
from db.words import ReportKind

PERIODS: Final = {
    ReportKind.SHIFT: Period.SHIFT,
    ReportKind.DAY: Period.DAY,
    ReportKind.WEEK: Period.WEEK,
}
_LOOKS_BACK: Final = {  # what the control chart shows besides the period itself
    Period.HOUR: timedelta(days=1),
    Period.SHIFT: timedelta(days=14),
    Period.DAY: timedelta(days=30),
    Period.WEEK: timedelta(weeks=26),
}
AROUND_ALERT: Final = timedelta(hours=12)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`period` names it for people and in the archive, `scope` is a line or "" for the plant.

    `charted` is what the control chart covers, one point per `point`. `before` is what it is held
    against: the time of `report_before`, or the time before where there was no report.
    """

    kind: ReportKind
    period: str
    scope: str
    selection: Selection
    charted: Selection
    point: Period
    before: Selection | None = None
    report_before: ReportRow | None = None
    shifts: str
    lot: Lot | None = None
    lot_before: str | None = None
    alert: AlertRow | None = None

    @property
    def from_at(self) -> datetime:
        assert self.selection.since is not None, "every report has a beginning"
        return self.selection.since

    @property
    def to_at(self) -> datetime:
        assert self.selection.until is not None, "every report has an end"
        return self.selection.until


def of_period(
    kind: ReportKind, at: datetime, *, line: str | None, shifts: str, zone: ZoneInfo
) -> Subject:
    """The shift, day or week that a moment lies in."""
    point, read = PERIODS[kind], read_shifts(shifts)
    span = span_of(at, point, read, zone)
    before = span_of(span.from_at - _MOMENT, point, read, zone)
    first = span_of(span.from_at - _LOOKS_BACK[point], point, read, zone)
    return Subject(
        kind=kind,
        period=span.name,
        scope=line or "",
        selection=_within(span, line),
        charted=Selection(line=line, since=first.from_at, until=span.to_at),
        point=point,
        before=_within(before, line),
        shifts=shifts,
    )


def of_lot(opened: Session, serial: str, *, shifts: str) -> Subject:
    """Raises UnknownRecord where no frame carries the serial."""
    lot = lot_seen(opened, serial)
    line = lot.line_ids[0] if len(lot.line_ids) == 1 else None
    selection = Selection(line=line, since=lot.first_at, until=lot.last_at + _MOMENT)
    return Subject(
        kind=ReportKind.LOT,
        period=serial,
        scope=line or "",
        selection=selection,
        charted=selection,
        point=Period.HOUR,
        shifts=shifts,
        lot=lot,
        lot_before=lot_before(opened, lot),
    )


def of_alert(opened: Session, alert_id: int, *, shifts: str) -> Subject:
    """The time around an alert, where it looked. Raises UnknownRecord."""
    alert = alert_called(opened, alert_id)
    since = alert.opened_at - AROUND_ALERT
    place = Selection(
        line=alert.line_id,
        part=alert.part,
        camera=alert.camera_id,
        since=since,
        until=alert.last_event_at + _MOMENT,
    )
    return Subject(
        kind=ReportKind.ALERT,
        period=str(alert_id),
        scope=alert.line_id or "",
        selection=place,
        charted=place,
        point=Period.HOUR,
        shifts=shifts,
        alert=alert,
    )


def _within(span: Span, line: str | None) -> Selection:
    return Selection(line=line, since=span.from_at, until=span.to_at)
