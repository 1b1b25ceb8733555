"""Loss terms, each a pure function of tensors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.networks.discriminator import Discriminator

FOCUS = 2.0  # gamma of the focal loss
DEFECT_WEIGHT = 0.75  # alpha of the focal loss: defects are rare pixels


def real_or_fake(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's non-saturating logistic loss (Goodfellow 2014, StyleGAN2)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def looks_real(fake: Tensor) -> Tensor:
    """The generator's side of the non-saturating loss."""
    return F.softplus(-fake).mean()


def gradient_penalty(discriminator: Discriminator, real: Tensor) -> Tensor:
    """R1: squared gradient of the logits at real tiles (arXiv 1801.04406)."""
    tiles = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(discriminator(tiles).sum(), tiles, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean()


def perceptual(discriminator: Discriminator, first: Tensor, second: Tensor) -> Tensor:
    """Mean distance of channel-normalised discriminator features: an in-domain LPIPS.

    Nothing downloaded, and no face or street network judging metal.
    """
    total = first.new_zeros(())
    maps = list(zip(discriminator.features(first), discriminator.features(second), strict=True))
    for a, b in maps[:3]:
        total = total + (_unit(a) - _unit(b)).square().sum(dim=1).mean()
    return total / 3


def energy_distance(first: Tensor, second: Tensor) -> Tensor:
    """How far apart two clouds of points (n, d), (m, d) are (Szekely and Rizzo 2013); 0 = alike."""
    across = torch.cdist(first, second).mean()
    within = torch.cdist(first, first).mean() + torch.cdist(second, second).mean()
    return 2 * across - within


def focal(log_odds: Tensor, mask: Tensor) -> Tensor:
    """Focal loss (arXiv 1708.02002): pixels that are already right hardly count."""
    plain = F.binary_cross_entropy_with_logits(log_odds, mask, reduction="none")
    right = torch.exp(-plain)
    weight = torch.where(mask > 0.5, DEFECT_WEIGHT, 1 - DEFECT_WEIGHT)
    return (weight * (1 - right) ** FOCUS * plain).mean() * 4


def dice(log_odds: Tensor, mask: Tensor) -> Tensor:
    """One minus the soft overlap over the whole batch; small defects weigh as they cover."""
    evidence = torch.sigmoid(log_odds)
    shared = (evidence * mask).sum()
    return 1 - (2 * shared + 1) / (evidence.sum() + mask.sum() + 1)


def disorder(log_odds: Tensor, mask: Tensor) -> Tensor:
    """How far the strongest place of some defect stays below the strongest good place of any
    picture of the batch (n, 1, h, w): what decides about a frame is its maximum. RankNet's loss.

    A place is the mean of 2 x 2; 0 where nothing is damaged or nothing is good.
    """
    strength = F.avg_pool2d(log_odds, 2, stride=1)
    damaged = F.max_pool2d(mask, 2, stride=1) > 0
    never = torch.finfo(strength.dtype).min
    worst_good = strength.masked_fill(damaged, never).amax((1, 2, 3))
    defects = strength.masked_fill(~damaged, never).amax((1, 2, 3))
    worst_good = worst_good[(~damaged).flatten(1).any(1)]
    defects = defects[damaged.flatten(1).any(1)]
    if not len(worst_good) or not len(defects):
        return log_odds.new_zeros(())
    return F.softplus(worst_good[None] - defects[:, None]).mean()


def _unit(features: Tensor) -> Tensor:
    return features * torch.rsqrt(features.square().sum(dim=1, keepdim=True) + 1e-6)
