"""The accuracy ladder: variants of the method under one budget, on any data set in MVTec layout.

    python -m benchmarks.accuracy DATA [--budget-minutes M] [--seeds 0,1,2] [--only VARIANT,...]

Every variant learns from DATA/train/good alone, gets its threshold from held-out good parts, and is
then shown the test pictures. RESULTS gets the figures of each run as soon as it is done, with the
command, commit, seed, budget and machine behind them; OUT/VARIANT/seed-N/ gets scores.csv and maps/
as `evaluate` writes them, OUT/cache/ what was trained. Runs that RESULTS holds are skipped, so that
the same command goes on after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.ladder.base import finished_base, name_of
from benchmarks.ladder.exam import Exam, exam_of, examine
from benchmarks.ladder.fidelity import FidelityJudge
from benchmarks.ladder.lesson import Lesson, sealed
from benchmarks.ladder.results import open_results, provenance
from benchmarks.ladder.rungs import chosen, ladder
from benchmarks.ladder.schedule import scheduled
from benchmarks.ladder.table import tables
from benchmarks.ladder.variant import WITHOUT_CONTEXT, Variant
from inspect_pipeline.errors import InspectError, UsageError
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import sha256_of
from inspect_pipeline.service.cli.options import counted
from inspect_pipeline.service.cli.training import WIDTH_ON_CPU, WIDTH_ON_GPU, TrainingBars
from inspect_pipeline.service.training import Prepared, prepare_training
from inspect_pipeline.training.backbone import load_backbone
from inspect_pipeline.training.plan import TrainingOptions, best_device
from inspect_pipeline.training.run import Watcher

RESULTS = Path(__file__).parent / "results"
OUT = Path("out") / "ladder"
INTERRUPTED = 130
SMOKE: dict[str, Any] = {"tile_px": 32, "width": 12, "steps": 2}
SMOKE_PICTURES = 2  # per kind


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asked for."""

    data: Path
    out: Path
    results: Path
    seeds: tuple[int, ...]
    variants: tuple[Variant, ...]
    backbone: str | None
    options: TrainingOptions
    pictures_of_a_kind: int | None  # None: all
    command: str


def main(words: Sequence[str] | None = None) -> int:
    console = Console()
    try:
        failed = climb(_asked(sys.argv[1:] if words is None else words), console)
    except InspectError as error:
        console.print(f"error: {error}", highlight=False, markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted: nothing is lost, the same command goes on")
        return INTERRUPTED
    return 1 if failed else 0


def climb(asked: Asked, console: Console) -> list[str]:
    """Says what it will do, does what is pending, shows the tables of all there is.

    A variant that cannot be had is told and passed over; the names of those are returned.
    """
    pictures = sealed(asked.data, asked.out / "cache" / "pictures")
    prepared = prepare_training(pictures, asked.options)
    exam = exam_of(asked.data, prepared.split.held_out, at_most=asked.pictures_of_a_kind)
    results = open_results(
        asked.results, data=_data_set(asked.data, prepared, exam), settings=_settings(asked)
    )
    schedule = scheduled(asked.variants, asked.seeds, results, prepared=prepared, exam=exam)
    for sentence in schedule.sentences:
        console.print(f"- {sentence}", highlight=False, soft_wrap=True)
    workshop = asked.out / "cache" / f"{name_of(asked.options)}-{_fingerprint(prepared)}"
    backbone = load_backbone(asked.backbone).network if asked.backbone else None
    del prepared  # its pictures are large; each variant reads its own
    failed = []
    for number, (seed, variant) in enumerate(schedule.pending, start=1):
        told = f"{number} of {len(schedule.pending)}: {variant.name}, seed {seed}: {variant.says}"
        console.rule(told, align="left")
        lesson = Lesson(
            pictures=pictures,
            workshop=workshop / f"seed-{seed}",
            options=replace(asked.options, seed=seed),
            command=asked.command,
            bars=_bars,
            counted=counted,
        )
        try:
            results.add(_run(variant, lesson, exam, asked.out, backbone))
        except InspectError as error:
            failed.append(f"{variant.name}, seed {seed}")
            console.print(f"failed: {error}", highlight=False, markup=False, soft_wrap=True)
    if results.runs:
        for table in tables(results.runs, asked.data.name):
            console.print(table)
    if failed:
        console.print(f"without figures: {'; '.join(failed)}", highlight=False)
    console.print(f"figures: {results.path}", highlight=False, soft_wrap=True)
    return failed


def _run(
    variant: Variant, lesson: Lesson, exam: Exam, out: Path, backbone: ContextNetwork | None
) -> dict[str, Any]:
    """Fit, then exam: the lesson knows nothing of what follows it."""
    started = time.monotonic()
    reader = variant.recipe.fit(lesson)
    fit_s = time.monotonic() - started
    judge = _fidelity_judge(lesson, backbone) if variant.shows_fidelity else None
    place = out / variant.name / f"seed-{lesson.options.seed}"
    found = examine(reader, exam, place, judge=judge, counted=counted)
    return {
        "variant": variant.name,
        "says": variant.says,
        "seed": lesson.options.seed,
        "options": _shown(variant.recipe.overrides),
        **provenance(lesson.command),
        "fit_seconds": round(fit_s, 1),  # of this call: what lay in the cache cost nothing
        **found,
    }


def _fidelity_judge(lesson: Lesson, backbone: ContextNetwork | None) -> FidelityJudge:
    """The same for all rungs of a seed; without their shared base no discriminator judges."""
    base = finished_base(lesson, lesson.prepared(**WITHOUT_CONTEXT))
    judge = base.discriminator().cpu() if base is not None else None
    return FidelityJudge(discriminator=judge, backbone=backbone)


@contextmanager
def _bars() -> Iterator[Watcher]:
    with TrainingBars() as bars:
        yield bars


def _asked(words: Sequence[str]) -> Asked:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--out", type=Path, help=f"maps and cache; default: {OUT}/NAME_OF_DATA")
    parser.add_argument("--results", type=Path, help="default: benchmarks/results/NAME.json")
    parser.add_argument("--budget-minutes", type=float, default=30.0, help="of every variant")
    parser.add_argument("--seeds", default="0", help="such as 0,1,2")
    parser.add_argument("--only", metavar="VARIANT,...", help="some variants, not all")
    parser.add_argument("--backbone", metavar="NAME|FILE", help="adds system_pretrained")
    parser.add_argument("--tile", type=int, default=TrainingOptions.tile_px)
    parser.add_argument("--width", type=int, help="default: by machine, as `train` does")
    parser.add_argument(
        "--smoke", action="store_true", help="tiny, in minutes; figures mean nought"
    )
    told = parser.parse_args(list(words))
    data = told.data.resolve()
    out = told.out or OUT / data.name
    default = out / "smoke.json" if told.smoke else RESULTS / f"{data.name}.json"
    sizes: dict[str, Any] = {"tile_px": told.tile, "width": told.width or _usual_width()}
    return Asked(
        data=data,
        out=out,
        results=told.results or default,
        seeds=_seeds(told.seeds),
        variants=chosen(ladder(told.backbone), told.only),
        backbone=told.backbone,
        options=TrainingOptions(
            part="ladder",
            budget_minutes=told.budget_minutes,
            **(SMOKE if told.smoke else sizes),
        ),
        pictures_of_a_kind=SMOKE_PICTURES if told.smoke else None,
        command=_command(words),
    )


def _usual_width() -> int:
    return WIDTH_ON_CPU if best_device() == "cpu" else WIDTH_ON_GPU


def _seeds(told: str) -> tuple[int, ...]:
    try:
        seeds = tuple(dict.fromkeys(int(word) for word in told.split(",")))
    except ValueError as error:
        raise UsageError(f"--seeds must be whole numbers such as 0,1,2, got {told!r}") from error
    if min(seeds) < 0:
        raise UsageError(f"--seeds must not be negative, got {told!r}")
    return seeds


def _leads_away(word: str) -> bool:
    return Path(word).is_absolute() or ".." in Path(word).parts


def _command(words: Sequence[str]) -> str:
    """As typed, but for folders: where a data set lies on this machine is nobody's business."""
    shown = [Path(word).name if _leads_away(word) else word for word in words]
    return " ".join(["python -m benchmarks.accuracy", *shown])


def _data_set(data: Path, prepared: Prepared, exam: Exam) -> dict[str, Any]:
    good = sum(image.kind == "good" for image in exam.images)
    return {
        "name": data.name,
        "train": prepared.plan.train_count,
        "held_out": prepared.plan.held_out_count,
        "test_good": good,
        "test_defective": len(exam.images) - good,
        "pictures_sha256": _fingerprint(prepared),
    }


def _fingerprint(prepared: Prepared) -> str:
    parts = [*prepared.split.train, *prepared.split.held_out]
    return sha256_of("".join(part.sha256 for part in parts).encode())[:12]


def _settings(asked: Asked) -> dict[str, Any]:
    options = asdict(asked.options)
    return {
        "budget_minutes": options.pop("budget_minutes"),
        "steps": options.pop("steps"),
        "options": {key: value for key, value in options.items() if key not in ("part", "seed")},
        "test_pictures_of_a_kind": asked.pictures_of_a_kind,
    }


def _shown(overrides: Any) -> dict[str, Any]:
    """Options as the results tell them: of a file its name."""
    return {key: Path(v).name if key == "backbone" else v for key, v in overrides.items()}


if __name__ == "__main__":
    sys.exit(main())
