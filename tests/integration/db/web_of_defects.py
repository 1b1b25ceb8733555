"""A web with defects at known places, and what an inspection of each frame finds of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from sqlalchemy import Engine

from db.engine import session
from db.masks import encode_mask
from db.models import Finding, Frame
from db.repository import Recorded, record_inspection
from tests.integration.db.bare_rows import NOON, finding_row, inspection_row, sha

MM_PER_PX = 0.25
WIDTH_PX = 120
FRAME_LINES = 100
OVERLAP_LINES = 20
EIGHT = np.ones((3, 3), dtype=bool)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownDefect:
    mask: Mask  # of the whole web

    @property
    def area_mm2(self) -> float:
        return float(self.mask.sum()) * MM_PER_PX**2

    @property
    def centre_mm(self) -> tuple[float, float]:
        """Along the web, across it."""
        lines, columns = np.nonzero(self.mask)
        along_mm, across_mm = lines.mean() + 0.5, columns.mean() + 0.5
        return float(along_mm) * MM_PER_PX, float(across_mm) * MM_PER_PX


def drawn_web(seed: int, *, lines: int = 820, defects: int = 14) -> tuple[Mask, list[KnownDefect]]:
    """Spots smaller than the overlap, and a scratch that runs over several frames."""
    rng = np.random.default_rng(seed)
    web = np.zeros((lines, WIDTH_PX), dtype=bool)
    known = [_scratch(rng, web)]
    while len(known) < defects:
        mask = np.zeros_like(web)
        border = 80 * int(rng.integers(1, lines // 80)) + int(rng.integers(-16, 30))
        line = border if rng.random() < 0.7 else int(rng.integers(0, lines - 16))
        column = int(rng.integers(20, WIDTH_PX - 18))
        height, width = rng.integers(3, 16, size=2)
        mask[line : line + height, column : column + width] = True
        if mask.any() and not (web & ndimage.binary_dilation(mask, EIGHT, 6)).any():
            web |= mask
            known.append(KnownDefect(mask=mask))
    return web, known


def _scratch(rng: np.random.Generator, web: Mask) -> KnownDefect:
    mask = np.zeros_like(web)
    begin, column = int(rng.integers(40, 200)), 3.0
    for line in range(begin, begin + 330):
        mask[line, int(column) : int(column) + 3] = True
        column = float(np.clip(column + rng.normal(0.0, 0.3), 1.0, 12.0))
    web |= mask
    return KnownDefect(mask=mask)


def frame_starts(lines: int) -> list[int]:
    """As a web is cut, the last frame shifted back."""
    stride = FRAME_LINES - OVERLAP_LINES
    last = lines - FRAME_LINES
    return [*range(0, last, stride), last]


def frame_at(start: int, *, serial: str = "coil-1", camera_id: str = "cam-1") -> Frame:
    return Frame(
        part="bracket",
        line_id="line-1",
        camera_id=camera_id,
        taken_at=NOON + timedelta(minutes=start),
        content_sha256=sha(f"{serial} {start}"),
        source=f"web/{start}.png",
        serial=serial,
        web_position_mm=start * MM_PER_PX,
        width_px=WIDTH_PX,
        height_px=FRAME_LINES,
    )


def seen_in_frame(web: Mask, start: int) -> list[Finding]:
    """One row per connected region, as an inspection of this frame alone finds them."""
    shown = web[start : start + FRAME_LINES]
    labels, _ = ndimage.label(shown, EIGHT)
    rows = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        mask = labels[place] == number
        rows.append(_row(number, mask, line=place[0].start, column=place[1].start))
    return rows


def _row(number: int, mask: Mask, *, line: int, column: int) -> Finding:
    height, width = mask.shape
    lines, columns = np.nonzero(mask)
    row = finding_row(
        number,
        box=(column, line, column + width, line + height),
        area_mm2=float(mask.sum()) * MM_PER_PX**2,
        centre_y_mm=(line + float(lines.mean()) + 0.5) * MM_PER_PX,
        score=min(1.0, float(mask.sum()) / 1000),
    )
    row.mask = encode_mask(mask.tobytes(), width_px=width, height_px=height)
    row.area_px = int(mask.sum())
    row.centre_x_mm = (column + float(columns.mean()) + 0.5) * MM_PER_PX
    return row


def record_frames(
    engine: Engine, web: Mask, starts: Sequence[int], *, serial: str = "coil-1"
) -> list[Recorded]:
    """One transaction each."""
    recorded = []
    for start in starts:
        with session(engine) as opened:
            inspection = inspection_row(seen_in_frame(web, start))
            recorded.append(record_inspection(opened, frame_at(start, serial=serial), inspection))
    return recorded
