"""The contextual branch: distances to good features, signs in usual terms, and a head that looks
around a place but not over the whole picture."""

from __future__ import annotations

import json
from itertools import combinations

import pytest
import torch
from torch import Tensor, nn

from inspect_pipeline.networks.context import CONTEXT_CHANNELS, ContextNetwork, Contexts
from inspect_pipeline.networks.contextual import (
    GIVEN,
    LEVELS,
    PRIOR_LOG_ODDS,
    QUERIES,
    SIGNS,
    STRIDE_PX,
    Contextual,
    ContextualConfig,
    FusionHead,
    Given,
    GoodMemory,
    Level,
    Views,
    features_of,
)
from tests import make

CHANNELS, MEMBERS = 6, 20
REACH = 20  # places each way: 1 + 2 x (1 + 2 x (1 + 1) + 1) + 1, and what bilinear steps add
SUBSETS: list[tuple[Given, ...]] = [
    chosen for count in range(1, len(GIVEN) + 1) for chosen in combinations(GIVEN, count)
]


@pytest.fixture(scope="module")
def branch() -> Contextual:
    """Never changed."""
    return make.contextual(given=GIVEN)


def filled_memory(neighbours: int = 1) -> GoodMemory:
    memory = GoodMemory(CHANNELS, MEMBERS, neighbours)
    memory.centre = torch.randn(CHANNELS)
    memory.projection = torch.eye(CHANNELS) + 0.2 * torch.randn(CHANNELS, CHANNELS)
    memory.members = torch.randn(MEMBERS, CHANNELS)
    return memory


def as_features(rows: Tensor, side: tuple[int, int]) -> Tensor:
    """(h w, c) -> (1, c, h, w)."""
    return rows.T.reshape(1, -1, *side)


def nearest_members(memory: GoodMemory, features: Tensor) -> Tensor:
    """The plain twin of a memory: every distance, then the mean of the least."""
    n, channels, height, width = features.shape
    rows = features.permute(0, 2, 3, 1).reshape(-1, channels)
    all_distances = torch.cdist(
        (rows - memory.centre) @ memory.projection,
        memory.members,
        compute_mode="donot_use_mm_for_euclid_dist",
    )
    nearest: Tensor = all_distances.sort(1).values[:, : memory.neighbours]
    return nearest.mean(1).reshape(n, 1, height, width)


def test_a_feature_that_is_remembered_is_at_no_distance() -> None:
    memory = filled_memory()
    remembered = memory.members @ torch.linalg.inv(memory.projection) + memory.centre

    distances = memory(as_features(remembered, (4, 5)))

    assert distances.shape == (1, 1, 4, 5)
    assert distances.max() < 5e-3


@pytest.mark.parametrize("neighbours", [1, 5])
def test_the_distance_is_the_mean_of_those_to_the_nearest_members(neighbours: int) -> None:
    memory, features = filled_memory(neighbours), torch.randn(2, CHANNELS, 7, 5)

    torch.testing.assert_close(memory(features), nearest_members(memory, features))


def test_one_odd_good_part_does_not_make_a_neighbourhood() -> None:
    nearest, several = filled_memory(), filled_memory(neighbours=5)
    several.load_state_dict(nearest.state_dict())
    remembered = nearest.members @ torch.linalg.inv(nearest.projection) + nearest.centre

    alone = as_features(remembered, (4, 5))

    assert nearest(alone).max() < 5e-3
    assert several(alone).min() > 0.1


def test_a_memory_of_few_takes_the_mean_of_all() -> None:
    memory, features = filled_memory(neighbours=5), torch.randn(1, CHANNELS, 3, 4)
    memory.members = memory.members[:3]

    torch.testing.assert_close(memory(features), nearest_members(memory, features))


@pytest.mark.parametrize("neighbours", [1, 5])
def test_more_features_than_are_compared_at_a_time_change_nothing(neighbours: int) -> None:
    memory, features = filled_memory(neighbours), torch.randn(1, CHANNELS, 100, QUERIES // 60)
    assert features[0, 0].numel() > QUERIES

    together = memory(features)

    torch.testing.assert_close(together, nearest_members(memory, features))
    by_row = [memory(features[:, :, row : row + 1]) for row in range(100)]
    torch.testing.assert_close(together, torch.cat(by_row, dim=2))


def test_equal_features_are_not_apart() -> None:
    features = torch.randn(2, CHANNELS, 3, 4)

    assert torch.equal(filled_memory().apart(features, features), torch.zeros(2, 1, 3, 4))


def test_pictures_are_as_far_apart_as_their_projected_features() -> None:
    memory = filled_memory()
    first, second = torch.randn(2, 1, CHANNELS, 3, 4)

    apart = memory.apart(first, second)

    rows = [memory.projected(one[0].flatten(1).T) for one in (first, second)]
    torch.testing.assert_close(apart.flatten(), (rows[0] - rows[1]).norm(dim=1))
    torch.testing.assert_close(apart, memory.apart(second, first))
    assert apart.min() > 0


EVEN, ODD = ((8, 12), (4, 6), (2, 3)), ((7, 11), (4, 6), (2, 3))
Sides = tuple[tuple[int, int], ...]


def some_contexts(sides: Sides = EVEN) -> Contexts:
    return Contexts(
        *(torch.randn(1, c, *side) for c, side in zip(CONTEXT_CHANNELS, sides, strict=True))
    )


@pytest.mark.parametrize("sides", [EVEN, ODD, ((5, 9), (3, 5), (2, 3))])
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_features_of_a_level_have_its_channels_and_the_side_of_its_first_map(
    level: Level, sides: Sides
) -> None:
    contexts = some_contexts(sides)

    features = features_of(contexts, level)

    assert features.shape == (1, level.channels, *contexts[level.maps[0]].shape[-2:])


def test_joined_maps_lie_on_each_other_also_where_sides_do_not_divide() -> None:
    joined = next(level for level in LEVELS if level.name == "joined")
    whole = some_contexts(((16, 24), (8, 12), (4, 6)))
    shorter = whole._replace(eighth=whole.eighth[..., :7, :11])

    features = features_of(shorter, joined)

    inside = (..., slice(6), slice(10))  # the means around the last places end at the border
    torch.testing.assert_close(features[inside], features_of(whole, joined)[inside])


def test_a_feature_is_the_mean_of_what_lies_around_it_inside_the_picture() -> None:
    contexts = some_contexts()

    fine = features_of(contexts, LEVELS[0])

    quarter = contexts.quarter
    torch.testing.assert_close(fine[..., 3, 5], quarter[..., 2:5, 4:7].mean((2, 3)))
    nothing = 9  # beyond the border there is nothing, and it counts
    torch.testing.assert_close(fine[..., 0, 0], quarter[..., :2, :2].sum((2, 3)) / nothing)
    torch.testing.assert_close(fine[..., 7, 4], quarter[..., 6:, 3:6].sum((2, 3)) / nothing)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("given", SUBSETS, ids="+".join)
@torch.no_grad()
def test_there_are_as_many_signs_as_what_is_given_says(
    given: tuple[Given, ...], channels: int
) -> None:
    made = Contextual(ContextualConfig(members=8, width=4, given=given), ContextNetwork())

    signs = made.signs(make.views(0, (64, 94), count=2, channels=channels))

    assert made.config.weighed == sum(SIGNS[name] for name in given)
    assert made.config.signs == made.config.weighed + 2 * ("memory" in given)  # whole, wide
    assert signs.shape == (2, made.config.signs, 64 // STRIDE_PX, 24)
    assert signs.isfinite().all()


@pytest.mark.parametrize("given", SUBSETS, ids="+".join)
@torch.no_grad()
def test_a_sign_is_the_same_whatever_else_is_given(
    branch: Contextual, given: tuple[Given, ...]
) -> None:
    views = make.views()

    found = make.contextual(given=given).signs(views)

    *every, plain = torch.split(branch.signs(views), [*SIGNS.values(), 2], dim=1)
    by_name = dict(zip(SIGNS, every, strict=True))
    expected = [by_name[name] for name in given] + [plain] * ("memory" in given)
    torch.testing.assert_close(found, torch.cat(expected, dim=1))


@torch.no_grad()
def test_a_view_that_is_not_given_has_no_say() -> None:
    views, others = make.views(0), make.views(1)
    memory_only = make.contextual(given=("memory",))
    without_local = make.contextual(given=("memory", "golden"))

    assert torch.equal(memory_only(views), memory_only(others._replace(observed=views.observed)))
    assert torch.equal(without_local(views), without_local(views._replace(local=others.local)))
    assert not torch.equal(without_local(views), without_local(others))


@torch.no_grad()
def test_plain_difference_and_local_evidence_are_means_over_the_place(branch: Contextual) -> None:
    views = make.views(channels=3)

    plain, local, _whole, _wide = branch.signs(views)[0, -4:]

    rows, columns = slice(12, 16), slice(40, 44)  # the pixels of place (3, 10)
    apart = (views.observed - views.golden).abs()
    assert plain[3, 10].item() == pytest.approx(apart[..., rows, columns].mean().item())
    assert local[3, 10].item() == pytest.approx(
        views.local[..., rows, columns].mean().item(), abs=1e-6
    )


@torch.no_grad()
def test_the_golden_twin_itself_shows_no_difference() -> None:
    views = make.views()

    signs = make.contextual(given=("golden",)).signs(views._replace(golden=views.observed))

    assert torch.equal(signs, torch.zeros_like(signs))


@torch.no_grad()
def test_a_picture_alone_and_among_others_gets_the_same_answer(branch: Contextual) -> None:
    views = make.views(count=3)
    views.observed[1] *= 3  # a neighbour of quite another contrast

    together = branch(views)

    assert together.std() > 0.1
    for number in range(3):
        alone = branch(Views(*(one[number : number + 1] for one in views)))
        torch.testing.assert_close(alone[0], together[number], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("side_px", [(64, 64), (64, 96), (57, 83), (32, 33), (40, 203)])
@torch.no_grad()
def test_an_answer_has_the_sides_of_its_picture(
    branch: Contextual, side_px: tuple[int, int]
) -> None:
    answer = branch(make.views(0, side_px, channels=3))

    assert answer.shape == (1, 1, *side_px)
    assert answer.isfinite().all()


@torch.no_grad()
def test_a_picture_that_shows_nothing_gets_an_answer(branch: Contextual) -> None:
    flat = Views(*(torch.zeros(1, 1, 64, 64) for _ in range(3)))

    assert branch(flat).isfinite().all()


def test_signs_become_deviations_from_the_usual(branch: Contextual) -> None:
    mean, deviation = branch.usual

    usual = branch.deviations(mean.expand(1, -1, 2, 2))
    one_more = branch.deviations((mean + deviation).expand(1, -1, 2, 2))

    assert torch.equal(usual, torch.zeros_like(usual))
    torch.testing.assert_close(one_more, torch.ones_like(one_more), rtol=1e-3, atol=0)
    weighed = branch.weighed(one_more)
    assert (weighed - weighed.flatten()[0]).abs().max() < 1e-3  # whatever the sign's own unit
    assert 0.4 < weighed.min() < 0.6


def test_farther_from_good_is_never_less_news_and_news_has_a_limit(branch: Contextual) -> None:
    steps = torch.cat((torch.tensor([-1e9]), torch.linspace(-30, 30, 601), torch.tensor([1e9])))

    weighed = branch.weighed(steps.expand(1, branch.config.signs, 1, -1))

    assert (weighed.diff(dim=-1) >= 0).all()
    near = weighed[..., 202:402]  # from ten deviations below to ten above
    assert (near.diff(dim=-1) > 0).all()
    assert weighed.abs().max() <= 2.0
    assert weighed[..., -1].min() == pytest.approx(2.0)


def lively_head(signs: int = 3) -> FusionHead:
    head = FusionHead(signs, 6)
    for layer in head.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return head


@torch.no_grad()
def test_a_head_that_weighs_nothing_expects_a_good_place() -> None:
    head = FusionHead(3, 6)
    nn.init.zeros_(head.log_odds.weight)

    answer = head(torch.randn(2, 3, 16, 16))

    assert torch.equal(answer, torch.full((2, 1, 16, 16), PRIOR_LOG_ODDS))


def test_a_place_is_weighed_with_those_around_it_and_no_others() -> None:
    signs = torch.randn(1, 3, 96, 96, requires_grad=True)

    lively_head()(signs)[0, 0, 48, 48].backward()

    assert signs.grad is not None
    asked = signs.grad.abs().sum((0, 1)).nonzero()
    assert (asked - 48).abs().max() <= REACH
    assert (asked - 48).abs().max() >= 10  # it does look around


@torch.no_grad()
def test_what_a_picture_shows_far_away_changes_nothing_here() -> None:
    head, signs = lively_head(), torch.randn(1, 3, 96, 96)
    elsewhere = 100 * torch.randn(1, 3, 96, 96)
    elsewhere[..., 48 - REACH : 49 + REACH, 48 - REACH : 49 + REACH] = signs[
        ..., 48 - REACH : 49 + REACH, 48 - REACH : 49 + REACH
    ]

    before, after = head(signs), head(elsewhere)

    assert after[0, 0, 48, 48].item() == pytest.approx(before[0, 0, 48, 48].item(), abs=1e-4)
    assert (after - before).abs().max() > 1.0


@torch.no_grad()
def test_moved_signs_move_the_answer() -> None:
    head, signs = lively_head(), torch.randn(1, 3, 100, 100)
    step = 16 // STRIDE_PX

    first, second = head(signs[..., :96, :96]), head(signs[..., step:, step:])

    inside = slice(REACH + step, 96 - REACH)
    moved = slice(REACH, 96 - REACH - step)
    torch.testing.assert_close(first[..., inside, inside], second[..., moved, moved])


@pytest.mark.parametrize("side", [(95, 94), (93, 96), (89, 90)])
@torch.no_grad()
def test_signs_of_any_sides_are_weighed_where_they_lie(side: tuple[int, int]) -> None:
    head, signs = lively_head(), torch.randn(1, 3, 96, 96)

    whole, shorter = head(signs), head(signs[..., : side[0], : side[1]])

    assert shorter.shape[-2:] == side
    inside = (..., slice(side[0] - REACH), slice(side[1] - REACH))
    torch.testing.assert_close(shorter[inside], whole[inside])


def test_a_configuration_survives_being_written() -> None:
    config = ContextualConfig(members=7, width=5, given=("memory", "local"))

    assert ContextualConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_configuration_names_what_it_does_not_know_and_what_it_lacks() -> None:
    known = ContextualConfig().to_dict()

    with pytest.raises(TypeError, match="depth"):
        ContextualConfig.from_dict({**known, "depth": 3})
    with pytest.raises(KeyError, match="given"):
        ContextualConfig.from_dict({"members": 7})
