"""From a seed and an index to a frame's pixels and the truth about its defects.

Every picture has a stream and an index. A stream is part of the seed, so pictures of different
streams never share random numbers, whatever the seeds are: a model trained on `Stream.TRAIN` has
seen no frame of `Stream.LINE`, `Stream.TEST_GOOD` or `Stream.TEST_DEFECTIVE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from scipy import ndimage

from inspect_pipeline.capture.simulated.brushed_web import BrushedWeb
from inspect_pipeline.capture.simulated.machined_plate import MachinedPlate
from inspect_pipeline.capture.simulated.scene import Marred, Material, Scene, photographed
from inspect_pipeline.errors import CaptureError, UsageError
from inspect_pipeline.geometry import Box
from inspect_pipeline.records import Mask, Picture

MIN_AREA_PX = 12
MIN_CONTRAST_GREY = 6.0
MIN_SIDE_PX, MAX_SIDE_PX = 128, 4096
_ATTEMPTS = 60


class Stream(IntEnum):
    """What a picture is for. The numbers are part of the seeds: never change or reuse one."""

    LINE = 0
    TRAIN = 1
    TEST_GOOD = 2
    TEST_DEFECTIVE = 3
    WEB = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class PlantedDefect:
    """The truth about one defect. Outside all masks the frame equals its good twin byte for byte.

    `contrast` is the mean change inside the mask, in grey levels of the channel that changes
    most, from 6 to about 105: below 12 a person must look twice, above 30 nobody misses it.
    """

    kind: str
    mask: Mask  # (H, W), frame coordinates
    box: Box
    contrast: float


@dataclass(frozen=True, kw_only=True)
class PictureSeed:
    """Names one picture for ever: same seed, same bytes."""

    material: str
    seed: int
    stream: Stream
    index: int

    def generators(self) -> list[np.random.Generator]:
        """Independent generators for scene, sensor, the decision to plant, and the defects."""
        code = material_named(self.material).code
        root = np.random.SeedSequence(self.seed, spawn_key=(code, int(self.stream), self.index))
        return [np.random.default_rng(child) for child in root.spawn(4)]


def material_named(name: str) -> Material:
    """The material of that name; `UsageError` names those there are."""
    known: tuple[Material, ...] = (BrushedWeb(), MachinedPlate())
    for material in known:
        if material.name == name:
            return material
    names = ", ".join(material.name for material in known)
    raise UsageError(f"no simulated material {name!r}: choose one of {names}")


def checked_wh(material: Material, frame_wh: tuple[int, int] | None) -> tuple[int, int]:
    """The frame size to draw: the material's own unless another possible one is asked for."""
    if frame_wh is None:
        return material.default_wh
    if not MIN_SIDE_PX <= min(frame_wh) <= max(frame_wh) <= MAX_SIDE_PX:
        raise UsageError(
            f"a simulated {material.name} frame needs sides of {MIN_SIDE_PX} to {MAX_SIDE_PX} px, "
            f"got {frame_wh[0]} x {frame_wh[1]}"
        )
    return frame_wh


def good_picture(picture: PictureSeed, frame_wh: tuple[int, int]) -> Picture:
    """The picture without any defect, whatever its frame may carry otherwise."""
    scene_rng, sensor_rng, _, _ = picture.generators()
    scene = material_named(picture.material).scene(scene_rng, frame_wh)
    return photographed(scene.pixels, sensor_rng)


def marked_picture(
    picture: PictureSeed, frame_wh: tuple[int, int], kinds: Sequence[str]
) -> tuple[Picture, tuple[PlantedDefect, ...]]:
    """The same part, light and sensor noise as `good_picture`, with one defect of each kind."""
    material = material_named(picture.material)
    scene_rng, sensor_rng, _, defect_rng = picture.generators()
    scene = material.scene(scene_rng, frame_wh)
    pixels, taken = scene.pixels, np.zeros_like(scene.part)
    defects = []
    for kind in kinds:
        mark = _planted(material, replace(scene, pixels=pixels), kind, defect_rng, taken)
        pixels, taken = mark.pixels, taken | mark.mask
        defects.append(
            PlantedDefect(kind=kind, mask=mark.mask, box=_box_of(mark.mask), contrast=mark.contrast)
        )
    return photographed(pixels, sensor_rng), tuple(defects)


def kinds_drawn(picture: PictureSeed, *, defect_rate: float) -> tuple[str, ...]:
    """Which defects a frame of the line carries: none, one, or in one frame of six two."""
    _, _, decision_rng, _ = picture.generators()
    if decision_rng.random() >= defect_rate:
        return ()
    count = 2 if decision_rng.random() < 1 / 6 else 1
    kinds = material_named(picture.material).kinds
    return tuple(str(kind) for kind in decision_rng.choice(kinds, size=count, replace=False))


def _planted(
    material: Material, scene: Scene, kind: str, rng: np.random.Generator, taken: Mask
) -> Marred:
    """Draws until the mark is large and strong enough to be seen and touches no other mark."""
    near = ndimage.maximum_filter(taken, 7) if taken.any() else taken
    for _ in range(_ATTEMPTS):
        mark = material.mar(scene, kind, rng)
        large = np.count_nonzero(mark.mask) >= MIN_AREA_PX
        if large and mark.contrast >= MIN_CONTRAST_GREY and not (mark.mask & near).any():
            return mark
    width, height = scene.frame_wh
    raise CaptureError(
        f"found no room for a {kind} on a {material.name} frame of {width} x {height} px: "
        "choose a larger frame"
    )


def _box_of(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(x0=int(columns[0]), y0=int(rows[0]), x1=int(columns[-1]) + 1, y1=int(rows[-1]) + 1)
