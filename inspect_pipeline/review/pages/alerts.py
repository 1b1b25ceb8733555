"""Alerts: what was called out, who takes care of it, what is over, and whom nobody could tell."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from db import alert_pages, alerting
from db.words import AlertState
from inspect_pipeline.review.access import Engineer, Reviewer, Viewer
from inspect_pipeline.review.answers import note_of
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId, Written
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/alerts")

PAGE = 100
_DONE = {
    "acknowledged": "You take care of alert {}: nobody else is called about it.",
    "resolved": "Alert {} is resolved. If it happens again, that is a new alert.",
    "resent": "Message {} is tried again.",
}


@router.get("")
def show_alerts(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    before: Annotated[RowId | None, Query()] = None,
    done: str = "",
    about: Annotated[RowId | None, Query()] = None,
) -> Response:
    """Open ones first, the most severe before others; then what is taken care of, then history."""
    history = alert_pages.newest_alerts(
        opened, AlertState.RESOLVED, before_id=before, limit=PAGE + 1
    )
    return page(
        request,
        "alerts.html",
        person,
        counts=alert_pages.count_alerts(opened),
        waiting=alert_pages.open_alerts(opened),
        acknowledged=alert_pages.newest_alerts(opened, AlertState.ACKNOWLEDGED, limit=500),
        history=history[:PAGE],
        older=history[PAGE - 1].alert_id if len(history) > PAGE else None,
        letters=alert_pages.dead_letters(opened),
        done=_DONE[done].format(about) if done in _DONE and about else "",
    )


@router.get("/{alert_id}")
def show_alert(request: Request, person: Viewer, opened: Reading, alert_id: RowId) -> Response:
    life = alert_pages.alert_life(opened, alert_id)
    return page(request, "alert.html", person, life=life, alert=life.alert)


@router.post("/{alert_id}/acknowledge")
def acknowledge(
    request: Request, person: Reviewer, opened: Writing, alert_id: RowId, note: Written = ""
) -> Response:
    """Refused where somebody was quicker."""
    at = desk_of(request).now()
    alerting.acknowledge(opened, alert_id, person=person.name, at=at, note=note_of(note))
    return _back("acknowledged", alert_id)


@router.post("/{alert_id}/resolve")
def resolve(
    request: Request, person: Engineer, opened: Writing, alert_id: RowId, note: Written = ""
) -> Response:
    at = desk_of(request).now()
    alerting.resolve(opened, alert_id, person=person.name, at=at, note=note_of(note))
    return _back("resolved", alert_id)


@router.post("/letters/{delivery_id}/resend")
def resend(request: Request, person: Engineer, opened: Writing, delivery_id: RowId) -> Response:
    alerting.resend(opened, delivery_id, person=person.name, at=desk_of(request).now())
    return _back("resent", delivery_id)


def _back(done: str, about: int) -> Response:
    return RedirectResponse(f"/alerts?done={done}&about={about}", status_code=303)
