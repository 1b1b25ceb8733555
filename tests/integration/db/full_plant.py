"""A small database with a row in every table, and how to compare two databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.catalogue import meet_plant
from db.engine import session, snapshot
from db.evidence import EvidenceStore
from db.input_health import FIGURES, Place, add_figures, remember
from db.masks import encode_mask
from db.models import (
    Alert,
    AlertCall,
    AlertStepTaken,
    AlertWatermark,
    BrowserSession,
    Delivery,
    Event,
    GoodFrame,
    Inspection,
    Job,
    JobRun,
    JoinedRegion,
    KeptAnswer,
    Part,
    Plant,
    SavedQuery,
    Token,
    User,
)
from db.pictures import disagreements, named_pictures
from db.report_archive import ReportName, keep_report, reports_folder
from db.reviewing import audit_frame, review_finding
from db.tallies.recounting import wrong_tallies
from db.transfer import tables_of
from db.words import (
    AlertState,
    AlertStep,
    DeliveryAbout,
    DeliveryState,
    EventKind,
    Judgement,
    ReportKind,
    ReviewState,
    Role,
    Severity,
    Verdict,
)
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.bare_rows import sha
from tests.integration.db.database_records import (
    CARD,
    MODEL_ID,
    NOON,
    a_finding,
    failed,
    passed,
    unreadable,
    whole_frame_pictures,
)


def fill(engine: Engine, folder: Path) -> EvidenceStore:
    """Three frames, two findings, what two people said of one, an alert, an event, the people."""
    ledger = Ledger(engine, folder)
    ledger.register_model(MODEL_ID, "bracket", CARD)
    ledger.record(failed(0, a_finding(1), a_finding(2)))
    ledger.record(passed(1, pictures=whole_frame_pictures()))
    ledger.record(unreadable(2))
    with session(engine) as opened:
        plant = Plant(plant="Works 1", timezone="Europe/Berlin", seen_at=NOON)
        meet_plant(opened, plant, ["line-1"], [Part(part="bracket", mm_per_px=0.1)])
        review_finding(
            opened,
            1,
            state_after=ReviewState.FALSE_ALARM,
            reviewer="Ada",
            reviewed_at=NOON,
            note="Öl \N{DROPLET} 'n' \"film\"\n",
        )
        review_finding(
            opened, 1, state_after=ReviewState.FALSE_ALARM, reviewer="Bo", reviewed_at=NOON
        )
        audit_frame(opened, 2, judgement=Judgement.GOOD, auditor="Ada", audited_at=NOON)
        picture = opened.scalars(sa.select(Inspection.observed_name)).all()[1]
        opened.add(
            GoodFrame(
                frame_id=2,
                part="bracket",
                picture_name=picture,
                content_sha256=sha("2"),
                added_by="Ada",
                added_at=NOON,
            )
        )
        _add_people(opened)
        _add_alert(opened)
        _add_joined_region(opened)
        _add_input_health(opened)
        opened.add(Job(job="backup", kind="backup", says="every 60 s", met_at=NOON))
        opened.add(JobRun(job="backup", kind="backup", planned_at=NOON, started_at=NOON, text=""))
        _add_report(opened, folder)
    return ledger.store


def _add_people(opened: Session) -> None:
    opened.add(
        User(
            name="ada",
            full_name="Ada L.",
            role=Role.ADMIN,
            password_hash="hash",
            created_at=NOON,
        )
    )
    opened.flush()
    opened.add_all(
        [
            Token(
                user_id=1,
                name="line PC",
                token_sha256=sha("token"),
                role=Role.VIEWER,
                created_at=NOON,
                expires_at=NOON + timedelta(days=1),
            ),
            BrowserSession(
                session_sha256=sha("browser"),
                user_id=1,
                csrf_token="csrf",
                created_at=NOON,
                seen_at=NOON,
            ),
            KeptAnswer(
                user_id=1,
                key="again",
                request_sha256=sha("request"),
                answer={"reviewed": [1, None], "by": "Ada"},
                kept_at=NOON,
            ),
            SavedQuery(
                owner="ada",
                name="mine",
                question="open",
                parameters={"part": None, "limits": [0.5, 1]},
                saved_at=NOON,
            ),
        ]
    )


def _add_alert(opened: Session) -> None:
    opened.add(
        Alert(
            key="severity 1",
            rule="severity",
            place="severity line-1",
            text="a critical finding",
            line_id="line-1",
            camera_id="cam-1",
            part="bracket",
            finding_id=1,
            severity=Severity.CRITICAL,
            state=AlertState.ACKNOWLEDGED,
            events=3,
            facts={"area_mm2": 2.5, "kinds": ["scratch", None]},
            opened_at=NOON,
            last_event_at=NOON + timedelta(minutes=5),
            acknowledged_by="Ada",
            acknowledged_at=NOON + timedelta(minutes=6),
        )
    )
    opened.flush()
    opened.add(
        Delivery(
            alert_id=1,
            channel="mail",
            key="severity 1 mail",
            about=DeliveryAbout.OPENED,
            message_key="mail 1",
            state=DeliveryState.WAITING,
            attempts=2,
            next_try_at=NOON + timedelta(minutes=7),
            last_error="the server is not there",
        )
    )
    opened.add(AlertCall(key="finding 1", alert_id=1, at=NOON))
    opened.add(
        AlertStepTaken(
            alert_id=1, at=NOON, step=AlertStep.ACKNOWLEDGED, person="Ada", note="I look at it"
        )
    )
    opened.add(AlertWatermark(rule="severity", seen_until=NOON, inspection_id=3, event_id=1))
    opened.add(
        Event(
            key="gap 1",
            at=NOON,
            kind=EventKind.GAP,
            severity=Severity.MAJOR,
            line_id="line-1",
            camera_id="cam-1",
            text="three frames are missing",
            facts={"shots": 3, "web_from_mm": None},
        )
    )


def _add_joined_region(opened: Session) -> None:
    opened.add(
        JoinedRegion(
            inspection_id=2,
            number=1,
            finding_id=1,
            first_line=2**40,
            x0=1,
            y0=2,
            x1=3,
            y1=4,
            mask=encode_mask(b"\1\0\1\1", width_px=2, height_px=2),
            area_px=3,
            area_mm2=0.75,
            peak=6.25,
            score=0.875,
            p_value=0.01,
            verdict=Verdict.UNSURE,
            severity=Severity.MINOR,
        )
    )


def _add_input_health(opened: Session) -> None:
    place = Place(line_id="line-1", camera_id="cam-1", part="bracket")
    figures = {name: 0.1 * (number + 1) for number, name in enumerate(FIGURES)}
    add_figures(opened, place, NOON, is_unfit=False, figures=figures, passed_score=-2.5)
    summary: dict[str, object] = {"learned_at": None, "figures": {}}
    remember(opened, place, remembered={"frames": [1, None]}, summary=summary, at=NOON)


def _add_report(opened: Session, folder: Path) -> None:
    name = ReportName(kind=ReportKind.DAY, scope="", period="2026-03-01", language="de")
    files, span = ["day/a.html", "day/a.csv"], (NOON - timedelta(days=1), NOON)
    keep_report(opened, name, span=span, created_at=NOON, created_by="Ada", files=files)
    for file in files:
        path = reports_folder(folder) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"what stands in {file}")


def everything(engine: Engine, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """All rows of all tables as values, the same for both kinds of database."""
    with session(engine, read_only=True) as opened:
        connection = opened.connection()
        return {
            table.name: sorted(
                (tuple(sorted(row.items())) for row in _rows(connection, table)), key=repr
            )
            for table in tables_of(connection)
            if table.name not in without
        }


def assert_whole(engine: Engine, store: EvidenceStore) -> None:
    """Rows and pictures agree to the last byte, and the kept counts are right."""
    with snapshot(engine) as opened:
        assert list(disagreements(named_pictures(opened), store, contents=True)) == []
        assert wrong_tallies(opened) == 0


def _rows(connection: sa.Connection, table: sa.Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(table)).mappings()]
