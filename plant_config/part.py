"""What is inspected: scale, inspected area, false-alarm budget, limits of size and of light."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from plant_config.section import Identifier, PlantPath, Problem, Section, refuse

Coordinate = Annotated[float, Field(ge=0.0, le=100_000.0)]
Corner = Annotated[tuple[Coordinate, Coordinate], Field(strict=False)]


class Fitness(Section):
    """Which frames are worth inspecting, beside size and light; `cameras limits` measures them."""

    blurred_below: float | None = Field(
        default=None,
        gt=0.0,
        description="A frame with a focus figure below this is blurred; leave out for no check.",
    )
    reference: PlantPath | None = Field(
        default=None,
        description="Picture of a good part in its place, for parts that always lie alike.",
    )
    least_likeness: float | None = Field(
        default=None,
        gt=0.0,
        lt=1.0,
        description="Less alike to the reference than this, 0 to 1, means no part is in view.",
    )
    max_shift_px: float | None = Field(
        default=None,
        gt=0.0,
        le=16_384.0,
        description="A part further from the reference's place than so many pixels is misplaced.",
    )

    @model_validator(mode="after")
    def _check_reference(self) -> Self:
        asked = {"least_likeness": self.least_likeness, "max_shift_px": self.max_shift_px}
        set_keys = [key for key, value in asked.items() if value is not None]
        if self.reference is None:
            reason = "needs a reference beside it: name a picture of a good part in its place"
            refuse(Problem(key=key, reason=reason) for key in set_keys)
        elif not set_keys:
            reason = "is compared with nothing: add least_likeness or max_shift_px beside it"
            refuse([Problem(key="reference", reason=reason)])
        return self


class Part(Section):
    name: Identifier = Field(description="Name of the part; its model is kept under this name.")
    mm_per_px: float = Field(
        gt=0.0, le=1000.0, description="How many millimetres of the part one pixel shows."
    )
    polygon_px: tuple[Corner, ...] | None = Field(
        default=None,
        strict=False,
        description="Corners [x, y] in pixels of the area to inspect; leave out to inspect all.",
    )
    false_alarms: float = Field(
        default=0.01,
        gt=0.0,
        lt=1.0,
        description="Share of good parts, between 0 and 1, that may be reported by mistake.",
    )
    min_area_mm2: float | None = Field(
        default=None,
        gt=0.0,
        description="Findings smaller than this many square millimetres are not reported.",
    )
    min_area_px: int | None = Field(
        default=None,
        ge=1,
        description="Findings smaller than this many pixels are not reported.",
    )
    major_area_mm2: float = Field(
        default=1.0,
        gt=0.0,
        description="A finding of at least this many square millimetres is major.",
    )
    critical_area_mm2: float = Field(
        default=10.0,
        gt=0.0,
        description="A finding of at least this many square millimetres is critical.",
    )
    dark_below: float = Field(
        default=10.0,
        ge=0.0,
        le=255.0,
        description="A frame with a mean grey level (0 to 255) below this is too dark; 0: never.",
    )
    saturated_share: float = Field(
        default=0.5,
        gt=0.0,
        le=1.0,
        description="A frame with more than this share of pixels at 255 is overexposed; 1: never.",
    )
    fitness: Fitness | None = Field(
        default=None,
        description="Focus and place of the part: the [parts.fitness] block.",
    )

    @property
    def smallest_area_px(self) -> int:
        """The smallest finding that is reported, whichever unit the file gave; 1 = every pixel."""
        if self.min_area_px is not None:
            return self.min_area_px
        if self.min_area_mm2 is None:
            return 1
        return max(1, math.ceil(round(self.min_area_mm2 / self.mm_per_px**2, 9)))

    @model_validator(mode="after")
    def _check_figures(self) -> Self:
        refuse([*self._polygon_problems(), *self._area_problems()])
        return self

    def _polygon_problems(self) -> list[Problem]:
        if self.polygon_px is None:
            return []
        if len(self.polygon_px) < 3:
            found = f"has {len(self.polygon_px)} corners: a polygon needs at least 3"
            return [Problem(key="polygon_px", reason=found)]
        if _area_px(self.polygon_px) < 1.0:
            found = "encloses less than one pixel: list the corners in the order of the outline"
            return [Problem(key="polygon_px", reason=found)]
        return []

    def _area_problems(self) -> list[Problem]:
        problems = []
        if self.min_area_mm2 is not None and self.min_area_px is not None:
            found = "stands beside min_area_mm2: keep one of the two"
            problems.append(Problem(key="min_area_px", reason=found))
        if self.critical_area_mm2 < self.major_area_mm2:
            found = (
                f"is {self.critical_area_mm2:g}, smaller than major_area_mm2 = "
                f"{self.major_area_mm2:g}: a critical finding is at least as large as a major one"
            )
            problems.append(Problem(key="critical_area_mm2", reason=found))
        return problems


def _area_px(corners_xy: tuple[tuple[float, float], ...]) -> float:
    following = (*corners_xy[1:], corners_xy[0])
    pairs = zip(corners_xy, following, strict=True)
    return abs(sum(xa * yb - xb * ya for (xa, ya), (xb, yb) in pairs)) / 2
