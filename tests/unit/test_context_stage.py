"""Evidence in its surroundings: pictures of any size, whole or in windows; and who has the last
word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.networks.contextual import Contextual, Given, Views
from inspect_pipeline.opinion import restored, see, views_of
from inspect_pipeline.stages.context import WINDOW_PX, evidence_in_context
from inspect_pipeline.stages.prepare import prepare
from tests import make


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def model() -> PartModel:
    """Without a branch; never changed."""
    return make.part_model()


def whole(views: Views) -> Views:
    """One picture as the stage gets it: (C, h, w), no batch."""
    return Views(*(one[0] for one in views))


def cropped(views: Views, rows: slice, columns: slice) -> Views:
    return Views(*(one[..., rows, columns] for one in views))


def always(log_odds: float, **changed: Any) -> Contextual:
    """A branch that says the same of every place: without a memory its head says all."""
    made = make.contextual(**{"given": ("golden", "local"), **changed})
    torch.nn.init.zeros_(made.head.log_odds.weight)
    torch.nn.init.constant_(made.head.log_odds.bias, log_odds)  # type: ignore[arg-type]
    return made


SIZES_PX = [
    (1, (40, 50)),
    (1, (9, 70)),
    (3, (33, 301)),
    (1, (WINDOW_PX + 1, 35)),
]


@pytest.mark.parametrize(("channels", "side_px"), SIZES_PX)
def test_evidence_has_the_size_of_its_picture(channels: int, side_px: tuple[int, int]) -> None:
    branch = make.contextual(given=("memory", "local"))

    evidence = evidence_in_context(branch, whole(make.views(0, side_px, channels=channels)))

    assert evidence.shape == (1, *side_px)
    assert evidence.isfinite().all()


@pytest.mark.parametrize("side_px", [(64, 96), (61, 102)])
def test_a_picture_of_one_window_gets_the_answer_of_the_branch(side_px: tuple[int, int]) -> None:
    branch, views = make.contextual(), make.views(0, side_px)

    torch.testing.assert_close(evidence_in_context(branch, whole(views)), branch(views)[0])


def test_a_small_picture_is_continued_by_its_mirror_image() -> None:
    branch = make.contextual()
    views = make.views(0, (20, 25))
    rows = torch.tensor([*range(20), *range(18, 6, -1)])
    columns = torch.tensor([*range(25), *range(23, 16, -1)])
    mirrored = Views(*(one[..., rows, :][..., columns] for one in views))

    evidence = evidence_in_context(branch, whole(views))

    torch.testing.assert_close(evidence, branch(mirrored)[0, :, :20, :25])


@pytest.mark.parametrize("side_px", [(150, 410), (201, 330)])
def test_what_the_head_says_is_the_same_in_windows(side_px: tuple[int, int]) -> None:
    branch, views = make.contextual(given=("local",)), whole(make.views(0, side_px))

    at_once = evidence_in_context(branch, views)
    in_windows = evidence_in_context(branch, views, window_px=64)

    assert at_once.std() > 0.1
    torch.testing.assert_close(in_windows, at_once, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("given", [("memory",), ("memory", "golden")])
def test_a_large_picture_is_answered_for_as_if_it_were_seen_whole(given: tuple[Given, ...]) -> None:
    branch, views = make.contextual(given=given), whole(make.views(0, (150, 610)))

    at_once = evidence_in_context(branch, views)
    in_windows = evidence_in_context(branch, views, window_px=128)

    apart = (in_windows - at_once).abs()
    assert apart.max() < 0.1 * at_once.std()  # what lies beyond the margin is hardly felt


def test_a_seam_between_windows_is_not_seen() -> None:
    branch = always(0.75)

    evidence = evidence_in_context(branch, whole(make.views(0, (100, 200))), window_px=64)

    torch.testing.assert_close(evidence, torch.full((1, 100, 200), 0.75))


def test_local_evidence_that_moves_moves_the_answer_with_it() -> None:
    branch = make.contextual(given=("local",))
    views = whole(make.views(0, (272, 272)))

    first = evidence_in_context(branch, cropped(views, slice(256), slice(256)))
    second = evidence_in_context(branch, cropped(views, slice(16, 272), slice(16, 272)))

    inside, moved = slice(96, 176), slice(80, 160)  # beyond what the head sees of a border
    torch.testing.assert_close(first[:, inside, inside], second[:, moved, moved])
    assert first[:, inside, inside].std() > 0.1


@pytest.mark.parametrize("side_px", [(272, 320), (269, 315)])
def test_a_picture_that_moves_moves_the_evidence_with_it(side_px: tuple[int, int]) -> None:
    branch, (height, width) = make.contextual(), side_px
    views = whole(make.views(5, side_px))

    first = evidence_in_context(branch, cropped(views, slice(height - 16), slice(width - 16)))
    second = evidence_in_context(branch, cropped(views, slice(16, height), slice(16, width)))

    assert first.shape == second.shape == (1, height - 16, width - 16)
    here = first[:, 112:160, 112:208]
    apart = (here - second[:, 96:144, 96:192]).abs().mean()
    apart_if_it_stayed = (here - second[:, 112:160, 112:208]).abs().mean()
    assert apart < 0.1 * first.std()  # context features feel the border of a picture from afar
    assert apart < 0.1 * apart_if_it_stayed


def test_the_branch_has_the_last_word_on_a_frame(model: PartModel) -> None:
    seen = see(replace(model, contextual=always(1.25)), make.frame())

    assert seen.heat.values.shape == make.FRAME_WH[::-1]
    np.testing.assert_allclose(seen.heat.values, 1.25, rtol=1e-5)


@pytest.mark.parametrize(("channels", "scale"), [(1, 1.0), (3, 0.6)])
def test_a_frame_is_seen_as_the_branch_was_taught(channels: int, scale: float) -> None:
    branch = make.contextual(channels=channels)
    how = make.preparation(channels=channels, scale=scale)
    model = make.part_model(contextual=branch, channels=channels, preparation=how)
    frame = make.frame(make.picture(3, channels=channels))

    seen = see(model, frame)

    assert seen.heat.values.shape == make.FRAME_WH[::-1]
    views = views_of(model, prepare(frame.pixels, how).pixels)
    evidence = evidence_in_context(branch, views)
    if scale == 1.0:
        np.testing.assert_array_equal(seen.heat.values, evidence[0].numpy())
    assert evidence.min() <= seen.heat.values.min() < seen.heat.values.max() <= evidence.max()


def test_without_a_branch_the_local_evidence_is_the_evidence(model: PartModel) -> None:
    frame = make.frame()

    seen = see(model, frame)

    views = views_of(model, prepare(frame.pixels, model.preparation).pixels)
    np.testing.assert_array_equal(seen.heat.values, views.local[0].numpy())


def test_the_branch_is_given_whole_pictures_of_one_size() -> None:
    model = make.part_model(channels=3)
    pixels = prepare(make.picture(channels=3), model.preparation).pixels

    views = views_of(model, pixels)

    assert torch.equal(views.observed, pixels)
    assert views.golden.shape == pixels.shape
    assert views.local.shape == (1, *pixels.shape[1:])


def test_a_branch_that_needs_no_local_evidence_is_given_none(model: PartModel) -> None:
    pixels = prepare(make.picture(), model.preparation).pixels

    views, usual = views_of(model, pixels, ("memory", "golden")), views_of(model, pixels)

    assert torch.equal(views.observed, usual.observed)
    assert torch.equal(views.golden, usual.golden)
    assert torch.equal(views.local, torch.zeros_like(usual.local))


def test_golden_picture_and_local_evidence_are_what_the_networks_say(model: PartModel) -> None:
    tile = prepare(make.picture(frame_wh=(make.TILE_PX, make.TILE_PX)), model.preparation).pixels

    views = views_of(model, tile)

    golden = model.networks.invert(tile[None])[2]
    torch.testing.assert_close(views.golden, golden[0])
    torch.testing.assert_close(views.local, model.networks.compare(tile[None], golden)[1][0])


def test_what_is_familiar_is_taken_off_the_evidence_of_the_branch(model: PartModel) -> None:
    familiar = np.full(make.FRAME_WH[::-1], 1.0, dtype=np.float32)

    heat = see(replace(model, contextual=always(1.25), familiar=familiar), make.frame()).heat

    np.testing.assert_allclose(heat.values, 0.25, rtol=1e-4)


def test_the_branch_changes_neither_the_golden_picture_nor_the_restored_one(
    model: PartModel,
) -> None:
    frame, with_branch = make.frame(), replace(model, contextual=always(1.25))

    plain, seen = see(model, frame), see(with_branch, frame)

    first, second = restored(model, plain, None), restored(with_branch, seen, None)
    assert torch.equal(first.golden, second.golden)
    assert torch.equal(first.opened, second.opened)
    assert torch.equal(first.restored, second.restored)
