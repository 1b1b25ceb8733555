"""When a camera takes pictures: always, during shifts, at intervals or by the clock."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from plant_config.cron import CronTimes
from plant_config.section import Identifier, Problem, Section, refuse

_WEEK_S = 7 * 86_400.0


class CameraSchedule(Section):
    """With `every_s` or `cron` a camera takes pictures only then; else as long as shifts last."""

    every_s: float | None = Field(
        default=None,
        ge=1.0,
        le=_WEEK_S,
        description="Take pictures every so many seconds: at full multiples, as 10:00, 10:10.",
    )
    cron: CronTimes | None = Field(
        default=None,
        description='Take pictures at these times of the plant\'s clock: "30 6 * * mon-fri".',
    )
    shifts: tuple[Identifier, ...] = Field(
        default=(),
        strict=False,
        description='Only during shifts of these names; ["all"] for every working shift.',
    )
    frames: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="How many frames are taken each time; 1 where for_s is not given either.",
    )
    for_s: float | None = Field(
        default=None, ge=1.0, le=86_400.0, description="How many seconds are taken each time."
    )
    within_s: float = Field(
        default=60.0,
        ge=1.0,
        le=3600.0,
        description="A camera that has not given its frames after so many seconds has failed.",
    )
    grace_s: float = Field(
        default=30.0,
        ge=1.0,
        le=86_400.0,
        description="A time that is later than so many seconds counts as missed.",
    )
    catch_up: Literal["skip", "once"] = Field(
        default="skip",
        description="Times that were missed: skip them, or make up for all of them once.",
    )

    @property
    def is_timed(self) -> bool:
        return self.every_s is not None or self.cron is not None

    @property
    def is_always(self) -> bool:
        """Nobody has to tell such a camera when."""
        return not self.is_timed and not self.shifts

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.every_s is not None and self.cron is not None:
            refuse([Problem(key="cron", reason="stands beside every_s: keep one of the two")])
        if self.frames is not None and self.for_s is not None:
            refuse([Problem(key="for_s", reason="stands beside frames: keep one of the two")])
        for key in ("frames", "for_s"):
            if getattr(self, key) is not None and not self.is_timed:
                refuse([Problem(key=key, reason="needs every_s or cron, which say when")])
        return self
