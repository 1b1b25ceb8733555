"""The bank of pictures with planted defects: what is planted where, and what a head sees of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from inspect_pipeline.networks.contextual import COARSEST_PX, STRIDE_PX, Contextual
from inspect_pipeline.stages.context import MARGIN_PX
from inspect_pipeline.stages.prepare import prepare
from inspect_pipeline.tiling import Window
from inspect_pipeline.training.bank import (
    CROP,
    LIGHT,
    MIN_BANK,
    PIECE_PX,
    Bank,
    Piece,
    _normalised,
    fill_bank,
    planted_piece,
)
from tests import make

Pictures = list[npt.NDArray[np.float32]]


def pictures(
    count: int = 2, *, channels: int = 1, frame_wh: tuple[int, int] = make.FRAME_WH
) -> Pictures:
    """Prepared training pictures (C, h, w)."""
    how = make.preparation(channels=channels)
    shown = (make.picture(seed, channels=channels, frame_wh=frame_wh) for seed in range(count))
    return [prepare(one, how).pixels.numpy() for one in shown]


def unwatched(numbers: Iterable[int], _total: int, _what: str) -> Iterable[int]:
    return numbers


def test_a_planted_piece_is_decided_by_its_random_numbers() -> None:
    good = pictures(2, frame_wh=(90, 600))

    first, again, other = (
        planted_piece(good, np.random.default_rng(seed)) for seed in (11, 11, 12)
    )

    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert first[2] == again[2]
    assert first[2] != other[2]


SIZES_WH = [(72, 56), (40, 300), (300, 280), (PIECE_PX + 188, 64)]


@pytest.mark.parametrize(("channels", "frame_wh"), list(product((1, 3), SIZES_WH)))
def test_pieces_are_planted_in_pictures_of_any_size(
    channels: int, frame_wh: tuple[int, int]
) -> None:
    good = pictures(2, channels=channels, frame_wh=frame_wh)
    before = [one.copy() for one in good]
    rng = np.random.default_rng(5)

    planted = [planted_piece(good, rng) for _ in range(8)]

    for piece, mask, window in planted:
        assert piece.shape == (channels, *good[0][0, *window.seen].shape)
        assert piece.dtype == np.float32
        assert np.abs(piece).max() <= 1.0
        assert mask.shape == piece.shape[1:]
        assert mask.dtype == np.bool_
        assert mask.sum() == mask[window.kept_of_seen].sum()
    assert 0 < sum(mask.any() for _, mask, _ in planted) < 8
    assert all(np.array_equal(one, kept) for one, kept in zip(good, before, strict=True))


def test_light_changes_everywhere_and_defects_where_the_mask_says() -> None:
    good = [np.full((1, 256, 256), 0.5, dtype=np.float32)]
    rng = np.random.default_rng(2)
    low, high, offset = LIGHT
    seen_with, seen_without = 0, 0

    for _ in range(20):
        piece, mask, _ = planted_piece(good, rng)

        lit = np.median(piece[0][~mask])
        assert 0.5 * low - offset <= lit <= 0.5 * high + offset
        if mask.any():
            seen_with += 1
            assert np.abs(piece[0][mask] - lit).mean() > np.abs(piece[0][~mask] - lit).mean()
        else:
            seen_without += 1
            np.testing.assert_allclose(piece, lit, rtol=1e-6)

    assert seen_with > seen_without > 0


def windows_of(length: int, count: int = 60) -> list[tuple[slice, slice]]:
    """(seen, kept) along the length of a picture, as the bank takes them."""
    rng = np.random.default_rng(1)
    good = [np.zeros((1, 32, length), dtype=np.float32)]
    found: list[Window] = [planted_piece(good, rng)[2] for _ in range(count)]
    return [(one.seen[1], one.kept[1]) for one in found]


@pytest.mark.parametrize("length", [32, 500, PIECE_PX])
def test_a_picture_that_is_not_long_is_one_piece(length: int) -> None:
    assert windows_of(length, count=3) == 3 * [(slice(0, length), slice(0, length))]


@pytest.mark.parametrize("length", [PIECE_PX + 9, PIECE_PX + 190, 3 * PIECE_PX])
def test_nothing_is_learnt_of_a_border_that_was_cut(length: int) -> None:
    for seen, kept in windows_of(length):
        assert seen.start == max(0, kept.start - MARGIN_PX)
        assert seen.stop == min(length, kept.stop + MARGIN_PX)
        assert kept.stop - kept.start <= PIECE_PX
        assert seen.start % COARSEST_PX == kept.start % COARSEST_PX == 0


@pytest.mark.parametrize("length", [PIECE_PX + 9, PIECE_PX + 40])
def test_the_borders_of_the_picture_itself_are_learnt(length: int) -> None:
    kept = [one for _, one in windows_of(length)]

    assert min(one.start for one in kept) == 0
    assert max(one.stop for one in kept) == length


def a_piece(side: tuple[int, int], damaged: tuple[slice, slice] | None = None) -> Piece:
    """Signs of the piece: its mask, and the row and the column of each place."""
    mask = torch.zeros(1, *side)
    if damaged is not None:
        mask[:, *damaged] = 1.0
    rows, columns = torch.meshgrid(*(torch.arange(float(one)) for one in side), indexing="ij")
    return Piece(signs=torch.stack((mask[0], rows, columns)), mask=mask)


def crops(*pieces: Piece, count: int = 200) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    signs, mask = zip(*(Bank(pieces=pieces).batch(1) for _ in range(count)), strict=True)
    return torch.cat(signs), torch.cat(mask)


def test_crops_show_damage_more_often_than_by_chance() -> None:
    corner = a_piece((4 * CROP, 4 * CROP), (slice(0, 4), slice(-4, None)))

    _, mask = crops(corner)

    shown = mask.amax((1, 2, 3)).mean().item()
    assert 0.5 < shown < 0.9  # by chance less than one in a hundred


def test_crops_show_damage_anywhere_in_them() -> None:
    _, mask = crops(a_piece((4 * CROP, 4 * CROP), (slice(100, 102), slice(100, 102))))

    rows = mask.nonzero()[:, 2]
    assert rows.min() < CROP // 8
    assert rows.max() >= CROP - CROP // 8


def test_crops_of_an_undamaged_piece_are_from_everywhere() -> None:
    signs, mask = crops(a_piece((2 * CROP, CROP + 1)))

    assert signs.shape == (200, 3, CROP, CROP)
    assert not mask.any()
    assert {signs[:, 1].min().item(), signs[:, 1].max().item()} == {0.0, 2 * CROP - 1}
    assert {signs[:, 2].min().item(), signs[:, 2].max().item()} == {0.0, CROP}


def test_signs_and_damage_stay_together_and_whole() -> None:
    signs, mask = crops(a_piece((CROP + 9, CROP), (slice(7, 20), slice(30, 33))))

    assert mask.any()
    assert torch.equal(signs[:, :1], mask)
    steps = [signs[:, axis - 1].diff(dim=axis - 1).flatten(1) for axis in (2, 3)]
    for along in steps:
        assert (along == along[:, :1]).all()
        assert set(along[:, 0].tolist()) == {-1.0, 1.0}  # mirrored or not


def test_a_batch_has_the_sides_that_fit_into_all_its_pieces() -> None:
    torch.manual_seed(1)
    bank = Bank(pieces=[a_piece((14, 70)), a_piece((100, 18))])

    signs, mask = bank.batch(16)

    assert signs.shape == (16, 3, 14, 18)
    assert mask.shape == (16, 1, 14, 18)


def raw_pieces(branch: Contextual, count: int = 5) -> list[Piece]:
    """Signs far from usual ones; every other piece is damaged, and odd there."""
    torch.manual_seed(2)
    made = []
    for number in range(count):
        mask = torch.zeros(1, 12, 10)
        mask[:, 2:5, 3:6] = number % 2
        signs = 30 + 4 * torch.randn(branch.config.signs, 12, 10)
        made.append(Piece(signs=signs + 1000 * mask, mask=mask))
    return made


def test_what_is_usual_is_what_good_places_of_the_bank_show() -> None:
    branch = make.contextual()

    bank = _normalised(branch, raw_pieces(branch))

    mean, deviation = branch.usual
    assert (mean - 30).abs().max() < 1.0
    assert (deviation - 4).abs().max() < 0.5
    good = torch.cat([one.signs[:, one.mask[0] == 0] for one in bank.pieces], dim=1)
    damaged = torch.cat([one.signs[:, one.mask[0] == 1] for one in bank.pieces], dim=1)
    assert good.shape[0] == branch.config.weighed
    assert good.mean(1).abs().max() < 0.05
    assert damaged.min() > 1.9


def test_the_reach_is_that_of_most_good_pictures() -> None:
    branch = make.contextual(given=("memory",))
    pieces = raw_pieces(branch, 5)
    for number, peak in zip((0, 2, 4), (90.0, 110.0, 500.0), strict=True):  # the undamaged ones
        pieces[number].signs[-1, 5, 5] = peak

    _normalised(branch, pieces)

    mean, deviation = branch.usual[:, -1].flatten()
    reached = (branch.reach[-1] * deviation + mean).item()
    assert reached == pytest.approx(110 + 0.6 * (500 - 110), rel=1e-3)  # the quantile 0.8 of three


def test_where_every_piece_is_damaged_their_good_places_reach() -> None:
    branch = make.contextual(given=("memory",))
    pieces = [one for one in raw_pieces(branch, 5) if one.mask.any()]

    _normalised(branch, pieces)

    assert (branch.reach >= 1.0).all()
    assert (branch.reach < 5.0).all()


@torch.inference_mode()
def test_a_piece_has_an_answer_for_all_that_may_be_learnt() -> None:
    model, good = make.part_model(), pictures(2, frame_wh=(73, 57))
    branch = make.contextual(given=("memory", "golden"))

    bank = fill_bank(model, branch, good, unwatched, seed=1, most=6, seconds=None)

    assert len(bank.pieces) == 6
    for one in bank.pieces:
        assert one.signs.shape == (9, -(-57 // STRIDE_PX), -(-73 // STRIDE_PX))
        assert one.mask.shape == (1, *one.signs.shape[1:])
        assert one.signs.isfinite().all()
        assert ((one.mask == 0) | (one.mask == 1)).all()
    assert any(one.mask.any() for one in bank.pieces)


@torch.inference_mode()
def test_a_bank_that_has_no_time_still_holds_a_few() -> None:
    good = pictures(1, frame_wh=(32, 32))

    bank = fill_bank(
        make.part_model(),
        make.contextual(given=("local",)),
        good,
        unwatched,
        seed=1,
        most=MIN_BANK + 9,
        seconds=0.0,
    )

    assert len(bank.pieces) == MIN_BANK


@torch.inference_mode()
def test_of_a_long_picture_the_head_gets_no_margin() -> None:
    good = pictures(1, frame_wh=(32, PIECE_PX + 6 * COARSEST_PX))

    bank = fill_bank(
        make.part_model(), make.contextual(), good, unwatched, seed=1, most=2, seconds=None
    )

    for one in bank.pieces:
        assert one.mask.shape == (1, PIECE_PX // STRIDE_PX, 32 // STRIDE_PX)
        assert one.signs.shape[1:] == one.mask.shape[1:]
