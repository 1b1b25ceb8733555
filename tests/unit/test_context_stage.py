"""Evidence in its surroundings: windows of any picture, blended; and who has the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.networks.contextual import WINDOW_PX, Contextual, Views
from inspect_pipeline.opinion import local_views, see
from inspect_pipeline.records import TileGrid
from inspect_pipeline.stages.context import BORDER_PX, OVERLAP_PX, evidence_in_context
from inspect_pipeline.stages.prepare import prepare
from inspect_pipeline.tiling import cut, stitch
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
    """A branch whose head says the same of every place."""
    made = make.contextual(**changed)
    torch.nn.init.zeros_(made.head.log_odds.weight)
    torch.nn.init.constant_(made.head.log_odds.bias, log_odds)  # type: ignore[arg-type]
    return made


SIZES_PX = [
    (1, (40, 50)),
    (3, (33, 300)),
    (3, (WINDOW_PX, WINDOW_PX)),
    (1, (WINDOW_PX + 1, 301)),
]


@pytest.mark.parametrize(("channels", "side_px"), SIZES_PX)
def test_evidence_has_the_size_of_its_picture(channels: int, side_px: tuple[int, int]) -> None:
    branch = make.contextual(given=("memory", "local"))

    evidence = evidence_in_context(branch, whole(make.views(0, side_px, channels=channels)))

    assert evidence.shape == (1, *side_px)
    assert evidence.isfinite().all()


def test_a_picture_of_one_window_gets_the_answer_of_the_branch() -> None:
    branch, views = make.contextual(), make.views(0, (WINDOW_PX, WINDOW_PX))

    torch.testing.assert_close(evidence_in_context(branch, whole(views)), branch(views)[0])


def test_a_small_picture_is_continued_by_its_mirror_image() -> None:
    branch = make.contextual()
    views = make.views(0, (130, 140))
    rows = torch.tensor([*range(130), *range(128, 2, -1)])
    columns = torch.tensor([*range(140), *range(138, 22, -1)])
    mirrored = Views(*(one[..., rows, :][..., columns] for one in views))

    evidence = evidence_in_context(branch, whole(views))

    torch.testing.assert_close(evidence, branch(mirrored)[0, :, :130, :140])


def test_windows_are_asked_one_by_one_and_blended_like_tiles() -> None:
    branch = make.contextual(given=("memory",))
    views = whole(make.views(0, (200, 900)))
    windows = [cut(one, tile_px=WINDOW_PX, overlap_px=OVERLAP_PX) for one in views]
    answers = [branch(Views(*(one[None] for one in three))) for three in each(windows)]
    grid: TileGrid = windows[0].grid
    assert len(answers) > 4  # more than go through at a time

    blended = stitch(torch.cat(answers), grid, frame_wh=(900, 200), border_px=BORDER_PX)

    evidence = evidence_in_context(branch, views)
    torch.testing.assert_close(evidence, blended, rtol=1e-3, atol=1e-3)


def each(windows: list[Any]) -> Iterator[tuple[torch.Tensor, ...]]:
    return zip(*(one.pixels for one in windows), strict=True)


def test_a_seam_between_windows_is_not_seen() -> None:
    branch = always(0.75, given=("local",))

    evidence = evidence_in_context(branch, whole(make.views(0, (300, 400))))

    torch.testing.assert_close(evidence, torch.full((1, 300, 400), 0.75))


def test_local_evidence_that_moves_moves_the_answer_with_it() -> None:
    branch = make.contextual(given=("local",))
    views = whole(make.views(0, (272, 272)))

    first = evidence_in_context(branch, cropped(views, slice(256), slice(256)))
    second = evidence_in_context(branch, cropped(views, slice(16, 272), slice(16, 272)))

    inside, moved = slice(96, 176), slice(80, 160)  # beyond what the head sees of a border
    torch.testing.assert_close(first[:, inside, inside], second[:, moved, moved])
    assert first[:, inside, inside].std() > 0.1


def test_a_picture_that_moves_moves_the_evidence_with_it() -> None:
    branch = make.contextual()
    views = whole(make.views(5, (272, 320)))

    first = evidence_in_context(branch, cropped(views, slice(256), slice(304)))
    second = evidence_in_context(branch, cropped(views, slice(16, 272), slice(16, 320)))

    here = first[:, 112:160, 112:208]
    apart = (here - second[:, 96:144, 96:192]).abs().mean()
    apart_if_it_stayed = (here - second[:, 112:160, 112:208]).abs().mean()
    assert apart < 0.1 * first.std()  # context features feel the border of a window from afar
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
    views = local_views(model, prepare(frame.pixels, how).pixels)
    evidence = evidence_in_context(branch, views)
    if scale == 1.0:
        np.testing.assert_array_equal(seen.heat.values, evidence[0].numpy())
    assert evidence.min() <= seen.heat.values.min() < seen.heat.values.max() <= evidence.max()


def test_without_a_branch_the_local_evidence_is_the_evidence(model: PartModel) -> None:
    frame = make.frame()

    seen = see(model, frame)

    views = local_views(model, prepare(frame.pixels, model.preparation).pixels)
    np.testing.assert_array_equal(seen.heat.values, views.local[0].numpy())


def test_the_branch_is_given_whole_pictures_of_one_size() -> None:
    model = make.part_model(channels=3)
    pixels = prepare(make.picture(channels=3), model.preparation).pixels

    views = local_views(model, pixels)

    assert torch.equal(views.observed, pixels)
    assert views.golden.shape == pixels.shape
    assert views.local.shape == (1, *pixels.shape[1:])


def test_golden_picture_and_local_evidence_are_what_the_networks_say(model: PartModel) -> None:
    tile = prepare(make.picture(frame_wh=(make.TILE_PX, make.TILE_PX)), model.preparation).pixels

    views = local_views(model, tile)

    golden = model.networks.invert(tile[None])[2]
    torch.testing.assert_close(views.golden, golden[0])
    torch.testing.assert_close(views.local, model.networks.compare(tile[None], golden)[1][0])


def test_what_is_familiar_is_taken_off_the_evidence_of_the_branch(model: PartModel) -> None:
    familiar = np.full(make.FRAME_WH[::-1], 1.0, dtype=np.float32)

    heat = see(replace(model, contextual=always(1.25), familiar=familiar), make.frame()).heat

    np.testing.assert_allclose(heat.values, 0.25, rtol=1e-4)


def test_the_branch_changes_neither_the_golden_picture_nor_the_discrepancy(
    model: PartModel,
) -> None:
    frame = make.frame()

    plain = see(model, frame)
    with_branch = see(replace(model, contextual=always(1.25)), frame)

    assert torch.equal(plain.inversion.golden, with_branch.inversion.golden)
    assert torch.equal(plain.discrepancy.values, with_branch.discrepancy.values)
    assert torch.equal(plain.discrepancy.log_odds, with_branch.discrepancy.log_odds)
