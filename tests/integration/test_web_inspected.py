"""From blocks of lines to findings: each defect of a web once, at its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from db.engine import default_url, session
from db.models import Finding, Frame
from db.models import Inspection as InspectionRow
from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.line_scan import LineScan, LineScanRules
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import CameraEnded
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.records import Captured, Picture, sha256_of
from inspect_pipeline.records import Frame as SeenFrame
from inspect_pipeline.service.inspecting import inspect_frames
from inspect_pipeline.service.ledger import Ledger
from tests import make
from tests.fakes import SpotFinder
from tests.line_scan.blocks import BlockCamera

WIDTH_PX, FRAME_LINES = make.FRAME_WH
MM_PER_PX = float(make.PART["mm_per_px"])
BEGIN_AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BLOCK_LINES = 24
SPOT_PX = 5
# Frames begin every 40 lines: these lie over their ends and beginnings, in the overlap and apart.
SPOTS = ((20, 10), (53, 50), (38, 30), (78, 12), (93, 40), (118, 60), (134, 20), (200, 30))
LINES = 240
RULES = LineScanRules(lines_per_frame=FRAME_LINES, overlap_lines=16, mm_per_line=MM_PER_PX)


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return make.inspector(make.part_model(networks=SpotFinder(make.network_config())), 1.0)


def web() -> Picture:
    """Even grey with a little grain; a spot's upper left corner is at (line, column)."""
    grain = np.random.default_rng(3).normal(120.0, 2.0, (LINES, WIDTH_PX, 1))
    for line, column in SPOTS:
        grain[line : line + SPOT_PX, column : column + SPOT_PX] += 80.0
    return np.rint(grain).astype(np.uint8)


def blocks() -> list[Shot]:
    pixels = web()
    return [
        Shot(
            content=png_of(pixels[line : line + BLOCK_LINES]),
            taken_at=BEGIN_AT + timedelta(seconds=line),
            source=f"test://web/{line}",
            sequence=line // BLOCK_LINES,
        )
        for line in range(0, LINES, BLOCK_LINES)
    ]


def frames_of(camera: BlockCamera, memory: Path) -> list[Captured]:
    found: list[Captured] = []
    with LineScan(camera, RULES, memory) as scan:
        while True:
            try:
                came = scan.wait(1.0)
            except CameraEnded:
                return found
            if came is None or isinstance(came, Gap):
                continue
            key = make.frame_key(
                taken_at=came.taken_at,
                content_sha256=sha256_of(came.content),
                source=came.source,
                serial=came.serial,
                web_position_mm=came.web_position_mm,
            )
            pixels = decode_picture(came.content, source=Path(came.source))
            found.append(SeenFrame(key=key, pixels=pixels))
            scan.acknowledge(came)


def findings(ledger_url: str) -> list[tuple[float, float]]:
    """Along the web and across it, in millimetres."""
    engine = sa.create_engine(ledger_url)
    with session(engine, read_only=True) as opened:
        rows = opened.execute(sa.select(Finding.web_mm, Finding.centre_x_mm)).all()
    engine.dispose()
    return sorted((web_mm or -1.0, across_mm) for web_mm, across_mm in rows)


def places(spots: list[tuple[int, int]]) -> list[tuple[float, float]]:
    half = SPOT_PX / 2
    return sorted(
        ((line + half) * MM_PER_PX, (column + half) * MM_PER_PX) for line, column in spots
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_each_defect_is_found_once_within_a_millimetre(
    inspector: Inspector, tmp_path: Path, seed: int
) -> None:
    frames = frames_of(BlockCamera(blocks()), tmp_path / "web.json")
    np.random.default_rng(seed).shuffle(frames)
    url = default_url(tmp_path / "findings.db")

    with Ledger(url) as ledger:
        tally = inspect_frames(frames, inspector, ledger)

    found, expected = findings(url), places(list(SPOTS))
    assert tally.findings > len(SPOTS)  # several were seen in two frames
    assert len(found) == len(expected)
    assert np.abs(np.array(found) - np.array(expected)).max() < 1.0


def test_a_short_piece_between_two_gaps_is_inspected(inspector: Inspector, tmp_path: Path) -> None:
    kept = [shot for shot in blocks() if shot.sequence not in (1, 2, 5, 6, 7)]
    frames = frames_of(BlockCamera(kept), tmp_path / "web.json")
    url = default_url(tmp_path / "findings.db")

    with Ledger(url) as ledger:
        inspect_frames(frames, inspector, ledger)

    engine = sa.create_engine(url)
    with session(engine, read_only=True) as opened:
        chosen = sa.select(Frame.web_position_mm, Frame.height_px, InspectionRow.outcome)
        rows = opened.execute(chosen.join(InspectionRow).order_by(Frame.web_position_mm)).all()
    engine.dispose()
    assert [(row[0], row[1], row[2].value) for row in rows] == [
        (0.0, 24, "unfit"),  # less than a tile of 32 lines: it says so
        (36.0, 48, "failed"),
        (96.0, 48, "failed"),
    ]
    seen = [spot for spot in SPOTS if 72 <= spot[0] < 120 or spot[0] >= 192]
    assert len(findings(url)) == len(seen)
