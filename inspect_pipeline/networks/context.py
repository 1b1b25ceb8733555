"""Pretrained features for DIPN's contextual branches: the first layers of MobileNetV2.

After M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018 (arXiv
1801.04381), down to a sixteenth of the side. Parameters bear the names of torchvision's
`mobilenet_v2`, so that its files and those converted to it fit.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from inspect_pipeline.networks.layers import assert_shape

CONTEXT_CHANNELS = (24, 32, 160)  # at a quarter, an eighth and a sixteenth of the side
MIN_SIDE_PX = 32
RGB = 3

STEM_CHANNELS = 32
STAGES = (  # t expansion, c channels, n blocks, s stride of the first: table 2 of the paper
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
)
QUARTER, EIGHTH, SIXTEENTH = 3, 6, (10, 13)  # layers after which a stage ends


class Normalisation(NamedTuple):
    """What pretrained weights expect of RGB in [0, 1]: less the mean, over the deviation."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))


class Contexts(NamedTuple):
    """Features of a picture of H x W px; a side that does not divide evenly is rounded up."""

    quarter: Tensor  # (n, 24, ceil(H/4), ceil(W/4))
    eighth: Tensor  # (n, 32, ceil(H/8), ceil(W/8))
    sixteenth: Tensor  # (n, 160, ceil(H/16), ceil(W/16)): 64 and 96 channels of two stages


class ConvNormClip(nn.Sequential):
    """Convolution, batch norm, ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel_px: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(
                inputs, outputs, kernel_px, stride, kernel_px // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(outputs),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    """Widens t times, filters each channel by itself, narrows without clipping (section 3.3)."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        wide = expansion * inputs
        widen = [ConvNormClip(inputs, wide, kernel_px=1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *widen,
            ConvNormClip(wide, wide, kernel_px=3, stride=stride, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.has_shortcut else y


class ContextNetwork(nn.Module):
    """Pictures (n, 3 or 1, H, W) in [0, 1], RGB or grey, H and W from 32 px -> Contexts."""

    mean: Tensor  # (1, 3, 1, 1)
    deviation: Tensor  # (1, 3, 1, 1)

    def __init__(self, normalisation: Normalisation = IMAGENET) -> None:
        super().__init__()
        for name, values in normalisation._asdict().items():
            self.register_buffer(name, torch.tensor(values).view(1, RGB, 1, 1))
        layers: list[nn.Module] = [ConvNormClip(RGB, STEM_CHANNELS, kernel_px=3, stride=2)]
        inputs = STEM_CHANNELS
        for t, c, n, s in STAGES:
            for stride in (s, *[1] * (n - 1)):
                layers.append(InvertedResidual(inputs, c, expansion=t, stride=stride))
                inputs = c
        self.features = nn.Sequential(*layers)
        self.eval()

    def forward(self, pictures: Tensor) -> Contexts:
        n, channels, height, width = pictures.shape
        assert_shape(pictures, (n, 1 if channels == 1 else RGB, height, width), "pictures")
        assert min(height, width) >= MIN_SIDE_PX, (
            f"pictures: expected sides of at least {MIN_SIDE_PX} px, got {height} x {width}"
        )
        x = (pictures - self.mean) / self.deviation  # (n, 3, H, W): a grey picture is repeated
        after: list[Tensor] = []
        for layer in self.features:
            x = layer(x)
            after.append(x)
        return Contexts(
            quarter=after[QUARTER],
            eighth=after[EIGHTH],
            sixteenth=torch.cat([after[number] for number in SIXTEENTH], dim=1),
        )

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002 - the signature is torch's
        """Stays in evaluation mode, whatever is asked of the network around it.

        In training mode batch norms would measure each batch: the features of a tile would depend
        on its neighbours, and the pretrained statistics would drift away.
        """
        return super().train(False)
