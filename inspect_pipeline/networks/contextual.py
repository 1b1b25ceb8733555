"""DIPN's contextual branch: evidence from around a place, and from what good parts look like.

The paper's DIPN (SDIC, section 3.2) describes the observed and the golden picture by a pretrained
context network. Here the same features give signs of a defect, each a single number per place that
says how far it is from good: the distance to a memory of good features, seen finely and coarsely
(PatchCore, Roth et al. 2022, arXiv 2106.08265). On demand also the distance to the features of the
golden twin, the plain difference to it, and DIPN's local evidence. A small hourglass weighs the
signs. It never sees a grey level, so it cannot learn by heart what synthetic defects look like.
Two signs it does not weigh: what is far from good as a whole, all features together, and what is
far from good over a wide area, count whatever was taught.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inspect_pipeline.networks.context import CONTEXT_CHANNELS, ContextNetwork, Contexts
from inspect_pipeline.networks.layers import SLOPE

STRIDE_PX = 4  # working pixels per answer
COARSEST_PX = 16  # working pixels per feature of the coarsest map
PRIOR_LOG_ODDS = -3.0
QUERIES = 8192  # features compared with the memory at a time
WIDE = 3  # side of the square of coarse places whose mean distance counts by itself
PLAIN = ("whole", "wide")  # signs that count by themselves
PLAIN_WEIGHT = 1.0  # log-odds of each, from a usual place to the oddest of a good part
SOFT_LIMIT = 4.0  # deviations; far beyond it, further is no more news


@dataclass(frozen=True, kw_only=True)
class Level:
    """One way to look: which context maps are joined, and whether their channels are whitened.

    Whitened, every direction in which good parts vary counts alike: fine defects show. As they
    are, the strong directions of the context network lead: large and odd shapes show.
    """

    name: str
    maps: tuple[int, ...]  # indices into Contexts; the first gives the resolution
    whitened: bool
    neighbours: int = 1  # members of the memory whose mean distance counts
    is_weighed: bool = True  # by the head; else the distance counts by itself

    @property
    def stride_px(self) -> int:
        """Working pixels per feature."""
        return STRIDE_PX << self.maps[0]

    @property
    def channels(self) -> int:
        return sum(CONTEXT_CHANNELS[index] for index in self.maps)


LEVELS = (
    Level(name="fine", maps=(0,), whitened=True),
    Level(name="middle", maps=(1,), whitened=True),
    Level(name="coarse", maps=(2,), whitened=False, neighbours=5),
    Level(name="joined", maps=(1, 2), whitened=True),
    Level(name="whole", maps=(0, 1, 2), whitened=False, is_weighed=False),  # as PatchCore sees
)
WEIGHED_LEVELS = sum(level.is_weighed for level in LEVELS)
Given = Literal["memory", "golden", "local"]
GIVEN: tuple[Given, ...] = ("memory", "golden", "local")
USUALLY_GIVEN: tuple[Given, ...] = ("memory",)  # decisions 7 and 10: why not the others
SIGNS = {"memory": WEIGHED_LEVELS, "golden": WEIGHED_LEVELS + 1, "local": 1}


class Views(NamedTuple):
    """The pictures behind an answer, each of one size."""

    observed: Tensor  # (n, C, h, w) in [-1, 1]
    golden: Tensor  # (n, C, h, w)
    local: Tensor  # (n, 1, h, w) DIPN's log-odds


def features_of(contexts: Contexts, level: Level) -> Tensor:
    """(n, c, h, w) features of a level, each the mean of its 3 x 3 neighbourhood.

    Beyond the border there is nothing, and it counts as that: places at a border are like places at
    a border, and speak more softly (docs/decisions/0020).
    """
    maps = [F.avg_pool2d(contexts[index], 3, stride=1, padding=1) for index in level.maps]
    side = maps[0].shape[-2:]
    grown = [
        _grown(one, 2 ** (index - level.maps[0]), side)
        for index, one in zip(level.maps, maps, strict=True)
    ]
    return torch.cat(grown, dim=1)


class GoodMemory(nn.Module):
    """Features that good parts showed, thinned out, in a space where distances mean something."""

    centre: Tensor  # (c,)
    projection: Tensor  # (c, c)
    members: Tensor  # (m, c) projected features of good parts

    def __init__(self, channels: int, members: int, neighbours: int = 1) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.register_buffer("centre", torch.zeros(channels))
        self.register_buffer("projection", torch.eye(channels))
        self.register_buffer("members", torch.zeros(members, channels))

    def forward(self, features: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, 1, h, w) mean Euclidean distance to the nearest members."""
        n, _, height, width = features.shape
        rows = self.projected(_rows(features))
        nearest = [self._nearest(chunk) for chunk in torch.split(rows, QUERIES)]
        return torch.cat(nearest).reshape(n, 1, height, width)

    def _nearest(self, rows: Tensor) -> Tensor:
        squares = self.members.square().sum(1) - 2 * rows @ self.members.T
        if self.neighbours == 1:  # the usual case, and the faster one
            least = squares.amin(1, keepdim=True)
        else:
            count = min(self.neighbours, len(self.members))
            least = squares.topk(count, dim=1, largest=False).values
        return (least + rows.square().sum(1, keepdim=True)).clamp_min(0).sqrt().mean(1)

    def apart(self, first: Tensor, second: Tensor) -> Tensor:
        """Distance of two pictures' features place by place, (n, 1, h, w)."""
        n, _, height, width = first.shape
        distances: Tensor = (_rows(first - second) @ self.projection).norm(dim=1)
        return distances.reshape(n, 1, height, width)

    def projected(self, rows: Tensor) -> Tensor:
        projected: Tensor = (rows - self.centre) @ self.projection
        return projected


class Look(nn.Sequential):
    """3 x 3 convolution and leaky ReLU, without a norm: what is said of a place never depends on
    what else the picture shows."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="replicate"),
            nn.LeakyReLU(SLOPE),
        )


class FusionHead(nn.Module):
    """Signs (n, k, h, w) of each place, weighed with those around it -> log-odds (n, 1, h, w)."""

    def __init__(self, signs: int, width: int) -> None:
        super().__init__()
        self.first = Look(signs, width)
        self.down2, self.down4 = Look(width, width), Look(width, width)
        self.up2, self.up1 = Look(2 * width, width), Look(2 * width, width)
        self.log_odds = nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.log_odds.bias, PRIOR_LOG_ODDS)  # type: ignore[arg-type]

    def forward(self, signs: Tensor) -> Tensor:
        full = self.first(signs)
        half = self.down2(_pooled(full, 2))
        quarter = self.down4(_pooled(half, 2))
        half = self.up2(torch.cat([half, _grown(quarter, 2, half.shape[-2:])], dim=1))
        full = self.up1(torch.cat([full, _grown(half, 2, full.shape[-2:])], dim=1))
        log_odds: Tensor = self.log_odds(full)
        return log_odds


@dataclass(frozen=True, kw_only=True)
class ContextualConfig:
    """Sizes of the contextual branch; `given` names the signs that its head weighs."""

    members: int = 1200
    width: int = 24
    given: tuple[Given, ...] = USUALLY_GIVEN

    def __post_init__(self) -> None:
        if not self.given or set(self.given) - set(GIVEN):
            raise ValueError(f"given must name some of {GIVEN}, got {self.given}")

    @property
    def weighed(self) -> int:
        """Signs that the head sees."""
        return sum(SIGNS[name] for name in self.given)

    @property
    def plain(self) -> int:
        """Signs that count by themselves."""
        return len(PLAIN) if "memory" in self.given else 0

    @property
    def signs(self) -> int:
        return self.weighed + self.plain

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """TypeError names what is unknown, KeyError what is missing."""
        return cls(**{**values, "given": tuple(values["given"])})


class Contextual(nn.Module):
    """Context network, one memory per level, and the head that weighs the signs."""

    usual: Tensor  # (2, signs, 1, 1) mean and standard deviation of each sign on good parts
    reach: Tensor  # (plain, 1, 1) deviations of each plain sign that a good part reaches

    def __init__(self, config: ContextualConfig, context: ContextNetwork) -> None:
        super().__init__()
        self.config = config
        self.context = context
        self.memories = nn.ModuleList(
            GoodMemory(one.channels, config.members, one.neighbours) for one in LEVELS
        )
        self.head = FusionHead(config.weighed, config.width)
        usual = torch.tensor((0.0, 1.0)).reshape(2, 1, 1, 1).repeat(1, config.signs, 1, 1)
        self.register_buffer("usual", usual)
        self.register_buffer("reach", torch.ones(config.plain, 1, 1))

    def forward(self, views: Views) -> Tensor:
        """Pictures of H x W px -> log-odds of a defect (n, 1, H, W)."""
        deviations = self.deviations(self.signs(views))
        answer: Tensor = self.head(self.weighed(deviations))
        if self.config.plain:
            plain = deviations[:, self.config.weighed :] / self.reach - 1
            answer = answer + PLAIN_WEIGHT * plain.sum(dim=1, keepdim=True)
        return _grown(answer, STRIDE_PX, views.observed.shape[-2:])

    def contexts(self, pictures: Tensor) -> Contexts:
        """Context features of pictures in [-1, 1]."""
        contexts: Contexts = self.context(pictures * 0.5 + 0.5)
        return contexts

    def signs(self, views: Views) -> Tensor:
        """(n, signs, H/4, W/4) rounded up, raw: each higher the farther a place is from good.

        With a memory, the last ones are the plain signs.
        """
        seen = self._features(views.observed)
        found: list[Tensor] = []
        plain: list[Tensor] = []
        if "memory" in self.config.given:
            apart = [memory(one) for memory, one in zip(self.memories, seen, strict=True)]
            fine = self._fine(apart, views)
            found += _weighed_of(fine)
            whole = next(n for n, level in enumerate(LEVELS) if level.name == "whole")
            plain += [fine[whole], self._wide(apart, views)]
        if "golden" in self.config.given:
            meant = self._features(views.golden)
            pairs = zip(self.memories, seen, meant, strict=True)
            apart = [memory.apart(one, two) for memory, one, two in pairs]  # type: ignore[operator]
            difference = (views.observed - views.golden).abs().mean(1, keepdim=True)
            fine = _weighed_of(self._fine(apart, views))
            found += [*fine, _pooled(difference, STRIDE_PX)]
        if "local" in self.config.given:
            found.append(_pooled(views.local, STRIDE_PX))
        return torch.cat([*found, *plain], dim=1)

    def deviations(self, signs: Tensor) -> Tensor:
        """Signs in usual deviations from the usual good place."""
        mean, deviation = self.usual
        deviations: Tensor = (signs - mean) / deviation
        return deviations

    def weighed(self, deviations: Tensor) -> Tensor:
        """What the head sees of (n, signs, h, w): all but the plain signs, softly limited."""
        return 2 * torch.tanh(deviations[:, : self.config.weighed] / SOFT_LIMIT)

    def _fine(self, apart: list[Tensor], views: Views) -> list[Tensor]:
        """One map per level, all as fine as the answer."""
        side = _places(views.observed)
        return [
            _grown(one, level.stride_px // STRIDE_PX, side)
            for level, one in zip(LEVELS, apart, strict=True)
        ]

    def _wide(self, apart: list[Tensor], views: Views) -> Tensor:
        """The mean coarse distance of a place and those around it: stains and wrong shapes are
        wide, what is odd about a good part is not."""
        coarse = next(n for n, level in enumerate(LEVELS) if level.stride_px == COARSEST_PX)
        wide = F.avg_pool2d(
            apart[coarse], WIDE, stride=1, padding=WIDE // 2, count_include_pad=False
        )
        return _grown(wide, COARSEST_PX // STRIDE_PX, _places(views.observed))

    def _features(self, pictures: Tensor) -> list[Tensor]:
        contexts = self.contexts(pictures)
        return [features_of(contexts, level) for level in LEVELS]


def _weighed_of(maps: list[Tensor]) -> list[Tensor]:
    """Of one map per level those that the head weighs."""
    return [one for level, one in zip(LEVELS, maps, strict=True) if level.is_weighed]


def _rows(features: Tensor) -> Tensor:
    """(n, c, h, w) -> (n h w, c)."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _places(pictures: Tensor) -> tuple[int, int]:
    """Rows and columns of the answer, before it is grown to the size of the pictures."""
    height, width = pictures.shape[-2:]
    return -(-height // STRIDE_PX), -(-width // STRIDE_PX)


def _pooled(maps: Tensor, factor: int) -> Tensor:
    """Means of squares; those at the right and at the bottom may be cut off."""
    return F.avg_pool2d(maps, factor, ceil_mode=True)


def _grown(maps: Tensor, factor: int, side: torch.Size | tuple[int, int]) -> Tensor:
    """`factor` times as fine, cut at the right and at the bottom to (rows, columns)."""
    if factor > 1:
        maps = F.interpolate(maps, scale_factor=factor, mode="bilinear")
    return maps[..., : side[0], : side[1]]
