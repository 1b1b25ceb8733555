"""One bad frame is tried, set apart with its bytes, and stops nobody."""

from __future__ import annotations

import multiprocessing
from io import BytesIO
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

from db.evidence import EvidenceStore
from db.words import EventKind, Severity
from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.capture.corrections.correction import Correction
from inspect_pipeline.errors import EntryDamaged
from inspect_pipeline.ingestion.entry import entry_of
from inspect_pipeline.ingestion.notices import Notice
from inspect_pipeline.ingestion.picking import Picker
from inspect_pipeline.ingestion.spool import CameraSpool, Place
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.records import Captured, Frame, Inspection, Outcome, Unfit
from inspect_pipeline.service.ingesting import handed_over
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.service.ingesting.repairing import repair_all
from inspect_pipeline.service.ingesting.working import Worker, captured
from inspect_pipeline.service.rows import RowMaker, frame_row
from plant_config.camera import Corrections
from tests import make
from tests.fakes import WallClock
from tests.integration.db.database_records import a_finding, failed
from tests.unit.ingestion.entries import NOON, POST, entry, notices, said, spool

TRIES = 3


class StubbornInspector:
    """Passes every frame but those of which the camera's address holds a word."""

    def __init__(self, word: str, real: Inspector) -> None:
        self.word, self.model, self.calibration = word, real.model, real.calibration
        self.limits, self.standard, self.part = real.limits, real.standard, real.part

    def inspect(self, frame: Captured, *, frozen: Unfit | None = None) -> Inspection:
        if self.word in frame.key.source:
            raise ZeroDivisionError("the frame of death")
        return Inspection(
            frame=frame.key,
            outcome=Outcome.PASSED,
            model_id=self.standard.model_id,
            config_id=self.standard.config_id,
            raw_score=0.0,
            frame_wh=frame.frame_wh if isinstance(frame, Frame) else None,
        )


class LastPicker(Picker):
    """Asks for a stop when nothing waits any more."""

    def __init__(self, found: CameraSpool, stop: Stop) -> None:
        super().__init__([found], "worker-1")
        self.stop = stop

    def next(self) -> tuple[CameraSpool, Place] | None:
        taken = super().next()
        self.stop.asked += taken is None
        return taken


def worked_off(folder: Path, word: str) -> list[Notice]:
    """A worker inspects what waits; what it has told of."""
    stop = Stop()
    _heard, pipe = multiprocessing.Pipe(duplex=False)
    real = make.inspector(make.part_model(), threshold=1.0)
    told = notices(folder)
    Worker(
        {"bracket": cast(Inspector, StubbornInspector(word, real))},
        {POST.camera_id: Correction(settings=Corrections(), dark=None, gain=None)},
        LastPicker(spool(folder), stop),
        RowMaker(EvidenceStore(folder / "evidence"), WallClock(NOON)),
        told,
        Link(pipe, stop),
        tries=TRIES,
        now=WallClock(NOON),
    ).run()
    return said(told)


def put_pictures(folder: Path, count: int) -> None:
    for number in range(count):
        spool(folder).put(entry_of(picture_shot(number), POST, received_at=NOON))


def picture_shot(number: int) -> Shot:
    written = BytesIO()
    Image.fromarray(np.full((8, 8), number, dtype=np.uint8)).save(written, format="PNG")
    return Shot(
        content=written.getvalue(), taken_at=NOON, source=f"camera://{number}", sequence=number
    )


def test_a_frame_that_cannot_be_inspected_is_set_apart_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    put_pictures(tmp_path, 3)

    (notice,) = worked_off(tmp_path, "//1")

    found = spool(tmp_path)
    results = [
        handed_over.from_file(place.result.read_bytes(), name="result") for place in found.results()
    ]
    assert sorted(one.frame.source for one in results) == ["camera://0", "camera://2"]
    assert notice.kind is EventKind.QUARANTINED
    assert notice.facts["tries"] == TRIES
    assert "ZeroDivisionError: the frame of death" in notice.text
    (kept,) = found.quarantined.iterdir()
    assert str(kept) == notice.facts["file"]
    assert picture_shot(1).content in kept.read_bytes()


def test_a_frame_that_the_disk_has_damaged_is_set_apart_at_once(tmp_path: Path) -> None:
    put_pictures(tmp_path, 1)
    (place,) = spool(tmp_path).queue()
    place.path.write_bytes(place.path.read_bytes()[:-1])

    (notice,) = worked_off(tmp_path, "none")

    assert notice.camera_id == "cam-1"
    assert "are not those that the camera gave" in notice.text
    assert len(list(spool(tmp_path).quarantined.iterdir())) == 1


def test_a_frame_on_which_workers_died_too_often_is_set_apart(tmp_path: Path) -> None:
    found, told = spool(tmp_path), notices(tmp_path)
    found.put(entry(0))
    for death in range(1, TRIES + 1):
        (place,) = found.queue()
        assert found.claim(place, "worker-1") is not None
        repair_all([found], told, tries=TRIES, now=WallClock(NOON))
        assert len(found.queue()) == (death < TRIES)

    (notice,) = said(told)
    assert "workers died 3 times while they had it" in notice.text
    assert notice.facts["sequence"] == 0
    assert len(list(found.quarantined.iterdir())) == 1


def test_rows_come_back_from_a_result_as_they_were_made(tmp_path: Path) -> None:
    inspection = failed(0, a_finding(1), a_finding(2))
    rows = RowMaker(EvidenceStore(tmp_path), WallClock(NOON))
    before = handed_over.Handed(
        frame=frame_row(inspection),
        inspection=rows.inspection_row(inspection),
        model_part="bracket",
        model_card={"auroc": 0.97},
        received_at=NOON,
    )

    content = handed_over.as_file(before)
    after = handed_over.from_file(content, name="result")

    assert handed_over.as_file(after) == content
    assert after.inspection.outcome is before.inspection.outcome
    assert after.frame.taken_at == before.frame.taken_at
    assert [one.mask for one in after.inspection.findings] == [
        one.mask for one in before.inspection.findings
    ]


def test_a_notice_is_kept_whatever_its_words_quote(tmp_path: Path) -> None:
    told = notices(tmp_path)
    odd = Notice(kind=EventKind.GAP, severity=Severity.MAJOR, at=NOON, text="\0 \udc80")

    told.put(odd)

    assert said(told) == [odd]


def test_a_result_that_is_cut_off_is_noticed() -> None:
    with pytest.raises(EntryDamaged, match="will be inspected again"):
        handed_over.from_file(b"result-1 00\n{", name="result")


def test_bytes_that_are_no_picture_become_a_record_with_the_reason() -> None:
    record = captured(entry(0))

    assert not isinstance(record, Frame)
    assert record.key == entry(0).key
    assert "camera://0" in record.unfit.detail or "camera:/0" in record.unfit.detail
