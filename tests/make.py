"""Builders: the nouns of the pipeline, small, plausible, different only where a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

from inspect_pipeline.bundle import (
    Calibrated,
    Origin,
    PartModel,
    half_precision,
    rounded_context,
    save_bundle,
    write_contextual,
)
from inspect_pipeline.conformal import calibrate
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.limits import LEFT_TO_PEOPLE, Limits
from inspect_pipeline.networks.config import NetworkConfig
from inspect_pipeline.networks.context import IMAGENET, ContextNetwork, Normalisation
from inspect_pipeline.networks.contextual import Contextual, ContextualConfig, Views
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.records import Frame, FrameKey, Picture, sha256_of
from inspect_pipeline.stages.prepare import Preparation
from inspect_pipeline.training.good_parts import GoodPart
from plant_config.part import Part

TILE_PX = 32
FRAME_WH = (72, 56)
PART: dict[str, Any] = {"name": "bracket", "mm_per_px": 0.5}
CONTEXT_ORIGIN = {"name": "untrained", "origin": "random numbers"}
SCORES = tuple(float(n) for n in range(1, 100))


def frame_key(**changed: Any) -> FrameKey:
    chosen: dict[str, Any] = {
        "line_id": "line-1",
        "camera_id": "cam-1",
        "part": "bracket",
        "taken_at": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        "content_sha256": sha256_of(b"picture"),
        "source": "bracket.png",
    }
    return FrameKey(**{**chosen, **changed})


def frame(pixels: Picture | None = None, **changed: Any) -> Frame:
    """A frame of these pixels, by default of a good part."""
    return Frame(key=frame_key(**changed), pixels=picture() if pixels is None else pixels)


def picture(
    seed: int = 0,
    *,
    frame_wh: tuple[int, int] = FRAME_WH,
    channels: int = 1,
    centre_grey: float = 120.0,
) -> Picture:
    """A good part: soft structure under fine grain, well lit; colours differ between channels."""
    rng = np.random.default_rng([seed, channels])
    height, width = frame_wh[1], frame_wh[0]
    coarse = rng.normal(0, 25, (6, 6, channels)).astype(np.float32)
    soft = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, 4, (height, width, channels))
    levels = centre_grey + soft.reshape(height, width, channels) + grain
    grey: Picture = np.clip(np.rint(levels), 1, 254).astype(np.uint8)
    return grey


def good_part(seed: int = 0, pixels: Picture | None = None, **chosen: Any) -> GoodPart:
    shown = picture(seed, **chosen) if pixels is None else pixels
    path = Path(f"good/{seed:03}.png")
    return GoodPart(path=path, sha256=sha256_of(shown.tobytes()), pixels=shown)


def good_parts(count: int, **chosen: Any) -> list[GoodPart]:
    return [good_part(seed, **chosen) for seed in range(count)]


def write_pictures(folder: Path, count: int, **chosen: Any) -> Path:
    """PNG files of so many good parts; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        write_picture(folder / f"{seed:03}.png", picture(seed, **chosen))
    return folder


def write_picture(path: Path, pixels: Picture) -> Path:
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(path)
    return path


def network_config(**changed: Any) -> NetworkConfig:
    chosen: dict[str, Any] = {"tile_px": TILE_PX, "width": 12, "w_dim": 32}
    return NetworkConfig(**{**chosen, **changed})


def networks(seed: int = 0, **changed: Any) -> PartNetworks:
    """Untrained networks, as a bundle holds them: rounded to half precision, ready to inspect."""
    torch.manual_seed(seed)
    return half_precision(PartNetworks(network_config(**changed)))


def context_network(seed: int = 0, *, normalisation: Normalisation = IMAGENET) -> ContextNetwork:
    """Untrained, with kernels that keep a spread of features through all layers."""
    torch.manual_seed(seed)
    made = ContextNetwork(normalisation)
    _enliven(made)
    return rounded_context(made)


def contextual(seed: int = 0, *, channels: int = 1, **changed: Any) -> Contextual:
    """An untrained contextual branch with a few random members; its signs are in usual ranges."""
    chosen: dict[str, Any] = {"members": 8, "width": 8}
    made = Contextual(ContextualConfig(**{**chosen, **changed}), context_network(seed)).eval()
    torch.manual_seed(seed)  # memories do not depend on the size of the head
    for memory in made.memories:
        members = torch.randn_like(memory.members)  # type: ignore[arg-type]
        memory.members = members.half().float()  # as a learnt memory has them
    _enliven(made.head)
    with torch.no_grad():
        signs = made.signs(views(seed, channels=channels))
    spread, mean = torch.std_mean(signs, dim=(0, 2, 3), keepdim=True)
    made.usual = torch.cat((mean, spread))
    made.reach = torch.full_like(made.reach, 4.0)
    return made.requires_grad_(False)


def views(
    seed: int = 0, side_px: tuple[int, int] = (64, 64), *, count: int = 1, channels: int = 1
) -> Views:
    """Windows of soft structure, a golden twin that differs a little, and random log-odds."""
    rng = torch.Generator().manual_seed(seed)
    height, width = side_px
    coarse = torch.randn(count, channels, height // 8 + 1, width // 8 + 1, generator=rng)
    soft = nn.functional.interpolate(0.4 * coarse, size=side_px, mode="bicubic")
    grain = 0.1 * torch.randn(count, channels, height, width, generator=rng)
    return Views(
        observed=(soft + grain).clamp(-1, 1),
        golden=soft.clamp(-1, 1),
        local=torch.randn(count, 1, height, width, generator=rng),
    )


def _enliven(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)


def preparation(**changed: Any) -> Preparation:
    chosen: dict[str, Any] = {
        "channels": 1,
        "tile_px": TILE_PX,
        "scale": 1.0,
        "photometric": "fixed",
        "centre_grey": 120.0,
        "spread_grey": 100.0,
    }
    return Preparation(**{**chosen, **changed})


def origin(**changed: Any) -> Origin:
    chosen: dict[str, Any] = {
        "trained_on": (sha256_of(b"trained"),),
        "held_out": (sha256_of(b"held out"),),
        "frame_wh_min": FRAME_WH,
        "frame_wh_max": FRAME_WH,
    }
    return Origin(**{**chosen, **changed})


def limits(**changed: Any) -> Limits:
    chosen: dict[str, Any] = {
        "threshold": 1.0,
        "low_threshold": 0.5,
        "min_area_px": 4,
        "closing_px": 1,
        "reject_above": 0.8,
        "confirm_below": 0.2,
    }
    return Limits(**{**chosen, **changed})


def calibrated(
    scores: Sequence[float] = SCORES, *, budget: float = 0.1, **changed: Any
) -> Calibrated:
    """A fabricated calibration: its threshold is the scores' own, its limits agree with it."""
    calibration = calibrate(scores, budget=budget)
    agreeing = {
        "threshold": calibration.threshold,
        "low_threshold": min(calibration.threshold, median(scores)),
    }
    return Calibrated(calibration=calibration, limits=limits(**{**agreeing, **changed}))


def around(threshold: float, **changed: Any) -> Calibrated:
    """A fabricated calibration with this threshold, a unit above the typical good frame."""
    scores = [threshold - 1.0] * 17 + [threshold] * 2 + [threshold + 1.0]
    return calibrated(scores, budget=0.1, **changed)


def part_model(
    *,
    calibrated: Calibrated | None = None,
    contextual: Contextual | None = None,
    channels: int = 1,
    **changed: Any,
) -> PartModel:
    """A model of untrained networks; `calibrated` None is what `train` leaves behind at first."""
    chosen: dict[str, Any] = {
        "part": "bracket",
        "networks": changed.get("networks") or networks(channels=channels),
        "preparation": preparation(channels=channels),
        "origin": origin(),
        "weights_sha256": sha256_of(b"weights"),
        "calibrated": calibrated,
        "card": {"part": "bracket"},
        "contextual": contextual,
        "contextual_sha256": sha256_of(b"contextual") if contextual else None,
    }
    return PartModel(**{**chosen, **changed})


def recalibrated(model: PartModel, calibrated: Calibrated) -> PartModel:
    return replace(model, calibrated=calibrated)


def saved_bundle(models: Path, model: PartModel) -> Path:
    """The model's folder, without a calibration: `bundle.write_calibration` adds one."""
    folder = save_bundle(
        models,
        part=model.part,
        networks=model.networks,
        preparation=model.preparation,
        origin=model.origin,
        card=model.card,
    )
    if model.contextual is not None:
        write_contextual(folder, model.contextual, CONTEXT_ORIGIN)
    return folder


def part(**changed: Any) -> Part:
    return Part(**{**PART, **changed})


def inspector(
    model: PartModel, threshold: float, *, limits: dict[str, Any] | None = None, **part: Any
) -> Inspector:
    """An inspector with this threshold; by default verification rejects and confirms nothing."""
    chosen = {
        "low_threshold": threshold,
        **vars(LEFT_TO_PEOPLE),
        **(limits or {}),
    }
    return Inspector(recalibrated(model, around(threshold, **chosen)), Part(**{**PART, **part}))
