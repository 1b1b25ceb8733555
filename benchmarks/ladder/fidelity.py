"""How faithfully a variant restores good parts: the axes of the inversion papers.

MSE, SSIM and MS-SSIM of working pictures in [-1, 1], and two perceptual distances: by the features
of the discriminator that all rungs of a seed share, and by those of a backbone where one is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import Tensor

from benchmarks.ladder.reading import Restored
from inspect_pipeline.networks.context import MIN_SIDE_PX, ContextNetwork
from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.tiling import cut
from inspect_pipeline.training.losses import perceptual

RANGE = 2.0  # from -1 to 1
SIGMA_PX, RADIUS_PX = 1.5, 5  # Gaussian window of 11 px (Wang et al., IEEE TIP 13, 2004)
STEADY = ((0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2)
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al., Asilomar 2003, section 3.2

Planes = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FidelityJudge:
    """Networks that see as people might; without one its distance is not measured."""

    discriminator: Discriminator | None = None
    backbone: ContextNetwork | None = None

    @torch.inference_mode()
    def of(self, pair: Restored) -> dict[str, float]:
        first, second = (planes.double().numpy() for planes in pair)
        measured = {
            "MSE": float(np.square(first - second).mean()),
            "SSIM": ssim(first, second),
            "MS_SSIM": ms_ssim(first, second),
        }
        if self.discriminator is not None:
            measured["perceptual"] = discriminator_distance(self.discriminator, *pair)
        if self.backbone is not None:
            measured["perceptual_backbone"] = backbone_distance(self.backbone, *pair)
        return measured


def averaged(measured: list[dict[str, float]]) -> dict[str, float] | None:
    """Means over pictures; None where there was none."""
    if not measured:
        return None
    return {name: mean(one[name] for one in measured) for name in measured[0]}


def ssim(first: Planes, second: Planes) -> float:
    """Structural similarity of (C, H, W), mean over pixels and channels; 1 = equal."""
    luminance, structure = _similar(first, second)
    return float((luminance * structure).mean())


def ms_ssim(first: Planes, second: Planes) -> float:
    """Contrast and structure at up to five scales, luminance at the coarsest.

    A picture that is too small for all five uses those that fit, with weights that sum to one.
    """
    shorter = min(first.shape[1:])
    scales = [j for j in range(len(SCALE_WEIGHTS)) if shorter >> j > 2 * RADIUS_PX]
    if not scales:
        raise ValueError(f"a picture of {shorter} px is too small for a window of 11 px")
    weights = np.array(SCALE_WEIGHTS[: len(scales)])
    product = 1.0
    for scale, weight in zip(scales, weights / weights.sum(), strict=True):
        luminance, structure = _similar(first, second)
        is_last = scale == scales[-1]
        alike = float((luminance * structure if is_last else structure).mean())
        product *= max(0.0, alike) ** weight
        first, second = _halved(first), _halved(second)
    return float(product)


def discriminator_distance(judge: Discriminator, first: Tensor, second: Tensor) -> float:
    """The training's perceptual loss over the tiles of two pictures (C, h, w)."""
    side = judge.config.tile_px
    tiles = (cut(planes, tile_px=side, overlap_px=0).pixels for planes in (first, second))
    return float(perceptual(judge, *tiles))


def backbone_distance(backbone: ContextNetwork, first: Tensor, second: Tensor) -> float:
    """Mean squared distance of channel-normalised features, averaged over the maps (as in LPIPS,
    Zhang et al., CVPR 2018, but without learnt weights)."""
    missing = [max(0, MIN_SIDE_PX - side) for side in first.shape[1:]]
    maps = []
    for planes in (first, second):
        whole = F.pad(planes[None], (0, missing[1], 0, missing[0]), mode="replicate")
        maps.append(backbone(whole * 0.5 + 0.5))
    distances = [
        (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(dim=1).mean()
        for a, b in zip(*maps, strict=True)
    ]
    return float(torch.stack(distances).mean())


def _similar(first: Planes, second: Planes) -> tuple[Planes, Planes]:
    """Luminance, and contrast times structure, at every pixel whose window lies inside."""
    steady_mean, steady_spread = STEADY
    a, b = _blurred(first), _blurred(second)
    spread = _blurred(first**2) - a**2 + _blurred(second**2) - b**2
    together = _blurred(first * second) - a * b
    luminance = (2 * a * b + steady_mean) / (a**2 + b**2 + steady_mean)
    structure = (2 * together + steady_spread) / (spread + steady_spread)
    inside = (slice(None), *2 * (slice(RADIUS_PX, -RADIUS_PX),))
    return luminance[inside], structure[inside]


def _blurred(planes: Planes) -> Planes:
    blurred: Planes = gaussian_filter(planes, sigma=(0, SIGMA_PX, SIGMA_PX), radius=RADIUS_PX)
    return blurred


def _halved(planes: Planes) -> Planes:
    """Means of 2 x 2 pixels; an odd last row or column is dropped."""
    height, width = (length // 2 * 2 for length in planes.shape[1:])
    even = planes[:, :height, :width]
    halved: Planes = even.reshape(len(even), height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    return halved
