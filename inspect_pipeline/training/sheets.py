"""Contact sheets of tiles, so that a run can be judged by eye while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.crops import Batch

GAP_PX = 2
ZOOM = {32: 3, 64: 2}
TRUNCATION = 0.8


@torch.no_grad()
def write_progress_sheet(path: Path, networks: PartNetworks, batch: Batch, columns: int) -> None:
    """Rows: samples, good tile, with synthetic defect, golden, D, evidence, restored, open gate."""
    columns = min(columns, len(batch.clean))
    batch = Batch(
        clean=batch.clean[:columns], damaged=batch.damaged[:columns], mask=batch.mask[:columns]
    )
    was_training = {name: module.training for name, module in networks.named_children()}
    networks.eval()
    samples = networks.generator(*networks.generator.sample_codes(columns, truncation=TRUNCATION))
    latents, spatial, golden = networks.invert(batch.damaged)
    d, log_odds = networks.compare(batch.damaged, golden)
    evidence = torch.sigmoid(log_odds)
    restored = networks.restore(d * (1 - evidence), latents, spatial)
    opened = networks.restore(d, latents, spatial)
    for name, module in networks.named_children():
        module.train(was_training[name])
    shown = [samples, batch.clean, batch.damaged, golden, d, evidence * 2 - 1, restored, opened]
    write_sheet(path, shown)


def write_sheet(path: Path, rows: Sequence[Tensor]) -> None:
    """Rows of tiles (n, C, T, T) in [-1, 1] as one PNG, replaced atomically."""
    channels = max(row.shape[1] for row in rows)
    lines = [_line(row.expand(-1, channels, -1, -1)) for row in rows]
    sheet = np.concatenate(lines, axis=0)
    picture = Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)
    zoom = ZOOM.get(rows[0].shape[-1], 1)
    fresh = path.with_name(path.name + ".new")
    picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.NEAREST).save(
        fresh, format="PNG"
    )
    fresh.replace(path)


def _line(row: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    grey = ((row.detach().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    tiles = [np.pad(t.permute(1, 2, 0).numpy(), ((0, GAP_PX), (0, GAP_PX), (0, 0))) for t in grey]
    return np.concatenate(tiles, axis=1)
