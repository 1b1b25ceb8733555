"""A camera that sees a running web line by line: how lines become frames, and where they lie."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from plant_config.section import Problem, Section, refuse

MOST_DRIFT_MM = 0.5  # between both scales, over the length of a frame


class LineScan(Section):
    """The [cameras.line_scan] block: the shots of this camera are consecutive blocks of lines."""

    lines_per_frame: int = Field(
        ge=32, le=16_384, description="How many lines of the web one frame shows, 32 to 16384."
    )
    overlap_lines: int = Field(
        ge=0,
        description="How many lines two frames share: at least the largest defect of interest.",
    )
    mm_per_line: float | None = Field(
        default=None,
        gt=0.0,
        le=1000.0,
        description="Millimetres of web from one line to the next, where an encoder starts lines.",
    )
    line_rate_hz: float | None = Field(
        default=None, gt=0.0, le=1e6, description="Lines per second, where no encoder starts them."
    )
    web_speed_mm_s: float | None = Field(
        default=None, gt=0.0, le=1e6, description="Speed of the web, beside line_rate_hz."
    )
    counts_per_mm: float | None = Field(
        default=None,
        gt=0.0,
        le=1e6,
        description="Counts of the encoder per millimetre of web, where blocks carry its counter.",
    )
    counter_bits: int = Field(
        default=32, ge=8, le=64, description="After how many bits the counter begins again at 0."
    )
    after_restart: Literal["continue", "new_roll"] = Field(
        default="continue",
        description="Where lines were missed at a restart: go on with the roll, or begin one.",
    )

    @property
    def scale_mm(self) -> float:
        """Millimetres per line, whichever way the file says it."""
        if self.mm_per_line is not None:
            return self.mm_per_line
        assert self.line_rate_hz is not None
        assert self.web_speed_mm_s is not None
        return self.web_speed_mm_s / self.line_rate_hz

    @model_validator(mode="after")
    def _check_figures(self) -> Self:
        refuse([*self._overlap_problems(), *self._scale_problems()])
        return self

    def _overlap_problems(self) -> list[Problem]:
        if self.overlap_lines < self.lines_per_frame:
            return []
        found = f"is {self.overlap_lines}, a frame has {self.lines_per_frame} lines: set it lower"
        return [Problem(key="overlap_lines", reason=found)]

    def _scale_problems(self) -> list[Problem]:
        by_clock = {"line_rate_hz": self.line_rate_hz, "web_speed_mm_s": self.web_speed_mm_s}
        missing = [key for key, value in by_clock.items() if value is None]
        if self.mm_per_line is None:
            if len(missing) == 2:
                found = "is missing: give it, or line_rate_hz and web_speed_mm_s"
                return [Problem(key="mm_per_line", reason=found)]
            found = "is missing beside the other of the two, or give mm_per_line alone"
            return [Problem(key=key, reason=found) for key in missing]
        found = "stands beside mm_per_line: keep one of the two"
        return [Problem(key=key, reason=found) for key in by_clock if key not in missing]


def scale_problem(line_scan: LineScan, mm_per_px: float) -> str | None:
    """Why lines and pixels do not fit: places would be wrong along the web."""
    drift_mm = abs(line_scan.scale_mm - mm_per_px) * line_scan.lines_per_frame
    if drift_mm <= MOST_DRIFT_MM:
        return None
    return (
        f"a line is {line_scan.scale_mm:g} mm of the web, a pixel of the part {mm_per_px:g} mm: "
        f"over a frame they differ by {drift_mm:.3g} mm, at most {MOST_DRIFT_MM:g} are allowed. "
        "Set the encoder's divider so that pixels are square, or correct mm_per_px of the part"
    )
