"""Line-scan and simulated cameras, as a plant file says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from inspect_pipeline.capture.camera import Camera
from inspect_pipeline.capture.line_scan import AfterRestart, LineScan, LineScanRules
from inspect_pipeline.capture.line_scan.kept_blocks import KeptBlocks
from inspect_pipeline.capture.simulated import (
    Fault,
    FaultKind,
    FaultPlan,
    Pace,
    PartsUnderCamera,
    SimulatedCamera,
    SimulatedLine,
    SimulatedWeb,
    WebUnderCamera,
)
from plant_config.camera import (
    CameraSettings,
    GigeCameraSettings,
    SimulatedCameraSettings,
    StreamCameraSettings,
    UsbCameraSettings,
)
from plant_config.line_scan import LineScan as LineScanSettings

_LIVE = (GigeCameraSettings, UsbCameraSettings, StreamCameraSettings)  # give no block twice


def line_scan_rules(settings: LineScanSettings) -> LineScanRules:
    return LineScanRules(
        lines_per_frame=settings.lines_per_frame,
        overlap_lines=settings.overlap_lines,
        mm_per_line=settings.scale_mm,
        counts_per_mm=settings.counts_per_mm,
        counter_bits=settings.counter_bits,
        after_restart=AfterRestart(settings.after_restart),
    )


def as_web(camera: Camera, settings: CameraSettings, memory_folder: Path) -> Camera:
    """The camera itself, or the frames of the web that it sees line by line.

    `memory_folder` outlives the program: the position of the web is kept there.
    """
    if settings.line_scan is None:
        return camera
    memory = memory_folder / f"{settings.id}.web.json"
    rules = line_scan_rules(settings.line_scan)
    if not isinstance(settings, _LIVE):
        return LineScan(camera, rules, memory)
    kept = KeptBlocks(camera, memory_folder / "blocks")
    return LineScan(kept, rules, memory, is_live=True)


def simulated_line(settings: SimulatedCameraSettings, *, start_at: datetime) -> SimulatedLine:
    """One part per picture, with the truth about them."""
    return SimulatedLine(
        settings.material,
        seed=settings.seed,
        line_id=settings.line,
        camera_id=settings.id,
        part=settings.part,
        start_at=start_at,
        frame_wh=settings.frame_wh,
        defect_rate=settings.defect_rate,
        period_s=settings.period_s,
        parts_max=settings.frames,
    )


def simulated_camera(
    settings: SimulatedCameraSettings,
    *,
    start_at: datetime,
    in_real_time: bool,
    after_sequence: int = -1,
) -> SimulatedCamera:
    """With a `line_scan` block its frames are blocks of lines of an endless web.

    A restart goes on behind `after_sequence`, with the same `start_at`.
    """
    plan = FaultPlan(
        faults=tuple(
            Fault(
                kind=FaultKind(fault.kind),
                first=fault.first,
                shots=fault.shots,
                rate=fault.rate,
                seconds=fault.seconds,
            )
            for fault in settings.faults
        ),
        seed=settings.seed,
    )
    return SimulatedCamera(
        _scenery(settings, start_at),
        start_at=start_at,
        pace=Pace(period_s=settings.period_s, in_real_time=in_real_time),
        shots=settings.frames,
        plan=plan,
        after_sequence=after_sequence,
    )


def _scenery(
    settings: SimulatedCameraSettings, start_at: datetime
) -> PartsUnderCamera | WebUnderCamera:
    width_px, height_px = settings.frame_wh
    scan = settings.line_scan
    if scan is not None:
        counts = None if scan.counts_per_mm is None else scan.counts_per_mm * scan.scale_mm
        return WebUnderCamera(
            web=SimulatedWeb(settings.seed, width_px=width_px, defect_rate=settings.defect_rate),
            lines_per_block=height_px,
            counts_per_line=counts,
            counter_bits=scan.counter_bits,
        )
    return PartsUnderCamera(simulated_line(settings, start_at=start_at))
