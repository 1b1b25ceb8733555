"""How frames travel from cameras to the database, and what happens where they come too fast."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from plant_config.section import PlantPath, Problem, Section, refuse


class Ingestion(Section):
    spool_folder: PlantPath | None = Field(
        default=None,
        description=(
            "Folder in which frames wait, on a local disk; leave out for spool/ beside the "
            "evidence folder."
        ),
    )
    when_full: Literal["block", "shed_newest", "shed_oldest"] = Field(
        default="block",
        description=(
            "When a camera's share of the spool is full: block makes the camera wait, shed_newest "
            "gives up the frame that comes, shed_oldest the one that has waited longest; each "
            "frame given up is an event."
        ),
    )
    entries_max: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Frames of one camera that may wait."
    )
    megabytes_max: int = Field(
        default=20_000,
        ge=1,
        le=100_000_000,
        description="Megabytes of one camera that may wait.",
    )
    keep_free_megabytes: int = Field(
        default=500,
        ge=0,
        le=10_000_000,
        description="The spool is full when the disk has less than this left, for the results.",
    )
    workers: int = Field(default=2, ge=1, le=64, description="Processes that inspect.")
    tries: int = Field(
        default=3,
        ge=1,
        le=100,
        description="A frame on which workers failed this often is set apart, and kept.",
    )
    quarantined_max: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description=(
            "Frames of one camera that are kept apart; beyond, a frame that would be set apart is "
            "given up, with an event each."
        ),
    )
    hung_after_s: float = Field(
        default=120.0,
        ge=2.0,
        le=3600.0,
        description="A process that says nothing for this many seconds is ended and begun anew.",
    )
    restart_after_s: float = Field(
        default=0.5,
        ge=0.05,
        le=60.0,
        description="Seconds before a process is begun anew; doubled each time it fails again.",
    )
    restart_at_most_s: float = Field(
        default=60.0,
        ge=0.1,
        le=3600.0,
        description="The longest that such a pause becomes, in seconds.",
    )
    drain_within_s: float = Field(
        default=20.0,
        ge=0.0,
        le=3600.0,
        description=(
            "When the program is told to stop, seconds in which it still inspects what waits; the "
            "rest waits on the disk for the next start."
        ),
    )

    @model_validator(mode="after")
    def _check_pauses(self) -> Self:
        if self.restart_at_most_s < self.restart_after_s:
            found = (
                f"is {self.restart_at_most_s:g}, shorter than restart_after_s = "
                f"{self.restart_after_s:g}: the longest pause is at least as long as the first"
            )
            refuse([Problem(key="restart_at_most_s", reason=found)])
        return self
