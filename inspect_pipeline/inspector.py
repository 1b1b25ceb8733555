"""Frame in, inspection out: the whole flow on one screen. No database, camera or web in here."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.conformal import Calibration
from inspect_pipeline.errors import CalibrationError, UsageError
from inspect_pipeline.geometry import grown, polygon_mask
from inspect_pipeline.limits import Limits
from inspect_pipeline.opinion import Seen, described, form_opinion, restored, see
from inspect_pipeline.records import (
    Captured,
    Descriptor,
    Evidence,
    Frame,
    FrameKey,
    FramePictures,
    Inspection,
    Mask,
    Picture,
    Unfit,
    UnreadableFrame,
    Verification,
    sha256_of,
)
from inspect_pipeline.stages.fitness import FitnessLimits, unfit_reason
from inspect_pipeline.stages.judge import Standard, judge, scale_of, unfit
from inspect_pipeline.stages.verify import Restoration
from plant_config.part import Fitness, Part

EVIDENCE_MARGIN_PX = 24
SIZE_SLACK = 2.0  # parts of changing size: frames up to this factor beyond what was trained on


class Inspector:
    """Inspects frames of one part with one model. Same frame, model and part: same findings.

    `reference` is the picture of a good part that the plant file names, where it names one.
    """

    def __init__(self, model: PartModel, part: Part, *, reference: Picture | None = None) -> None:
        self.model = model
        self.part = part
        calibrated = model.require_calibration()
        self.calibration = _calibration_for(part, calibrated.calibration)
        self.limits = _limits_for(part, calibrated.limits, self.calibration)
        self.fitness = _fitness_for(part, model)
        self.reference = reference
        self.standard = Standard(
            calibration=self.calibration,
            scale=scale_of(part),
            model_id=model.model_id,
            config_id=_config_id(part, self.limits, reference),
        )

    def inspect(self, captured: Captured, *, frozen: Unfit | None = None) -> Inspection:
        """The result for one frame, fit or not; clean frames keep no pictures.

        `frozen`: what the frames before it say, where it is a good picture of the past.
        """
        if isinstance(captured, UnreadableFrame):
            return self._unfit(captured.key, captured.unfit)
        if reason := unfit_reason(captured, self.fitness, self.reference) or frozen:
            return self._unfit(captured.key, reason, captured.frame_wh)
        return self.judged(captured)

    def judged(self, captured: Frame, *, keep_pictures: bool = False) -> Inspection:
        """The result for a frame that is fit; `keep_pictures` keeps those of clean frames too."""
        timings_s: dict[str, float] = {}
        with _timed(timings_s, "see"):
            seen = see(self.model, captured)
        with _timed(timings_s, "verify"):
            inspected = self._inspected(captured)
            opinion = form_opinion(self.model, seen, self.limits, inspected=inspected)
        found = [one for one in opinion.suspects if one.region.peak > self.limits.threshold]
        pictures: FramePictures | None = None
        evidence: list[Evidence] = []
        if found or keep_pictures:
            with _timed(timings_s, "restore"):
                regions = None if keep_pictures else [one.region for one in found]
                pictures = _pictures(captured, seen, restored(self.model, seen, regions))
                looks = [described(self.model, seen, one.region) for one in found]
                evidence = [_evidence(*each, pictures) for each in zip(found, looks, strict=True)]
        return judge(
            captured.key,
            frame_wh=captured.frame_wh,
            raw_score=opinion.score,
            verified=found,
            evidence=evidence,
            standard=self.standard,
            pictures=pictures,
            timings_s=timings_s,
        )

    def _inspected(self, frame: Frame) -> Mask | None:
        polygon = self.part.polygon_px
        if polygon is None:
            return None
        inspected = polygon_mask(polygon, frame.frame_wh)
        area_px, (width, height) = int(inspected.sum()), frame.frame_wh
        if area_px < self.limits.min_area_px:
            raise UsageError(
                f"polygon_px of part {self.part.name} covers {area_px} px of {frame.key.source} "
                f"({width} x {height} px), findings have at least {self.limits.min_area_px} px: "
                "correct the polygon in the plant file"
            )
        return inspected

    def _unfit(
        self, key: FrameKey, reason: Unfit, frame_wh: tuple[int, int] | None = None
    ) -> Inspection:
        return unfit(
            key,
            reason,
            model_id=self.standard.model_id,
            config_id=self.standard.config_id,
            frame_wh=frame_wh,
        )


def _pictures(frame: Frame, seen: Seen, restoration: Restoration) -> FramePictures:
    return FramePictures(
        observed=frame.pixels,
        golden=seen.prepared.picture(restoration.golden),
        restored=seen.prepared.picture(restoration.restored),
        heat=seen.heat.values,
    )


def _evidence(
    verification: Verification, descriptor: Descriptor, pictures: FramePictures
) -> Evidence:
    """The pictures of a region with some of its surroundings, all cut alike."""
    height, width = pictures.heat.shape
    region = verification.region
    box = grown(region.box, margin_px=EVIDENCE_MARGIN_PX, frame_wh=(width, height))
    return Evidence(
        box=box,
        observed=pictures.observed[box.slices],
        golden=pictures.golden[box.slices],
        restored=pictures.restored[box.slices],
        heat=pictures.heat[box.slices],
        descriptor=descriptor,
    )


def _calibration_for(part: Part, stored: Calibration) -> Calibration:
    """The bundle's calibration, at the plant's own budget where the plant file states one."""
    if "false_alarms" not in part.model_fields_set:
        return stored
    return replace(stored, budget=part.false_alarms)


def _limits_for(part: Part, stored: Limits, calibration: Calibration) -> Limits:
    asked_px = part.smallest_area_px
    is_asked = part.min_area_px is not None or part.min_area_mm2 is not None
    if is_asked and asked_px < stored.min_area_px:
        raise CalibrationError(
            f"part {part.name} wants findings from {asked_px} px on, its model is calibrated from "
            f"{stored.min_area_px} px on: run `run_pipeline.py calibrate {part.name} --images DIR "
            f"--min-area-px {asked_px}`, or raise min_area in the plant file"
        )
    threshold = calibration.threshold
    return replace(
        stored,
        threshold=threshold,
        low_threshold=min(stored.low_threshold, threshold),
        min_area_px=max(asked_px, stored.min_area_px),
    )


def _fitness_for(part: Part, model: PartModel) -> FitnessLimits:
    """Light as the plant file says; size and channels as the model was trained."""
    smallest, largest = model.origin.frame_wh_min, model.origin.frame_wh_max
    if smallest != largest:
        smallest = (int(smallest[0] / SIZE_SLACK), int(smallest[1] / SIZE_SLACK))
        largest = (int(largest[0] * SIZE_SLACK), int(largest[1] * SIZE_SLACK))
    asked = part.fitness or Fitness()
    return FitnessLimits(
        dark_below=part.dark_below,
        saturated_share=part.saturated_share,
        min_wh=smallest,
        max_wh=largest,
        channels=model.preparation.channels,
        least_web_lines=_least_web_lines(model),
        blurred_below=asked.blurred_below or 0.0,
        least_likeness=asked.least_likeness or 0.0,
        max_shift_px=asked.max_shift_px,
    )


def _least_web_lines(model: PartModel) -> int | None:
    """A tile's height: fewer lines give fewer chances of a false alarm, so the budget holds.

    None where the model knows each place of a whole frame: part of one would lie elsewhere.
    """
    if model.familiar is not None:
        return None
    return math.ceil(model.preparation.tile_px / model.preparation.scale)


def _config_id(part: Part, limits: Limits, reference: Picture | None) -> str:
    left_out = {"fitness"} if part.fitness is None else set()  # as before there was one
    described = part.model_dump(mode="json", exclude=left_out)
    said: dict[str, object] = {"part": described, "limits": limits.to_dict()}
    if reference is not None:
        said["reference"] = sha256_of(reference.tobytes())
    return sha256_of(json.dumps(said, sort_keys=True).encode())


@contextmanager
def _timed(timings_s: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings_s[name] = round(time.perf_counter() - started, 4)
