"""The whole system, through the very functions that `train`, `calibrate` and inspection use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.ladder.base import name_of, trained_base
from benchmarks.ladder.lesson import Lesson
from benchmarks.ladder.reading import Reading, Restored, size_of
from inspect_pipeline.bundle import load_bundle
from inspect_pipeline.errors import CalibrationError, ModelError
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.opinion import form_opinion, restored, see
from inspect_pipeline.records import Frame, FrameKey, Picture, sha256_of
from inspect_pipeline.service.training import (
    DEFAULT_BUDGET,
    Prepared,
    add_context,
    calibrate_part,
    finish_run,
    interrupted_run,
    run_folder,
    settle_part,
    train_part,
)
from inspect_pipeline.stages.prepare import as_channels
from inspect_pipeline.stages.regions import frame_score
from inspect_pipeline.training.checkpoint import load_progress
from inspect_pipeline.training.plan import TrainingOptions
from plant_config.part import Part

SYSTEMS = "systems"
MM_PER_PX = 1.0  # no figure of the ladder is in millimetres


@dataclass(frozen=True, kw_only=True)
class System:
    """`overrides` are training options, `verified` is whether verification may take suspects away.

    Systems of equal options are trained once, whatever is then read from them.
    """

    overrides: Mapping[str, Any] = field(default_factory=dict)
    verified: bool = True
    needs_base: bool = True

    def trains(self, options: TrainingOptions) -> str:
        return f"system-{name_of(replace(options, **self.overrides))}"

    def fit(self, lesson: Lesson) -> SystemReader:
        part, models = self.trains(lesson.options), lesson.workshop / SYSTEMS
        prepared = lesson.prepared(**{**self.overrides, "part": part})
        if not _is_finished(models, part):
            _train(lesson, prepared, models, part)
        inspector = Inspector(load_bundle(models, part), Part(name=part, mm_per_px=MM_PER_PX))
        return SystemReader(inspector=inspector, verified=self.verified)


@dataclass(frozen=True, kw_only=True, eq=False)
class SystemReader:
    inspector: Inspector
    verified: bool

    @property
    def parameters(self) -> int:
        model = self.inspector.model
        branch = [model.contextual] if model.contextual is not None else []
        return size_of(model.networks, *branch)

    @property
    def verifies(self) -> bool:
        return self.verified

    def read(self, picture: Picture) -> Reading:
        seen = see(self.inspector.model, self._frame(picture))
        limits = self.inspector.limits
        if not self.verified:
            score = frame_score(seen.heat, min_area_px=limits.min_area_px)
            return Reading(heat=seen.heat.values, score=score)
        opinion = form_opinion(self.inspector.model, seen, limits)
        return Reading(heat=seen.heat.values, score=opinion.score, suspects=opinion.suspects)

    def restored(self, picture: Picture) -> Restored | None:
        """The gated picture, which people are shown."""
        model = self.inspector.model
        seen = see(model, self._frame(picture))
        return Restored(seen.prepared.pixels, restored(model, seen, None).restored)

    def _frame(self, picture: Picture) -> Frame:
        key = FrameKey(
            line_id="ladder",
            camera_id="pictures",
            part=self.inspector.part.name,
            taken_at=datetime(2000, 1, 1, tzinfo=UTC),
            content_sha256=sha256_of(picture.tobytes()),
            source="ladder",
        )
        channels = self.inspector.model.preparation.channels
        return Frame(key=key, pixels=as_channels(picture, channels))


def _train(lesson: Lesson, prepared: Prepared, models: Path, part: str) -> None:
    """What `run_pipeline.py train` does, but for the base, which other rungs may have paid for."""
    folder = run_folder(models, part)
    if load_progress(folder) is None:
        trained_base(lesson, prepared).hand_over(folder, prepared.plan)
    with lesson.bars() as watcher:
        train_part(prepared, models, resume=True, watcher=watcher, command=lesson.command)
    add_context(prepared, models, watch=lesson.counted)
    settle_part(models, part, list(prepared.split.train), progress=lesson.counted)
    held_out = list(prepared.split.held_out)
    calibrate_part(models, part, held_out, budget=DEFAULT_BUDGET, progress=lesson.counted)
    finish_run(models, part)


def _is_finished(models: Path, part: str) -> bool:
    """A calibrated bundle, and nothing left to resume."""
    if interrupted_run(models, part) is not None:
        return False
    try:
        load_bundle(models, part).require_calibration()
    except (ModelError, CalibrationError):
        return False
    return True
