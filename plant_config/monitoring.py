"""When a camera's pictures, or how many of its frames are unfit, have changed too much."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plant_config.section import Section

Change = Annotated[float, Field(gt=0.0, le=1.0)]


class Monitoring(Section):
    """Changes are told when they are both as large as is said here and more than chance."""

    reference_frames: int = Field(
        default=1000,
        ge=200,
        le=100_000,
        description=(
            "So many fit frames after the start, or after `cameras accept`, say how the pictures "
            "of a camera are when all is well."
        ),
    )
    brightness_change: Change = Field(
        default=0.1, description="Share by which the mean brightness may rise or fall."
    )
    contrast_change: Change = Field(
        default=0.15, description="Share by which the contrast may rise or fall."
    )
    focus_change: Change = Field(
        default=0.2, description="Share by which the focus figure may rise or fall."
    )
    shading_change: Change = Field(
        default=0.05,
        description="How much darker or brighter the edges may become, as a share of the middle.",
    )
    spot_change: Change = Field(
        default=0.08,
        description="How much darker the darkest patch may become, as a share of the usual patch.",
    )
    clipped_change: Change = Field(
        default=0.02, description="How much the share of pixels at 0 or 255 may rise or fall."
    )
    score_change: Annotated[float, Field(ge=0.1, le=1.0)] = Field(
        default=0.15,
        description=(
            "How far the scores of passed frames may move: the largest share of frames that have "
            "come to lie above or below some score."
        ),
    )
    unfit_share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=0.05, description="Share of unfit frames from which it is told."
    )
    unfit_window_frames: int = Field(
        default=200,
        ge=20,
        le=2000,
        description="The last so many frames of a camera in which unfit ones are counted.",
    )
