"""A plant that is real in every part and small in all: tiny frames, a tiny model, quick pauses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inspect_pipeline.bundle import write_calibration
from tests import make

PART = "bracket"
FRAME_WH = (128, 128)


def tiny_bundle(models: Path, *, threshold: float = -3.857) -> Path:
    """Of untrained networks, whose scores are about the threshold: some frames fail, some pass."""
    origin = make.origin(frame_wh_min=FRAME_WH, frame_wh_max=FRAME_WH)
    seen_as = make.preparation(scale=make.TILE_PX / FRAME_WH[0])  # one tile
    model = make.part_model(part=PART, origin=origin, preparation=seen_as)
    folder = make.saved_bundle(models, model)
    write_calibration(folder, make.around(threshold))
    return folder


def camera(name: str = "cam-1", *, frames: int = 40, seed: int = 1) -> str:
    return f"""
[[cameras]]
id = "{name}"
kind = "simulated"
line = "L1"
part = "{PART}"
material = "brushed_web"
seed = {seed}
frames = {frames}
defect_rate = 0.3
period_s = 0.02
frame_wh = [{FRAME_WH[0]}, {FRAME_WH[1]}]
"""


def tiny_plant(
    folder: Path,
    database_url: str,
    cameras: Sequence[str] = (),
    *,
    models: Path | None = None,
    **ingestion: object,
) -> Path:
    """The plant file; the bundle is made unless `models` has one."""
    if models is None:
        models = folder / "models"
        tiny_bundle(models)
    chosen = {
        "workers": 1,
        "tries": 50,
        "restart_after_s": 0.05,
        "restart_at_most_s": 0.5,
        "keep_free_megabytes": 0,
        **ingestion,
    }
    said = "\n".join(
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in chosen.items()
    )
    text = f"""
name = "Tiny works"
[[lines]]
id = "L1"
{"".join(cameras or [camera()])}
[[parts]]
name = "{PART}"
mm_per_px = 0.5
[storage]
database_url = "{database_url}"
evidence_folder = "{folder / "evidence"}"
models_folder = "{models}"
[ingestion]
{said}
"""
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return path
