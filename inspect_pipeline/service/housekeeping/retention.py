"""Pictures that have had their time go, as `db prune` does it."""

from __future__ import annotations

from datetime import timedelta

from db.evidence import EvidenceStore
from db.jobs import forget_runs
from db.kept_answers import forget_answers
from db.pictures import PictureKind
from db.pruning import prune
from db.retention import Retention
from db.words import Verdict
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult
from plant_config.jobs import RetentionJob


def remove_pictures(settings: RetentionJob, context: ChoreContext) -> ChoreResult:
    """What was removed. Pictures that people need stay, whatever their age (db.retention)."""
    rules = Retention(
        verdict_days={Verdict(name): days for name, days in settings.keep_days.items()},
        kind_days={PictureKind(name): days for name, days in settings.pictures.items()},
        passed_days=settings.passed_days,
    )
    now, store = context.now(), EvidenceStore(context.plant.storage.evidence_folder)
    removed = prune(context.engine, store, rules, now=now, watch=context.watch)
    kept_before = now - timedelta(days=settings.answers_days)
    forgotten = forget_answers(context.engine, kept_before=kept_before, watch=context.watch)
    before = now - timedelta(days=settings.runs_days)
    runs = forget_runs(context.engine, planned_before=before, watch=context.watch)
    return ChoreResult(
        text=(
            f"{removed.rows} rows lost pictures, {removed.files} files with "
            f"{removed.size_bytes / 1e6:.1f} MB removed, {forgotten} answers to programs "
            f"and {runs} runs of jobs forgotten"
        )
    )
