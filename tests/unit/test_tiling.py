import pytest
import torch

from inspect_pipeline.records import TileGrid
from inspect_pipeline.tiling import (
    Stitcher,
    cut,
    grid_for,
    iter_tiles,
    padded,
    stitch,
    windows,
)

SIZES_WH = [(64, 64), (65, 64), (128, 96), (129, 200), (300, 200), (40, 100), (5, 3), (1, 1)]


def picture(width: int, height: int, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(width * 1000 + height)
    return torch.rand(channels, height, width, generator=generator) * 2 - 1


@pytest.mark.parametrize("frame_wh", SIZES_WH)
@pytest.mark.parametrize(("overlap_px", "border_px"), [(0, 0), (16, 0), (16, 4), (56, 31)])
def test_cut_and_stitch_give_the_picture_back(
    frame_wh: tuple[int, int], overlap_px: int, border_px: int
) -> None:
    frame = picture(*frame_wh)

    tiles = cut(frame, tile_px=64, overlap_px=overlap_px)
    back = stitch(tiles.pixels, tiles.grid, frame_wh=frame_wh, border_px=border_px)

    assert back.shape == frame.shape
    assert (back - frame).abs().max() < 1e-5


@pytest.mark.parametrize("frame_wh", SIZES_WH)
def test_a_constant_stays_that_constant_up_to_the_corners(frame_wh: tuple[int, int]) -> None:
    grid = grid_for(frame_wh, tile_px=64, overlap_px=24)
    values = torch.full((len(grid.offsets_xy), 1, 64, 64), 7.25)

    frame = stitch(values, grid, border_px=8)

    assert torch.allclose(frame, torch.tensor(7.25), atol=1e-5, rtol=0)


def test_tiles_are_the_pixels_at_the_offsets_of_the_grid() -> None:
    frame = picture(150, 100)

    tiles = cut(frame, tile_px=64, overlap_px=16)

    for tile, (x, y) in zip(tiles.pixels, tiles.grid.offsets_xy, strict=True):
        assert torch.equal(tile, frame[:, y : y + 64, x : x + 64])


def test_a_small_frame_is_padded_by_reflection_at_the_right_and_bottom() -> None:
    frame = torch.tensor([[[0.0, 0.1, 0.2]]])

    whole = padded(frame, (8, 2))

    assert torch.allclose(whole[0, 0], torch.tensor([0.0, 0.1, 0.2, 0.1, 0.0, 0.1, 0.2, 0.1]))
    assert torch.equal(whole[0, 1], whole[0, 0])


def test_a_small_frame_has_the_grid_of_its_padded_size() -> None:
    tiles = cut(picture(40, 100), tile_px=64, overlap_px=16)

    assert tiles.grid.frame_wh == (64, 100)


@pytest.mark.parametrize("batch", [1, 2, 5, 1000])
def test_batches_together_are_all_tiles_in_order(batch: int) -> None:
    frame = picture(150, 100)
    whole = cut(frame, tile_px=64, overlap_px=16)

    pieces = list(iter_tiles(frame, whole.grid, batch=batch))

    assert torch.equal(torch.cat([tiles for _, tiles in pieces]), whole.pixels)
    assert [start for start, _ in pieces] == list(range(0, len(whole.pixels), batch))


def test_a_batch_is_never_larger_than_asked_for() -> None:
    grid = grid_for((300, 200), tile_px=32, overlap_px=8)

    sizes = [len(tiles) for _, tiles in iter_tiles(picture(300, 200), grid, batch=7)]

    assert max(sizes) == 7


def test_stitching_in_uneven_batches_changes_no_bit() -> None:
    grid = grid_for((200, 150), tile_px=64, overlap_px=20)
    values = torch.randn(len(grid.offsets_xy), 2, 64, 64, generator=torch.manual_seed(0))
    stitcher = Stitcher(grid, channels=2, border_px=4)

    for start in range(0, len(values), 5):
        stitcher.add(start, values[start : start + 5])

    assert torch.equal(stitcher.result(), stitch(values, grid, border_px=4))


def test_stitching_twice_gives_the_same_bits() -> None:
    grid = grid_for((200, 150), tile_px=64, overlap_px=20)
    values = torch.randn(len(grid.offsets_xy), 1, 64, 64, generator=torch.manual_seed(1))

    assert torch.equal(stitch(values, grid), stitch(values, grid))


@pytest.mark.parametrize("x", [0, 47, 48, 50, 63, 64, 95, 96, 111, 149])
def test_a_value_at_a_tile_border_counts_as_much_as_one_in_the_middle(x: int) -> None:
    frame = torch.zeros(1, 150, 150)
    frame[0, 50, x] = 1.0
    tiles = cut(frame, tile_px=64, overlap_px=16)

    back = stitch(tiles.pixels, tiles.grid)

    assert back[0, 50, x] == pytest.approx(1.0, abs=1e-5)
    assert back.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_bad_tile_margin_is_not_heard_where_a_neighbour_sees_the_pixel() -> None:
    grid = TileGrid(frame_wh=(112, 64), tile_px=64, overlap_px=16)
    values = torch.zeros(2, 1, 64, 64)
    values[0, :, :, 60:] = 1000.0  # the right margin of the left tile

    frame = stitch(values, grid, border_px=4)

    assert frame.abs().max() < 0.1


def test_a_tile_margin_counts_in_full_at_the_border_of_the_frame() -> None:
    grid = TileGrid(frame_wh=(112, 64), tile_px=64, overlap_px=16)
    values = torch.zeros(2, 1, 64, 64)
    values[0, :, :, :4] = 3.0

    frame = stitch(values, grid, border_px=4)

    assert torch.allclose(frame[:, :, :4], torch.tensor(3.0))


def test_the_stitched_frame_is_cropped_to_the_frame_asked_for() -> None:
    tiles = cut(picture(40, 100), tile_px=64, overlap_px=16)

    assert stitch(tiles.pixels, tiles.grid, frame_wh=(40, 100)).shape == (3, 100, 40)


def test_a_missing_tile_is_an_error_not_a_hole() -> None:
    grid = grid_for((112, 64), tile_px=64, overlap_px=16)
    stitcher = Stitcher(grid, channels=1)
    stitcher.add(0, torch.zeros(1, 1, 64, 64))

    with pytest.raises(ValueError, match="1 of 2 tiles are missing"):
        stitcher.result()


def test_a_tile_added_twice_is_refused() -> None:
    stitcher = Stitcher(grid_for((112, 64), tile_px=64, overlap_px=16), channels=1)
    stitcher.add(0, torch.zeros(1, 1, 64, 64))

    with pytest.raises(ValueError, match="added before"):
        stitcher.add(0, torch.zeros(2, 1, 64, 64))


def test_more_tiles_than_the_grid_has_are_refused() -> None:
    stitcher = Stitcher(grid_for((64, 64), tile_px=64, overlap_px=16), channels=1)

    with pytest.raises(ValueError, match="the grid has 1 tiles"):
        stitcher.add(0, torch.zeros(2, 1, 64, 64))


def test_tiles_of_another_size_are_refused() -> None:
    stitcher = Stitcher(grid_for((64, 64), tile_px=64, overlap_px=16), channels=1)

    with pytest.raises(ValueError, match="expected tiles of"):
        stitcher.add(0, torch.zeros(1, 1, 32, 32))


def test_a_border_that_leaves_no_tile_is_refused() -> None:
    grid = grid_for((64, 64), tile_px=64, overlap_px=16)

    with pytest.raises(ValueError, match="border must lie in"):
        Stitcher(grid, channels=1, border_px=32)


def test_a_grid_of_another_frame_is_refused() -> None:
    grid = grid_for((200, 64), tile_px=64, overlap_px=16)

    with pytest.raises(ValueError, match="the grid is for frames of"):
        next(iter_tiles(picture(300, 64), grid, batch=1))


def test_a_crop_larger_than_the_grid_is_refused() -> None:
    tiles = cut(picture(64, 64), tile_px=64, overlap_px=16)

    with pytest.raises(ValueError, match="the grid covers"):
        stitch(tiles.pixels, tiles.grid, frame_wh=(65, 64))


def test_bytes_are_not_taken_for_floats() -> None:
    with pytest.raises(ValueError, match=r"expected float \(C, H, W\)"):
        cut(torch.zeros(3, 64, 64, dtype=torch.uint8), tile_px=64, overlap_px=16)


@pytest.mark.parametrize("picture_wh", [*SIZES_WH, (217, 301), (1000, 48)])
@pytest.mark.parametrize(("window_px", "margin_px"), [(64, 32), (96, 0), (48, 160)])
def test_windows_keep_every_pixel_once(
    picture_wh: tuple[int, int], window_px: int, margin_px: int
) -> None:
    kept = torch.zeros(picture_wh[1], picture_wh[0])

    for window in windows(picture_wh, window_px=window_px, margin_px=margin_px):
        kept[window.kept] += 1

    assert torch.equal(kept, torch.ones_like(kept))


def test_windows_see_a_margin_wherever_the_picture_goes_on() -> None:
    rows, columns = 150, 40

    found = list(windows((columns, rows), window_px=64, margin_px=32))

    assert [one.kept[0] for one in found] == [slice(0, 64), slice(64, 128), slice(128, 150)]
    assert [one.seen[0] for one in found] == [slice(0, 96), slice(32, 150), slice(96, 150)]
    assert all(one.seen[1] == one.kept[1] == slice(0, 40) for one in found)


@pytest.mark.parametrize("picture_wh", [(64, 64), (40, 63), (1, 1)])
def test_a_picture_of_one_window_is_seen_whole(picture_wh: tuple[int, int]) -> None:
    (window,) = windows(picture_wh, window_px=64, margin_px=32)

    assert window.seen == window.kept == (slice(0, picture_wh[1]), slice(0, picture_wh[0]))


def test_what_is_kept_is_found_in_what_is_seen() -> None:
    whole = picture(150, 200)

    for window in windows((150, 200), window_px=64, margin_px=16):
        seen = whole[:, *window.seen]
        assert torch.equal(seen[:, *window.kept_of_seen], whole[:, *window.kept])


@pytest.mark.parametrize("stride_px", [1, 4, 16])
def test_answers_of_windows_lie_where_those_of_the_whole_picture_would(stride_px: int) -> None:
    """A network with a stride answers for what begins at each multiple of it."""
    whole = picture(217, 301)
    answers = whole[:, ::stride_px, ::stride_px]

    rows_of_windows: dict[int, list[torch.Tensor]] = {}
    for window in windows((217, 301), window_px=64, margin_px=32):
        seen = whole[:, *window.seen][:, ::stride_px, ::stride_px]
        own = seen[:, *window.places(stride_px)]
        rows_of_windows.setdefault(window.kept[0].start, []).append(own)

    together = [torch.cat(row, dim=2) for row in rows_of_windows.values()]
    assert torch.equal(torch.cat(together, dim=1), answers)
