"""Draws docs/pictures/ from the demo's models and the simulated line: every stage, side by side.

python benchmarks/stage_pictures.py [--models DIR] [--out docs/pictures]
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

import plant_config
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.opinion import OVERLAP_SHARE, restored, see
from inspect_pipeline.records import Frame, Picture
from inspect_pipeline.reports.drawing import as_rgb, overlay, scale_for
from inspect_pipeline.service.build import build_inspector
from inspect_pipeline.service.webs import simulated_line
from inspect_pipeline.stages.compare import compare
from inspect_pipeline.stages.invert import invert
from inspect_pipeline.stages.regions import find_regions
from inspect_pipeline.tiling import cut, stitch
from inspect_pipeline.training.sheets import TRUNCATION, write_sheet
from plant_config.camera import SimulatedCameraSettings
from plant_config.loader import load_plant

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
STAGES = ("observed", "golden", "discrepancy D", "evidence", "restored (gated)", "gate open")
CAPTION_PX = 18
GAP_PX = 4
KINDS_SHOWN = 5
SAMPLES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    demo = Path(plant_config.__file__).parent / "plants" / "demo"
    parser.add_argument("--models", type=Path, default=demo / "models")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    plant = load_plant(demo / "plant.toml")
    for camera in plant.cameras:
        assert isinstance(camera, SimulatedCameraSettings), "the demo plant is simulated"
        inspector = build_inspector(asked.models, plant.part(camera.part))
        frames = _one_of_each_kind(camera)
        rows = [_stages(inspector, frame) for _, frame in frames]
        picture = _sheet(rows, [kind for kind, _ in frames])
        picture.save(asked.out / f"stages_{camera.part}.png", optimize=True)
        _draw_samples(inspector, asked.out / f"samples_{camera.part}.png")


def _one_of_each_kind(camera: SimulatedCameraSettings) -> list[tuple[str, Frame]]:
    """The first frames of the demo's line that show one more kind of defect, and a good one."""
    shown: dict[str, Frame] = {}
    for simulated in simulated_line(camera, start_at=START).simulated_frames(200):
        kind = " + ".join(defect.kind for defect in simulated.defects) or "good"
        if len(simulated.defects) <= 1:
            shown.setdefault(kind, simulated.frame)
        if len(shown) > KINDS_SHOWN:
            break
    return sorted(shown.items())


@torch.inference_mode()
def _stages(inspector: Inspector, frame: Frame) -> list[Picture]:
    model = inspector.model
    seen = see(model, frame)
    regions = find_regions(seen.heat, inspector.limits)
    restoration = restored(model, seen, regions)
    tile_px = model.preparation.tile_px
    tiles = cut(seen.prepared.pixels, tile_px=tile_px, overlap_px=round(OVERLAP_SHARE * tile_px))
    values = compare(model.networks, invert(model.networks, tiles.pixels)).values
    d = stitch(values, tiles.grid, frame_wh=seen.prepared.working_wh)
    limits = inspector.limits
    scale = scale_for(threshold=limits.threshold, typical=limits.low_threshold)
    signed = np.clip(127.5 + 255 * d.numpy().transpose(1, 2, 0), 0, 255).astype(np.uint8)
    return [
        as_rgb(frame.pixels),
        as_rgb(seen.prepared.picture(restoration.golden)),
        as_rgb(signed),
        overlay(frame.pixels, seen.heat.values, low=scale.low, high=scale.high),
        as_rgb(seen.prepared.picture(restoration.restored)),
        as_rgb(seen.prepared.picture(restoration.opened)),
    ]


def _sheet(rows: list[list[Picture]], names: list[str]) -> Image.Image:
    height, width = rows[0][0].shape[:2]
    step_x, step_y = width + GAP_PX, height + CAPTION_PX + GAP_PX
    sheet = Image.new("RGB", (step_x * len(STAGES), step_y * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        for j, (picture, stage) in enumerate(zip(row, STAGES, strict=True)):
            caption = f"{name}: {stage}" if j == 0 else stage
            draw.text((j * step_x + 2, i * step_y + 3), caption, fill="black")
            sheet.paste(Image.fromarray(picture), (j * step_x, i * step_y + CAPTION_PX))
    return sheet


@torch.inference_mode()
def _draw_samples(inspector: Inspector, path: Path) -> None:
    torch.manual_seed(0)
    generator = inspector.model.networks.generator
    rows = [generator(*generator.sample_codes(SAMPLES, truncation=TRUNCATION)) for _ in range(2)]
    write_sheet(path, rows)


if __name__ == "__main__":
    main()
