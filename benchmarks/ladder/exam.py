"""The exam: a fitted variant is calibrated on held-out good parts, then shown the test pictures.

Only here do test pictures appear, one after another, when nothing can be learnt any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.ladder.fidelity import FidelityJudge, averaged
from benchmarks.ladder.lesson import unwatched
from benchmarks.ladder.reading import Reader
from benchmarks.ladder.regions import RegionTally
from inspect_pipeline.capture.reading import read_picture
from inspect_pipeline.conformal import Calibration, calibrate
from inspect_pipeline.measures import PixelTally
from inspect_pipeline.records import Picture
from inspect_pipeline.reports.evaluation_figures import figures_as_json, figures_of
from inspect_pipeline.reports.evaluation_files import check_names, write_map, write_scores
from inspect_pipeline.reports.gallery import EvaluatedImage
from inspect_pipeline.reports.ranking import rate
from inspect_pipeline.service.evaluating import GOOD, LabelledImage, labelled_images
from inspect_pipeline.training.good_parts import GoodPart

BUDGETS = (0.01, 0.05)  # the first decides in scores.csv


@dataclass(frozen=True, kw_only=True, eq=False)
class Exam:
    held_out: Sequence[GoodPart]
    images: Sequence[LabelledImage]


@dataclass(kw_only=True)
class _Sheet:
    """What an exam notes of the pictures while it goes on."""

    rows: list[tuple[LabelledImage, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    restored: list[dict[str, float]] = field(default_factory=list)
    tally: PixelTally = field(default_factory=PixelTally)
    regions: RegionTally = field(default_factory=RegionTally)


def exam_of(data: Path, held_out: Sequence[GoodPart], *, at_most: int | None = None) -> Exam:
    """All test pictures of a data set, or of each kind the first `at_most`."""
    images = labelled_images(data)
    if at_most is not None:
        of_kind: dict[str, int] = {}
        few = []
        for image in images:
            of_kind[image.kind] = of_kind.get(image.kind, 0) + 1
            if of_kind[image.kind] <= at_most:
                few.append(image)
        images = few
    check_names(image.name for image in images)
    return Exam(held_out=held_out, images=images)


def examine(
    reader: Reader,
    exam: Exam,
    out: Path,
    *,
    judge: FidelityJudge | None = None,
    counted: Callable[..., Iterable[Any]] = unwatched,
) -> dict[str, Any]:
    """All figures of a fitted variant; OUT gets scores.csv and maps/ as `evaluate` writes them.

    Fidelity is measured on good test parts where there is a judge and the reader restores.
    """
    held_out = counted(exam.held_out, len(exam.held_out), "held-out good parts")
    scores = [reader.read(part.pixels).score for part in held_out]
    calibrations = [calibrate(scores, budget=budget) for budget in BUDGETS]
    sheet = _Sheet()
    for image in counted(exam.images, len(exam.images), "test pictures"):
        picture, truth = read_picture(image.path), image.mask()
        started = time.perf_counter()
        reading = reader.read(picture)
        took_s = time.perf_counter() - started
        write_map(out, image.name, reading.heat)
        sheet.tally.add(reading.heat, truth)
        sheet.rows.append((image, reading.score))
        sheet.seconds.append(took_s)
        sheet.regions.add(reading.suspects, truth)
        if judge is not None and image.kind == GOOD:
            _note_fidelity(sheet.restored, reader, picture, judge)
    decided = _decided(sheet.rows, calibrations[0].threshold)
    write_scores(out, decided)
    return {
        "figures": figures_as_json(figures_of(decided, sheet.tally.figures())),
        "calibration": [_realised(sheet.rows, calibration) for calibration in calibrations],
        "verification": sheet.regions.figures([one.threshold for one in calibrations])
        if reader.verifies
        else None,
        "fidelity": averaged(sheet.restored),
        "seconds_per_picture": round(median(sheet.seconds), 4),
        "parameters": reader.parameters,
    }


def _decided(rows: Sequence[tuple[LabelledImage, float]], threshold: float) -> list[EvaluatedImage]:
    return [
        EvaluatedImage(
            name=image.name,
            kind=image.kind,
            label=int(image.kind != GOOD),
            score=score,
            decision=int(score > threshold),
        )
        for image, score in rows
    ]


def _realised(
    rows: Sequence[tuple[LabelledImage, float]], calibration: Calibration
) -> dict[str, Any]:
    """What a threshold from held-out parts does on the test set, with Wilson intervals."""
    images = _decided(rows, calibration.threshold)
    failed = {label: [one.decision for one in images if one.label == label] for label in (0, 1)}
    alarms, found = (rate(sum(failed[label]), len(failed[label])) for label in (0, 1))
    return {
        "budget": calibration.budget,
        "method": calibration.method,
        "held_out": len(calibration.scores),
        "threshold": calibration.threshold,
        "false_alarms": {**asdict(alarms), "share": alarms.share},
        "detections": {**asdict(found), "share": found.share},
        "holds": alarms.low <= calibration.budget,
    }


def _note_fidelity(
    noted: list[dict[str, float]], reader: Reader, picture: Picture, judge: FidelityJudge
) -> None:
    if (pair := reader.restored(picture)) is not None:
        noted.append(judge.of(pair))
