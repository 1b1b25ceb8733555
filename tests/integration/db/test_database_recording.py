"""Inspections into rows and out again, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db import models, queries
from db.descriptors import code_of, decode_descriptor
from db.engine import session
from db.errors import RecordRefused, UnknownRecord
from db.masks import decode_mask
from db.pictures import disagreements, named_pictures
from db.repository import record_inspection
from db.rows import FindingDetail, InspectionRow
from db.words import Outcome, ReviewState, Severity, UnfitReason, Verdict
from inspect_pipeline import records
from inspect_pipeline.records import sha256_of
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    CARD,
    CONFIG_ID,
    MODEL_ID,
    NOON,
    OTHER_MODEL_ID,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
    whole_frame_pictures,
)


def test_a_finding_comes_back_with_all_its_facts(ledger: Ledger, engine: Engine) -> None:
    recorded = ledger.record(failed(3))

    finding = the_finding(engine).finding
    assert (finding.inspection_id, finding.number) == (recorded.inspection_id, 1)
    assert (finding.part, finding.line_id, finding.camera_id) == ("bracket", "line-1", "cam-1")
    assert (finding.serial, finding.source) == ("SN0003", "frames/0003.png")
    assert (finding.taken_at, finding.web_position_mm) == (NOON + timedelta(minutes=3), 4.5)
    assert (finding.x0, finding.y0, finding.x1, finding.y1) == (10, 20, 21, 27)
    assert (finding.evidence_x0, finding.evidence_y0) == (8, 18)
    assert (finding.evidence_x1, finding.evidence_y1) == (24, 30)
    assert (finding.area_mm2, finding.centre_x_mm, finding.centre_y_mm) == (0.75, 1.25, 2.5)
    assert (finding.peak, finding.mean, finding.explained) == (6.25, 2.5, 0.125)
    assert (finding.score, finding.p_value) == (0.875, 0.01)
    assert (finding.verdict, finding.severity, finding.kind) == ("confirmed", "major", "scratch")
    assert (finding.model_id, finding.config_id) == (MODEL_ID, CONFIG_ID)


def test_a_new_finding_waits_for_review(ledger: Ledger, engine: Engine) -> None:
    ledger.record(failed())

    assert the_finding(engine).finding.state is ReviewState.NEW
    assert the_finding(engine).reviews == ()


def test_how_a_finding_looks_is_recorded_with_the_code_that_finds_it(
    ledger: Ledger, engine: Engine
) -> None:
    vector = np.random.default_rng(1).standard_normal(24).astype(np.float32)
    finding = a_finding()
    looks = records.Descriptor(space=MODEL_ID, vector=vector)
    ledger.record(failed(0, replace(finding, evidence=replace(finding.evidence, descriptor=looks))))

    with session(engine, read_only=True) as opened:
        row = opened.execute(
            sa.select(
                models.Finding.descriptor,
                models.Finding.descriptor_space,
                models.Finding.descriptor_code,
            )
        ).one()
    assert row.descriptor_space == MODEL_ID
    assert row.descriptor_code == code_of(vector)
    stored = decode_descriptor(row.descriptor)
    assert stored == pytest.approx(vector / np.linalg.norm(vector), abs=1e-3)


def test_a_mask_comes_back_pixel_by_pixel(ledger: Ledger, engine: Engine) -> None:
    finding = a_finding(5)
    region = finding.verification.region
    ledger.record(failed(0, finding))

    cells = decode_mask(the_finding(engine).mask, width_px=11, height_px=7)

    assert cells == region.mask.tobytes()


def test_an_inspection_comes_back_with_its_frame_and_timings(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.record(failed(0, a_finding(1), a_finding(2)))

    row = the_inspection(engine)
    assert (row.outcome, row.findings_count) == (Outcome.FAILED, 2)
    assert (row.raw_score, row.score, row.p_value) == (6.25, 0.875, 0.01)
    assert (row.width_px, row.height_px) == (64, 48)
    assert row.timings_s == {"invert": 0.25, "verify": 0.5}
    assert row.content_sha256 == sha256_of(b"frame 0")
    assert abs(row.inspected_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_unreadable_frame_becomes_a_row_with_its_reason(ledger: Ledger, engine: Engine) -> None:
    ledger.record(unreadable())

    row = the_inspection(engine)
    assert (row.outcome, row.unfit_reason) == (Outcome.UNFIT, UnfitReason.UNREADABLE)
    assert row.unfit_detail == "the file ends after 12 bytes"
    assert (row.width_px, row.height_px, row.raw_score) == (None, None, None)


def test_a_source_name_that_is_not_utf8_is_recorded(ledger: Ledger, engine: Engine) -> None:
    odd_name = b"frames/\xff.png".decode("utf-8", "surrogateescape")
    ledger.record(failed(key=replace(frame_key(), source=odd_name)))

    assert the_inspection(engine).source == "frames/\N{REPLACEMENT CHARACTER}.png"


def test_the_same_inspection_again_changes_nothing(ledger: Ledger, engine: Engine) -> None:
    first = ledger.record(failed())
    second = ledger.record(failed(0, a_finding(8), a_finding(9)))

    assert (first.written, second.written) == (True, False)
    assert first.inspection_id == second.inspection_id
    assert the_inspection(engine).findings_count == 1


def test_another_model_adds_a_second_inspection_of_the_same_frame(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.register_model(OTHER_MODEL_ID, "bracket", CARD)
    ledger.record(failed())
    assert ledger.record(replace(failed(), model_id=OTHER_MODEL_ID)).written

    assert counts(engine) == {"frames": 1, "inspections": 2, "findings": 2}


def test_another_configuration_adds_a_second_inspection_of_the_same_frame(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.record(failed())
    assert ledger.record(replace(failed(), config_id=sha256_of(b"stricter"))).written

    assert counts(engine) == {"frames": 1, "inspections": 2, "findings": 2}


def test_writers_that_record_the_same_frame_at_once_write_it_once(
    ledger: Ledger, engine: Engine
) -> None:
    start = Barrier(4)
    written: list[bool] = []

    def write() -> None:
        start.wait()
        written.extend(ledger.record(failed(number)).written for number in range(5))

    writers = [Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert (len(written), sum(written)) == (20, 5)
    assert counts(engine) == {"frames": 5, "inspections": 5, "findings": 5}


def test_a_model_must_be_registered_before_its_first_inspection(
    ledger: Ledger, engine: Engine
) -> None:
    with pytest.raises(UnknownRecord, match="is not registered in this database"):
        ledger.record(replace(failed(), model_id=OTHER_MODEL_ID))

    assert counts(engine) == {"frames": 0, "inspections": 0, "findings": 0}


def test_a_model_is_registered_once_with_its_card(ledger: Ledger, engine: Engine) -> None:
    assert not ledger.register_model(MODEL_ID, "bracket", {"name": "another card"})

    with session(engine, read_only=True) as opened:
        (model,) = queries.models(opened)
    assert (model.model_id, model.part, model.card) == (MODEL_ID, "bracket", CARD)


def test_a_model_belongs_to_one_part(ledger: Ledger) -> None:
    with pytest.raises(RecordRefused, match=r"for part 'bracket', now .* 'gear'"):
        ledger.register_model(MODEL_ID, "gear", CARD)


def test_the_same_picture_cannot_be_two_parts(ledger: Ledger) -> None:
    ledger.record(failed())

    with pytest.raises(RecordRefused, match=r"frames/0000\.png of camera cam-1 .* 'gear'"):
        ledger.record(
            replace(failed(key=frame_key(part="gear")), config_id=sha256_of(b"of the gear"))
        )


def test_an_inspection_with_a_broken_finding_leaves_nothing(ledger: Ledger, engine: Engine) -> None:
    with pytest.raises(RecordRefused), session(engine) as opened:
        record_inspection(opened, a_frame_row(), an_inspection_row(finding_numbers=(1, 2, 2)))

    assert counts(engine) == {"frames": 0, "inspections": 0, "findings": 0}


def test_a_naive_time_is_refused(engine: Engine) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(RecordRefused, match="needs a zone"), session(engine) as opened:
        opened.add(
            models.Model(model_id=MODEL_ID, part="bracket", name="b", created_at=naive, card={})
        )


def test_a_time_of_another_zone_comes_back_in_utc(engine: Engine) -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    with session(engine) as opened:
        opened.add(
            models.Model(model_id=MODEL_ID, part="bracket", name="b", created_at=berlin, card={})
        )

    with session(engine, read_only=True) as opened:
        (model,) = queries.models(opened)
    assert model.created_at == NOON
    assert model.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("inspections", "outcome"),
        ("inspections", "unfit_reason"),
        ("findings", "verdict"),
        ("findings", "severity"),
        ("findings", "state"),
    ],
)
def test_only_known_words_are_stored(
    ledger: Ledger, engine: Engine, table: str, column: str
) -> None:
    ledger.record(failed())

    with pytest.raises(RecordRefused, match=f"ck_{table}_"), session(engine) as opened:
        opened.execute(sa.text(f"UPDATE {table} SET {column} = 'nonsense'"))


def test_whole_frame_pictures_are_named_where_there_are_some(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.record(passed(0, pictures=whole_frame_pictures()))

    row = the_inspection(engine)
    names = [row.observed_name, row.golden_name, row.restored_name, row.heat_name]
    assert all(name is not None and ledger.store.get(name) for name in names)


def test_an_inspection_without_pictures_names_none(ledger: Ledger, engine: Engine) -> None:
    ledger.record(passed())

    assert the_inspection(engine).observed_name is None


def test_the_evidence_of_a_finding_is_in_the_store(ledger: Ledger, engine: Engine) -> None:
    ledger.record(failed(0, a_finding(verdict=records.Verdict.REJECTED)))

    with session(engine, read_only=True) as opened:
        named = list(named_pictures(opened))
    assert len(named) == 4
    assert {picture.named_by for picture in named} == {
        f"finding {the_finding(engine).finding.finding_id}"
    }
    assert list(disagreements(named, ledger.store, contents=True)) == []


def test_a_refused_inspection_leaves_only_orphans(ledger: Ledger, engine: Engine) -> None:
    with pytest.raises(UnknownRecord):
        ledger.record(replace(failed(), model_id=OTHER_MODEL_ID))

    assert len(list(ledger.store.names())) == 4


def test_evidence_lies_beside_the_sqlite_file_by_default(tmp_path: Path) -> None:
    with Ledger(f"sqlite:///{tmp_path}/plant.db") as ledger:
        assert ledger.store.folder == tmp_path / "evidence"


def a_frame_row() -> models.Frame:
    key = frame_key()
    return models.Frame(
        line_id=key.line_id,
        camera_id=key.camera_id,
        part=key.part,
        taken_at=key.taken_at,
        content_sha256=key.content_sha256,
        source=key.source,
    )


def an_inspection_row(*, finding_numbers: tuple[int, ...]) -> models.Inspection:
    return models.Inspection(
        model_id=MODEL_ID,
        config_id=CONFIG_ID,
        outcome=Outcome.FAILED,
        raw_score=1.0,
        inspected_at=NOON,
        timings_s={},
        findings=[a_finding_row(number) for number in finding_numbers],
    )


def a_finding_row(number: int) -> models.Finding:
    boxes = {"x0": 1, "y0": 1, "x1": 2, "y1": 2}
    zeros = ("area_mm2", "centre_x_mm", "centre_y_mm", "peak", "mean", "score", "p_value")
    pictures = ("observed", "golden", "restored", "heat")
    return models.Finding(
        number=number,
        **boxes,
        **{f"evidence_{edge}": at_px for edge, at_px in boxes.items()},
        **dict.fromkeys(zeros, 0.0),
        **{f"{picture}_name": "aa/bb/picture.png" for picture in pictures},
        mask=b"",
        area_px=1,
        explained=0.5,
        verdict=Verdict.UNSURE,
        severity=Severity.MINOR,
        state=ReviewState.NEW,
        created_at=NOON,
    )


def the_finding(engine: Engine) -> FindingDetail:
    with session(engine, read_only=True) as opened:
        (only,) = queries.findings(opened)
        return queries.finding(opened, only.finding_id)


def the_inspection(engine: Engine) -> InspectionRow:
    with session(engine, read_only=True) as opened:
        (only,) = queries.inspections(opened)
    return only


def counts(engine: Engine) -> dict[str, int]:
    with session(engine, read_only=True) as opened:
        return {
            table: opened.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0
            for table in ("frames", "inspections", "findings")
        }
