"""What is called out, to whom, and when it is not: one [[alerts]] block per rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from plant_config.section import Identifier, Problem, Section, refuse, refuse_value
from plant_config.shifts import ALL

Rank = Literal["minor", "major", "critical"]
Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field()]
Minutes = Annotated[float, Field(gt=0.0, le=43_200.0)]
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
EventName = Literal[
    "camera_lost",
    "camera_ended",
    "gap",
    "shed",
    "spool_full",
    "disk_full",
    "quarantined",
    "process_ended",
    "process_hung",
    "database_away",
    "unfit_share",
    "input_health",
    "job_failed",
    "job_missed",
]


def _hours(written: str) -> str:
    if not _HOURS.fullmatch(written) or written[:5] == written[6:]:
        refuse_value(f"{written!r} is no piece of the day: write it as 22:00-06:00")
    return written


QuietHours = Annotated[str, AfterValidator(_hours)]


class AlertRule(Section):
    """What every rule has. Left out, lines, cameras, parts and shifts mean all of them."""

    name: Identifier = Field(description="Name of the rule, as it stands in messages.")
    lines: Names = Field(default=(), strict=False, description="Only on these lines.")
    cameras: Names = Field(default=(), strict=False, description="Only at these cameras.")
    parts: Names = Field(default=(), strict=False, description="Only of these parts.")
    shifts: Names = Field(
        default=(),
        strict=False,
        description="Only what happens while these shifts work, by their names; all: any of them.",
    )
    severity: Rank = Field(default="major", description="How severe an alert of this rule is.")
    channels: Names = Field(
        default=(), strict=False, description="Names of [[channels]] that tell of it."
    )
    quiet_hours: Annotated[tuple[QuietHours, ...], Field(strict=False)] = Field(
        default=(),
        description="When messages wait, on the plant's clock: 22:00-06:00. Alerts open meanwhile.",
    )
    group_minutes: Minutes = Field(
        default=60.0,
        description="What comes within so many minutes of the last is counted and not told again.",
    )
    cool_down_minutes: Annotated[float, Field(ge=0.0, le=43_200.0)] = Field(
        default=15.0, description="At least so many minutes between two messages about one place."
    )
    escalate_after_minutes: Minutes | None = Field(
        default=None,
        description="When nobody has acknowledged an alert for so long, escalate_to is told.",
    )
    escalate_to: Names = Field(
        default=(), strict=False, description="Names of [[channels]] that are told then."
    )

    @model_validator(mode="after")
    def _check_escalation(self) -> Self:
        if (self.escalate_after_minutes is None) != (not self.escalate_to):
            key = "escalate_to" if self.escalate_to == () else "escalate_after_minutes"
            found = "is missing: escalate_after_minutes and escalate_to belong together"
            refuse([Problem(key=key, reason=found)])
        return self


class FindingRule(AlertRule):
    """A finding, told in the very transaction that records it."""

    kind: Literal["finding"] = Field(description="finding: each finding that is severe enough.")
    at_least: Rank = Field(default="major", description="Findings of this severity or worse.")
    verdicts: Annotated[
        tuple[Literal["confirmed", "unsure"], ...], Field(min_length=1, strict=False)
    ] = Field(default=("confirmed",), description="What the verification said: confirmed, unsure.")


class RowRule(AlertRule):
    kind: Literal["row"] = Field(description="row: so many failed parts in a row at one camera.")
    failures: int = Field(default=3, ge=2, le=1000, description="How many in a row.")
    within_minutes: Minutes = Field(
        default=60.0, description="The whole row lies within so many minutes."
    )


class BurstRule(AlertRule):
    kind: Literal["burst"] = Field(description="burst: many findings at a camera in a short time.")
    findings: int = Field(default=10, ge=2, le=100_000, description="How many findings.")
    within_minutes: Minutes = Field(default=10.0, description="Within so many minutes.")


class Roll(Section):
    name: Identifier = Field(description="What people call the roll.")
    circumference_mm: float = Field(
        gt=0.0, le=100_000.0, description="Way of the web in one turn, in mm: 3.1416 x diameter."
    )


class RepeatRule(AlertRule):
    """Method and false accusations: db.questions.pitches."""

    kind: Literal["repeat"] = Field(
        description="repeat: the same place again and again, across a web or on the part."
    )
    rolls: tuple[Roll, ...] = Field(
        default=(),
        strict=False,
        description="The rolls that touch the web: named rolls are found one mark earlier.",
    )
    pitch_min_mm: float = Field(
        default=100.0, ge=1.0, description="Circumference of the smallest roll, in mm."
    )
    pitch_max_mm: float = Field(
        default=2000.0, ge=2.0, description="Circumference of the largest roll, in mm."
    )
    tolerance_mm: float = Field(
        default=1.0, ge=0.01, description="How exactly a mark repeats along the web, in mm."
    )
    across_mm: float = Field(
        default=5.0, ge=0.01, description="How exactly it repeats across the web, in mm."
    )
    radius_share: float = Field(
        default=0.02,
        gt=0.0,
        le=0.5,
        description="On parts: how exactly, as a share of the frame's sides.",
    )
    fewest: int = Field(default=4, ge=3, le=100, description="Marks before it is called out.")
    within_minutes: Minutes = Field(
        default=240.0, description="Only marks of the last so many minutes belong together."
    )
    alpha: float = Field(
        default=0.01,
        ge=1e-9,
        le=0.5,
        description="Probability that marks by chance look like a repeat at one look.",
    )

    @model_validator(mode="after")
    def _check_pitches(self) -> Self:
        problems = []
        if self.pitch_min_mm >= self.pitch_max_mm:
            problems.append(Problem(key="pitch_max_mm", reason="should be above pitch_min_mm"))
        if self.tolerance_mm > self.pitch_min_mm / 8:
            found = f"should be at most an eighth of pitch_min_mm, {self.pitch_min_mm / 8:g}"
            problems.append(Problem(key="tolerance_mm", reason=found))
        refuse(problems)
        return self


Quarters = Annotated[int, Field(ge=15, le=1440, multiple_of=15)]


class RateRule(AlertRule):
    kind: Literal["rate"] = Field(
        description="rate: the share of failed parts rises above its control limit."
    )
    chart: Literal["p", "ewma"] = Field(
        default="p", description="p: each sample for itself; ewma: small shifts add up."
    )
    sample_minutes: Quarters = Field(
        default=60, description="What one point of the chart covers, in full quarters of an hour."
    )
    fewest: int = Field(
        default=20, ge=1, le=1_000_000, description="Samples with fewer parts are left out."
    )
    reference_days: int = Field(
        default=14, ge=1, le=365, description="Limits come from so many days before the sample's."
    )
    reference_from: date | None = Field(
        default=None,
        strict=False,
        description="First day of a fixed reference period in its place, such as 2026-03-02.",
    )
    reference_until: date | None = Field(
        default=None, strict=False, description="The day after its last."
    )
    sigmas: float = Field(
        default=3.0, ge=1.0, le=10.0, description="How far above the centre the limit lies."
    )
    run_rules: bool = Field(
        default=True,
        description="Also 2 of 3 beyond 2 sigma, 4 of 5 beyond 1 sigma, 8 above the centre.",
    )
    weight: float = Field(
        default=0.2, ge=0.01, le=1.0, description="ewma: weight of the newest sample."
    )
    overdispersion: bool = Field(
        default=True,
        description="Widen the limits by how much the reference truly varies (Laney's p').",
    )

    @model_validator(mode="after")
    def _check_reference(self) -> Self:
        begin, end = self.reference_from, self.reference_until
        if (begin is None) != (end is None):
            key = "reference_from" if begin is None else "reference_until"
            refuse([Problem(key=key, reason="is missing: a fixed period has both ends")])
        if begin is not None and end is not None and begin >= end:
            refuse([Problem(key="reference_until", reason="should be after reference_from")])
        return self


class UnfitRule(AlertRule):
    kind: Literal["unfit"] = Field(
        description="unfit: too many frames of a camera cannot be inspected."
    )
    above: float = Field(default=0.05, ge=0.0, lt=1.0, description="Share of the frames, 0 to 1.")
    sample_minutes: Quarters = Field(
        default=30, description="Counted over so many minutes, in full quarters of an hour."
    )
    fewest: int = Field(
        default=20, ge=1, le=1_000_000, description="With fewer frames nothing is said."
    )


class SilentRule(AlertRule):
    kind: Literal["silent"] = Field(description="silent: a camera gives no frames.")
    shifts: Names = Field(
        default=("all",),
        strict=False,
        description="Only while these shifts work; all: any, none: also when nobody works.",
    )
    minutes: Minutes = Field(default=15.0, description="For so many minutes.")


class BehindRule(AlertRule):
    kind: Literal["behind"] = Field(
        description="behind: inspection comes late, or frames are given up."
    )
    minutes: Minutes = Field(
        default=5.0, description="Minutes from a frame to its inspection that are too many."
    )


class EventRule(AlertRule):
    kind: Literal["event"] = Field(
        description="event: something happened to a camera, the pictures or the program."
    )
    events: Annotated[tuple[EventName, ...], Field(min_length=1, strict=False)] = Field(
        description="Which: input_health tells of drift, camera_lost of a lost camera."
    )
    at_least: Rank = Field(default="major", description="Events of this severity or worse.")


class BacklogRule(AlertRule):
    kind: Literal["backlog"] = Field(description="backlog: findings wait for people.")
    more_than: int = Field(default=200, ge=1, le=100_000_000, description="So many wait.")


Alert = Annotated[
    FindingRule
    | RowRule
    | BurstRule
    | RepeatRule
    | RateRule
    | UnfitRule
    | SilentRule
    | BehindRule
    | EventRule
    | BacklogRule,
    Field(discriminator="kind"),
]


def alert_problems(
    rules: Sequence[AlertRule],
    *,
    lines: Sequence[str],
    cameras: Sequence[str],
    parts: Sequence[str],
    channels: Sequence[str],
    shifts: Sequence[str],
) -> list[Problem]:
    """Names in rules that the rest of the plant file does not know."""
    known = {
        "lines": lines,
        "cameras": cameras,
        "parts": parts,
        "channels": channels,
        "escalate_to": channels,
        "shifts": (*shifts, ALL),
    }
    return [
        Problem(
            key=f"alerts[{index}].{key}",
            reason=f"there is no {name!r}: use one of {', '.join(names) or '(none yet)'}, "
            "or add it to the plant file",
        )
        for index, rule in enumerate(rules)
        for key, names in known.items()
        for name in getattr(rule, key)
        if name not in names
    ]
