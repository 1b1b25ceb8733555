"""From a frame to tiles and back; grey levels are the matter of `stages/prepare.py`.

Tiles are blended by a Hann window in frame coordinates. Window and grid are both products of a
horizontal and a vertical part, so the weights are normalised per axis before anything is added:
they sum to one at every pixel by construction, corners included, and no weight map is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspect_pipeline.records import TileGrid, Tiles

MARGIN_WEIGHT = 1e-6  # of a tile's margin: heard only where no other tile has a better view
BATCH = 64  # tiles blended at a time by `stitch`


def grid_for(frame_wh: tuple[int, int], *, tile_px: int, overlap_px: int) -> TileGrid:
    """The grid of a frame; a frame smaller than a tile gets the grid of its padded size."""
    width, height = (max(length, tile_px) for length in frame_wh)
    return TileGrid(frame_wh=(width, height), tile_px=tile_px, overlap_px=overlap_px)


def padded(pixels: Tensor, frame_wh: tuple[int, int]) -> Tensor:
    """`pixels` (C, H, W) grown at the right and at the bottom by reflection, however far it is."""
    _check_planes(pixels)
    for axis, wanted in ((2, frame_wh[0]), (1, frame_wh[1])):
        length = pixels.shape[axis]
        if length < wanted:
            pixels = pixels.index_select(axis, _reflected(length, wanted).to(pixels.device))
    return pixels


def cut(pixels: Tensor, *, tile_px: int, overlap_px: int) -> Tiles:
    """All tiles of a frame: float32 (C, H, W) in [-1, 1] -> (n, C, T, T), row by row."""
    _check_planes(pixels)
    grid = grid_for(_wh(pixels), tile_px=tile_px, overlap_px=overlap_px)
    _, tiles = next(iter_tiles(pixels, grid, batch=len(grid.offsets_xy)))
    return Tiles(grid=grid, pixels=tiles)


def iter_tiles(pixels: Tensor, grid: TileGrid, *, batch: int) -> Iterator[tuple[int, Tensor]]:
    """The same tiles in batches, (index of the first, (b, C, T, T)): for frames of any size."""
    if batch < 1:
        raise ValueError(f"a batch needs at least one tile, got {batch}")
    whole = padded(pixels, grid.frame_wh)
    count = len(grid.offsets_xy)
    for start in range(0, count, batch):
        yield start, tiles_at(whole, grid, range(start, min(count, start + batch)))


def tiles_at(pixels: Tensor, grid: TileGrid, indices: Sequence[int]) -> Tensor:
    """Some tiles (b, C, T, T) of a frame that has the grid's size (see `padded`)."""
    if _wh(pixels) != grid.frame_wh:
        raise ValueError(f"the grid is for frames of {grid.frame_wh} px, got {_wh(pixels)}")
    side = grid.tile_px
    corners = grid.offsets_xy[list(indices)].tolist()
    return torch.stack([pixels[:, y : y + side, x : x + side] for x, y in corners])


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of a picture, rows and columns: what is looked at, and what of it is kept."""

    seen: tuple[slice, slice]
    kept: tuple[slice, slice]

    @property
    def kept_of_seen(self) -> tuple[slice, slice]:
        rows, columns = (
            slice(kept.start - seen.start, kept.stop - seen.start)
            for seen, kept in zip(self.seen, self.kept, strict=True)
        )
        return rows, columns

    def places(self, stride_px: int) -> tuple[slice, slice]:
        """Rows and columns of what is kept, among the answers to what is seen."""
        rows, columns = (
            slice(kept.start // stride_px, -(-kept.stop // stride_px)) for kept in self.kept_of_seen
        )
        return rows, columns


def windows(picture_wh: tuple[int, int], *, window_px: int, margin_px: int) -> Iterator[Window]:
    """Windows that keep every pixel once and see `margin_px` more on each side, where there is
    more; a picture of at most `window_px` is one window. For networks with a stride that divides
    both numbers, a window's answers lie where the whole picture's would.
    """
    width, height = picture_wh
    for y in _spans(height, window_px, margin_px):
        for x in _spans(width, window_px, margin_px):
            yield Window(seen=(y[0], x[0]), kept=(y[1], x[1]))


def _spans(length: int, window_px: int, margin_px: int) -> Iterator[tuple[slice, slice]]:
    for start in range(0, length, window_px):
        stop = min(length, start + window_px)
        seen = slice(max(0, start - margin_px), min(length, stop + margin_px))
        yield seen, slice(start, stop)


def stitch(
    values: Tensor,
    grid: TileGrid,
    *,
    frame_wh: tuple[int, int] | None = None,
    border_px: int = 0,
) -> Tensor:
    """(n, C, T, T) -> float32 (C, H, W), blended and cropped to `frame_wh`; see `Stitcher`."""
    stitcher = Stitcher(grid, channels=values.shape[1], border_px=border_px)
    for start in range(0, len(values), BATCH):
        stitcher.add(start, values[start : start + BATCH])
    return stitcher.result(frame_wh)


class Stitcher:
    """Adds tiles to a frame batch by batch; holds one float32 (C, H, W) picture and nothing else.

    `border_px` is the margin of a tile that its network sees badly (padding artefacts): it counts
    for almost nothing where a neighbour sees the same pixel, and in full where no other tile does.
    Tiles that are left out of a `partial` frame count as zero.
    """

    def __init__(
        self, grid: TileGrid, *, channels: int, border_px: int = 0, partial: bool = False
    ) -> None:
        if not 0 <= 2 * border_px < grid.tile_px:
            raise ValueError(f"border must lie in [0, {grid.tile_px} / 2), got {border_px}")
        width, height = grid.frame_wh
        self._grid = grid
        self._partial = partial
        self._offsets_xy: list[list[int]] = grid.offsets_xy.tolist()
        self._column_weights = _axis_weights(grid, axis=0, border_px=border_px)
        self._row_weights = _axis_weights(grid, axis=1, border_px=border_px)
        self._sum = torch.zeros(channels, height, width)
        self._seen = np.zeros(len(self._offsets_xy), dtype=bool)

    def add(self, start_index: int, values: Tensor) -> None:
        """Blends tiles `start_index`, `start_index + 1`, ... of the grid: (b, C, T, T)."""
        self.add_at(range(start_index, start_index + len(values)), values)

    def add_at(self, indices: Sequence[int], values: Tensor) -> None:
        """Blends those tiles of the grid: (b, C, T, T)."""
        side = self._grid.tile_px
        wanted = (len(indices), len(self._sum), side, side)
        if tuple(values.shape) != wanted:
            raise ValueError(f"expected tiles of {wanted}, got {tuple(values.shape)}")
        if not indices:
            return
        first, last = min(indices), max(indices)
        if first < 0 or last >= len(self._seen):
            raise ValueError(f"the grid has {len(self._seen)} tiles, got {first} to {last}")
        chosen = list(indices)
        if self._seen[chosen].any():
            raise ValueError(f"tiles {first} to {last} were added before")
        self._seen[chosen] = True
        for index, tile in zip(chosen, self._weighted(chosen, values), strict=True):
            x, y = self._offsets_xy[index]
            self._sum[:, y : y + side, x : x + side] += tile

    def result(self, frame_wh: tuple[int, int] | None = None) -> Tensor:
        """The blended frame (C, H, W), cropped to `frame_wh` if the grid was padded."""
        if not self._partial and not self._seen.all():
            raise ValueError(f"{int((~self._seen).sum())} of {len(self._seen)} tiles are missing")
        width, height = frame_wh or self._grid.frame_wh
        if width > self._grid.frame_wh[0] or height > self._grid.frame_wh[1]:
            raise ValueError(f"the grid covers {self._grid.frame_wh} px, asked for {frame_wh}")
        return self._sum[:, :height, :width].clone()

    def _weighted(self, chosen: list[int], values: Tensor) -> Tensor:
        indices = torch.tensor(chosen)
        across = len(self._column_weights)
        columns = self._column_weights[indices % across]  # (b, T)
        rows = self._row_weights[indices.div(across, rounding_mode="floor")]  # (b, T)
        tiles = values.detach().to(self._sum)
        return tiles * rows[:, None, :, None] * columns[:, None, None, :]


def _axis_weights(grid: TileGrid, *, axis: int, border_px: int) -> Tensor:
    """(tiles along the axis, T): share of each tile in each of its pixels; shares sum to one."""
    starts: npt.NDArray[np.int64] = np.unique(grid.offsets_xy[:, axis])
    window = np.sin(np.pi * (np.arange(grid.tile_px) + 0.5) / grid.tile_px) ** 2
    window[:border_px] *= MARGIN_WEIGHT
    window[grid.tile_px - border_px :] *= MARGIN_WEIGHT
    pixels = starts[:, None] + np.arange(grid.tile_px)  # (tiles, T)
    total = np.zeros(grid.frame_wh[axis])
    np.add.at(total, pixels, np.broadcast_to(window, pixels.shape))
    return torch.from_numpy((window / total[pixels]).astype(np.float32))


def _reflected(length: int, wanted: int) -> Tensor:
    """Source index of each of `wanted` pixels: 0 1 2 1 0 1 2 ... for a length of 3."""
    period = max(1, 2 * length - 2)
    phase = torch.arange(wanted) % period
    return torch.minimum(phase, period - phase) if length > 1 else phase


def _wh(pixels: Tensor) -> tuple[int, int]:
    return pixels.shape[2], pixels.shape[1]


def _check_planes(pixels: Tensor) -> None:
    if pixels.ndim != 3 or 0 in pixels.shape or not pixels.is_floating_point():
        raise ValueError(
            f"expected float (C, H, W) in [-1, 1], got {pixels.dtype} {tuple(pixels.shape)}"
        )
