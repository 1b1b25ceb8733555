"""Frames of many tiles: what is asked of the networks at once, what restoration puts together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from inspect_pipeline.bundle import PartModel
from inspect_pipeline.geometry import Box
from inspect_pipeline.networks.contextual import Given
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.opinion import Seen, restored, see, views_of
from inspect_pipeline.records import Region
from inspect_pipeline.stages.invert import BATCH
from inspect_pipeline.stages.prepare import prepare
from inspect_pipeline.tiling import cut
from tests import make

MANY_WH = (300, 250)  # 13 x 11 tiles


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def model() -> PartModel:
    return make.part_model()


@pytest.fixture
def seen(model: PartModel) -> Seen:
    return see(model, make.frame(make.picture(frame_wh=MANY_WH)))


def test_no_more_than_a_batch_of_tiles_is_asked_at_once(
    model: PartModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a frame needs grows with its pixels, not with the codes of all its tiles."""
    asked: list[int] = []
    invert = PartNetworks.invert

    def counting(self: PartNetworks, tiles: Tensor) -> Any:
        asked.append(len(tiles))
        return invert(self, tiles)

    monkeypatch.setattr(PartNetworks, "invert", counting)

    restored(model, see(model, make.frame(make.picture(frame_wh=MANY_WH))), None)

    assert max(asked) == BATCH
    assert sum(asked) == 2 * 13 * 11  # for evidence and golden picture together, and restoration


def test_a_golden_picture_is_drawn_when_it_is_needed_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make.part_model(contextual=make.contextual(given=("memory",)))
    drawn: list[int] = []
    invert = PartNetworks.invert

    def counting(self: PartNetworks, tiles: Tensor) -> Any:
        drawn.append(len(tiles))
        return invert(self, tiles)

    monkeypatch.setattr(PartNetworks, "invert", counting)

    seen = see(model, make.frame(make.picture(frame_wh=MANY_WH)))
    assert not drawn
    restored(model, seen, [], with_gated=False)
    restored(model, seen, [])

    assert sum(drawn) == 13 * 11


@pytest.mark.parametrize(
    ("given", "silent"), [(("memory", "golden"), "compare"), (("memory",), "invert")]
)
def test_networks_are_asked_only_where_their_answer_counts(
    model: PartModel, monkeypatch: pytest.MonkeyPatch, given: tuple[Given, ...], silent: str
) -> None:
    monkeypatch.setattr(PartNetworks, silent, never)
    pixels = prepare(make.picture(), model.preparation).pixels

    views = views_of(model, pixels, given)

    assert torch.equal(views.local, torch.zeros_like(pixels[:1]))
    assert bool(views.golden.any()) == ("golden" in given)


def never(*_: Any) -> Any:
    raise AssertionError("a network was asked for nothing")


def region(x0: int, y0: int) -> Region:
    mask = torch.ones(4, 4, dtype=torch.bool).numpy()
    return Region(box=Box(x0=x0, y0=y0, x1=x0 + 4, y1=y0 + 4), mask=mask, peak=1.0, mean=1.0)


def test_beyond_the_tiles_of_regions_the_golden_picture_stands(
    model: PartModel, seen: Seen
) -> None:
    """The region lies in the first tile and in no other."""
    restoration = restored(model, seen, [region(0, 0)])

    side = make.TILE_PX
    for picture in (restoration.restored, restoration.opened):
        assert torch.equal(picture[:, side:], restoration.golden[:, side:])
        assert torch.equal(picture[:, :, side:], restoration.golden[:, :, side:])
        assert not torch.equal(picture, restoration.golden)


def test_where_all_tiles_of_a_place_are_restored_the_rest_does_not_matter(
    model: PartModel, seen: Seen
) -> None:
    some = restored(model, seen, [region(100, 100), region(130, 100), region(100, 130)])
    every = restored(model, seen, None)

    place = (slice(None), slice(100, 104), slice(100, 104))
    torch.testing.assert_close(some.opened[place], every.opened[place])
    torch.testing.assert_close(some.restored[place], every.restored[place])


def test_one_tile_is_restored_as_the_networks_say(model: PartModel) -> None:
    tile = make.picture(frame_wh=(make.TILE_PX, make.TILE_PX))
    seen = see(model, make.frame(tile))
    observed = cut(seen.prepared.pixels, tile_px=make.TILE_PX, overlap_px=0).pixels

    restoration = restored(model, seen, None)

    latents, spatial, golden = model.networks.invert(observed)
    d, log_odds = model.networks.compare(observed, golden)
    torch.testing.assert_close(restoration.golden, golden[0])
    opened = model.networks.restore(d, latents, spatial)
    gated = model.networks.restore(d * (1 - torch.sigmoid(log_odds)), latents, spatial)
    torch.testing.assert_close(restoration.opened, opened[0])
    torch.testing.assert_close(restoration.restored, gated[0])


def test_without_the_gated_pass_the_golden_picture_is_shown(model: PartModel, seen: Seen) -> None:
    restoration = restored(model, seen, None, with_gated=False)

    assert torch.equal(restoration.restored, restoration.golden)
    assert not torch.equal(restoration.opened, restoration.golden)
