"""DiffAugment (arXiv 2006.10738): the discriminator sees moved and re-lit tiles, so that few good
parts suffice. Differentiable, and applied to real and generated tiles alike."""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT_SHARE = 0.125
CUTOUT_SHARE = 0.35


def diff_augment(tiles: Tensor) -> Tensor:
    """Random brightness, contrast, shift and cut-out, one draw per tile."""
    return _cut_out(_shifted(_relit(tiles)))


def _relit(x: Tensor) -> Tensor:
    n = x.shape[0]
    x = x + (torch.rand(n, 1, 1, 1, device=x.device) - 0.5) * 0.3
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return (x - mean) * (0.75 + 0.5 * torch.rand(n, 1, 1, 1, device=x.device)) + mean


def _shifted(x: Tensor) -> Tensor:
    n, _, height, width = x.shape
    reach = max(1, int(height * SHIFT_SHARE))
    dy = torch.randint(-reach, reach + 1, (n, 1, 1), device=x.device)
    dx = torch.randint(-reach, reach + 1, (n, 1, 1), device=x.device)
    rows = (torch.arange(height, device=x.device)[None, :, None] + dy).clamp(0, height - 1)
    columns = (torch.arange(width, device=x.device)[None, None, :] + dx).clamp(0, width - 1)
    picture = torch.arange(n, device=x.device)[:, None, None]
    return x.permute(0, 2, 3, 1)[picture, rows, columns].permute(0, 3, 1, 2)


def _cut_out(x: Tensor) -> Tensor:
    n, _, height, width = x.shape
    size = int(height * CUTOUT_SHARE)
    cy = torch.randint(0, height, (n, 1, 1), device=x.device)
    cx = torch.randint(0, width, (n, 1, 1), device=x.device)
    rows = torch.arange(height, device=x.device)[None, :, None]
    columns = torch.arange(width, device=x.device)[None, None, :]
    hidden = ((rows - cy).abs() * 2 < size) & ((columns - cx).abs() * 2 < size)
    return x * ~hidden[:, None]
