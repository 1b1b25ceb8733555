"""The rows of the whole year, day by day, with the counts that the product keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks.scale import rhythm, verdicts
from benchmarks.scale.columns import (
    NONE,
    Array,
    Column,
    Rows,
    Words,
    evidence_names,
    hex_digits,
)
from benchmarks.scale.frames import DayOfFrames, frames_of, slots, standing
from benchmarks.scale.health import camera_figures
from benchmarks.scale.regions import SEVERITIES, VERDICTS, WEB_SPEED_MM_S, Regions, regions_of
from benchmarks.scale.world import (
    BEGIN,
    CAMERAS,
    DAYS,
    KINDS,
    NO_KIND,
    PARTS,
    config_of,
    model_of,
)
from db.note_search import folded
from db.tallies.findings import FINDING_SLOT, INSPECTION_SLOT
from db.words import Outcome, UnfitReason, Verdict

OUTCOMES = tuple(Outcome)
PASSED, FAILED, UNFIT = (OUTCOMES.index(one) for one in Outcome)
UNFIT_SHARE = 0.004
TIMINGS = tuple(f'{{"invert": {0.1 + step / 100:.2f}, "verify": 0.05}}' for step in range(40))
DAY_ROWS = ("frames", "inspections", "findings", "reviews", "audits")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How many findings, and how many of the newest wait for a verdict."""

    findings: int
    backlog: int
    seed: int = 1


def days_of(asked: Asked) -> Iterator[tuple[Rows, ...]]:
    """Each day's rows of every table that grows, ready to be written in this order."""
    random = np.random.default_rng(asked.seed)
    weights = rhythm.findings_weights(random)
    counts = random.multinomial(asked.findings, weights.ravel()).reshape(weights.shape)
    made = rhythm.production()
    ids = dict.fromkeys(DAY_ROWS, 1)
    for day in range(DAYS):
        rows = _day(day, counts[day], made[day], ids, asked, random)
        yield rows
        for table in rows:
            if table.table in ids:
                ids[table.table] += len(table)


def _day(
    day: int,
    counts: Array,
    made: Array,
    ids: Mapping[str, int],
    asked: Asked,
    random: np.random.Generator,
) -> tuple[Rows, ...]:
    began = np.datetime64((BEGIN + timedelta(days=day)).replace(tzinfo=None), "us")
    frames = frames_of(day, began, counts, made, random)
    web_mm = _web_mm(frames)
    regions = regions_of(frames, web_mm, random)
    outcome = _outcomes(frames, regions, random)
    count = len(frames.inspection)
    finding_id = np.arange(ids["findings"], ids["findings"] + count)
    newest = finding_id > asked.findings - asked.backlog
    waits = random.random(count) < np.where(newest, 0.95, verdicts.FORGOTTEN)
    taken_at = frames.taken_at[frames.frame[frames.inspection]]
    said = verdicts.reviews_of(regions.verdict, taken_at, waits, random)
    findings = {
        "id": finding_id,
        "inspection_id": frames.inspection + ids["inspections"],
        **_findings(frames, regions, said, taken_at),
    }
    audits = verdicts.audits_of(
        frames.frame + ids["frames"], outcome == FAILED, frames.taken_at[frames.frame], random
    )
    reviews = _reviews(said, ids)
    return (
        _frames(frames, web_mm, ids, random),
        _inspections(frames, outcome, ids, random),
        Rows(table="findings", columns=findings),
        reviews,
        _folded_notes(reviews),
        _with_id(audits, ids),
        _inspection_tally(frames, outcome),
        _finding_tally(frames, regions, said, taken_at),
        camera_figures(frames, outcome == UNFIT, outcome == PASSED, random),
    )


def _web_mm(frames: DayOfFrames) -> Array:
    """Where each frame begins on its web; NaN where the part is not a web."""
    is_web = np.array([one.is_web for one in PARTS])[frames.part]
    began = np.datetime64(BEGIN.replace(tzinfo=None), "us")
    seconds = (frames.taken_at - began) / np.timedelta64(1, "s")
    return np.where(is_web, np.round(seconds * WEB_SPEED_MM_S, 1), np.nan)


def _outcomes(frames: DayOfFrames, regions: Regions, random: np.random.Generator) -> Array:
    """A frame fails by any finding that is not rejected; a few without findings are unfit."""
    outcome = np.full(len(frames.frame), PASSED)
    without = np.ones(len(outcome), bool)
    without[frames.inspection] = False
    outcome[without & (random.random(len(outcome)) < UNFIT_SHARE)] = UNFIT
    counts = regions.verdict != VERDICTS.index(Verdict.REJECTED)
    outcome[frames.inspection[counts]] = FAILED
    return outcome


def _frames(
    frames: DayOfFrames, web_mm: Array, ids: Mapping[str, int], random: np.random.Generator
) -> Rows:
    count = len(frames.camera)
    digests = hex_digits(random, count, 64)
    return Rows(
        table="frames",
        columns={
            "id": np.arange(ids["frames"], ids["frames"] + count),
            **standing(frames.camera, frames.part),
            "taken_at": frames.taken_at,
            "content_sha256": digests,
            "source": Words(frames.camera, [f"camera:{name}" for name in CAMERAS]),
            "serial": hex_digits(random, count, 12),
            "web_position_mm": web_mm,
            "width_px": np.array([one.width_px for one in PARTS])[frames.part],
            "height_px": np.array([one.height_px for one in PARTS])[frames.part],
            "is_compared": np.bincount(frames.frame, minlength=count) > 1,
        },
    )


def _inspections(
    frames: DayOfFrames, outcome: Array, ids: Mapping[str, int], random: np.random.Generator
) -> Rows:
    count = len(outcome)
    part = frames.part[frames.frame]
    is_unfit = outcome == UNFIT
    score = np.where(is_unfit, np.nan, np.round(random.beta(2, 4, count), 5))
    reason = random.integers(0, len(UnfitReason), count)
    models = [model_of(one, number) for one in range(len(PARTS)) for number in (0, 1)]
    pictures = (("observed", ".png"), ("golden", ".png"), ("restored", ".png"), ("heat", ".tiff"))
    columns: dict[str, Column] = {
        "id": np.arange(ids["inspections"], ids["inspections"] + count),
        "frame_id": frames.frame + ids["frames"],
        "model_id": Words(part * 2 + frames.model, models),
        "config_id": Words(part, [config_of(one) for one in range(len(PARTS))]),
        "outcome": Words(outcome, OUTCOMES),
        "unfit_reason": Words(np.where(is_unfit, reason, NONE), tuple(UnfitReason)),
        "raw_score": np.round(10 * score - 3, 4),
        "score": score,
        "p_value": np.round((1 - score) ** 4, 7),
        "inspected_at": frames.taken_at[frames.frame] + np.timedelta64(400, "ms"),
        "timings_s": Words(random.integers(0, len(TIMINGS), count), TIMINGS),
        **{
            f"{what}_name": evidence_names(random, count, ending)
            for what, ending in pictures[: 1 if day_is_old(frames.day) else 4]
        },
    }
    return Rows(table="inspections", columns=columns)


def day_is_old(day: int) -> bool:
    """Retention has taken the golden, restored and heat pictures of whole frames."""
    return day < DAYS - 30


def _findings(
    frames: DayOfFrames, regions: Regions, said: verdicts.Said, taken_at: Array
) -> dict[str, Column]:
    frame = frames.frame[frames.inspection]
    return {
        "number": frames.number,
        **standing(frames.camera[frame], frames.part[frame]),
        "taken_at": taken_at,
        **regions.columns,
        "state": Words(said.state, verdicts.STATES),
        "version": said.version,
        "created_at": taken_at + np.timedelta64(400, "ms"),
    }


def _reviews(said: verdicts.Said, ids: Mapping[str, int]) -> Rows:
    places = said.reviews.columns["finding_id"]
    assert isinstance(places, np.ndarray), "findings are named by their place in the day"
    columns = {**said.reviews.columns, "finding_id": places + ids["findings"]}
    return _with_id(Rows(table="reviews", columns=columns), ids)


def _folded_notes(reviews: Rows) -> Rows:
    said, ids, found = (reviews.columns[name] for name in ("note", "id", "finding_id"))
    assert isinstance(said, Words), "notes are words of a vocabulary"
    assert isinstance(ids, np.ndarray), "ids are counted up"
    assert isinstance(found, np.ndarray), "findings are named by their ids"
    noted = said.codes != NONE
    return Rows(
        table="folded_notes",
        columns={
            "review_id": ids[noted],
            "finding_id": found[noted],
            "folded": Words(said.codes[noted], [folded(str(note)) for note in said.vocabulary]),
        },
    )


def _with_id(rows: Rows, ids: Mapping[str, int]) -> Rows:
    first = ids[rows.table]
    return Rows(
        table=rows.table, columns={"id": np.arange(first, first + len(rows)), **rows.columns}
    )


def _inspection_tally(frames: DayOfFrames, outcome: Array) -> Rows:
    keys = {
        "slot_at": slots(frames.taken_at[frames.frame], INSPECTION_SLOT),
        "camera": frames.camera[frames.frame],
        "part": frames.part[frames.frame],
        "model": frames.model,
        "outcome": outcome,
    }
    counted = _counted(keys)
    models = [model_of(one, number) for one in range(len(PARTS)) for number in (0, 1)]
    return Rows(
        table="inspection_tallies",
        columns={
            "slot_at": counted["slot_at"],
            **standing(counted["camera"], counted["part"]),
            "model_id": Words(counted["part"] * 2 + counted["model"], models),
            "outcome": Words(counted["outcome"], OUTCOMES),
            "inspections": counted["count"],
        },
    )


def _finding_tally(
    frames: DayOfFrames, regions: Regions, said: verdicts.Said, taken_at: Array
) -> Rows:
    frame = frames.frame[frames.inspection]
    counted = _counted(
        {
            "slot_at": slots(taken_at, FINDING_SLOT),
            "camera": frames.camera[frame],
            "part": frames.part[frame],
            "kind": regions.kind,
            "verdict": regions.verdict,
            "severity": regions.severity,
            "state": said.state,
        }
    )
    kinds = [*KINDS, ""]
    assert kinds[NO_KIND] == "", "no kind is the empty word in tallies"
    return Rows(
        table="finding_tallies",
        columns={
            "slot_at": counted["slot_at"],
            **standing(counted["camera"], counted["part"]),
            "kind": Words(counted["kind"], kinds),
            "verdict": Words(counted["verdict"], VERDICTS),
            "severity": Words(counted["severity"], SEVERITIES),
            "state": Words(counted["state"], verdicts.STATES),
            "findings": counted["count"],
        },
    )


def _counted(keys: Mapping[str, Array]) -> dict[str, Array]:
    """How often each combination occurs, in the order of the keys, and `count`."""
    table = pd.DataFrame(dict(keys))
    counted = table.groupby(list(keys), sort=True).size().reset_index(name="count")
    return {name: counted[name].to_numpy() for name in counted.columns}
