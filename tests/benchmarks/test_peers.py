"""PaDiM and PatchCore: what each is named after, on pictures of a few blocks of grey."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.baselines.padim import fit_padim
from benchmarks.baselines.patchcore import fit_patchcore
from benchmarks.ladder.peer_rungs import Fitted
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import Picture
from inspect_pipeline.training.backbone import OWN, load_backbone

PEERS = pytest.mark.parametrize("fitted", [fit_padim, fit_patchcore])
SPOT = (slice(60, 90), slice(100, 140))  # rows and columns of the defect


@pytest.fixture(scope="module")
def context() -> ContextNetwork:
    return load_backbone(OWN).network


def good(number: int) -> Picture:
    noise = np.random.default_rng(number).normal(0, 4, (160, 200, 1))
    stripes = 40 * np.sin(np.arange(200) / 6)[None, :, None]
    return np.clip(128 + stripes + noise, 0, 255).astype(np.uint8)


def spoilt(number: int) -> Picture:
    picture = good(number)
    picture[SPOT] = 20
    return picture


@PEERS
def test_a_defect_is_hottest_where_it_is_and_its_picture_scores_highest(
    fitted: Fitted, context: ContextNetwork
) -> None:
    reader = fitted(context, [good(number) for number in range(6)], 0)

    found = reader.read(spoilt(7))
    clean = [reader.read(good(number)).score for number in range(8, 12)]

    assert found.heat.shape == (160, 200)
    row, column = np.unravel_index(found.heat.argmax(), found.heat.shape)
    assert SPOT[0].start - 8 <= row <= SPOT[0].stop + 8
    assert SPOT[1].start - 8 <= column <= SPOT[1].stop + 8
    assert found.score > max(clean)


@PEERS
def test_the_same_seed_gives_the_same_heat(fitted: Fitted, context: ContextNetwork) -> None:
    pictures = [good(number) for number in range(3)]

    first, second = (fitted(context, pictures, 3).read(spoilt(4)) for _ in range(2))

    assert np.array_equal(first.heat, second.heat)


def test_padim_measures_in_deviations_of_the_place(context: ContextNetwork) -> None:
    """The mean Mahalanobis distance squared of what it was fitted to is its dimensions, less what
    the ridge takes."""
    pictures = [good(number) for number in range(8)]
    reader = fit_padim(context, pictures, 0)

    covariance = reader.factor @ reader.factor.mT

    assert torch.allclose(covariance, covariance.mT, atol=1e-5)
    assert (torch.linalg.eigvalsh(covariance[::512]) >= 0.009).all()
