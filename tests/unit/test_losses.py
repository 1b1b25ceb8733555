"""Loss terms against literal cases, and the augmentation that the discriminator looks through."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
import torch
from torch import Tensor

from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.generator import Mapping
from inspect_pipeline.training.augment import diff_augment
from inspect_pipeline.training.losses import (
    dice,
    disorder,
    energy_distance,
    focal,
    gradient_penalty,
    looks_real,
    perceptual,
    real_or_fake,
)
from inspect_pipeline.training.mapping import REMEMBERED_CODES, MappingFit, SeenCodes
from inspect_pipeline.training.optimisers import (
    FINAL_SHARE,
    WARM_UP_STEPS,
    adam,
    descend,
    load_optimiser,
    optimiser_tensors,
    scheduled,
)
from tests import make


class Sloped(Discriminator):
    """Logit = half the squared sum of the tile: the slope at every pixel is the sum."""

    def forward(self, tiles: Tensor) -> Tensor:
        return tiles.sum(dim=(1, 2, 3)).square() / 2


def test_the_gradient_penalty_is_the_squared_slope() -> None:
    real = torch.zeros(2, 1, 32, 32)
    real[0, 0, 0, 0], real[1, 0, 3, 4] = 2.0, -3.0

    penalty = gradient_penalty(Sloped(make.network_config()), real)

    # 1024 pixels, each with a slope of 2 in the first tile and of -3 in the second
    assert penalty.item() == pytest.approx((1024 * 4 + 1024 * 9) / 2)


def test_the_gradient_penalty_teaches_the_discriminator() -> None:
    discriminator = Discriminator(make.network_config())

    gradient_penalty(discriminator, torch.randn(2, 1, 32, 32)).backward()  # type: ignore[no-untyped-call]

    slopes = [p.grad.abs().max() for p in discriminator.parameters() if p.grad is not None]
    assert max(slopes) > 0


def test_the_adversarial_losses_are_logistic() -> None:
    zero, sure = torch.zeros(3), torch.full((3,), 20.0)

    assert real_or_fake(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert real_or_fake(sure, -sure).item() == pytest.approx(0.0, abs=1e-6)
    assert looks_real(zero).item() == pytest.approx(math.log(2))
    assert looks_real(-sure).item() == pytest.approx(20.0)


def half_mask() -> Tensor:
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1.0
    return mask


def test_perfect_evidence_costs_nothing() -> None:
    right = (half_mask() * 2 - 1) * 30

    assert focal(right, half_mask()).item() == pytest.approx(0.0, abs=1e-6)
    assert dice(right, half_mask()).item() == pytest.approx(0.0, abs=1e-6)


def test_inverted_evidence_costs_most() -> None:
    wrong = (1 - half_mask() * 2) * 30

    # 8 pixels each: cross-entropy 30 weighed by 0.75 and 0.25, times 4
    assert focal(wrong, half_mask()).item() == pytest.approx(30 * 0.5 * 4, rel=1e-4)
    assert dice(wrong, half_mask()).item() == pytest.approx(1 - 1 / 17, rel=1e-4)


def test_undecided_evidence_is_in_between() -> None:
    undecided = torch.zeros(1, 1, 4, 4)

    assert focal(undecided, half_mask()).item() == pytest.approx(0.5 * 0.25 * math.log(2) * 4)
    assert dice(undecided, half_mask()).item() == pytest.approx(1 - 9 / 17)


def test_an_empty_mask_asks_for_no_evidence() -> None:
    nothing = torch.zeros(2, 1, 4, 4)

    assert dice(nothing - 30, nothing).item() == pytest.approx(0.0, abs=1e-6)
    assert dice(nothing + 30, nothing).item() > 0.9


def test_a_missed_defect_weighs_three_times_a_false_alarm() -> None:
    nothing = torch.zeros(1, 1, 4, 4)
    missed, alarm = focal(nothing - 8, nothing + 1), focal(nothing + 8, nothing)

    assert (missed / alarm).item() == pytest.approx(3.0)


def evenly(*log_odds: float) -> Tensor:
    """(n, 1, 16, 16) pictures, each with one answer everywhere."""
    return torch.tensor(log_odds).reshape(-1, 1, 1, 1).repeat(1, 1, 16, 16)


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_defects_above_all_good_places_are_in_order() -> None:
    mask = half_mask()

    assert disorder(20 * mask - 10, mask).item() == pytest.approx(0.0, abs=1e-6)


def test_a_good_picture_above_a_defect_costs_what_lies_between() -> None:
    mask = evenly(0.0, 1.0)

    costs = [disorder(evenly(good, 1.0), mask).item() for good in (-1.0, 1.0, 3.0, 9.0)]

    assert costs == pytest.approx([softplus(-2), softplus(0), softplus(2), softplus(8)])


def test_every_defect_is_held_against_every_good_picture() -> None:
    cost = disorder(evenly(0.0, 2.0, 1.0), evenly(0.0, 0.0, 1.0))

    assert cost.item() == pytest.approx((softplus(-1) + softplus(1)) / 2)


def test_the_strongest_place_decides_about_a_picture() -> None:
    log_odds, mask = evenly(0.0, 1.0), evenly(0.0, 1.0)
    one_strong, one_weak, lone = log_odds.clone(), log_odds.clone(), log_odds.clone()
    one_strong[0, :, 3:5, 7:9] = 4.0
    one_weak[1, :, 3:5, 7:9] = -4.0
    lone[0, :, 3, 7] = 4.0

    assert disorder(one_strong, mask).item() == pytest.approx(softplus(4 - 1))
    assert disorder(one_weak, mask).item() == pytest.approx(softplus(0 - 1))
    assert disorder(lone, mask).item() == pytest.approx(softplus(4 / 4 - 1))  # a quarter of 2 x 2


@pytest.mark.parametrize("damaged", [0.0, 1.0])
def test_without_both_there_is_no_order(damaged: float) -> None:
    assert disorder(torch.randn(3, 1, 8, 8), torch.full((3, 1, 8, 8), damaged)).item() == 0.0


def test_order_is_learnt_at_the_strongest_places_alone() -> None:
    log_odds = torch.randn(3, 1, 16, 16)
    log_odds[0, :, 2:4, 2:4], log_odds[1, :, 9:11, 9:11] = 8.0, 7.0
    mask = evenly(0.0, 0.0, 1.0)
    mask[1, :, 8:12, 8:12] = 1.0
    log_odds.requires_grad_(True)

    disorder(log_odds, mask).backward()  # type: ignore[no-untyped-call]

    assert log_odds.grad is not None
    assert log_odds.grad.isfinite().all()
    assert (log_odds.grad[0, :, 2:4, 2:4] > 0).all()
    assert (log_odds.grad[1, :, 9:11, 9:11] < 0).all()
    assert [int(one.count_nonzero()) for one in log_odds.grad] == [4, 8, 4]


def test_equal_clouds_are_no_distance_apart() -> None:
    cloud = torch.randn(50, 4)

    assert energy_distance(cloud, cloud).item() == pytest.approx(0.0, abs=1e-5)


def test_clouds_of_one_distribution_are_near() -> None:
    torch.manual_seed(1)

    assert abs(energy_distance(torch.randn(400, 4), torch.randn(400, 4)).item()) < 0.05


def test_the_distance_of_clouds_grows_with_a_shift() -> None:
    cloud = torch.randn(50, 4)

    distances = [energy_distance(cloud, cloud + shift).item() for shift in (0.5, 1.0, 2.0, 4.0)]

    assert distances == sorted(distances)
    assert distances[0] > 0.01


def test_two_points_are_twice_their_distance_apart() -> None:
    first, second = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])

    assert energy_distance(first, second).item() == pytest.approx(10.0)


def test_equal_tiles_look_alike_and_others_do_not() -> None:
    discriminator = Discriminator(make.network_config()).eval()
    tiles, others = torch.randn(2, 1, 32, 32), torch.randn(2, 1, 32, 32)

    assert perceptual(discriminator, tiles, tiles).item() == 0.0
    assert perceptual(discriminator, tiles, others).item() > 0.01


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 64])
def test_augmentation_keeps_the_shape_and_passes_the_slope(side: int, channels: int) -> None:
    torch.manual_seed(2)
    tiles = torch.randn(6, channels, side, side, requires_grad=True)

    seen = diff_augment(tiles)
    seen.square().sum().backward()  # type: ignore[no-untyped-call]

    assert seen.shape == tiles.shape
    assert tiles.grad is not None
    assert tiles.grad.abs().flatten(1).max(dim=1).values.min() > 0


def test_augmentation_changes_every_tile_in_its_own_way() -> None:
    torch.manual_seed(2)
    tile = torch.randn(1, 1, 32, 32)

    seen = diff_augment(tile.expand(6, -1, -1, -1))

    apart = [(a - b).abs().max().item() for a, b in combinations(seen, 2)]
    assert min(apart) > 0.05


def test_augmentation_hides_a_piece_and_leaves_most() -> None:
    torch.manual_seed(2)

    seen = diff_augment(torch.full((20, 1, 32, 32), 3.0))

    hidden = (seen == 0).flatten(1).float().mean(dim=1)
    assert hidden.max() > 0.05
    assert hidden.max() < 0.2


def test_the_learning_rate_warms_up_and_falls_to_a_rest() -> None:
    rates = [scheduled(1.0, 1000, fraction) for fraction in (0.0, 0.25, 0.5, 0.75, 1.0, 1.2)]

    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
    assert rates[-2:] == pytest.approx([FINAL_SHARE, FINAL_SHARE])
    assert scheduled(1.0, 0, 0.0) == pytest.approx(1 / WARM_UP_STEPS)


def test_a_step_goes_down_the_loss() -> None:
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimiser = adam([weight], 0.1, (0.9, 0.99))

    descend(optimiser, weight.square().sum(), 0.25)

    assert weight.item() == pytest.approx(1.75, abs=1e-4)  # Adam's first step is the rate


def test_a_loss_that_is_not_finite_changes_nothing() -> None:
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimiser = adam([weight], 0.1, (0.9, 0.99))

    descend(optimiser, (weight * float("nan")).sum(), 0.25)

    assert weight.item() == 2.0
    assert optimiser_tensors(optimiser) == {}


def test_an_optimiser_goes_on_from_its_tensors_as_if_never_stopped() -> None:
    weights = [torch.nn.Parameter(torch.tensor([2.0, -1.0])) for _ in range(2)]
    optimisers = [adam([weight], 0.1, (0.9, 0.99)) for weight in weights]
    for _ in range(3):
        descend(optimisers[0], weights[0].pow(4).sum(), 0.1)
    weights[1].data.copy_(weights[0].data)

    stored = {key: value.clone() for key, value in optimiser_tensors(optimisers[0]).items()}
    load_optimiser(optimisers[1], stored)
    for weight, optimiser in zip(weights, optimisers, strict=True):
        descend(optimiser, weight.pow(4).sum(), 0.1)

    assert torch.equal(weights[0], weights[1])


def test_the_codes_seen_last_are_remembered_newest_first() -> None:
    seen = SeenCodes(2)
    first = torch.ones(3, 2)

    assert torch.equal(seen.added(first), first)
    assert seen.added(torch.zeros(1, 2)).tolist() == [[0.0, 0.0], *first.tolist()]
    assert len(seen.added(torch.zeros(REMEMBERED_CODES + 5, 2))) == REMEMBERED_CODES


def test_the_mapping_moves_to_where_the_codes_lie() -> None:
    torch.manual_seed(1)
    mapping = Mapping(make.network_config(w_dim=4, spatial_channels=1))
    fit = MappingFit(mapping)
    latents, spatial = torch.randn(64, 8, 4) + 2.0, torch.randn(64, 1, 4, 4) - 2.0

    distances = [fit.learn(latents, spatial, steps=2) for _ in range(60)]

    assert distances[-1] < 0.7 * distances[0]
    assert mapping.average[:32].mean().item() > 0
    assert mapping.average[32:].mean().item() < 0


def test_samples_take_mean_and_covariance_of_the_codes_seen() -> None:
    torch.manual_seed(1)
    mapping = Mapping(make.network_config(w_dim=6, spatial_channels=1))
    directions = torch.randn(4, len(mapping.average))
    seen = torch.randn(800, 4) @ directions + 2.0

    MappingFit(mapping).match_moments(seen)

    samples = mapping.codes(torch.randn(4000, 6)).detach()
    assert torch.allclose(mapping.average, seen.mean(dim=0))
    assert (samples.mean(dim=0) - seen.mean(dim=0)).abs().max() < 0.3
    difference = torch.cov(samples.T) - torch.cov(seen.T)
    assert difference.norm() < 0.2 * torch.cov(seen.T).norm()


def test_the_mapping_is_fitted_without_a_coarse_map_too() -> None:
    fit = MappingFit(Mapping(make.network_config(w_dim=4, spatial_channels=0)))

    distance = fit.learn(torch.randn(8, 8, 4), torch.zeros(8, 0, 4, 4), steps=1)

    assert distance > 0
