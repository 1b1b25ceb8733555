"""A line of its own for the load: frames with findings, written while people review them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from threading import Event

import numpy as np
from sqlalchemy import Engine

from db import models
from db.engine import session
from db.masks import encode_mask
from db.repository import record_inspection, register_model
from db.words import Outcome, Severity, Verdict

LINE = "line-under-load"
CAMERA = f"{LINE}-cam"
PART = "loaded"
MODEL_ID = hashlib.sha256(b"the model under load").hexdigest()
FINDINGS_PER_FRAME = 3
_SIDE_PX, _MM_PER_PX = 12, 0.1
_MASK = encode_mask(b"\1" * _SIDE_PX**2, width_px=_SIDE_PX, height_px=_SIDE_PX)


def prepare(engine: Engine, *, at: datetime) -> None:
    model = models.Model(model_id=MODEL_ID, part=PART, name=PART, created_at=at, card={})
    with session(engine) as opened:
        register_model(opened, model)


def write_frame(engine: Engine, number: int, *, at: datetime) -> None:
    """One frame that failed, with its findings, in one transaction like those of the ledger."""
    random = np.random.default_rng([number, int(at.timestamp() * 1e6)])
    frame = models.Frame(
        line_id=LINE,
        camera_id=CAMERA,
        part=PART,
        taken_at=at,
        content_sha256=_hex(random),
        source=f"load/{number}",
        width_px=1280,
        height_px=960,
    )
    inspection = models.Inspection(
        model_id=MODEL_ID,
        config_id=MODEL_ID,
        outcome=Outcome.FAILED,
        raw_score=3.0,
        score=0.8,
        p_value=0.01,
        inspected_at=at,
        timings_s={"invert": 0.2},
        findings=[_finding(random, place + 1, at) for place in range(FINDINGS_PER_FRAME)],
    )
    with session(engine) as opened:
        record_inspection(opened, frame, inspection)


def write_until(engine: Engine, over: Event, *, every_s: float, first: int) -> int:
    """A frame every so often until it is over; how many there were."""
    number = first
    while not over.wait(every_s):
        write_frame(engine, number, at=datetime.now().astimezone())
        number += 1
    return number - first


def _finding(random: np.random.Generator, number: int, at: datetime) -> models.Finding:
    x0, y0 = (int(one) for one in random.integers(0, 900, 2))
    names = {f"{what}_name": _name(random) for what in ("observed", "golden", "restored", "heat")}
    return models.Finding(
        number=number,
        x0=x0,
        y0=y0,
        x1=x0 + _SIDE_PX,
        y1=y0 + _SIDE_PX,
        mask=_MASK,
        area_px=_SIDE_PX**2,
        area_mm2=(_SIDE_PX * _MM_PER_PX) ** 2,
        centre_x_mm=(x0 + _SIDE_PX / 2) * _MM_PER_PX,
        centre_y_mm=(y0 + _SIDE_PX / 2) * _MM_PER_PX,
        peak=5.0,
        mean=2.0,
        score=float(random.random()),
        p_value=0.01,
        explained=0.2,
        verdict=list(Verdict)[int(random.integers(3))],
        severity=list(Severity)[int(random.integers(3))],
        kind=None,
        evidence_x0=x0,
        evidence_y0=y0,
        evidence_x1=x0 + _SIDE_PX,
        evidence_y1=y0 + _SIDE_PX,
        created_at=at,
        **names,
    )


def _name(random: np.random.Generator) -> str:
    digest = _hex(random)
    return f"{digest[:2]}/{digest[2:4]}/{digest}.png"


def _hex(random: np.random.Generator) -> str:
    return random.bytes(32).hex()
