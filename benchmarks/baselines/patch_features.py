"""What PaDiM and PatchCore look at: a picture squeezed to 256 x 256 px, described by the pretrained
context network at three strides, joined at the finest of them.
"""

from __future__ import annotations

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import Heat, Picture
from inspect_pipeline.stages.prepare import as_channels, resized

SIDE_PX = 256
GRID = SIDE_PX // 4  # places per side
COARSE_CHANNELS = 96  # of the sixteenth: its last stage
CHANNELS = 24 + 32 + COARSE_CHANNELS
BLUR_PX = 4.0  # sigma, on the square picture; both papers


@torch.inference_mode()
def patch_features(context: ContextNetwork, picture: Picture, *, pooled: bool) -> Tensor:
    """(CHANNELS, GRID, GRID) of a picture of any size; `pooled`: means of 3 x 3 neighbours."""
    square = resized(as_channels(picture, 3), (SIDE_PX, SIDE_PX))
    given = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
    contexts = context(given)
    maps = [contexts.quarter, contexts.eighth, contexts.sixteenth[:, -COARSE_CHANNELS:]]
    if pooled:
        maps = [F.avg_pool2d(one, 3, stride=1, padding=1) for one in maps]
    grown = [F.interpolate(one, size=(GRID, GRID), mode="bilinear") for one in maps]
    return torch.cat(grown, dim=1)[0]


def heat_of(distances: Tensor, picture: Picture) -> Heat:
    """(GRID, GRID) -> smoothed heat of the picture's own size."""
    places = distances.numpy().astype("float32")[:, :, None]
    square = cv2.GaussianBlur(resized(places, (SIDE_PX, SIDE_PX)), (0, 0), BLUR_PX)
    heat: Heat = resized(square.reshape(SIDE_PX, SIDE_PX, 1), (picture.shape[1], picture.shape[0]))
    return heat[:, :, 0]
