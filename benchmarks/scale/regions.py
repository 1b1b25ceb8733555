"""How a day's findings look: where they lie, how large they are, of which kind, how sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.scale.columns import NONE, Array, Column, Words, evidence_names
from benchmarks.scale.frames import DayOfFrames
from benchmarks.scale.rhythm import roll_is_damaged
from benchmarks.scale.world import (
    CAMERAS,
    KINDS,
    NO_KIND,
    PARTS,
    ROLL_PITCH_MM,
    model_of,
)
from db.descriptors import code_of, encode_descriptor
from db.masks import encode_mask
from db.words import Severity, Verdict

DESCRIPTOR_SIZE = 64
LOOKS = 64  # different descriptors of each kind, model and part
SHAPES = 400
WEB_SPEED_MM_S = 100.0
VERDICTS = tuple(Verdict)
SEVERITIES = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
VERDICT_SHARES = {Verdict.CONFIRMED: 0.55, Verdict.REJECTED: 0.35, Verdict.UNSURE: 0.10}
SEVERITY_SHARES = (0.6, 0.3, 0.1)
ROLL_SHARE = 0.6  # of a damaged roll's findings
_ROLL_KIND = KINDS.index("print")
_SPOTS = 5


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Outlines to choose from; index 0 .. SHAPES - 1."""

    width_px: Array
    height_px: Array
    area_px: Array
    masks: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Regions:
    """The columns of the findings that tell how they look, and the codes others count by."""

    columns: Mapping[str, Column]
    kind: Array  # NO_KIND where none is known
    verdict: Array  # place in VERDICTS
    severity: Array  # place in SEVERITIES


def regions_of(day: DayOfFrames, web_mm: Array, random: np.random.Generator) -> Regions:
    """`web_mm` per frame: where the frame begins on its web, NaN where there is none."""
    frame = day.frame[day.inspection]
    part, camera = day.part[frame], day.camera[frame]
    model = day.model[day.inspection]
    kind, place_x, place_y = _places(day, web_mm, random)
    verdict = random.choice(len(VERDICTS), len(part), p=[VERDICT_SHARES[one] for one in VERDICTS])
    severity = random.choice(len(SEVERITIES), len(part), p=SEVERITY_SHARES)
    masks, box = _boxes(part, place_x, place_y, random)
    score = np.round(random.beta(2, 2, len(part)), 5)
    mm = np.array([one.mm_per_px for one in PARTS])[part]
    looks = Words(
        ((part * 2 + model) * (NO_KIND + 1) + kind) * LOOKS + random.integers(0, LOOKS, len(part)),
        _descriptors()[0],
    )
    centre_y_mm = np.round((box["y0"] + box["y1"]) / 2 * mm, 3)
    columns: dict[str, Column] = {
        **box,
        "mask": masks,
        "area_mm2": np.round(box["area_px"] * mm**2, 4),
        "centre_x_mm": np.round((box["x0"] + box["x1"]) / 2 * mm, 3),
        "centre_y_mm": centre_y_mm,
        "web_mm": web_mm[frame] + centre_y_mm,
        "peak": np.round(2 + 8 * score, 4),
        "mean": np.round(1 + 4 * score, 4),
        "score": score,
        "p_value": np.round(random.random(len(part)) ** 4 / 10, 7),
        "explained": _explained(verdict, random),
        "verdict": Words(verdict, VERDICTS),
        "severity": Words(severity, SEVERITIES),
        "urgency": _urgency(verdict, severity, score),
        "kind": Words(np.where(kind == NO_KIND, NONE, kind), KINDS),
        "descriptor": looks,
        "descriptor_space": Words(part * 2 + model, _spaces()),
        "descriptor_code": _descriptors()[1][looks.codes],
        **{
            f"{what}_name": evidence_names(random, len(part), ending)
            for what, ending in (
                ("observed", ".png"),
                ("golden", ".png"),
                ("restored", ".png"),
                ("heat", ".tiff"),
            )
        },
    }
    assert camera.max(initial=0) < len(CAMERAS), "cameras are counted from 0"
    return Regions(columns=columns, kind=kind, verdict=verdict, severity=severity)


@cache
def shapes() -> Shapes:
    """Blobs of 3 to 60 pixels: ellipses with a rough edge."""
    random = np.random.default_rng(5)
    sides = np.clip(random.lognormal(2.6, 0.6, (SHAPES, 2)), 3, 60).astype(int)
    areas, masks = [], []
    for width, height in sides:
        y, x = np.mgrid[:height, :width]
        radius = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5)
        mask = radius + 0.04 * random.random((height, width)) < 0.5
        mask[height // 2, width // 2] = True
        areas.append(int(mask.sum()))
        masks.append(encode_mask(mask.tobytes(), width_px=int(width), height_px=int(height)))
    return Shapes(
        width_px=sides[:, 0], height_px=sides[:, 1], area_px=np.array(areas), masks=tuple(masks)
    )


def _places(
    day: DayOfFrames, web_mm: Array, random: np.random.Generator
) -> tuple[Array, Array, Array]:
    """(kind, x, y): half of them gather in the part's spots, each with a kind of its own."""
    frame = day.frame[day.inspection]
    part, camera = day.part[frame], day.camera[frame]
    count = len(part)
    spots, kinds = _spots()
    spot = random.choice(_SPOTS, count, p=[0.35, 0.25, 0.2, 0.1, 0.1])
    gathers = random.random(count) < 0.5
    place = np.where(
        gathers[:, None],
        spots[part, spot] + random.normal(0, 0.03, (count, 2)),
        random.random((count, 2)),
    )
    kind = np.where(gathers, kinds[part, spot], random.integers(0, NO_KIND + 1, count))
    damaged = np.array([roll_is_damaged(one, day.day) for one in range(len(CAMERAS))])
    marked = damaged[camera] & (random.random(count) < ROLL_SHARE)
    pitch = ROLL_PITCH_MM
    height_mm = np.array([one.height_px * one.mm_per_px for one in PARTS])[part]
    again_mm = (37.0 * camera - np.nan_to_num(web_mm[frame])) % pitch
    place[marked, 0] = 0.3 + 0.04 * camera[marked] + random.normal(0, 0.001, int(marked.sum()))
    place[marked, 1] = (again_mm / height_mm)[marked]
    kind = np.where(marked, _ROLL_KIND, kind)
    has_twin = day.twin >= 0
    place[has_twin] = place[day.twin[has_twin]] + random.normal(0, 0.002, (has_twin.sum(), 2))
    kind[has_twin] = kind[day.twin[has_twin]]
    return kind, place[:, 0], place[:, 1]


def _boxes(
    part: Array, place_x: Array, place_y: Array, random: np.random.Generator
) -> tuple[Words, dict[str, Array]]:
    """The masks, and the numbers that go with them."""
    known = shapes()
    shape = random.integers(0, SHAPES, len(part))
    columns: dict[str, Array] = {}
    for axis, place, sides, frame_px in (
        ("x", place_x, known.width_px, [one.width_px for one in PARTS]),
        ("y", place_y, known.height_px, [one.height_px for one in PARTS]),
    ):
        side, whole = sides[shape], np.array(frame_px)[part]
        low = np.clip(np.round(place * whole - side / 2), 0, whole - side).astype(np.int64)
        high = low + side
        columns |= {
            f"{axis}0": low,
            f"{axis}1": high,
            f"place_{axis}": (low + high) / 2 / whole,
            f"evidence_{axis}0": np.maximum(low - 16, 0),
            f"evidence_{axis}1": np.minimum(high + 16, whole),
        }
    return Words(shape, known.masks), {**columns, "area_px": known.area_px[shape]}


def _explained(verdict: Array, random: np.random.Generator) -> Array:
    low, high = random.beta(2, 6, len(verdict)), random.beta(6, 2, len(verdict))
    likely = {Verdict.CONFIRMED: low, Verdict.REJECTED: high, Verdict.UNSURE: (low + high) / 2}
    return np.round(np.choose(verdict, [likely[one] for one in VERDICTS]), 5)


def _urgency(verdict: Array, severity: Array, score: Array) -> Array:
    """As db.urgency says it, for many."""
    is_rejected = verdict == VERDICTS.index(Verdict.REJECTED)
    is_confirmed = verdict == VERDICTS.index(Verdict.CONFIRMED)
    return np.asarray(np.where(is_rejected, score, 1.0 + 2 * severity + is_confirmed + score))


@cache
def _spots() -> tuple[npt.NDArray[np.float64], Array]:
    random = np.random.default_rng(6)
    return (
        random.uniform(0.12, 0.88, (len(PARTS), _SPOTS, 2)),
        random.integers(0, len(KINDS), (len(PARTS), _SPOTS)),
    )


@cache
def _spaces() -> tuple[str, ...]:
    return tuple(model_of(part, model) for part in range(len(PARTS)) for model in (0, 1))


@cache
def _descriptors() -> tuple[tuple[bytes, ...], Array]:
    """Stored vectors and their codes, by part, model, kind and look."""
    random = np.random.default_rng(7)
    stored, codes = [], []
    for _ in range(len(PARTS) * 2 * (NO_KIND + 1)):
        middle = random.standard_normal(DESCRIPTOR_SIZE)
        for vector in middle + 0.6 * random.standard_normal((LOOKS, DESCRIPTOR_SIZE)):
            stored.append(encode_descriptor(vector))
            codes.append(code_of(vector))
    return tuple(stored), np.array(codes)
