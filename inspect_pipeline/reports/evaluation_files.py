"""What an evaluation leaves for programs: a score per picture, a map per picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from PIL import Image

from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Heat
from inspect_pipeline.reports.gallery import EvaluatedImage
from inspect_pipeline.reports.pages import write_page

SCORES, MAPS = "scores.csv", "maps"


def write_scores(out: Path, rows: Iterable[EvaluatedImage]) -> Path:
    """OUT/scores.csv in the order given; scores with every digit that they have."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("image", "label", "score", "decision"))
    for image in rows:
        lines.writerow((image.name, image.label, repr(float(image.score)), image.decision))
    make_folder(out)
    write_page(out / SCORES, text.getvalue())
    return out / SCORES


def write_map(out: Path, name: str, heat: Heat) -> Path:
    """OUT/maps/<name without ending>.tiff: float32 of its own size, read by Pillow as mode F."""
    if heat.dtype != "float32" or heat.ndim != 2:
        raise ValueError(f"the map of {name} must be float32 (H, W), got {heat.dtype}")
    path = map_path(out, name)
    make_folder(path.parent)
    try:
        Image.fromarray(heat).save(path, format="TIFF", compression="tiff_adobe_deflate")
    except OSError as error:
        raise UsageError(f"cannot write the map {path}: {error}") from error
    return path


def map_path(out: Path, name: str) -> Path:
    """Where the map of a picture lies; UsageError for a name that leads out of OUT."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.name:
        raise UsageError(f"{name!r} is not a relative path below the test set")
    return out / MAPS / relative.with_suffix(".tiff")


def check_names(names: Iterable[str]) -> None:
    """UsageError where two pictures would share one map: ask before a long evaluation."""
    known: dict[PurePosixPath, str] = {}
    for name in names:
        stem = PurePosixPath(name).with_suffix("")
        if stem in known:
            raise UsageError(
                f"{known[stem]} and {name} differ only in their ending, so one map would "
                "overwrite the other: rename one of them"
            )
        known[stem] = name


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {folder}: {error.strerror}: choose another one"
        ) from error
