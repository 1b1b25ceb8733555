"""Blocks shared by the networks."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))


def assert_shape(tensor: Tensor, expected: tuple[int | None, ...], name: str = "tensor") -> None:
    """Checks a tensor at the door of a block; None stands for any size."""
    found = tuple(tensor.shape)
    fits = len(found) == len(expected) and all(
        want is None or want == got for want, got in zip(expected, found, strict=True)
    )
    assert fits, f"{name}: expected shape {expected}, got {found}"


def channels_last(module: nn.Module) -> None:
    """Lays the kernels out as narrow convolutions run faster; kernels of volumes stay."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance of its input."""
    return F.leaky_relu(x, SLOPE) * GAIN


def upsampled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class EqualLinear(nn.Module):
    """Linear layer with equalised learning rate (StyleGAN2, appendix B)."""

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias)


class ModulatedConv(nn.Module):
    """3x3 or 1x1 convolution whose input channels are scaled by a style (StyleGAN2, section 2.2).

    Written as scale input, shared-weight convolution, scale output: the same result as a grouped
    convolution with one kernel per sample, and it exports with a free batch size.
    """

    def __init__(
        self, inputs: int, outputs: int, w_dim: int, *, kernel_px: int, demodulate: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel_px, kernel_px))
        self.scale = 1 / math.sqrt(inputs * kernel_px**2)
        self.style = EqualLinear(w_dim, inputs, bias=1.0)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.demodulate = demodulate
        self.padding = kernel_px // 2

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style: Tensor = self.style(w)  # (n, inputs)
        weight = self.weight * self.scale
        y = F.conv2d(x * style[:, :, None, None], weight, padding=self.padding)
        if self.demodulate:
            power = weight.square().sum(dim=(2, 3))  # (outputs, inputs)
            norm = torch.rsqrt(F.linear(style.square(), power) + 1e-8)  # (n, outputs)
            y = y * norm[:, :, None, None]
        return y + self.bias[None, :, None, None]


def groups_of(channels: int) -> int:
    """GroupNorm groups: results never depend on the other tiles of a batch."""
    return math.gcd(channels, 8)


class ConvBlock(nn.Sequential):
    """Convolution, GroupNorm, leaky ReLU; stride 2 halves the side."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, kernel_px: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_px, stride, kernel_px // 2, bias=False),
            nn.GroupNorm(groups_of(outputs), outputs),
            nn.LeakyReLU(SLOPE),
        )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvBlock(channels, channels), ConvBlock(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y


class Patchify(nn.Module):
    """Stem that trades side for channels without losing a pixel, then mixes.

    Narrow full-resolution convolutions are the slowest thing on a CPU; behind this stem the same
    work runs about three times faster per tile.
    """

    def __init__(self, inputs: int, outputs: int, *, patch_px: int) -> None:
        super().__init__()
        self.unshuffle = nn.PixelUnshuffle(patch_px)
        self.mix = ConvBlock(inputs * patch_px**2, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(self.unshuffle(x))
        return y
