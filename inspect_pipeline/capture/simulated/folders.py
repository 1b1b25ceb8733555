"""Simulated pictures as files: a folder of good parts, or a benchmark in MVTec's layout."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from inspect_pipeline.capture.simulated.planting import (
    PictureSeed,
    Stream,
    good_picture,
    marked_picture,
    material_named,
)
from inspect_pipeline.capture.simulated.scene import Material
from inspect_pipeline.errors import CaptureError, UsageError
from inspect_pipeline.records import Picture


def write_good_parts(material: str, folder: Path, *, count: int, seed: int) -> list[Path]:
    """`count` good parts as PNG files `000000.png`, ... of the train stream, in order.

    Writing again with the same seed gives the same bytes; a folder that holds other pictures is
    refused, so that pictures of two seeds never mix.
    """
    _check(count=count, seed=seed)
    return _write_good(material_named(material), folder, Stream.TRAIN, count=count, seed=seed)


def write_mvtec(
    material: str, folder: Path, *, train: int, test_good: int, test_defective: int, seed: int
) -> Path:
    """A data set in MVTec's layout; the defective parts go round the material's kinds in turn.

    `train/good`, `test/good`, `test/<kind>` and `ground_truth/<kind>/<stem>_mask.png` (0 or 255).
    Train, test-good and test-defective pictures come from three streams that share no random
    numbers, nor do they with a simulated line or with other seeds. Each defective picture carries
    exactly one defect. Returns `folder`.
    """
    _check(train=train, test_good=test_good, test_defective=test_defective, seed=seed)
    made = material_named(material)
    _write_good(made, folder / "train" / "good", Stream.TRAIN, count=train, seed=seed)
    _write_good(made, folder / "test" / "good", Stream.TEST_GOOD, count=test_good, seed=seed)
    stems: dict[str, list[int]] = {kind: [] for kind in made.kinds}
    for index in range(test_defective):
        stems[made.kinds[index % len(made.kinds)]].append(index)
    for kind, indices in stems.items():
        _write_defective(made, folder, kind, indices, seed=seed)
    return folder


def _write_good(
    material: Material, folder: Path, stream: Stream, *, count: int, seed: int
) -> list[Path]:
    paths = [folder / f"{index:06d}.png" for index in range(count)]
    _make_room(folder, {path.name for path in paths})
    for index, path in enumerate(paths):
        picture = PictureSeed(material=material.name, seed=seed, stream=stream, index=index)
        _write_png(path, good_picture(picture, material.default_wh))
    return paths


def _write_defective(
    material: Material, folder: Path, kind: str, indices: list[int], *, seed: int
) -> None:
    if not indices:
        return
    pictures, masks = folder / "test" / kind, folder / "ground_truth" / kind
    _make_room(pictures, {f"{index:06d}.png" for index in indices})
    _make_room(masks, {f"{index:06d}_mask.png" for index in indices})
    for index in indices:
        picture = PictureSeed(
            material=material.name, seed=seed, stream=Stream.TEST_DEFECTIVE, index=index
        )
        pixels, (defect,) = marked_picture(picture, material.default_wh, [kind])
        _write_png(masks / f"{index:06d}_mask.png", defect.mask[..., None].astype(np.uint8) * 255)
        _write_png(pictures / f"{index:06d}.png", pixels)


def _check(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 0:
            raise UsageError(f"{name} must be 0 or more, got {value}")


def _make_room(folder: Path, names: set[str]) -> None:
    """Makes the folder; refuses one with pictures that this run would not replace."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted({path.name for path in folder.glob("*.png")} - names)
    except OSError as error:
        raise CaptureError(f"cannot use {folder} for simulated pictures: {error}") from error
    if strangers:
        raise UsageError(
            f"{folder} holds {len(strangers)} other pictures ({strangers[0]}, ...): "
            "choose an empty folder, or remove them"
        )


def _write_png(path: Path, pixels: Picture) -> None:
    """Whole or not at all: a reader never sees half a picture."""
    written, png = cv2.imencode(".png", pixels[..., ::-1])  # OpenCV wants BGR
    assert written, f"OpenCV refused to encode {pixels.shape} as PNG"
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        half.write_bytes(png.tobytes())
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise CaptureError(f"cannot write {path}: {error}") from error
