"""The gallery of an evaluation as PNG files in OUT/pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import FramePictures, Mask, Picture
from inspect_pipeline.reports.drawing import (
    PLANTED,
    HeatScale,
    outlined,
    overlay,
    png_of,
    reduced,
)
from inspect_pipeline.reports.evaluation_files import make_folder
from inspect_pipeline.reports.finding_cards import Shown
from inspect_pipeline.reports.gallery import EvaluatedImage, Gallery, Group

PICTURES = "pictures"
LONGEST_PX = 768
TITLES = {
    Group.MISS: ("Worst misses", "Defective parts that pass, the least suspected first."),
    Group.FALSE_ALARM: ("Worst false alarms", "Good parts that fail, the most suspected first."),
    Group.DETECTION: ("Best detections", "Defective parts that fail, the most suspected first."),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """One picture of the gallery with what belongs beside it."""

    image: EvaluatedImage
    strip: tuple[Shown, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ExhibitGroup:
    title: str
    sentence: str
    exhibits: tuple[Exhibit, ...]


def write_exhibits(out: Path, gallery: Gallery, scale: HeatScale) -> list[ExhibitGroup]:
    """Replaces the pictures that an evaluation wrote here before."""
    folder = out / PICTURES
    make_folder(folder)
    _remove_old(folder)
    groups = []
    for group, images in gallery.shown():
        title, sentence = TITLES[group]
        exhibits = tuple(
            _exhibit(folder, f"{group}-{number:02d}", image, scale)
            for number, image in enumerate(images, start=1)
        )
        groups.append(ExhibitGroup(title=title, sentence=sentence, exhibits=exhibits))
    return groups


def _exhibit(folder: Path, stem: str, image: EvaluatedImage, scale: HeatScale) -> Exhibit:
    assert image.pictures is not None, "the gallery keeps only images with pictures"
    shown = [("observed", "Observed", "What the camera saw.", image.pictures.observed)]
    if image.truth is not None:
        marked = _with_truth(image.pictures.observed, image.truth)
        shown.append(("truth", "Truth", "The line encloses the defect.", marked))
    shown += _answers(image.pictures, scale)
    strip = []
    for file, title, sentence, picture in shown:
        name = f"{stem}-{file}.png"
        _write(folder / name, reduced(picture, longest_px=LONGEST_PX))
        strip.append(Shown(title=title, sentence=sentence, uri=f"{PICTURES}/{name}"))
    return Exhibit(image=image.without_pictures(), strip=tuple(strip))


def _answers(pictures: FramePictures, scale: HeatScale) -> list[tuple[str, str, str, Picture]]:
    covered = overlay(pictures.observed, pictures.heat, low=scale.low, high=scale.high)
    return [
        ("difference", "Difference", "How far it departs from a good part.", covered),
        ("golden", "Golden", "The part as a good one would show it.", pictures.golden),
        ("restored", "Restored", "Golden with normal detail back.", pictures.restored),
    ]


def _with_truth(observed: Picture, truth: Mask) -> Picture:
    """The line is wide enough to survive the reduction."""
    width_px = max(1, math.ceil(max(observed.shape[:2]) / LONGEST_PX))
    return outlined(observed, truth, PLANTED, width_px=width_px)


def _write(path: Path, picture: Picture) -> None:
    try:
        path.write_bytes(png_of(picture))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _remove_old(folder: Path) -> None:
    for group in Group:
        for path in folder.glob(f"{group}-[0-9][0-9]-*.png"):
            path.unlink(missing_ok=True)
