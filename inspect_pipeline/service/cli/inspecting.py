"""`inspect` and `once`: frames from files, folders or the plant's cameras into the database."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from inspect_pipeline.exports.whole_files import keep_whole
from inspect_pipeline.service.cli.database import DEFAULT_URL, DatabaseUrl, EvidenceFolder
from inspect_pipeline.service.cli.options import (
    DEFAULT_MODELS,
    Models,
    PartName,
    PlantFile,
    console,
    counted,
    counting,
)

if TYPE_CHECKING:
    from inspect_pipeline.records import Inspection
    from inspect_pipeline.service.ingesting.roles import Role
    from inspect_pipeline.service.inspecting import Tally
    from plant_config.part import Part

UNSCALED_MM_PER_PX = 1.0
LOCAL_LINE = "files"


def inspect(
    part: PartName,
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="Picture files and folders.")
    ],
    models: Models = DEFAULT_MODELS,
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
    plant: PlantFile = None,
    as_json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write every result to this file."),
    ] = None,
) -> None:
    """Inspect pictures of a part; every frame and every finding becomes a row of the database.

    The same picture with the same model and settings changes nothing the second time. A picture
    that cannot be inspected is recorded as UNFIT with the reason.
    """
    from inspect_pipeline.capture.folder import FolderCamera
    from inspect_pipeline.service.build import build_inspector
    from inspect_pipeline.service.inspecting import inspect_frames
    from inspect_pipeline.service.ledger import Ledger

    inspector = build_inspector(models, part_settings(part, plant))
    camera = FolderCamera(sources, line_id=LOCAL_LINE, camera_id=f"files-{part}", part=part)
    frames, total = camera.frames(), len(camera.paths())
    results: list[dict[str, Any]] = []
    with Ledger(db, evidence) as ledger:
        tally = inspect_frames(
            counted(frames, total, f"inspecting {part}"),
            inspector,
            ledger,
            on_inspection=(lambda one: results.append(as_dict(one))) if as_json else None,
        )
    if as_json:
        write_results(as_json, results)
    show_tally({part: tally})


def once(
    plant_file: Annotated[Path, typer.Argument(metavar="PLANT.toml", help="The plant file.")],
) -> None:
    """Inspect what every camera of the plant has now, once, and stop.

    Frames take the same way as with `serve`: what a run that was interrupted had taken from the
    cameras waits in the spool, and is inspected by the next one.
    """
    from inspect_pipeline.service.ingesting.roles import Service
    from inspect_pipeline.service.ingesting.supervisor import Supervisor
    from plant_config.loader import load_plant

    plant = load_plant(plant_file)
    totals = Totals(camera.id for camera in plant.cameras)
    frames = [getattr(camera, "frames", None) for camera in plant.cameras]
    total = None if None in frames else sum(map(int, filter(None, frames)))
    level = logging.getLogger().getEffectiveLevel()
    with counting(f"inspecting {plant.name}") as progress:
        task = progress.add_task("", total=total)

        def heard(_role: Role, said: Mapping[str, Any]) -> None:
            if said["what"] == "recorded":
                totals.add(said)
                progress.advance(task)

        Supervisor(Service(plant=plant, once=True, log_level=level), heard=heard).run()
    show_tally(totals.tallies)


class Totals:
    """What came of each camera's frames, as the writer tells of them."""

    def __init__(self, cameras: Iterable[str]) -> None:
        from inspect_pipeline.service.inspecting import Tally

        self._new = Tally
        self.tallies = {camera: Tally() for camera in cameras}

    def add(self, said: Mapping[str, Any]) -> None:
        from inspect_pipeline.records import Outcome

        tally = self.tallies.setdefault(said["camera"], self._new())
        tally.outcomes[Outcome(said["outcome"])] += 1
        tally.findings += said["findings"]
        tally.written += said["written"]
        tally.known += not said["written"]


def part_settings(name: str, plant_file: Path | None) -> Part:
    """The part as the plant file describes it; without one a pixel counts as a millimetre."""
    from plant_config.loader import load_plant
    from plant_config.part import Part

    if plant_file is not None:
        return load_plant(plant_file).part(name)
    return Part(name=name, mm_per_px=UNSCALED_MM_PER_PX)


def as_dict(inspection: Inspection) -> dict[str, Any]:
    """One result as plain JSON: ids, scores, and each finding with its box."""
    key = inspection.frame
    return {
        "source": key.source,
        "part": key.part,
        "camera": key.camera_id,
        "taken_at": key.taken_at.isoformat(),
        "content_sha256": key.content_sha256,
        "outcome": inspection.outcome,
        "unfit_reason": inspection.unfit.reason if inspection.unfit else None,
        "unfit_detail": inspection.unfit.detail if inspection.unfit else None,
        "raw_score": inspection.raw_score,
        "score": inspection.score,
        "p_value": inspection.p_value,
        "model_id": inspection.model_id,
        "config_id": inspection.config_id,
        "findings": [
            {
                "box_xyxy_px": [box.x0, box.y0, box.x1, box.y1],
                "area_mm2": finding.area_mm2,
                "centre_mm": list(finding.centre_mm),
                "peak": finding.verification.region.peak,
                "score": finding.score,
                "p_value": finding.p_value,
                "verdict": finding.verification.verdict,
                "explained": finding.verification.explained,
                "severity": finding.severity,
            }
            for finding in inspection.findings
            for box in (finding.verification.region.box,)
        ],
    }


def write_results(path: Path, results: list[dict[str, Any]]) -> None:
    """Whole or not at all."""
    keep_whole(path, (json.dumps(results, indent=1) + "\n").encode())


def show_tally(tallies: dict[str, Tally]) -> None:
    """A table: frames by outcome, findings, what was new to the database."""
    from inspect_pipeline.records import Outcome

    table = Table("", "frames", "passed", "failed", "unfit", "findings", "new", "known")
    for name, tally in tallies.items():
        counts = [str(tally.outcomes[outcome]) for outcome in Outcome]
        figures = [str(tally.findings), str(tally.written), str(tally.known)]
        table.add_row(name, str(tally.frames), *counts, *figures)
    console().print(table)
