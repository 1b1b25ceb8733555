"""The wall clock jumps an hour forth and back: every frame is one row, at the time it was given."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from sqlalchemy import select

from benchmarks.ingestion.running import frames_in
from db.engine import connect, default_url, session
from db.evidence import EvidenceStore
from db.models import Frame
from db.upgrade import upgrade
from inspect_pipeline.capture.camera import Shot
from inspect_pipeline.capture.corrections.correction import Correction
from inspect_pipeline.ingestion.admission import Admission
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.service.ingesting.capturing import Capture
from inspect_pipeline.service.ingesting.link import Link, Stop
from inspect_pipeline.service.ingesting.places import notices_of, spool_of
from inspect_pipeline.service.ingesting.working import Worker
from inspect_pipeline.service.ingesting.writing import Writer
from inspect_pipeline.service.rows import RowMaker
from plant_config.camera import Corrections
from plant_config.loader import load_plant
from plant_config.plant import Plant
from tests import make
from tests.integration.ingesting.tiny_plant import tiny_plant
from tests.unit.ingestion.entries import NOON, POST
from tests.unit.ingestion.test_capturing import ScriptedCamera
from tests.unit.ingestion.test_working import LastPicker, StubbornInspector, picture_shot

FRAMES = 9


class SteppedClock:
    """A second goes by at each look, and at every third the clock is set an hour forth or back."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        is_forward = self.looks // 3 % 2
        return NOON + timedelta(seconds=self.looks, hours=is_forward)


def taken_by_the_plant(plant: Plant, shots: list[Shot], now: SteppedClock) -> None:
    """Camera, worker and writer one after the other, all by that clock."""
    spool, notices = spool_of(plant, "cam-1"), notices_of(plant)
    admission = Admission(spool, notices, plant.ingestion, now=now)
    stop = Stop()
    _heard, pipe = multiprocessing.Pipe(duplex=False)
    link = Link(pipe, stop)
    Capture(lambda: ScriptedCamera(shots), POST, admission, link, now=now).run()
    inspector = StubbornInspector("none", make.inspector(make.part_model(), threshold=1.0))
    Worker(
        {"bracket": cast(Inspector, inspector)},
        {"cam-1": Correction(settings=Corrections(), dark=None, gain=None)},
        LastPicker(spool, stop),
        RowMaker(EvidenceStore(plant.storage.evidence_folder), now),
        notices,
        link,
        tries=3,
        now=now,
    ).run()
    Writer(plant, [spool], notices, link, now=now).run()  # told to stop: writes what is there


def test_a_clock_that_jumps_loses_no_frame_and_doubles_none(tmp_path: Path) -> None:
    url = default_url(tmp_path / "findings.db")
    engine = connect(url)
    upgrade(engine)
    plant = load_plant(tiny_plant(tmp_path, url, models=tmp_path / "none"))
    now = SteppedClock()
    shots = [replace(picture_shot(number), taken_at=now()) for number in range(FRAMES)]

    taken_by_the_plant(plant, shots, now)
    taken_by_the_plant(plant, shots, now)  # as after a kill: the camera gives them again

    assert frames_in(url) == [f"camera://{number}" for number in range(FRAMES)]
    assert spool_of(plant, "cam-1").is_empty()
    with session(engine, read_only=True) as opened:
        found = opened.execute(select(Frame.source, Frame.taken_at))
        times = {row.source: row.taken_at for row in found}
    engine.dispose()
    assert times == {shot.source: shot.taken_at for shot in shots}
