"""What the plant does by the clock besides taking pictures: one [[jobs]] block each."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plant_config.cron import CronTimes
from plant_config.reports import Language
from plant_config.section import Identifier, PlantPath, Problem, Section, refuse

Days = Annotated[int, Field(ge=0, le=36_500)]


class JobSection(Section):
    """What every job says, whatever its kind: one of `cron`, `every_s` and `after_shifts`."""

    name: Identifier = Field(description="Short name of the job, unique in the plant.")
    cron: CronTimes | None = Field(
        default=None, description='Times of the plant\'s clock, such as "30 2 * * *".'
    )
    every_s: float | None = Field(
        default=None, ge=1.0, le=7 * 86_400.0, description="Every so many seconds."
    )
    after_shifts: tuple[Identifier, ...] = Field(
        default=(),
        strict=False,
        description='When shifts of these names end; ["all"] for every working shift.',
    )
    grace_s: float = Field(
        default=600.0,
        ge=1.0,
        le=86_400.0,
        description="A run that begins later than so many seconds after its time is late.",
    )
    catch_up: Literal["skip", "once"] = Field(
        default="once",
        description=(
            "What is late: skip counts it as missed, once makes up for all that was missed by "
            "one run."
        ),
    )

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        said = [
            key
            for key in ("cron", "every_s", "after_shifts")
            if getattr(self, key) not in (None, ())
        ]
        if not said:
            reason = "is missing, and every_s and after_shifts too: one of them says when"
            refuse([Problem(key="cron", reason=reason)])
        if len(said) > 1:
            refuse([Problem(key=said[1], reason=f"stands beside {said[0]}: keep one of them")])
        return self


class RetentionJob(JobSection):
    """`db prune` by the clock. What no rule names is kept for ever."""

    kind: Literal["retention"] = Field(description="retention: pictures go that had their time.")
    keep_days: dict[Literal["confirmed", "rejected", "unsure"], Days] = Field(
        default={}, description="Days that pictures of findings are kept, by verdict."
    )
    pictures: dict[Literal["observed", "golden", "restored", "heat"], Days] = Field(
        default={}, description="Days that pictures are kept, by kind of picture."
    )
    passed_days: Days | None = Field(
        default=None, description="Days that whole pictures of passed frames are kept."
    )
    answers_days: int = Field(
        default=30,
        ge=1,
        le=36_500,
        description="Days that programs' repeated requests are known again.",
    )
    runs_days: int = Field(
        default=400, ge=1, le=36_500, description="Days that runs of jobs stay in the history."
    )

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        if not self.keep_days and not self.pictures and self.passed_days is None:
            reason = "is missing, and pictures and passed_days too: say how long to keep what"
            refuse([Problem(key="keep_days", reason=reason)])
        return self


class BackupJob(JobSection):
    kind: Literal["backup"] = Field(description="backup: every row and picture into a folder.")
    folder: PlantPath = Field(
        description="Folder of the backups, one folder in it each; best on another disk."
    )
    keep: int = Field(
        default=7, ge=1, le=1000, description="How many backups are kept; the oldest goes first."
    )


class CalibrationJob(JobSection):
    """Does the promise still hold that so few good parts are reported?"""

    kind: Literal["calibration"] = Field(
        description="calibration: compares alarms on good parts with the promise of each part."
    )
    days: int = Field(
        default=30, ge=1, le=3650, description="Frames taken in so many days are counted."
    )
    judged_min: int = Field(
        default=50,
        ge=1,
        le=1_000_000,
        description="With fewer failed frames that people judged, nothing is said of a part.",
    )


class ReportJob(JobSection):
    """Makes a report of the shift, day or week that ended last, and sends it."""

    kind: Literal["report"] = Field(description="report: a report is made, kept and sent.")
    report: Literal["shift", "day", "week", "roi"] = Field(
        description="shift, day, week, or roi (what the system is worth; it needs [roi])."
    )
    line: Identifier | None = Field(
        default=None, description="Only this line; leave out for the whole plant."
    )
    languages: tuple[Language, ...] = Field(
        default=(),
        strict=False,
        description="In these languages; leave out for those of [reports].",
    )
    channels: tuple[Identifier, ...] = Field(
        default=(), strict=False, description="Names of the channels that it is sent to."
    )


JobSettings = Annotated[
    RetentionJob | BackupJob | CalibrationJob | ReportJob, Field(discriminator="kind")
]
