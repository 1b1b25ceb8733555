"""A line without hardware: procedural parts, planted defects, and the truth about them."""

from inspect_pipeline.capture.simulated.camera import (
    Pace,
    PartsUnderCamera,
    SimulatedCamera,
    WebUnderCamera,
)
from inspect_pipeline.capture.simulated.endless_web import SimulatedWeb, WebDefect
from inspect_pipeline.capture.simulated.faults import Fault, FaultKind, FaultPlan
from inspect_pipeline.capture.simulated.folders import write_good_parts, write_mvtec
from inspect_pipeline.capture.simulated.line import SimulatedFrame, SimulatedLine
from inspect_pipeline.capture.simulated.planting import PlantedDefect, material_named

__all__ = [
    "Fault",
    "FaultKind",
    "FaultPlan",
    "Pace",
    "PartsUnderCamera",
    "PlantedDefect",
    "SimulatedCamera",
    "SimulatedFrame",
    "SimulatedLine",
    "SimulatedWeb",
    "WebDefect",
    "WebUnderCamera",
    "material_named",
    "write_good_parts",
    "write_mvtec",
]
