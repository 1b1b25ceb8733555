"""The numbers of a lot, counted frame by frame: a lot is small, and no tally knows serials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from db import lots
from db.lots import Lot, LotFrame
from db.questions.pareto import Cause, bars_of
from db.questions.proportions import control_limits
from db.questions.rates import ChartPoint
from db.rows import FindingRow
from db.tables import rows_table
from db.words import Outcome
from inspect_pipeline.reports.plant.rates import PlaceRate, added

WORST_FINDINGS = 200
PIECES = 24  # of a lot, on its control chart


@dataclass(frozen=True, kw_only=True, eq=False)
class LotFigures:
    rates: tuple[PlaceRate, ...]
    chart: pd.DataFrame
    causes: Mapping[Cause, pd.DataFrame]
    worst: list[FindingRow]
    before: PlaceRate | None


def lot_figures(opened: Session, lot: Lot, serial_before: str | None) -> LotFigures:
    """`serial_before` is the lot that it is held against."""
    frames = lots.lot_frames(opened, lot.serial)
    before = None
    if serial_before is not None:
        other = lots.lot_seen(opened, serial_before)
        before = added(_rates(other, lots.lot_frames(opened, serial_before)))
    return LotFigures(
        rates=_rates(lot, frames),
        chart=rows_table(_pieces(frames), ChartPoint),
        causes={
            cause: bars_of(lots.lot_causes(opened, lot.serial, cause.value).items())
            for cause in (Cause.KIND, Cause.SEVERITY)
        },
        worst=lots.lot_findings(opened, lot.serial, limit=WORST_FINDINGS),
        before=before,
    )


def _rates(lot: Lot, frames: Iterable[LotFrame]) -> tuple[PlaceRate, ...]:
    counts = Counter((frame.camera_id, frame.outcome) for frame in frames)
    return tuple(
        PlaceRate(
            line_id=", ".join(lot.line_ids),
            part=", ".join(lot.parts),
            camera_id=camera_id,
            inspected=counts[camera_id, Outcome.PASSED] + counts[camera_id, Outcome.FAILED],
            failed=counts[camera_id, Outcome.FAILED],
            unfit=counts[camera_id, Outcome.UNFIT],
        )
        for camera_id in lot.camera_ids
    )


def _pieces(frames: Iterable[LotFrame]) -> list[ChartPoint]:
    """The lot in pieces of about as many frames each, from its first frame to its last."""
    fit = [frame for frame in frames if frame.outcome is not Outcome.UNFIT]
    if not fit:
        return []
    pieces = [list(piece) for piece in np.array_split(np.arange(len(fit)), min(PIECES, len(fit)))]
    failed = [sum(fit[at].outcome is Outcome.FAILED for at in piece) for piece in pieces]
    limits = control_limits(
        np.array(failed, dtype=np.int64),
        np.array([len(piece) for piece in pieces], dtype=np.int64),
    )
    return [
        ChartPoint(
            period=str(number + 1),
            from_at=fit[piece[0]].taken_at,
            to_at=fit[piece[-1]].taken_at + timedelta(microseconds=1),
            inspected=len(piece),
            failed=failed[number],
            rate=failed[number] / len(piece),
            centre=limits.centre,
            low=float(limits.low[number]),
            high=float(limits.high[number]),
            outside=bool(limits.outside[number]),
        )
        for number, piece in enumerate(pieces)
    ]
