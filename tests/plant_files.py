"""A plant file as text: one simulated camera of one line looks at one part."""

from __future__ import annotations


def small_plant(
    *,
    name: str = "Mill",
    timezone: str = "UTC",
    mm_per_px: float = 0.1,
    frame_wh: tuple[int, int] = (64, 48),
) -> str:
    """What a test adds, follows behind it as blocks."""
    return f"""
name = "{name}"
timezone = "{timezone}"
[[lines]]
id = "line-1"
[[cameras]]
id = "cam-1"
kind = "simulated"
line = "line-1"
part = "bracket"
material = "brushed_web"
seed = 1
frames = 4
defect_rate = 0.0
frame_wh = {list(frame_wh)}
[[parts]]
name = "bracket"
mm_per_px = {mm_per_px}
[storage]
database_url = "sqlite:///findings.db"
evidence_folder = "evidence"
models_folder = "models"
"""
