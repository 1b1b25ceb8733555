"""The simulated line: a camera that needs no hardware and knows the truth about its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from itertools import count, islice

from inspect_pipeline.capture.simulated.planting import (
    PictureSeed,
    PlantedDefect,
    Stream,
    checked_wh,
    good_picture,
    kinds_drawn,
    marked_picture,
    material_named,
)
from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Captured, Frame, FrameKey, Picture, sha256_of


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedFrame:
    """A frame and the truth about it; good frames have no defects."""

    frame: Frame
    defects: tuple[PlantedDefect, ...]


@dataclass(frozen=True)
class SimulatedLine:
    """An endless line of parts, or one of `parts_max` parts.

    Frame i depends on seed, material, size and i only; `defect_rate` decides which frames carry
    defects and changes nothing else about them. Every iteration starts again at frame 0.
    """

    material: str
    _: KW_ONLY
    seed: int
    line_id: str
    camera_id: str
    part: str
    start_at: datetime
    frame_wh: tuple[int, int] | None = None
    defect_rate: float = 0.3
    period_s: float = 1.0
    parts_max: int | None = None

    def __post_init__(self) -> None:
        checked_wh(material_named(self.material), self.frame_wh)
        where = f"simulated camera {self.camera_id}"
        if self.seed < 0:
            raise UsageError(f"{where}: seed must be 0 or more, got {self.seed}")
        if not 0.0 <= self.defect_rate <= 1.0:
            raise UsageError(f"{where}: defect_rate must lie in [0, 1], got {self.defect_rate}")
        if self.period_s <= 0:
            raise UsageError(f"{where}: period_s must be above 0, got {self.period_s}")
        if self.parts_max is not None and self.parts_max < 0:
            raise UsageError(f"{where}: parts_max must be 0 or more, got {self.parts_max}")
        if self.start_at.utcoffset() != timedelta(0):
            raise UsageError(f"{where}: start_at must be UTC-aware, got {self.start_at!r}")

    def frames(self) -> Iterator[Captured]:
        """What a camera would give: frames without the truth."""
        indices = count() if self.parts_max is None else range(self.parts_max)
        return (self.frame_at(index).frame for index in indices)

    def simulated_frames(self, n: int) -> Iterator[SimulatedFrame]:
        """The first `n` frames with the truth about their defects."""
        return (self.frame_at(index) for index in islice(count(), n))

    def frame_at(self, index: int) -> SimulatedFrame:
        picture = self._seed_of(index)
        kinds = kinds_drawn(picture, defect_rate=self.defect_rate)
        pixels, defects = marked_picture(picture, self._wh, kinds)
        return SimulatedFrame(frame=self._frame(index, pixels), defects=defects)

    def good_twin(self, index: int) -> Frame:
        """Frame `index` as it would look without its defects: same part, light and noise."""
        return self._frame(index, good_picture(self._seed_of(index), self._wh))

    @property
    def _wh(self) -> tuple[int, int]:
        return checked_wh(material_named(self.material), self.frame_wh)

    def _seed_of(self, index: int) -> PictureSeed:
        return PictureSeed(material=self.material, seed=self.seed, stream=Stream.LINE, index=index)

    def _frame(self, index: int, pixels: Picture) -> Frame:
        key = FrameKey(
            line_id=self.line_id,
            camera_id=self.camera_id,
            part=self.part,
            taken_at=self.start_at + timedelta(seconds=index * self.period_s),
            content_sha256=sha256_of(pixels.tobytes()),
            source=f"simulated://{self.material}/{index}",
        )
        return Frame(key=key, pixels=pixels)
