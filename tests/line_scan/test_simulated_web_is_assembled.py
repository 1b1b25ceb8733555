"""The simulated web through the assembly: the same web, with its defects, whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan import LineScan, LineScanRules
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.capture.simulated import (
    Fault,
    FaultKind,
    FaultPlan,
    SimulatedCamera,
    SimulatedWeb,
    WebUnderCamera,
)
from inspect_pipeline.errors import CameraEnded, UnreadablePicture
from inspect_pipeline.records import Picture
from tests.line_scan.blocks import BEGIN_AT

SCENERY = WebUnderCamera(
    web=SimulatedWeb(11, width_px=128, defect_rate=1.0),
    lines_per_block=60,
    counts_per_line=4.0,
    counter_at_begin=65_000,
    counter_bits=16,
)
BLOCKS = 20
LINES = BLOCKS * SCENERY.lines_per_block
MM_PER_LINE = 0.1
RULES = LineScanRules(
    lines_per_frame=200,
    overlap_lines=110,
    mm_per_line=MM_PER_LINE,
    counts_per_mm=40.0,
    counter_bits=16,
)


def a_camera(*faults: Fault, after_sequence: int = -1) -> SimulatedCamera:
    return SimulatedCamera(
        SCENERY,
        start_at=BEGIN_AT,
        shots=BLOCKS,
        plan=FaultPlan(faults=faults, seed=2),
        after_sequence=after_sequence,
    )


def assembled(
    camera: SimulatedCamera, memory: Path, *, steps: int | None = None
) -> tuple[list[Shot], list[Gap], float]:
    """Frames, gaps and length; killed after so many steps, None: to the end."""
    shots: list[Shot] = []
    gaps: list[Gap] = []
    with LineScan(camera, RULES, memory) as scan:
        while steps is None or len(shots) + len(gaps) < steps:
            try:
                came = scan.wait(1.0)
            except CameraEnded:
                break
            if isinstance(came, Gap):
                gaps.append(came)
            elif came is not None:
                shots.append(came)
                scan.acknowledge(came)
        return shots, gaps, scan.length_mm


def picture_of(shot: Shot) -> Picture | None:
    try:
        return decode_picture(shot.content, source=Path(shot.source))
    except UnreadablePicture:
        return None


def line_of(shot: Shot) -> int:
    assert shot.web_position_mm is not None
    return round(shot.web_position_mm / MM_PER_LINE)


def assert_shows_the_web(shots: list[Shot]) -> None:
    for shot in shots:
        pixels = picture_of(shot)
        if pixels is not None:
            begin = line_of(shot)
            assert np.array_equal(pixels, SCENERY.web.lines(begin, begin + pixels.shape[0]))


def test_frames_show_the_web_and_each_defect_whole_in_at_least_one(tmp_path: Path) -> None:
    shots, gaps, length_mm = assembled(a_camera(), tmp_path / "web.json")

    assert_shows_the_web(shots)
    assert gaps == []
    assert length_mm == pytest.approx(LINES * MM_PER_LINE)
    defects = [one for one in SCENERY.defects(BLOCKS) if one.until_line <= LINES]
    begins = [line_of(shot) for shot in shots]
    whole = [
        any(begin <= one.first_line and one.until_line <= begin + 200 for begin in begins)
        for one in defects
    ]
    edges = [edge for begin in begins for edge in (begin, begin + 200)]
    cut = [one for one in defects if any(one.first_line < edge < one.until_line for edge in edges)]
    assert all(whole)
    assert len(cut) >= 2


@pytest.mark.parametrize("steps", range(13))
def test_killed_after_any_frame_it_goes_on_with_the_same_web(steps: int, tmp_path: Path) -> None:
    calm, _, _ = assembled(a_camera(), tmp_path / "calm.json")
    camera = a_camera()
    before, _, _ = assembled(camera, tmp_path / "web.json", steps=steps)

    after, gaps, length_mm = assembled(camera, tmp_path / "web.json")

    assert {shot.sequence: shot for shot in (*before, *after)} == {
        shot.sequence: shot for shot in calm
    }
    assert gaps == []
    assert length_mm == pytest.approx(LINES * MM_PER_LINE)


@pytest.mark.parametrize(
    ("kind", "lost_lines"),
    [
        (FaultKind.DROP, 120),
        (FaultKind.CORRUPT, 120),
        (FaultKind.DUPLICATE, 0),
        (FaultKind.STALL, 0),
        (FaultKind.SLOW, 0),
    ],
)
def test_what_goes_wrong_on_the_way_costs_its_lines_and_no_others(
    kind: FaultKind, lost_lines: int, tmp_path: Path
) -> None:
    fault = Fault(kind=kind, first=7, shots=2)

    shots, gaps, length_mm = assembled(a_camera(fault), tmp_path / "web.json")

    assert_shows_the_web(shots)
    assert length_mm == pytest.approx(LINES * MM_PER_LINE)
    lost_mm = sum((gap.web_until_mm or 0.0) - (gap.web_from_mm or 0.0) for gap in gaps)
    assert lost_mm == pytest.approx(lost_lines * MM_PER_LINE)
    assert sum(picture_of(shot) is None for shot in shots) == (2 if kind == "corrupt" else 0)


@pytest.mark.parametrize(
    "kind", [FaultKind.DARK, FaultKind.BLURRED, FaultKind.LENS_DIRT, FaultKind.FROZEN]
)
def test_what_changes_the_picture_leaves_the_position_alone(
    kind: FaultKind, tmp_path: Path
) -> None:
    calm, _, _ = assembled(a_camera(), tmp_path / "calm.json")

    shots, gaps, _ = assembled(a_camera(Fault(kind=kind, first=7, shots=2)), tmp_path / "web.json")

    places = [(shot.sequence, shot.web_position_mm, shot.taken_at) for shot in shots]
    assert places == [(shot.sequence, shot.web_position_mm, shot.taken_at) for shot in calm]
    assert gaps == []
    assert [shot.content for shot in shots] != [shot.content for shot in calm]
