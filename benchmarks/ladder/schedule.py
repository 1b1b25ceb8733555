"""What a climb of the ladder will do and how long that takes, worked out before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.ladder.base import base_seconds
from benchmarks.ladder.exam import Exam
from benchmarks.ladder.results import Results
from benchmarks.ladder.variant import Variant, rung_seconds
from inspect_pipeline.service.training import Prepared
from inspect_pipeline.training.plan import plan_training


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """`pending` in the order of work: seed by seed, from the bottom of the ladder up."""

    pending: tuple[tuple[int, Variant], ...]
    finished: int
    training_s: float  # at most: what lies trained in the cache is not trained again
    sentences: tuple[str, ...]


def scheduled(
    variants: Sequence[Variant],
    seeds: Sequence[int],
    results: Results,
    *,
    prepared: Prepared,
    exam: Exam,
) -> Schedule:
    pairs = [(seed, variant) for seed in seeds for variant in variants]
    pending = tuple(pair for pair in pairs if not results.has(pair[1].name, pair[0]))
    training_s = _training_seconds(pending, prepared)
    options = prepared.plan.options
    good = sum(image.kind == "good" for image in exam.images)
    names = dict.fromkeys(variant.name for _, variant in pending)
    each = f"{options.budget_minutes:g} minutes"
    if options.steps is not None:
        each = f"{options.steps} steps per phase"
    scored = len(exam.images) + len(exam.held_out)
    sentences = [
        f"{prepared.plan.train_count} good parts train, {prepared.plan.held_out_count} are held "
        f"out to calibrate; the exam has {good} good and {len(exam.images) - good} defective parts",
        f"budget of every variant: {each}, on {prepared.plan.device}",
        f"{len(pairs) - len(pending)} of {len(pairs)} runs are in {results.path} already",
    ]
    if pending:
        sentences.append(f"to do, with seeds {_listed(pending)}: {', '.join(names)}")
        length = "a few minutes" if options.steps is not None else f"at most {_length(training_s)}"
        sentences.append(f"training: {length}; scoring {scored} pictures per run comes on top")
    return Schedule(
        pending=pending,
        finished=len(pairs) - len(pending),
        training_s=training_s,
        sentences=tuple(sentences),
    )


def _training_seconds(pending: Sequence[tuple[int, Variant]], prepared: Prepared) -> float:
    """Every base once, every rung or system of equal recipe once."""
    bases: dict[tuple[int, str], float] = {}
    rungs: dict[tuple[int, str], float] = {}
    for seed, variant in pending:
        options = variant.options(prepared.plan.options)
        plan = plan_training(
            options, prepared.split, prepared.plan.preparation, prepared.plan.device
        )
        if (base := variant.base_name(prepared.plan.options)) is not None:
            bases[seed, base] = base_seconds(plan)
        if (rung := variant.recipe.trains(prepared.plan.options)) is not None:
            rungs[seed, rung] = rung_seconds(plan, needs_base=variant.recipe.needs_base)
    return sum(bases.values()) + sum(rungs.values())


def _listed(pending: Sequence[tuple[int, Variant]]) -> str:
    return ", ".join(str(seed) for seed in dict.fromkeys(seed for seed, _ in pending))


def _length(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"
