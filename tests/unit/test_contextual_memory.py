"""What the contextual branch remembers of good parts: which features, and in what space."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from inspect_pipeline.networks.contextual import (
    LEVELS,
    Contextual,
    ContextualConfig,
    Views,
    features_of,
)
from inspect_pipeline.stages.context import MARGIN_PX, WINDOW_PX
from inspect_pipeline.stages.prepare import prepare
from inspect_pipeline.training.memory import (
    SKETCH,
    _features_of,
    _projection,
    farthest_apart,
    remember,
)
from tests import make

SIDE_PX = 128


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clusters(channels: int, count: int = 5, each: int = 40) -> Tensor:
    """(count x each, channels): so many points around each of so many places far from another."""
    spots = 50 * torch.randn(count, 1, channels, generator=generator())
    around = torch.randn(count, each, channels, generator=generator(1))
    return (spots + around).flatten(0, 1)


@pytest.mark.parametrize("channels", [3, SKETCH, 3 * SKETCH])
def test_every_cluster_is_remembered_before_any_is_remembered_twice(channels: int) -> None:
    rows = clusters(channels)

    chosen = farthest_apart(rows, 5, generator())

    assert sorted((chosen // 40).tolist()) == [0, 1, 2, 3, 4]


def test_who_is_remembered_is_decided_by_the_seed() -> None:
    rows = clusters(100)

    first, again, other = (farthest_apart(rows, 12, generator(seed)) for seed in (4, 4, 5))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_next_remembered_is_the_farthest_from_all_so_far() -> None:
    rows = torch.randn(60, 4, generator=generator())

    chosen = farthest_apart(rows, 9, generator(2))

    for count in range(1, 9):
        nearest = torch.cdist(rows, rows[chosen[:count]]).amin(1)
        assert nearest[chosen[count]] == pytest.approx(nearest.max().item(), rel=1e-4)


def test_no_more_are_remembered_than_there_are() -> None:
    chosen = farthest_apart(torch.randn(7, 4, generator=generator(1)), 20, generator())

    assert sorted(chosen.tolist()) == list(range(7))


def mixed_rows(count: int = 4000) -> Tensor:
    """Centred rows of six channels that vary together, along six axes by 1 to 3.5."""
    axes, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator(7)))
    rows = torch.randn(count, 6, generator=generator(8)) * torch.arange(1.0, 4.0, 0.5) @ axes
    centred: Tensor = rows - rows.mean(0)
    return centred


def covariance(rows: Tensor) -> Tensor:
    mean: Tensor = rows.T @ rows / len(rows)
    return mean


def test_whitened_every_direction_counts_alike() -> None:
    rows = mixed_rows()

    whitened = rows @ _projection(rows, whitened=True)

    assert (covariance(rows) - torch.eye(6)).abs().max() > 1
    assert (covariance(whitened) - torch.eye(6)).abs().max() < 0.15  # the floor takes a little off


def test_a_channel_that_hardly_varies_is_not_blown_up() -> None:
    rows = mixed_rows()
    rows[:, 5] *= 1e-6

    whitened = rows @ _projection(rows, whitened=True)

    assert covariance(whitened).diagonal().min() < 1e-3


def test_as_they_are_channels_keep_their_proportions() -> None:
    rows = mixed_rows()

    scaled = rows @ _projection(rows, whitened=False)

    torch.testing.assert_close(scaled / scaled[0, 0], rows / rows[0, 0], rtol=1e-3, atol=1e-3)
    assert scaled.square().sum(1).mean() == pytest.approx(1.0, rel=1e-2)


@pytest.mark.parametrize("whitened", [True, False])
def test_features_that_never_vary_give_a_finite_projection(whitened: bool) -> None:
    assert _projection(torch.zeros(50, 6), whitened=whitened).isfinite().all()


def good_pictures(count: int, frame_wh: tuple[int, int]) -> list[npt.NDArray[np.float32]]:
    how = make.preparation()
    shown = (make.picture(seed, frame_wh=frame_wh) for seed in range(count))
    return [prepare(one, how).pixels.numpy() for one in shown]


def unwatched(numbers: Iterable[int], _total: int, _what: str) -> Iterable[int]:
    return numbers


def a_branch(**changed: Any) -> Contextual:
    """As it is before anything is remembered."""
    config = ContextualConfig(**{"members": 16, "width": 4, **changed})
    return Contextual(config, make.context_network()).eval()


@torch.inference_mode()
def test_what_was_remembered_is_nearer_than_what_was_not() -> None:
    branch = a_branch(members=256, given=("memory",))
    good = good_pictures(2, (SIDE_PX, SIDE_PX))

    remember(branch, good, 0, unwatched)

    strange = np.sign(np.sin(np.arange(SIDE_PX)))[None, None] * np.ones_like(good[0])
    near, far = (branch.signs(as_views(one)).mean((0, 2, 3)) for one in (good[1], strange))
    assert near.isfinite().all()
    assert (far > 1.5 * near).all()


def as_views(picture: npt.NDArray[np.float32]) -> Views:
    observed = torch.from_numpy(picture.astype(np.float32))[None]
    return Views(observed=observed, golden=observed, local=observed[:, :1])


@torch.inference_mode()
def test_a_memory_has_its_size_even_where_little_was_seen() -> None:
    branch = a_branch(members=300)  # the coarse level sees 20 places

    remember(branch, good_pictures(1, make.FRAME_WH), 0, unwatched)

    wanted = {key: value.shape for key, value in a_branch(members=300).state_dict().items()}
    assert {key: value.shape for key, value in branch.state_dict().items()} == wanted


@pytest.mark.parametrize("frame_wh", [(72, 56), (93, 131), (40, WINDOW_PX + 2 * MARGIN_PX + 9)])
@torch.inference_mode()
def test_every_place_of_a_picture_may_be_remembered(frame_wh: tuple[int, int]) -> None:
    branch, (good,) = a_branch(), good_pictures(1, frame_wh)

    rows = _features_of(branch, torch.from_numpy(good))

    contexts = branch.contexts(torch.from_numpy(good)[None])
    for level, found in zip(LEVELS, rows, strict=True):
        whole = features_of(contexts, level)[0].flatten(1).T
        assert found.shape == whole.shape
        near_the_top = slice(8 * -(-frame_wh[0] // level.stride_px))
        torch.testing.assert_close(found[near_the_top], whole[near_the_top], rtol=1e-2, atol=1e-2)


@torch.inference_mode()
def test_pictures_without_any_structure_can_be_remembered() -> None:
    branch = a_branch(given=("memory",))
    flat = np.zeros((1, SIDE_PX, SIDE_PX), dtype=np.float32)

    remember(branch, [flat, flat], 0, unwatched)

    assert branch.signs(as_views(flat)).isfinite().all()
