"""Two weeks of a plant around the frames of the demo: shifts, a roll, events, alerts, people.

The demo's own findings come again at other times and places, with their pictures.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.alerting import add_deliveries, take_step
from db.catalogue import meet_plant, use_model
from db.events import note_event
from db.input_health import Place, add_figures
from db.models import Alert, Delivery, Event, Finding, Frame, Inspection, Part, Plant
from db.repository import record_inspection
from db.reviewing import audit_frame, review_finding
from db.words import (
    AlertState,
    AlertStep,
    DeliveryAbout,
    DeliveryState,
    EventKind,
    Judgement,
    Outcome,
    ReviewState,
    Severity,
    UnfitReason,
)
from inspect_pipeline.records import sha256_of

NOON = datetime(2026, 1, 19, 11, tzinfo=UTC)  # noon in Berlin, within the early shift
ROLLS = ("ROLL-0814", "ROLL-0815")
_DAYS = 15
_EVERY = timedelta(minutes=10)
_CAMERAS = {"web-cam": "brushed_web", "plate-cam": "machined_plate"}
_KINDS = ("scratch", "dent", "stain", "crack", "fibre")
_NOT_COPIED = {"id", "inspection_id", "version", "state"}


def fill(opened: Session) -> None:
    """All of it, the same on every run."""
    chance = random.Random(7)
    meet_plant(
        opened,
        Plant(plant="Demo", timezone="Europe/Berlin", seen_at=NOON),
        ["L1"],
        [Part(part=part, mm_per_px=None, false_alarms=0.02) for part in _CAMERAS.values()],
    )
    templates = {
        part: list(opened.scalars(select(Finding).where(Finding.part == part)))
        for part in _CAMERAS.values()
    }
    models = {part: _model_of(opened, part) for part in _CAMERAS.values()}
    for part, model_id in models.items():
        use_model(opened, part, model_id, at=NOON - timedelta(days=_DAYS, hours=3))
    for camera, part in _CAMERAS.items():
        _shifts(opened, chance, camera, models[part], templates[part])
    for number, roll in enumerate(ROLLS):
        _roll(opened, chance, roll, number, models["brushed_web"], templates["brushed_web"])
    _people(opened, chance)
    _happenings(opened)


def _model_of(opened: Session, part: str) -> str:
    model_id = opened.scalar(select(Inspection.model_id).join(Frame).where(Frame.part == part))
    assert model_id is not None, f"the demo inspected {part}"
    return model_id


def _shifts(
    opened: Session, chance: random.Random, camera: str, model_id: str, known: list[Finding]
) -> None:
    at, until = NOON - timedelta(days=_DAYS), NOON + timedelta(hours=1)
    while at < until:
        is_now = at > NOON - timedelta(hours=5)
        share = 0.16 if is_now else 0.06
        drawn = chance.random()
        findings = [_again(chance, known, is_now=is_now)] if drawn < share else []
        unfit = UnfitReason.BLURRED if share <= drawn < share + 0.012 else None
        _record(opened, camera, at, model_id, findings, unfit=unfit, part=known[0].part)
        at += _EVERY


def _roll(
    opened: Session,
    chance: random.Random,
    roll: str,
    number: int,
    model_id: str,
    known: list[Finding],
) -> None:
    """60 frames of 25.6 mm each; the second roll has a mark that comes again every 128 mm."""
    begin = NOON - timedelta(hours=3 - number)
    for place in range(60):
        repeats = number == 1 and place % 5 == 2
        findings = [_again(chance, known, is_now=True)] if repeats or place % 23 == 7 else []
        for finding in findings:
            finding.kind = "dent" if repeats else finding.kind
            finding.place_x = 0.31 if repeats else finding.place_x
        _record(
            opened,
            "web-cam",
            begin + timedelta(seconds=10 * place + 5),
            model_id,
            findings,
            part="brushed_web",
            serial=roll,
            web_mm=25.6 * place,
        )


def _again(chance: random.Random, known: list[Finding], *, is_now: bool) -> Finding:
    """One of the demo's findings at another place of the frame."""
    found = chance.choice(known)
    names = [column.name for column in Finding.__table__.columns if column.name not in _NOT_COPIED]
    copied = Finding(**{name: getattr(found, name) for name in names})
    copied.number = 1
    copied.kind = chance.choice(_KINDS if is_now else _KINDS[:4])
    return copied


def _record(  # noqa: PLR0913 - a row of a table
    opened: Session,
    camera: str,
    at: datetime,
    model_id: str,
    findings: list[Finding],
    *,
    part: str,
    unfit: UnfitReason | None = None,
    serial: str | None = None,
    web_mm: float | None = None,
) -> None:
    outcome = Outcome.UNFIT if unfit else Outcome.FAILED if findings else Outcome.PASSED
    frame = Frame(
        line_id="L1",
        camera_id=camera,
        part=part,
        taken_at=at,
        content_sha256=sha256_of(f"{camera} {at.isoformat()}".encode()),
        source=f"{camera}/{at:%m%d%H%M%S}.png",
        serial=serial,
        web_position_mm=web_mm,
        width_px=384 if camera == "web-cam" else 256,
        height_px=256,
    )
    inspection = Inspection(
        model_id=model_id,
        config_id=sha256_of(b"configuration"),
        outcome=outcome,
        unfit_reason=unfit,
        raw_score=None if unfit else 1.0,
        score=None if unfit else 0.8 if findings else 0.2,
        inspected_at=at,
        timings_s={},
        findings=findings,
    )
    record_inspection(opened, frame, inspection)


def _people(opened: Session, chance: random.Random) -> None:
    """Anna and Ben judge most findings; Anna audits some frames that passed."""
    waiting = list(opened.scalars(select(Finding.id).order_by(Finding.taken_at, Finding.id)))
    notes = {0: "looks like the guide roll", 3: "same place as yesterday: ask maintenance"}
    for number, finding_id in enumerate(waiting[:-12]):
        is_alarm = chance.random() < 0.12
        review_finding(
            opened,
            finding_id,
            state_after=ReviewState.FALSE_ALARM if is_alarm else ReviewState.CONFIRMED,
            reviewer="anna" if number % 3 else "ben",
            reviewed_at=NOON - timedelta(minutes=len(waiting) - number),
            note=notes.get(len(waiting) - 13 - number),
        )
    passed = list(
        opened.scalars(
            select(Frame.id)
            .join(Inspection)
            .where(Inspection.outcome == Outcome.PASSED)
            .order_by(Frame.id)
        )
    )
    for number, frame_id in enumerate(chance.sample(passed, 400)):
        audit_frame(
            opened,
            frame_id,
            judgement=Judgement.DEFECTIVE if number % 200 == 9 else Judgement.GOOD,
            auditor="anna",
            audited_at=NOON,
            note=None,
        )


def _happenings(opened: Session) -> None:
    for minutes, kind, severity, facts in (
        (150, EventKind.CAMERA_LOST, Severity.CRITICAL, {}),
        (90, EventKind.GAP, Severity.MAJOR, {"shots": 14}),
        (60, EventKind.SHED, Severity.MAJOR, {}),
    ):
        event = Event(
            key=f"{kind} {minutes}",
            at=NOON - timedelta(minutes=minutes),
            kind=kind,
            severity=severity,
            line_id="L1",
            camera_id="web-cam",
            part="brushed_web",
            text=kind.value,
            facts=facts,
        )
        note_event(opened, event)
    opened.add(
        Alert(
            key="repeat L1 web-cam",
            rule="repeat defect",
            place=sha256_of(b"repeat defect, web-cam"),
            text="the same mark every 128 mm on web-cam: look at a roll of 41 mm",
            line_id="L1",
            camera_id="web-cam",
            part="brushed_web",
            finding_id=None,
            severity=Severity.CRITICAL,
            state=AlertState.ACKNOWLEDGED,
            events=12,
            facts={"pitch_mm": 128.0, "repeats": 12, "roll_diameter_mm": 40.7},
            opened_at=NOON - timedelta(minutes=110),
            last_event_at=NOON - timedelta(minutes=100),
            acknowledged_by="anna",
            acknowledged_at=NOON - timedelta(minutes=95),
        )
    )
    opened.flush()
    _told(opened)
    _lamp_and_lens(opened)


def _told(opened: Session) -> None:
    """Who was told of the alert, and what was said by whom."""
    opened_at = NOON - timedelta(minutes=110)
    for about, channels, minutes in (
        (DeliveryAbout.OPENED, ["shift-lead", "line-screen"], 1),
        (DeliveryAbout.ESCALATED, ["maintenance"], 11),
        (DeliveryAbout.ACKNOWLEDGED, ["line-screen"], 15),
    ):
        add_deliveries(opened, 1, about, channels, due_at=opened_at)
        waiting = opened.scalars(select(Delivery).where(Delivery.next_try_at.is_not(None)))
        for row in waiting:
            row.state, row.next_try_at, row.attempts = DeliveryState.SENT, None, 1
            row.sent_at = opened_at + timedelta(minutes=minutes)
    for step, minutes, person, note in (
        (AlertStep.OPENED, 0, None, None),
        (AlertStep.ESCALATED, 10, None, "maintenance"),
        (AlertStep.ACKNOWLEDGED, 15, "anna", "I look at the guide roll"),
    ):
        at = opened_at + timedelta(minutes=minutes)
        take_step(opened, 1, step, at=at, person=person, note=note)


def _lamp_and_lens(opened: Session) -> None:
    """The lamp of one camera grew darker this morning."""
    usual = {"contrast": 61.4, "focus": 17.2, "shading": 4.1, "darkest_spot": 7.9, "clipped": 0.2}
    at, began_at = NOON - timedelta(days=1), NOON - timedelta(hours=2)
    while at < NOON:
        for camera, part in _CAMERAS.items():
            place = Place(line_id="L1", camera_id=camera, part=part)
            is_dark = camera == "plate-cam" and at >= began_at
            figures = {**usual, "brightness": 96.0 if is_dark else 128.0}
            add_figures(opened, place, at, is_unfit=False, figures=figures, passed_score=None)
        at += _EVERY
    event = Event(
        key="brightness",
        at=began_at,
        kind=EventKind.INPUT_HEALTH,
        severity=Severity.MAJOR,
        line_id="L1",
        camera_id="plate-cam",
        part="machined_plate",
        text="brightness fell",
        facts={
            "state": "began",
            "figure": "brightness",
            "began_at": began_at.isoformat(),
            "was": 128.0,
            "is": 96.0,
        },
    )
    note_event(opened, event)
