"""A plant file of simulated cameras before the demo's model."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ingestion.running import ROOT

PART = "brushed_web"
MODELS = ROOT / "plant_config" / "plants" / "demo" / "models"
FRAME_WH = (384, 256)


def plant_file(
    folder: Path,
    database_url: str,
    *,
    cameras: int,
    frames: int,
    dark_below: float = 10.0,
    **ingestion: float | str,
) -> Path:
    """`dark_below` 255 calls every frame dark: all of the way is gone, and nothing inspected."""
    blocks = "".join(
        f"""
[[cameras]]
id = "cam-{number}"
kind = "simulated"
line = "L1"
part = "{PART}"
material = "{PART}"
seed = {number}
frames = {frames}
defect_rate = 0.3
frame_wh = [{FRAME_WH[0]}, {FRAME_WH[1]}]
"""
        for number in range(1, cameras + 1)
    )
    said = "\n".join(
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in ingestion.items()
    )
    text = f"""
name = "Benchmark"
[[lines]]
id = "L1"
{blocks}
[[parts]]
name = "{PART}"
mm_per_px = 0.1
dark_below = {dark_below}
[storage]
database_url = "{database_url}"
evidence_folder = "{folder / "evidence"}"
models_folder = "{MODELS}"
[ingestion]
{said}
"""
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return path
