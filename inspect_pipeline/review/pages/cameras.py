"""Cameras: how brightness, focus and the like were over time, and what is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from db.events import EventFilter, EventRow, newest_events
from db.input_health import WatchRow, watches
from db.questions.input_health import HealthOf, HealthRow, health_rows
from db.questions.periods import Period
from db.words import EventKind
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.camera_charts import FigurePlot, figure_plot, points_of
from inspect_pipeline.review.camera_words import TITLES, FigureTitle, camera_trouble
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading

router = APIRouter()

SPANS = {
    "1": ("one day", Period.HOUR, timedelta(hours=1)),
    "7": ("7 days", Period.HOUR, timedelta(hours=1)),
    "30": ("30 days", Period.DAY, timedelta(days=1)),
    "365": ("one year", Period.WEEK, timedelta(days=7)),
}
USUAL_SPAN = "30"
MOST_EVENTS = 8
UNFIT = FigureTitle(
    name="unfit", title="Unfit frames", unit="%", says="Share that could not be inspected"
)

Name = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    title: FigureTitle
    plot: FigurePlot | None
    is_out: bool


@router.get("/cameras")
def show_cameras(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    camera: Name = "",
    part: Name = "",
    days: Annotated[str, Query(max_length=3)] = USUAL_SPAN,
) -> Response:
    desk = desk_of(request)
    span = days if days in SPANS else USUAL_SPAN
    until = desk.now()
    seen = sorted(watches(opened), key=lambda one: not one.out)  # else by name, as they came
    chosen = _chosen(seen, camera, part)
    wanted = HealthOf(
        camera=chosen.camera_id if chosen else camera,
        part=chosen.part if chosen else None,
        since=until - timedelta(days=int(span)),
        until=until,
        by=SPANS[span][1],
    )
    rows = health_rows(opened, wanted) if chosen else []
    return page(
        request,
        "cameras.html",
        person,
        seen=seen,
        trouble=camera_trouble,
        chosen=chosen,
        days=span,
        spans=SPANS,
        frames=sum(row.frames for row in rows),
        unfit=sum(row.unfit for row in rows),
        drawn=_drawn(rows, chosen, wanted, desk.zone) if chosen and rows else [],
        events=_events(opened, chosen, until) if chosen else [],
        query=urlencode(
            {"camera": wanted.camera or "", "by": wanted.by.value, "since": f"{span}d"}
        ),
    )


def _chosen(seen: list[WatchRow], camera: str, part: str) -> WatchRow | None:
    """The one that was asked for; of none, the first, which is in trouble if any is."""
    fitting = [one for one in seen if camera in ("", one.camera_id) and part in ("", one.part)]
    return fitting[0] if fitting else None


def _drawn(rows: list[HealthRow], watch: WatchRow, wanted: HealthOf, zone: ZoneInfo) -> list[Drawn]:
    assert wanted.since is not None, "a page shows a time"
    assert wanted.until is not None, "a page shows a time"
    slot = next(length for _, by, length in SPANS.values() if by is wanted.by)
    return [
        Drawn(
            title=title,
            plot=figure_plot(
                points_of(rows, title.name),
                since=wanted.since,
                until=wanted.until,
                slot=slot,
                zone=zone,
                limits=watch.limits.get(title.name),
                known_at=watch.learned_at,
                is_share=title.name in ("clipped", UNFIT.name),
            ),
            is_out=title.name in watch.out or (title is UNFIT and "unfit_share" in watch.out),
        )
        for title in (*TITLES, UNFIT)
    ]


def _events(opened: Session, chosen: WatchRow, until: datetime) -> list[EventRow]:
    """The newest of both kinds, whenever they were."""
    found = [
        row
        for kind in (EventKind.INPUT_HEALTH, EventKind.UNFIT_SHARE)
        for row in newest_events(
            opened,
            EventFilter(camera_id=chosen.camera_id, part=chosen.part, kind=kind, until=until),
            limit=MOST_EVENTS,
        )
    ]
    return sorted(found, key=lambda row: row.at, reverse=True)[:MOST_EVENTS]
