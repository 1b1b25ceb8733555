"""The dashboard: how the lines do, what gathers where, what the cameras saw, what needs people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from db import overview, plants
from db.alert_pages import open_alerts
from db.catalogue import activations
from db.events import EventFilter, count_events
from db.input_health import watches
from db.overview import LastFrame
from db.plants import Places
from db.questions.pareto import Cause, HeatMapOf, ParetoOf, heat_map, pareto
from db.questions.periods import Period
from db.questions.rates import By, ChartOf, RateOf, control_chart, defect_rate
from db.questions.selection import Selection
from db.words import EventKind, Severity
from inspect_pipeline.charts import HeatPlot, control_plot, heat_plot, pareto_plot
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.camera_words import camera_trouble
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading

router = APIRouter()

SPANS = {
    "1": ("one day", Period.HOUR),
    "7": ("7 days", Period.SHIFT),
    "30": ("30 days", Period.DAY),
    "365": ("one year", Period.WEEK),
}
USUAL_SPAN = "30"
SILENT_AFTER = timedelta(hours=24)
MUCH_UNFIT = 0.02
FRAMES_PER_CAMERA = 6
MOST_CAMERAS = 24
CELLS = 24
OF_CAMERAS = (EventKind.INPUT_HEALTH, EventKind.UNFIT_SHARE)  # told as long as they last
MOST_ALERTS = 5

Name = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the page is about; `wanted` also has the time."""

    line: str
    part: str
    days: str
    wanted: Selection

    @property
    def everywhere(self) -> Selection:
        """The same places at any time."""
        return replace(self.wanted, since=None, until=None)

    def query(self, **more: str) -> str:
        """For the addresses of other questions about the same frames."""
        moments = {"since": self.wanted.since, "until": self.wanted.until}
        asked = {
            "line": self.line,
            "part": self.part,
            **{name: at.isoformat() for name, at in moments.items() if at is not None},
            **more,
        }
        return urlencode({name: text for name, text in asked.items() if text})


@dataclass(frozen=True, kw_only=True)
class Attention:
    """One thing that somebody should look at: `tone` bad or doubt, and where to go."""

    tone: str
    words: str
    path: str


@dataclass(frozen=True, kw_only=True)
class CameraStrip:
    camera_id: str
    line_id: str
    frames: tuple[LastFrame, ...]
    silent_for: timedelta | None  # since the last frame, where that is long


@router.get("/dashboard")
def show_dashboard(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    line: Name = "",
    part: Name = "",
    days: Annotated[str, Query(max_length=3)] = USUAL_SPAN,
    until: Annotated[datetime | None, Query()] = None,
) -> Response:
    desk = desk_of(request)
    now = desk.now()
    end = until.replace(tzinfo=until.tzinfo or desk.zone) if until else now
    asked = _asked(line=line, part=part, days=days, end=end)
    places = plants.places(opened)
    strips = _strips(opened, places, now)
    return page(
        request,
        "dashboard.html",
        person,
        asked=asked,
        spans=SPANS,
        places=places,
        until=until,
        newest_at=_newest_if_nothing(opened, asked),
        totals=_totals(opened, asked.wanted),
        false_alarms=overview.false_alarm_share(opened, asked.wanted),
        waiting=overview.waiting(opened, asked.everywhere),
        rates=_rates(opened, asked.wanted),
        control=control_plot(control_chart(opened, _chart_of(asked))),
        paretos=_paretos(opened, asked.wanted),
        maps=_maps(opened, asked.wanted, places),
        strips=strips,
        in_use=[one for one in activations(opened, part or None) if one.active_to is None],
        attention=_attention(opened, asked, strips),
    )


def _asked(*, line: str, part: str, days: str, end: datetime) -> Asked:
    span = days if days in SPANS else USUAL_SPAN
    wanted = Selection(
        line=line or None,
        part=part or None,
        since=end - timedelta(days=int(span)),
        until=end,
    )
    return Asked(line=line, part=part, days=span, wanted=wanted)


def _newest_if_nothing(opened: Session, asked: Asked) -> datetime | None:
    """When there were frames, where there are none in the time that was asked for."""
    if overview.newest_taken_at(opened, asked.wanted) is not None:
        return None
    newest = overview.newest_taken_at(opened, asked.everywhere)
    return None if newest is None else newest + timedelta(minutes=15)


def _totals(opened: Session, wanted: Selection) -> dict[str, Any]:
    """Inspected, failed, unfit, and the rate with its interval; zeros where nothing came."""
    rate = defect_rate(opened, RateOf(**vars(wanted), by=(By.TOTAL,)))
    if rate.empty:
        return {"inspected": 0, "failed": 0, "unfit": 0, "rate": None, "low": None, "high": None}
    return _plain(rate)[0]


def _rates(opened: Session, wanted: Selection) -> list[dict[str, Any]]:
    """Per line and part, with the bars' ends as shares of the highest interval."""
    rows = _plain(defect_rate(opened, RateOf(**vars(wanted), by=(By.LINE, By.PART))))
    highest = max((row["high"] for row in rows if row["high"] is not None), default=1.0) or 1.0
    return [{**row, "scale": highest} for row in rows]


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _chart_of(asked: Asked) -> ChartOf:
    return ChartOf(**vars(asked.wanted), by=SPANS[asked.days][1])


def _paretos(opened: Session, wanted: Selection) -> list[dict[str, Any]]:
    causes = [("By kind", Cause.KIND), ("By severity", Cause.SEVERITY)]
    if wanted.part is not None:
        causes.append(("By position (columns A to H, rows 1 to 8)", Cause.POSITION))
    return [
        {
            "title": title,
            "cause": cause.value,
            "plot": pareto_plot(pareto(opened, ParetoOf(**vars(wanted), of=cause))),
        }
        for title, cause in causes
    ]


def _maps(opened: Session, wanted: Selection, places: Places) -> list[dict[str, Any]]:
    """A map per part: of the one that was asked for, or of the first two."""
    parts = [wanted.part] if wanted.part is not None else list(places.parts[:2])
    maps = []
    for part in parts:
        plot, shown = _map(opened, replace(wanted, part=part), part)
        maps.append({"part": part, "plot": plot, "picture": shown})
    return maps


def _map(opened: Session, wanted: Selection, part: str) -> tuple[HeatPlot | None, LastFrame | None]:
    facts = {**vars(wanted), "part": part}
    cells = heat_map(opened, HeatMapOf(**facts, columns=CELLS, rows=CELLS))
    shown = overview.newest_picture(opened, part)
    frame_wh = overview.frame_size(opened, part) or (4, 3)
    return heat_plot(cells, columns=CELLS, rows=CELLS, frame_wh=frame_wh), shown


def _strips(opened: Session, places: Places, now: datetime) -> list[CameraStrip]:
    strips = []
    for camera_id in [row.camera_id for row in places.cameras[:MOST_CAMERAS]]:
        frames = tuple(overview.last_frames(opened, camera_id, limit=FRAMES_PER_CAMERA))
        if frames:
            age = now - frames[0].taken_at
            strips.append(
                CameraStrip(
                    camera_id=camera_id,
                    line_id=frames[0].line_id,
                    frames=frames,
                    silent_for=age if age > SILENT_AFTER else None,
                )
            )
    return strips


def _grave_events(opened: Session, asked: Asked) -> list[Attention]:
    """Frames that were shed or set apart, cameras lost, disks full: of any rank but the lowest."""
    found = []
    for severity, tone in ((Severity.CRITICAL, "bad"), (Severity.MAJOR, "doubt")):
        wanted = EventFilter(
            line_id=asked.line or None,
            part=asked.part or None,
            since=asked.wanted.since,
            until=asked.wanted.until,
            severity=severity,
        )
        for kind, count in count_events(opened, wanted).most_common():
            if kind in OF_CAMERAS:
                continue
            words = f"{kind.value.replace('_', ' ')}: {count} {'time' if count == 1 else 'times'}"
            path = "/questions/events?" + asked.query(severity=severity.value, kind=kind.value)
            found.append(Attention(tone=tone, words=words, path=path))
    return found


def _open_alerts(opened: Session, asked: Asked) -> list[Attention]:
    """Those that nobody has acknowledged: the worst, each with its sentence, then how many more."""
    rows = [
        row
        for row in open_alerts(opened)
        if asked.line in ("", row.line_id or asked.line)
        and asked.part in ("", row.part or asked.part)
    ]
    found = [
        Attention(
            tone="bad" if row.severity is Severity.CRITICAL else "doubt",
            words=row.text,
            path=f"/alerts/{row.alert_id}",
        )
        for row in rows[:MOST_ALERTS]
    ]
    more = len(rows) - MOST_ALERTS
    if more > 0:
        words = f"{more} more alert{'s' if more > 1 else ''}"
        found.append(Attention(tone="doubt", words=words, path="/alerts"))
    return found


def _attention(opened: Session, asked: Asked, strips: list[CameraStrip]) -> list[Attention]:
    found = []
    for severity, count in reversed(overview.waiting(opened, asked.everywhere).items()):
        if count and severity.value != "minor":
            words = f"{count} {severity.value} finding{'s' if count > 1 else ''} wait"
            path = f"/queue?{urlencode({'severity': severity.value})}"
            tone = "bad" if severity.value == "critical" else "doubt"
            found.append(Attention(tone=tone, words=words + ("s" if count == 1 else ""), path=path))
    for camera_id, share in overview.unfit_shares(opened, asked.wanted).items():
        if share.value is not None and share.value > MUCH_UNFIT:
            words = f"{camera_id}: {100 * share.value:.1f} % of {share.of} frames were unfit"
            path = f"/cameras?{urlencode({'camera': camera_id, 'days': asked.days})}"
            found.append(Attention(tone="bad", words=words, path=path))
    for camera in watches(opened, asked.wanted):
        if camera.out:
            words = f"{camera.camera_id}: {camera_trouble(camera)}"
            path = f"/cameras?{urlencode({'camera': camera.camera_id, 'part': camera.part})}"
            found.append(Attention(tone="bad", words=words, path=path))
    found += _grave_events(opened, asked)
    found = [*_open_alerts(opened, asked), *found]
    for strip in strips:
        if strip.silent_for is not None:
            words = f"{strip.camera_id}: no frame for {_long(strip.silent_for)}"
            found.append(
                Attention(tone="doubt", words=words, path=f"/frames/{strip.frames[0].frame_id}")
            )
    return found


def _long(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
