"""`train` and `calibrate`: from good parts to a model that keeps a false-alarm budget."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.database import EvidenceFolder, opened_database, store_of
from inspect_pipeline.service.cli.options import (
    DEFAULT_MODELS,
    Models,
    PartName,
    console,
    counted,
)

if TYPE_CHECKING:
    from inspect_pipeline.service.good_set import Taught as TaughtParts
    from inspect_pipeline.service.training import Prepared
    from inspect_pipeline.training.good_parts import GoodPart, Split

INTERRUPTED = 130  # the exit code of shells for Ctrl-C
WIDTH_ON_CPU, WIDTH_ON_GPU = 48, 96
Images = Annotated[
    Path,
    typer.Option(
        "--images", metavar="DIR", help="Folder of pictures of good parts, and only them."
    ),
]
Taught = Annotated[
    str | None,
    typer.Option(
        "--taught",
        metavar="URL",
        help="Also take the part's good set from this database (`teach list`); the card says so.",
        show_default=False,
    ),
]


Tile = Annotated[int, typer.Option(help="Tile side in pixels: 32, 64, 128 or 256.")]
Minutes = Annotated[
    float, typer.Option("--budget-minutes", help="Time for training; calibration comes on top.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the interrupted run of this part.")
]
Seed = Annotated[int, typer.Option(min=0, help="Start of all random numbers.")]
Width = Annotated[
    int | None,
    typer.Option(help="Channels of the widest layers, a multiple of 12. Default: by machine."),
]
WorkingScale = Annotated[
    float | None,
    typer.Option(help="Work at this scale of the frame, at most 1. Default: from the pictures."),
]
Volume = Annotated[
    str, typer.Option(help="DIPN's map hourglass: 2d, or the paper's 3d (slow on a CPU).")
]
PaperMode = Annotated[
    bool, typer.Option("--paper-mode", help="SDIC as published, for comparison: no gate.")
]
Backbone = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Features for the contextual branch: base (shipped, trained on synthetic pictures "
        "only), mobilenet_v2 (fetched once), a weights file, or none for no such branch.",
    ),
]
BackboneHash = Annotated[
    str | None,
    typer.Option("--backbone-sha256", metavar="HEX", help="The hash the weights must have."),
]


def train(  # noqa: PLR0913 - a command's options are its parameters
    part: PartName,
    images: Images,
    tile: Tile = 64,
    budget_minutes: Minutes = 30.0,
    models: Models = DEFAULT_MODELS,
    resume: Resume = False,
    seed: Seed = 0,
    width: Width = None,
    scale: WorkingScale = None,
    volume: Volume = "2d",
    paper_mode: PaperMode = False,
    backbone: Backbone = "base",
    backbone_sha256: BackboneHash = None,
    taught: Taught = None,
    evidence: EvidenceFolder = None,
) -> None:
    """Train a model of PART from pictures of good parts, then calibrate it on held-out ones.

    A fifth of the pictures is held out by their content and never trains. Stop with Ctrl-C and go
    on later with --resume. Pictures of the progress are in MODELS/PART-training.
    """
    from inspect_pipeline.service.training import (
        add_context,
        prepare_training,
        train_part,
    )
    from inspect_pipeline.training.plan import TrainingOptions, best_device

    _check_name(part)
    options = TrainingOptions(
        part=part,
        tile_px=tile,
        width=width or (WIDTH_ON_CPU if best_device() == "cpu" else WIDTH_ON_GPU),
        volume=volume,
        budget_minutes=budget_minutes,
        scale=scale,
        seed=seed,
        paper_mode=paper_mode,
        backbone=backbone,
        backbone_sha256=backbone_sha256,
    )
    prepared = prepare_training(images, options, _good_set(taught, evidence, part))
    screen = console()
    _say_what_comes(screen, prepared, models, resume=resume)
    try:
        with TrainingBars() as bars:
            command = _typed_command()
            place = train_part(prepared, models, resume=resume, watcher=bars, command=command)
        if figures := add_context(prepared, models, watch=counted):
            show_figures("contextual branch", figures)
    except KeyboardInterrupt:
        screen.print("interrupted: nothing is lost, go on with the same command and --resume")
        raise typer.Exit(INTERRUPTED) from None
    _verify_and_calibrate(models, part, prepared.split)
    screen.print(f"model of {part}: {place}")


def calibrate(
    part: PartName,
    images: Images,
    false_alarms: Annotated[
        float,
        typer.Option(
            "--false-alarms", help="Share of good parts that may be reported, such as 0.01."
        ),
    ],
    models: Models = DEFAULT_MODELS,
    min_area_px: Annotated[
        int | None,
        typer.Option(min=1, help="Smallest finding in pixels of the frame. Default: by the model."),
    ] = None,
    taught: Taught = None,
    evidence: EvidenceFolder = None,
) -> None:
    """Set the threshold of PART from good parts alone, to a false-alarm budget.

    Pictures that trained the model are left out, so the training folder may be given again. Where
    they are too few to keep the budget by themselves, the threshold is extrapolated; the figures
    say how far to trust it and how many pictures would do. A good set that is made of false alarms
    is harder than good parts are: with it the threshold rises, and less is found.
    """
    from inspect_pipeline.service.training import calibrate_part
    from inspect_pipeline.training.good_parts import read_good_parts

    if not 0 < false_alarms < 1:
        raise UsageError(f"--false-alarms must lie between 0 and 1, got {false_alarms}")
    given = _good_set(taught, evidence, part)
    report = calibrate_part(
        models,
        part,
        list(read_good_parts(images, given.parts if given else ())),
        budget=false_alarms,
        min_area_px=min_area_px,
        taught=given,
        progress=_bar,
    )
    show_figures("calibration", report.figures)


def _say_what_comes(screen: Console, prepared: Prepared, models: Path, *, resume: bool) -> None:
    from inspect_pipeline.service.training import run_folder

    part = prepared.plan.options.part
    for sentence in prepared.plan.sentences():
        screen.print(f"- {sentence}", highlight=False)
    if prepared.taught is not None:
        count = len(prepared.taught.parts)
        screen.print(f"- {count} frames of the good set are among them", highlight=False)
    screen.print(f"- progress in {run_folder(models, part)}, the model will be {models / part}")
    screen.print(f"- {_where_it_starts(models, part, resume=resume)}", highlight=False)


def _good_set(url: str | None, evidence: Path | None, part: str) -> TaughtParts | None:
    """The part's good set in the database that was named, if one was."""
    if url is None:
        return None
    from inspect_pipeline.service.good_set import read_taught

    with opened_database(url) as engine:
        return read_taught(engine, store_of(url, evidence), part, read_at=datetime.now(UTC))


def _where_it_starts(models: Path, part: str, *, resume: bool) -> str:
    from inspect_pipeline.service.training import interrupted_run

    stands = interrupted_run(models, part)
    if stands is None:
        return "starts afresh" + (": there is no interrupted run to resume" if resume else "")
    if resume:
        return f"goes on with the interrupted run: {stands}"
    return f"starts afresh; the interrupted run ({stands}) is set aside as {part}-training-previous"


def _verify_and_calibrate(models: Path, part: str, split: Split) -> None:
    """The limits of a model that was just trained; only then is its run over."""
    from inspect_pipeline.service.training import (
        DEFAULT_BUDGET,
        calibrate_part,
        finish_run,
        settle_part,
    )

    for title, figures in settle_part(models, part, list(split.train), progress=_bar).items():
        show_figures(title.replace("_", " "), figures)
    held_out = list(split.held_out)
    report = calibrate_part(models, part, held_out, budget=DEFAULT_BUDGET, progress=_bar)
    show_figures("calibration", report.figures)
    finish_run(models, part)


def show_figures(title: str, figures: dict[str, Any]) -> None:
    table = Table(title, "")
    for name, value in figures.items():
        pairs = value.items() if isinstance(value, dict) else ()
        words = ", ".join(f"{key} {one}" for key, one in pairs) or str(value)
        table.add_row(name.replace("_", " "), words)
    console().print(table)


class TrainingBars:
    """A bar per phase with its smoothed losses."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.fields[phase]:<12}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def phase_begins(self, phase: str, number: int, seconds_done: float) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=1.0)
        resumed = f"resumed after {seconds_done / 60:.1f} min" if seconds_done else ""
        self._task = self._progress.add_task(resumed, total=1.0, phase=f"{number + 1} {phase}")

    def stepped(self, phase: str, fraction: float, losses: dict[str, float]) -> None:
        words = "  ".join(f"{name} {value:.3g}" for name, value in losses.items())
        assert self._task is not None, f"phase {phase} steps before it begins"
        self._progress.update(self._task, completed=fraction, description=words)


def _bar(items: Iterable[GoodPart], total: int, what: str) -> Iterable[GoodPart]:
    return counted(items, total, f"calibrating: {what}")


def _check_name(part: str) -> None:
    if not part or part in (".", "..") or any(c in part for c in "/\\\0"):
        raise UsageError(f"{part!r} cannot name a part: use letters, digits, - and _")


def _typed_command() -> str:
    return " ".join(["run_pipeline.py", *sys.argv[1:]])
