"""PatchCore: the distance of each patch to the nearest of a few patches of good parts.

After K. Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022 (arXiv
2106.08265): patches of 3 x 3 features (section 3.1), greedy coreset of one in a hundred (3.2),
score of the worst patch weighed by how lonely its nearest member is (3.3). Smaller here:
MobileNetV2, and at most 80 000 patches among which the coreset is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.baselines.patch_features import GRID, heat_of, patch_features
from benchmarks.ladder.reading import Reading
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import Picture
from inspect_pipeline.training.memory import farthest_apart

CANDIDATES = 80_000
CORESET_SHARE = 0.01
LONELINESS_OF = 9  # nearest members of the nearest member


@dataclass(frozen=True, kw_only=True, eq=False)
class PatchCore:
    context: ContextNetwork
    members: Tensor  # (m, CHANNELS)
    verifies: bool = False

    @property
    def parameters(self) -> int:
        return self.members.numel()

    def read(self, picture: Picture) -> Reading:
        rows = patch_features(self.context, picture, pooled=True).flatten(1).T
        apart = torch.cdist(rows, self.members)
        nearest, which = apart.min(dim=1)
        worst = int(nearest.argmax())
        return Reading(
            heat=heat_of(nearest.reshape(GRID, GRID), picture),
            score=float(nearest[worst]) * self._loneliness(apart[worst], int(which[worst])),
        )

    def restored(self, _picture: Picture) -> None:
        return None

    def _loneliness(self, apart: Tensor, nearest: int) -> float:
        """Equation 7: less where the nearest member has others beside it that are as near."""
        beside = torch.cdist(self.members[nearest][None], self.members)[0]
        around = beside.topk(min(LONELINESS_OF, len(self.members)), largest=False).indices
        return float(1 - torch.softmax(apart[around], dim=0)[around == nearest].sum())


def fit_patchcore(context: ContextNetwork, good: Iterable[Picture], seed: int) -> PatchCore:
    """Learns from pictures of good parts, seen once; the same seed gives the same members."""
    generator = torch.Generator().manual_seed(seed)
    found = [patch_features(context, one, pooled=True).flatten(1).T.half() for one in good]
    share = math.ceil(CANDIDATES / len(found))
    rows = torch.cat(
        [one[torch.randperm(len(one), generator=generator)[:share]].float() for one in found]
    )
    members = rows[farthest_apart(rows, max(1, round(CORESET_SHARE * len(rows))), generator)]
    return PatchCore(context=context, members=members)
