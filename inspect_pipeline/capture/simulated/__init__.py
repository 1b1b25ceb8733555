"""A line without hardware: procedural parts, planted defects, and the truth about them."""

from inspect_pipeline.capture.simulated.folders import write_good_parts, write_mvtec
from inspect_pipeline.capture.simulated.line import SimulatedFrame, SimulatedLine
from inspect_pipeline.capture.simulated.planting import PlantedDefect, material_named

__all__ = [
    "PlantedDefect",
    "SimulatedFrame",
    "SimulatedLine",
    "material_named",
    "write_good_parts",
    "write_mvtec",
]
