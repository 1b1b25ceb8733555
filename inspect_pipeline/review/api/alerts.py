"""Alerts for programs: which there are, one with its life, acknowledge, resolve."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from db import alert_pages, alerting
from db.alert_pages import AlertLife, AlertRow
from db.words import AlertState, AlertStep, DeliveryAbout, DeliveryState, Severity
from inspect_pipeline.review.access import Engineer, Reviewer, Viewer
from inspect_pipeline.review.api.fields import Note, PageSize
from inspect_pipeline.review.api.refusals import refusals, writing
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/api/v1", tags=["alerts"])

AlertId = Annotated[RowId, Path(description="The id of an alert.", examples=[3])]


class AlertOut(BaseModel):
    """What a rule called out; `events` counts how often while nobody had resolved it."""

    id: int
    rule: str
    text: str
    line_id: str | None
    camera_id: str | None
    part: str | None
    finding_id: int | None
    severity: Severity
    state: AlertState
    events: int
    facts: dict[str, Any]
    opened_at: datetime
    last_event_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_by: str | None = Field(description="Null where the rule itself saw the end.")
    resolved_at: datetime | None

    @classmethod
    def of(cls, row: AlertRow) -> AlertOut:
        facts = {**vars(row), "id": row.alert_id, "facts": dict(row.facts)}
        return cls(**{name: facts[name] for name in cls.model_fields})


class StepOut(BaseModel):
    at: datetime
    step: AlertStep
    person: str | None
    note: str | None


class DeliveryOut(BaseModel):
    id: int
    channel: str
    about: DeliveryAbout
    state: DeliveryState
    attempts: int
    sent_at: datetime | None
    last_error: str | None


class AlertWhole(AlertOut):
    steps: list[StepOut] = Field(description="What happened to it, in order.")
    deliveries: list[DeliveryOut] = Field(description="Who was told of it.")

    @classmethod
    def of_life(cls, life: AlertLife) -> AlertWhole:
        return cls(
            **AlertOut.of(life.alert).model_dump(),
            steps=[StepOut(**vars(one)) for one in life.steps],
            deliveries=[
                DeliveryOut(
                    id=one.delivery_id,
                    channel=one.channel,
                    about=one.about,
                    state=one.state,
                    attempts=one.attempts,
                    sent_at=one.sent_at,
                    last_error=one.last_error,
                )
                for one in life.deliveries
            ],
        )


class AlertPage(BaseModel):
    alerts: list[AlertOut]
    next_before: int | None = Field(description="`before` of the next page; null on the last.")


class AlertQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: AlertState | None = Field(default=None, description="Only those in this state.")
    before: RowId | None = Field(default=None, description="Only those with a smaller id.")
    limit: PageSize = Field(default=100, description="At most this many.")


class NoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Note = Field(default="", description="What is done about it, in a sentence.")


@router.get(
    "/alerts", operation_id="list_alerts", summary="Alerts, newest first", responses=refusals()
)
def list_alerts(
    _person: Viewer, opened: Reading, asked: Annotated[AlertQuery, Query()]
) -> AlertPage:
    """Pages are stable: what is called out meanwhile moves nothing."""
    rows = alert_pages.newest_alerts(
        opened, asked.state, before_id=asked.before, limit=asked.limit + 1
    )
    shown = rows[: asked.limit]
    return AlertPage(
        alerts=[AlertOut.of(row) for row in shown],
        next_before=shown[-1].alert_id if len(rows) > asked.limit else None,
    )


@router.get(
    "/alerts/{alert_id}",
    operation_id="get_alert",
    summary="One alert with its life",
    responses=refusals(404),
)
def get_alert(_person: Viewer, opened: Reading, alert_id: AlertId) -> AlertWhole:
    """Its figures, what happened to it, and who was told."""
    return _whole(opened, alert_id)


@router.post(
    "/alerts/{alert_id}/acknowledge",
    operation_id="acknowledge_alert",
    summary="Take care of an alert",
    responses=writing(404, 409),
)
def acknowledge_alert(
    request: Request, person: Reviewer, opened: Writing, alert_id: AlertId, said: NoteIn
) -> AlertWhole:
    """Refused with 409 where somebody was quicker. Takes the role reviewer."""
    at = desk_of(request).now()
    alerting.acknowledge(opened, alert_id, person=person.name, at=at, note=said.note or None)
    return _whole(opened, alert_id)


@router.post(
    "/alerts/{alert_id}/resolve",
    operation_id="resolve_alert",
    summary="Say that an alert is over",
    responses=writing(404, 409),
)
def resolve_alert(
    request: Request, person: Engineer, opened: Writing, alert_id: AlertId, said: NoteIn
) -> AlertWhole:
    """Refused with 409 where it is resolved already. Takes the role engineer."""
    at = desk_of(request).now()
    alerting.resolve(opened, alert_id, person=person.name, at=at, note=said.note or None)
    return _whole(opened, alert_id)


def _whole(opened: Session, alert_id: int) -> AlertWhole:
    return AlertWhole.of_life(alert_pages.alert_life(opened, alert_id))
