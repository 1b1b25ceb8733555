"""From a folder of good parts to a calibrated bundle: read, plan, train, save, calibrate."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from inspect_pipeline import bundle
from inspect_pipeline.service.good_set import Taught
from inspect_pipeline.training.backbone import Backbone, load_backbone
from inspect_pipeline.training.calibrate import (
    CalibrationReport,
    Progress,
    calibrate_model,
    learn_verification,
    unseen,
)
from inspect_pipeline.training.checkpoint import FILE_NAME, load_progress
from inspect_pipeline.training.contextual import ContextualPlan, learn_contextual
from inspect_pipeline.training.crops import Crops
from inspect_pipeline.training.familiar import learn_familiar
from inspect_pipeline.training.good_parts import (
    GoodPart,
    Split,
    preparation_for,
    prepared_arrays,
    read_good_parts,
    split_by_content,
)
from inspect_pipeline.training.memory import Watch
from inspect_pipeline.training.phase import Phase
from inspect_pipeline.training.plan import (
    TrainingOptions,
    TrainingPlan,
    best_device,
    plan_training,
)
from inspect_pipeline.training.run import Trained, TrainingRun, Watcher

DEFAULT_BUDGET = 0.01
CALIBRATED_WITH = "calibrated_with_good_set"  # key of the card
UNSEEN_SHARE = 0.25  # of the training pictures: the contextual memory does without them
MOST_SETTLING = 40  # pictures per half: what they cost grows, what they say hardly does


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """Everything known before the first step."""

    plan: TrainingPlan
    split: Split
    images: Path
    backbone: Backbone | None  # None: no contextual branch
    taught: Taught | None = None  # good parts beside the folder's


def prepare_training(
    images: Path, options: TrainingOptions, taught: Taught | None = None
) -> Prepared:
    split = split_by_content(read_good_parts(images, taught.parts if taught else ()))
    preparation = preparation_for(split.train, tile_px=options.tile_px, scale=options.scale)
    plan = plan_training(options, split, preparation, best_device())
    backbone = None
    if plan.has_context:  # before anything is trained: a wrong name costs no half hour
        backbone = load_backbone(options.backbone, sha256=options.backbone_sha256)
    return Prepared(plan=plan, split=split, images=images, backbone=backbone, taught=taught)


def run_folder(models: Path, part: str) -> Path:
    """Where a running training keeps its checkpoint, losses and sheets."""
    return models / f"{part}-training"


def train_part(
    prepared: Prepared, models: Path, *, resume: bool, watcher: Watcher, command: str
) -> Path:
    """Trains and writes the bundle, still without calibration. Returns the bundle's folder."""
    plan, split = prepared.plan, prepared.split
    folder = run_folder(models, plan.options.part)
    if not resume:
        _set_aside(folder)
    pictures = prepared_arrays(split.train, plan.preparation)

    def crops_of(phase: Phase) -> Crops:
        return Crops(
            pictures=pictures,
            tile_px=plan.config.tile_px,
            batch=plan.batch,
            seed=plan.options.seed,
            stream=phase.name,
            damage=phase.damage,
        )

    run = TrainingRun(plan=plan, folder=folder, crops_of=crops_of, watcher=watcher)
    trained = run.train(resume=resume)
    return bundle.save_bundle(
        models,
        part=plan.options.part,
        networks=bundle.half_precision(trained.networks),
        preparation=plan.preparation,
        origin=bundle.Origin(
            trained_on=_hashes(split.train),
            held_out=_hashes(split.held_out),
            frame_wh_min=plan.frame_wh_min,
            frame_wh_max=plan.frame_wh_max,
        ),
        card=_card(prepared, trained, command),
        sheet=folder / "sheet_mapping.png",
    )


def add_context(
    prepared: Prepared, models: Path, *, watch: Watch | None = None
) -> dict[str, Any] | None:
    """Teaches the contextual branch of a bundle that was just trained; None where none is wanted.

    Not part of what resumes: an interrupted run begins this last step again.
    """
    plan, options, backbone = prepared.plan, prepared.plan.options, prepared.backbone
    if backbone is None:
        return None
    folder = models / options.part
    model = bundle.load_bundle(models, options.part)
    halves = split_by_content(prepared.split.train, UNSEEN_SHARE)
    report = learn_contextual(
        model,
        prepared_arrays(halves.train, plan.preparation),
        prepared_arrays(halves.held_out, plan.preparation),
        backbone.network,
        ContextualPlan.of(
            seconds=plan.context_seconds,
            seed=options.seed,
            steps=options.steps,
            given=options.given,
        ),
        watch=watch,
    )
    origin = {"name": backbone.name, "sha256": backbone.sha256, "origin": backbone.origin}
    bundle.write_contextual(folder, report.contextual, origin)
    figures = {"context_network": origin, **report.figures}
    bundle.write_card(folder, {**model.card, "contextual_branch": figures})
    return figures


def interrupted_run(models: Path, part: str) -> str | None:
    """Where an unfinished run of the part stands, in words; None where there is none."""
    progress = load_progress(run_folder(models, part))
    if progress is None:
        return None
    before = (v for name, v in progress.seconds_by_phase.items() if name != progress.phase)
    minutes = (sum(before) + progress.phase_seconds) / 60
    return f"phase {progress.phase}, step {progress.step}, about {minutes:.1f} minutes in"


def finish_run(models: Path, part: str) -> None:
    """Nothing is left to resume; sheets and losses stay."""
    (run_folder(models, part) / FILE_NAME).unlink(missing_ok=True)


def settle_part(
    models: Path, part: str, taught: list[GoodPart], *, progress: Progress | None = None
) -> dict[str, dict[str, Any]]:
    """What a trained model still learns from its own pictures: familiar places, verification.

    One half says what is familiar, the other half, with synthetic defects, whether that helps and
    what restoration explains. Writes both to the bundle, and the figures to its card.
    """
    half = min(len(taught) // 2, MOST_SETTLING)
    known, proof = taught[:half], taught[half : 2 * half]
    folder = models / part
    model = replace(bundle.load_bundle(models, part), familiar=None)
    familiar = learn_familiar(model, known, proof, progress=progress)
    bundle.write_familiar(folder, familiar.familiar)
    model = bundle.load_bundle(models, part)
    verified = learn_verification(model, proof, progress=progress)
    bundle.write_verification(folder, verified.limits)
    figures = {"familiar_places": familiar.figures, "verification": verified.figures}
    bundle.write_card(folder, {**model.card, **figures})
    return figures


def calibrate_part(
    models: Path,
    part: str,
    pictures: list[GoodPart],
    *,
    budget: float,
    min_area_px: int | None = None,
    taught: Taught | None = None,
    progress: Progress | None = None,
) -> CalibrationReport:
    """Calibrates the bundle on those pictures that did not train it, and notes it on the card.

    `taught` says where those of `pictures` are from that did not lie in a folder.
    """
    model = bundle.load_bundle(models, part)
    fresh = unseen(model, pictures)
    report = calibrate_model(
        model, fresh, budget=budget, min_area_px=min_area_px, progress=progress
    )
    folder = models / part
    bundle.write_calibration(folder, report.calibrated)
    card = {**model.card, bundle.CALIBRATION_FIGURES: report.figures}
    card.pop(CALIBRATED_WITH, None)
    if taught is not None:
        card[CALIBRATED_WITH] = taught.lineage
    bundle.write_card(folder, card)
    return report


def _hashes(parts: Sequence[GoodPart]) -> tuple[str, ...]:
    """Of every file that a picture is known by: none of them may calibrate what it taught."""
    return tuple(sha256 for part in parts for sha256 in sorted(part.hashes))


def _set_aside(folder: Path) -> None:
    """A new run never mixes with an old one: the old run's folder is kept once, renamed."""
    if not folder.exists():
        return
    previous = folder.with_name(folder.name + "-previous")
    shutil.rmtree(previous, ignore_errors=True)
    folder.rename(previous)


def _card(prepared: Prepared, trained: Trained, command: str) -> dict[str, Any]:
    plan = prepared.plan
    parameters = sum(p.numel() for p in trained.networks.parameters())
    return {
        "part": plan.options.part,
        "purpose": "Finds what good parts do not show. It saw good parts only, and no defects but "
        "synthetic ones.",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "data": {
            "folder": str(prepared.images),
            "trained_on_pictures": plan.train_count,
            "held_out_pictures": plan.held_out_count,
            "hashes": "sha256 of every picture: model.json, trained_on and held_out",
            **({"good_set": prepared.taught.lineage} if prepared.taught else {}),
        },
        "preparation": plan.preparation.to_dict(),
        "networks": {**plan.config.to_dict(), "parameters": parameters},
        "training": {
            **{key: value for key, value in asdict(plan.options).items() if key != "part"},
            "device": f"{plan.device}, {torch.get_num_threads()} threads",
            "torch": torch.__version__,
            "batch": plan.batch,
            "minutes_by_phase": {k: round(v / 60, 2) for k, v in trained.seconds_by_phase.items()},
            "steps_by_phase": trained.steps_by_phase,
            "final_losses": trained.final_losses,
        },
    }
