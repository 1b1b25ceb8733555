"""The plain signs of the contextual branch: what is far from good as a whole or over a wide area
counts, whatever the head was taught."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from inspect_pipeline.networks.contextual import (
    COARSEST_PX,
    LEVELS,
    PLAIN,
    PLAIN_WEIGHT,
    Contextual,
    Given,
)
from tests import make

COARSE = next(n for n, level in enumerate(LEVELS) if level.stride_px == COARSEST_PX)
WHOLE = next(n for n, level in enumerate(LEVELS) if not level.is_weighed)


class Told(nn.Module):
    """A memory that finds the distances that it was told, (1, 1, h, w)."""

    def __init__(self, distances: Tensor) -> None:
        super().__init__()
        self.distances = distances

    def forward(self, _features: Tensor) -> Tensor:
        return self.distances


def told(distances: Tensor, level: int = COARSE) -> Contextual:
    """A branch whose coarse (or other) memory finds these."""
    made = make.contextual(given=("memory",))
    made.memories[level] = Told(distances)
    return made


def always(branch: Contextual, log_odds: float) -> Contextual:
    """The branch with a head that says the same of every place."""
    made = deepcopy(branch)
    nn.init.zeros_(made.head.log_odds.weight)
    nn.init.constant_(made.head.log_odds.bias, log_odds)  # type: ignore[arg-type]
    return made


def coarse_map(rows: slice, columns: slice) -> Tensor:
    """No distance but nine at some of the 8 x 8 places of a picture of 128 px."""
    distances = torch.zeros(1, 1, 8, 8)
    distances[..., rows, columns] = 9.0
    return distances


@torch.no_grad()
def wide_of(distances: Tensor) -> Tensor:
    return told(distances).signs(make.views(0, (128, 128)))[:, -1]


def test_what_is_odd_in_one_place_is_hardly_wide() -> None:
    lone = wide_of(coarse_map(slice(4, 5), slice(4, 5)))
    area = wide_of(coarse_map(slice(3, 6), slice(3, 6)))

    assert 0.9 < lone.max() <= 1.0 + 1e-6  # a ninth
    assert 6.0 < area.max() <= 9.0 + 1e-6


def test_at_the_border_of_a_picture_nothing_is_less_wide() -> None:
    everywhere = wide_of(coarse_map(slice(None), slice(None)))

    torch.testing.assert_close(everywhere, torch.full_like(everywhere, 9.0))


def test_wide_oddity_is_found_where_it_is() -> None:
    wide = wide_of(coarse_map(slice(1, 4), slice(4, 7)))[0]

    row, column = divmod(int(wide.argmax()), wide.shape[1])
    assert (row // 4, column // 4) == (2, 5)  # four places a side for each coarse one
    assert wide[24:].max() == 0  # two coarse places further down


@torch.no_grad()
def test_wide_oddity_adds_to_the_evidence_whatever_the_head_says() -> None:
    plain, odd = coarse_map(slice(0), slice(0)), coarse_map(slice(3, 6), slice(3, 6))
    views = make.views(0, (128, 128))

    added = [
        always(told(odd), said)(views) - always(told(plain), said)(views) for said in (-5.0, 5.0)
    ]

    torch.testing.assert_close(added[0], added[1], rtol=1e-4, atol=1e-4)
    assert added[0].min() >= -1e-4
    assert added[0][..., 64:80, 64:80].min() > 1.0


@pytest.mark.parametrize(("sign", "level", "places"), [(-1, COARSE, 8), (-2, WHOLE, 32)])
@torch.no_grad()
def test_a_usual_place_speaks_against_a_defect_and_one_at_the_reach_does_not(
    sign: int, level: int, places: int
) -> None:
    branch = always(told(torch.full((1, 1, places, places), 5.0), level), 0.0)
    views = make.views(0, (128, 128))
    branch.reach = torch.full_like(branch.reach, 1e9)  # the other sign says what a usual place says
    branch.reach[sign] = 2.0
    evidence = []
    for usual in (5.0, 3.0, 1.0):
        branch.usual[:, sign] = torch.tensor([usual, 1.0]).reshape(2, 1, 1)
        evidence.append(branch(views) + PLAIN_WEIGHT)

    for found, expected in zip(evidence, (-PLAIN_WEIGHT, 0.0, PLAIN_WEIGHT), strict=True):
        torch.testing.assert_close(found, torch.full_like(found, expected), rtol=0, atol=1e-4)


@torch.no_grad()
def test_the_head_does_not_see_the_plain_signs() -> None:
    branch = make.contextual()
    deviations = torch.randn(2, branch.config.signs, 16, 16)
    other = deviations.clone()
    other[:, -len(PLAIN) :] += 5.0

    before, after = branch.weighed(deviations), branch.weighed(other)

    assert before.shape[1] == branch.config.weighed == branch.config.signs - len(PLAIN)
    assert torch.equal(before, after)


@pytest.mark.parametrize("given", [("golden",), ("local",), ("golden", "local")])
@torch.no_grad()
def test_without_a_memory_there_are_no_plain_signs(given: tuple[Given, ...]) -> None:
    branch = make.contextual(given=given)

    assert branch.config.signs == branch.config.weighed
    assert branch.reach.numel() == 0
    assert branch(make.views()).isfinite().all()
