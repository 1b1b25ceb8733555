"""`demo`: the main job on a simulated line, from frame to report, judged by the planted truth."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.options import console, counted

if TYPE_CHECKING:
    from inspect_pipeline.capture.simulated import SimulatedFrame
    from inspect_pipeline.records import Frame, Picture
    from inspect_pipeline.reports.truth import Planted
    from inspect_pipeline.service.ledger import Ledger
    from plant_config.camera import SimulatedCameraSettings
    from plant_config.plant import Plant

DEMO_PLANT = Path("plants") / "demo" / "plant.toml"
FIRST_FRAME_AT = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)  # fixed: the demo twice changes nothing
SHOWN_FINDINGS = 40


def demo(
    frames: Annotated[
        int, typer.Option("--frames", min=2, help="Frames to inspect, over all cameras.")
    ] = 48,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Gets findings.db, report.html, evidence/.")
    ] = Path("out/demo"),
) -> None:
    """Run the pipeline on a simulated line and write a report. Needs no camera and no data.

    Two simulated cameras show a brushed web and a machined plate; now and then a defect is planted.
    The models saw good parts only. The report says what was found, missed and reported for nothing.
    """
    from db.engine import default_url
    from inspect_pipeline.service.build import meet_plant
    from inspect_pipeline.service.ledger import Ledger

    started = time.monotonic()
    plant = _demo_plant()
    screen = console()
    screen.print(f"{frames} frames of plant {plant.name} into {out}", highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    url = default_url(out / "findings.db")
    truth = TruthKeeper()
    with Ledger(url, out / "evidence") as ledger:
        meet_plant(ledger, plant)
        for settings, count in _shares(plant, frames):
            _inspect_camera(plant, settings, count, ledger, truth)
    _show_findings(url)
    _write_report(url, out, truth)
    screen.print(
        f"report: {out / 'report.html'}   database: {out / 'findings.db'}   "
        f"({time.monotonic() - started:.0f} s)",
        highlight=False,
    )
    screen.print(
        f"to review them in a browser: run_pipeline.py users add anna --role admin --db {url}, "
        f"then run_pipeline.py review --db {url}",
        highlight=False,
    )


class TruthKeeper:
    """Remembers what was planted in each frame that passes, and the frame's picture."""

    def __init__(self) -> None:
        self.planted: dict[str, list[Planted]] = {}
        self.pictures: dict[str, Picture] = {}

    def watched(self, frames: Iterable[SimulatedFrame]) -> Iterator[Frame]:
        from inspect_pipeline.reports.truth import Planted

        for simulated in frames:
            key = simulated.frame.key.content_sha256
            self.planted[key] = [Planted.of(d.kind, d.mask) for d in simulated.defects]
            self.pictures[key] = simulated.frame.pixels
            yield simulated.frame


def _demo_plant() -> Plant:
    import plant_config
    from plant_config.loader import load_plant

    return load_plant(Path(plant_config.__file__).parent / DEMO_PLANT)


def _shares(plant: Plant, frames: int) -> list[tuple[SimulatedCameraSettings, int]]:
    """The demo's cameras with an equal share of the frames each."""
    from plant_config.camera import SimulatedCameraSettings

    cameras = [c for c in plant.cameras if isinstance(c, SimulatedCameraSettings)]
    if len(cameras) < len(plant.cameras):
        raise UsageError("the demo plant may have simulated cameras only")
    each, more = divmod(frames, len(cameras))
    return [(camera, each + (i < more)) for i, camera in enumerate(cameras)]


def _inspect_camera(
    plant: Plant,
    settings: SimulatedCameraSettings,
    count: int,
    ledger: Ledger,
    truth: TruthKeeper,
) -> None:
    from inspect_pipeline.service.build import build_inspector
    from inspect_pipeline.service.inspecting import inspect_frames
    from inspect_pipeline.service.webs import simulated_line

    inspector = build_inspector(plant.storage.models_folder, plant.part(settings.part))
    line = simulated_line(settings, start_at=FIRST_FRAME_AT)
    frames = truth.watched(line.simulated_frames(count))
    inspect_frames(counted(frames, count, f"camera {settings.id}"), inspector, ledger)


def _show_findings(url: str) -> None:
    from inspect_pipeline.service.cli.findings import list_findings

    list_findings(db=url, limit=SHOWN_FINDINGS)


def _write_report(url: str, out: Path, truth: TruthKeeper) -> None:
    """report.html with the comparison to the planted truth, and the same figures on the screen."""
    from db.engine import session
    from db.evidence import EvidenceStore
    from inspect_pipeline.reports.findings_report import EVERY_FRAME, findings_report
    from inspect_pipeline.reports.pages import write_page
    from inspect_pipeline.reports.truth import GroundTruth
    from inspect_pipeline.reports.truth_section import compare_with_truth
    from inspect_pipeline.service.cli.database import opened_database

    planted = GroundTruth(planted=truth.planted)
    with opened_database(url) as engine, session(engine, read_only=True) as opened:
        page = findings_report(
            opened,
            EvidenceStore(out / "evidence"),
            title="Demo: a simulated line",
            created_at=datetime.now(UTC),
            truth=planted,
            observed=truth.pictures,
        )
        figures = compare_with_truth(opened, EVERY_FRAME, planted).tally
    write_page(out / "report.html", page)
    console().print(
        f"planted defects found: {figures.found} of {figures.planted}; "
        f"good frames reported for nothing: {figures.good_frames_alarmed} of {figures.good_frames}",
        highlight=False,
    )
