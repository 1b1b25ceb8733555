"""The plant of the soak: every way a frame can take, and faults at every camera."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ingestion.plant import MODELS

MM_PER_LINE = 0.1
LINES_PER_FRAME = 256
SPOOL_ENTRIES_MAX = 60
INSPECTED, QUICK = "brushed_web", "machined_plate"

_FAULTS = """
[[cameras.faults]]
kind = "drop"
rate = 0.01
[[cameras.faults]]
kind = "duplicate"
rate = 0.02
[[cameras.faults]]
kind = "corrupt"
rate = 0.01
[[cameras.faults]]
kind = "slow"
rate = 0.01
seconds = 0.5
[[cameras.faults]]
kind = "stall"
rate = 0.001
seconds = 5.0
[[cameras.faults]]
kind = "dark"
rate = 0.01
"""


def plant_file(folder: Path, database_url: str, *, box: Path) -> Path:
    """Parts and a web that are really inspected, a quick camera, and a drop box.

    Frames of the quick camera and of the drop box are called dark and not inspected: they are there
    for their number.
    """
    text = f"""
name = "Soak"
[[lines]]
id = "L1"
{_simulated("parts", INSPECTED, period_s=1.0, frame_wh=(256, 192))}
{_FAULTS}
{_simulated("quick", QUICK, period_s=0.1, frame_wh=(128, 128))}
{_FAULTS}
{_simulated("web", INSPECTED, period_s=0.8, frame_wh=(256, 64))}
[cameras.line_scan]
lines_per_frame = {LINES_PER_FRAME}
overlap_lines = 64
mm_per_line = {MM_PER_LINE}
counts_per_mm = 40.0
{_FAULTS}
[[cameras]]
id = "box"
kind = "folder"
line = "L1"
part = "{QUICK}"
path = "{box}"
after = "remove"
rescan_s = 5.0

[[parts]]
name = "{INSPECTED}"
mm_per_px = {MM_PER_LINE}
[[parts]]
name = "{QUICK}"
mm_per_px = 0.4
dark_below = 255.0

[storage]
database_url = "{database_url}"
evidence_folder = "{folder / "evidence"}"
models_folder = "{MODELS}"
[ingestion]
when_full = "shed_oldest"
entries_max = {SPOOL_ENTRIES_MAX}
workers = 2
tries = 100
restart_after_s = 0.1
restart_at_most_s = 2.0
drain_within_s = 300.0
"""
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _simulated(name: str, part: str, *, period_s: float, frame_wh: tuple[int, int]) -> str:
    return f"""
[[cameras]]
id = "{name}"
kind = "simulated"
line = "L1"
part = "{part}"
material = "brushed_web"
seed = {len(name)}
frames = 1000000
defect_rate = 0.05
period_s = {period_s}
frame_wh = [{frame_wh[0]}, {frame_wh[1]}]
"""
