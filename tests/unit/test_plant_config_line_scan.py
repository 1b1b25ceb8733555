"""Line-scan cameras and simulated faults in a plant file: read, or refused in words that help."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan import AfterRestart, LineScan
from inspect_pipeline.capture.simulated import FaultKind
from inspect_pipeline.service.webs import as_web, line_scan_rules, simulated_camera
from plant_config.camera import SimulatedCameraSettings
from plant_config.errors import PlantConfigError
from plant_config.loader import load_plant

GOOD = """
name = "Works"
[[lines]]
id = "L1"
[[cameras]]
id = "web"
kind = "simulated"
line = "L1"
part = "coil"
material = "brushed_web"
seed = 3
frames = 9
defect_rate = 0.5
frame_wh = [160, 50]
[cameras.line_scan]
lines_per_frame = 128
overlap_lines = 32
mm_per_line = 0.1
counts_per_mm = 40.0
after_restart = "new_roll"
[[cameras.faults]]
kind = "drop"
first = 4
shots = 1
[[parts]]
name = "coil"
mm_per_px = 0.1
[storage]
database_url = "sqlite:///works.db"
evidence_folder = "evidence"
models_folder = "models"
"""


def loaded(folder: Path, *changes: tuple[str, str]) -> SimulatedCameraSettings:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    camera = load_plant(path, environment={}).camera("web")
    assert isinstance(camera, SimulatedCameraSettings)
    return camera


def test_a_line_scan_block_says_how_lines_become_frames(tmp_path: Path) -> None:
    scan = loaded(tmp_path).line_scan

    assert scan is not None
    rules = line_scan_rules(scan)
    assert (rules.lines_per_frame, rules.stride_lines) == (128, 96)
    assert (rules.mm_per_line, rules.counts_per_mm) == (0.1, 40.0)
    assert rules.after_restart is AfterRestart.NEW_ROLL


def test_line_rate_and_speed_say_the_same_as_millimetres_per_line(tmp_path: Path) -> None:
    changed = ("mm_per_line = 0.1", "line_rate_hz = 5000.0\nweb_speed_mm_s = 500.0")

    scan = loaded(tmp_path, changed).line_scan

    assert scan is not None
    assert scan.scale_mm == 0.1


def test_a_simulated_camera_with_the_block_is_a_web_with_an_encoder(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    start_at = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    camera = simulated_camera(settings, start_at=start_at, in_real_time=False)

    with as_web(camera, settings, tmp_path) as web:
        assert isinstance(web, LineScan)
        first, second, gap = (web.wait(1.0) for _ in range(3))

    assert isinstance(first, Shot)
    assert isinstance(second, Shot)
    assert first.web_position_mm == 0.0
    assert second.web_position_mm == pytest.approx(7.2)
    assert camera.scenery.encoder(1) == 200
    assert set(camera.faults_at(4)) == {FaultKind.DROP}
    assert isinstance(gap, Gap)
    assert (gap.web_from_mm, gap.web_until_mm) == (20.0, 25.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("overlap_lines = 32", "overlap_lines = 128", "line_scan.overlap_lines: is 128, a frame"),
        ("mm_per_line = 0.1\n", "", "line_scan.mm_per_line: is missing: give it, or line_rate_hz"),
        (
            "mm_per_line = 0.1",
            "line_rate_hz = 9.0",
            "line_scan.web_speed_mm_s: is missing beside the other of the two",
        ),
        (
            "mm_per_line = 0.1",
            "mm_per_line = 0.1\nline_rate_hz = 9.0",
            "line_scan.line_rate_hz: stands beside mm_per_line",
        ),
        ("mm_per_line = 0.1", "mm_per_line = 0.11", "over a frame they differ by 1.28 mm"),
        ("mm_per_line = 0.1", "mm_per_line = 0.0", "mm_per_line: should be greater than 0"),
        ('"new_roll"', '"start"', "line_scan.after_restart: should be 'continue' or 'new_roll'"),
        ("lines_per_frame = 128", "lines_per_frame = 8", "lines_per_frame: should be greater"),
        ("counts_per_mm", "count_per_mm", "did you mean 'counts_per_mm'?"),
        ('kind = "drop"', 'kind = "flood"', "faults[0].kind: should be 'stall', 'slow', 'drop'"),
        ("first = 4", "first = -4", "faults[0].first: should be greater than or equal to 0"),
        ('"brushed_web"', '"machined_plate"', "material: is 'machined_plate', which is no web"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_key(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(PlantConfigError) as caught:
        loaded(tmp_path, (old, new))

    assert said in str(caught.value)
