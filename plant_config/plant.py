"""A plant: its lines, cameras, parts and storage, and that they fit together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from plant_config.alerts import Alert, alert_problems
from plant_config.camera import CameraSettings
from plant_config.channels import Channel
from plant_config.errors import PlantConfigError
from plant_config.ingestion import Ingestion
from plant_config.jobs import JobSettings, ReportJob
from plant_config.line import Line
from plant_config.line_scan import scale_problem
from plant_config.monitoring import Monitoring
from plant_config.part import Part
from plant_config.reports import Reports
from plant_config.review import Review
from plant_config.roi import Roi
from plant_config.schedule import Schedule
from plant_config.section import Problem, Section, refuse, refuse_value
from plant_config.storage import Storage


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        refuse_value("is not a time zone: write a name such as Europe/Berlin or Asia/Tokyo, or UTC")
    return name


TimeZone = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_known_zone)]


USUAL_SHIFTS = ("early", "late", "night")  # where the file names none


class Plant(Section):
    """Everything a plant file says. Cameras name a line and a part that exist."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="Name of the plant, as it stands on reports."
    )
    timezone: TimeZone = Field(
        default="UTC",
        description="The plant's time zone, such as Europe/Berlin: days and shifts begin in it.",
    )
    lines: tuple[Line, ...] = Field(
        min_length=1, strict=False, description="The lines, one [[lines]] block each."
    )
    cameras: tuple[CameraSettings, ...] = Field(
        min_length=1, strict=False, description="The cameras, one [[cameras]] block each."
    )
    parts: tuple[Part, ...] = Field(
        min_length=1, strict=False, description="The parts, one [[parts]] block each."
    )
    storage: Storage = Field(description="Where results are kept: the [storage] block.")
    schedule: Schedule = Field(
        default=Schedule(), description="When the plant works: the [schedule] block."
    )
    jobs: tuple[JobSettings, ...] = Field(
        default=(),
        strict=False,
        description="What is done by the clock, one [[jobs]] block each.",
    )
    ingestion: Ingestion = Field(
        default=Ingestion(),
        description="From cameras to the database: the [ingestion] block.",
    )
    monitoring: Monitoring = Field(
        default=Monitoring(),
        description="When changed pictures and unfit frames are told: the [monitoring] block.",
    )
    review: Review = Field(
        default=Review(), description="The review application: the [review] block."
    )
    reports: Reports = Field(
        default=Reports(), description="Reports that people read: the [reports] block."
    )
    roi: Roi | None = Field(
        default=None, description="What inspection costs here: the [roi] block."
    )

    alerts: tuple[Alert, ...] = Field(
        default=(), strict=False, description="What is called out: [[alerts]] blocks."
    )
    channels: tuple[Channel, ...] = Field(
        default=(), strict=False, description="How messages leave: [[channels]] blocks."
    )

    @property
    def spool_folder(self) -> Path:
        """Where frames wait: what the file names, else beside the evidence."""
        return self.ingestion.spool_folder or self.storage.evidence_folder.parent / "spool"

    @property
    def is_scheduled(self) -> bool:
        """Is there anything that is done by the clock?"""
        return bool(self.jobs) or any(not one.schedule.is_always for one in self.cameras)

    def part(self, name: str) -> Part:
        """Raises PlantConfigError with the known names where the plant does not make the part."""
        for part in self.parts:
            if part.name == name:
                return part
        known = [part.name for part in self.parts]
        raise PlantConfigError(f"plant {self.name!r} has no {_missing('part', name, known)}")

    def camera(self, camera_id: str) -> CameraSettings:
        """Raises PlantConfigError with the known ids where the plant has no such camera."""
        for camera in self.cameras:
            if camera.id == camera_id:
                return camera
        known = [camera.id for camera in self.cameras]
        raise PlantConfigError(f"plant {self.name!r} has no {_missing('camera', camera_id, known)}")

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        lines = [line.id for line in self.lines]
        cameras = [camera.id for camera in self.cameras]
        parts = [part.name for part in self.parts]
        problems = [
            *_repeated("lines[{}].id", lines),
            *_repeated("cameras[{}].id", cameras),
            *_repeated("parts[{}].name", parts),
            *_repeated("jobs[{}].name", [job.name for job in self.jobs]),
            *_dangling("cameras[{}].line", [camera.line for camera in self.cameras], lines),
            *_dangling("cameras[{}].part", [camera.part for camera in self.cameras], parts),
            *self._alert_problems(lines, cameras, parts),
        ]
        refuse(problems)
        refuse(self._scale_problems())
        refuse(self._schedule_problems())
        refuse(self._report_problems())
        return self

    def _schedule_problems(self) -> list[Problem]:
        """Shifts that are named have to exist; a camera's job is called as the camera."""
        named = [
            (f"cameras[{index}].schedule.shifts", camera.schedule.shifts)
            for index, camera in enumerate(self.cameras)
        ] + [
            (f"jobs[{index}].after_shifts", job.after_shifts) for index, job in enumerate(self.jobs)
        ]
        problems = [
            Problem(key=key, reason=reason)
            for key, names in named
            if (reason := self.schedule.unknown_shift(names))
        ]
        cameras = {camera.id.casefold() for camera in self.cameras}
        return problems + [
            Problem(key=f"jobs[{index}].name", reason=f"a camera is called {job.name!r} too")
            for index, job in enumerate(self.jobs)
            if job.name.casefold() in cameras
        ]

    def _report_problems(self) -> list[Problem]:
        """Lines and channels of reports have to exist, and what a system is worth needs costs."""
        lines = [line.id for line in self.lines]
        channels = [channel.name for channel in self.channels]
        problems = []
        for index, job in enumerate(self.jobs):
            if not isinstance(job, ReportJob):
                continue
            key = f"jobs[{index}]"
            if job.line is not None and job.line not in lines:
                reason = f"there is no {_missing('line', job.line, lines)}"
                problems.append(Problem(key=f"{key}.line", reason=reason))
            for name in job.channels:
                if name not in channels:
                    reason = f"there is no {_missing('channel', name, channels or ['none yet'])}"
                    problems.append(Problem(key=f"{key}.channels", reason=reason))
            if job.report == "roi" and self.roi is None:
                reason = "is roi, which needs a [roi] block with what inspection costs: add it"
                problems.append(Problem(key=f"{key}.report", reason=reason))
        return problems

    def _alert_problems(
        self, lines: Sequence[str], cameras: Sequence[str], parts: Sequence[str]
    ) -> list[Problem]:
        channels = [channel.name for channel in self.channels]
        rules = [rule.name for rule in self.alerts]
        shifts = [shift.name for shift in self.schedule.shifts] or list(USUAL_SHIFTS)
        known = alert_problems(
            self.alerts,
            lines=lines,
            cameras=cameras,
            parts=parts,
            channels=channels,
            shifts=shifts,
        )
        repeated = [
            *_repeated("alerts[{}].name", rules),
            *_repeated("channels[{}].name", channels),
        ]
        return [*repeated, *known]

    def _scale_problems(self) -> list[Problem]:
        """Of line-scan cameras: a line must be as long as a pixel of the part is wide."""
        return [
            Problem(key=f"cameras[{index}].line_scan", reason=reason)
            for index, camera in enumerate(self.cameras)
            if camera.line_scan is not None
            and (reason := scale_problem(camera.line_scan, self.part(camera.part).mm_per_px))
        ]


def _repeated(key: str, names: Sequence[str]) -> list[Problem]:
    """Names that differ only in upper and lower case count as the same: they become file names."""
    folded = [name.casefold() for name in names]
    return [
        Problem(key=key.format(index), reason=f"{names[index]!r} stands here twice: rename one")
        for index, name in enumerate(folded)
        if name in folded[:index]
    ]


def _dangling(key: str, wanted: Sequence[str], known: Sequence[str]) -> list[Problem]:
    what = key.rpartition(".")[2]
    return [
        Problem(key=key.format(index), reason=f"there is no {_missing(what, name, known)}")
        for index, name in enumerate(wanted)
        if name not in known
    ]


def _missing(what: str, name: str, known: Sequence[str]) -> str:
    return f"{what} {name!r}: use one of {', '.join(known)}, or add it to the plant file"
