"""A plant with a camera that hangs: its frames are unfit, the others are measured, and it shows."""

from __future__ import annotations

import json
from pathlib import Path

from db.engine import connect, default_url, session
from db.events import newest_events
from db.queries import inspections
from db.words import EventKind, UnfitReason
from tests.e2e.command_line import run_pipeline
from tests.integration.ingesting.tiny_plant import camera, tiny_plant

FRAMES, GOOD = 24, 10


def test_a_camera_that_hangs_is_seen_told_and_shown_and_the_others_are_measured(
    tmp_path: Path,
) -> None:
    url = default_url(tmp_path / "findings.db")
    hangs = f'\n[[cameras.faults]]\nkind = "frozen"\nfirst = {GOOD}\n'
    plant = tiny_plant(tmp_path, url, [camera(frames=FRAMES) + hangs])

    ran = run_pipeline("once", str(plant))
    shown = run_pipeline("cameras", "health", "--plant", str(plant), "--since", "2000-01-01")
    told = run_pipeline(
        *("cameras", "health", "cam-1", "--plant", str(plant), "--since", "3650d", "--json")
    )
    accepted = run_pipeline("cameras", "accept", "cam-1", "--plant", str(plant))
    unknown = run_pipeline("cameras", "accept", "cam-9", "--plant", str(plant))

    assert ran.returncode == 0, ran.stderr
    engine = connect(url)
    with session(engine, read_only=True) as opened:
        reasons = [row.unfit_reason for row in inspections(opened)]
        events = [row for row in newest_events(opened) if row.kind is EventKind.UNFIT_SHARE]
    engine.dispose()
    frozen = reasons.count(UnfitReason.FROZEN)
    # the picture that stays is the one before, and the first two of a row are believed
    assert FRAMES - GOOD - 2 <= frozen <= FRAMES - GOOD - 1
    assert reasons.count(None) == FRAMES - frozen
    assert [row.facts["reasons"] for row in events] == [{"frozen": 10}]
    (found,) = json.loads(told.stdout)
    assert (found["frames"], found["unfit"]) == (FRAMES, frozen)
    assert found["measured"] == FRAMES - frozen
    assert 0 < found["figures"]["brightness"]["mean"] < 255
    assert found["out"] == ["unfit_share"]
    assert "cam-1" in shown.stdout
    assert "% !" in shown.stdout
    assert "the next 1000 fit frames say what is usual" in accepted.stdout
    assert unknown.returncode == 1
    assert "use one of cam-1" in unknown.stderr
