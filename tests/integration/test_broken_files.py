"""Every kind of broken or odd file, through the camera and the fitness check: none stops the line,
none is skipped, and each one that cannot be inspected says why."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.records import Captured, Frame, Picture, Unfit, UnfitReason, UnreadableFrame
from inspect_pipeline.stages.fitness import FitnessLimits, unfit_reason

LIMITS = FitnessLimits(dark_below=10.0, saturated_share=0.5, min_wh=(32, 32), max_wh=(8192, 8192))
Writer = Callable[[Path], None]


def part_picture(channels: int = 3) -> Picture:
    """A well-lit picture with texture: fit to inspect."""
    return np.random.default_rng(3).integers(60, 190, (96, 128, channels), dtype=np.uint8)


def grey() -> Image.Image:
    return Image.fromarray(part_picture(1)[:, :, 0])


def colour() -> Image.Image:
    return Image.fromarray(part_picture())


def with_alpha(alpha: int) -> Image.Image:
    image = colour()
    image.putalpha(alpha)
    return image


def truncated(kind: str) -> Writer:
    def write(path: Path) -> None:
        colour().save(path, kind)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return write


def saved(image: Callable[[], Image.Image], kind: str = "PNG") -> Writer:
    return lambda path: image().save(path, kind)


def plain(level: int) -> Writer:
    return saved(lambda: Image.new("L", (128, 96), level))


def animation(path: Path) -> None:
    colour().save(path, "GIF", save_all=True, append_images=[grey()])


def text(path: Path) -> None:
    path.write_text("shift 2, nothing to report\n")


def claiming_400_megapixels(path: Path) -> None:
    """A few bytes whose header claims 20000 x 20000 px."""
    Image.new("L", (1, 1)).save(path, "PNG")
    content = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", 20_000, 20_000) + content[24:29]
    path.write_bytes(content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:])


def deep_grey() -> Image.Image:
    return Image.fromarray(part_picture(1)[:, :, 0].astype(np.uint16) * 257)


def capture(folder: Path, name: str, write: Writer) -> Captured:
    write(folder / name)
    [captured] = FolderCamera(folder, line_id="L1", camera_id="c1", part="bracket").frames()
    return captured


def judged(captured: Captured) -> Unfit | None:
    if isinstance(captured, UnreadableFrame):
        return captured.unfit
    return unfit_reason(captured, LIMITS)


UNREADABLE: list[tuple[str, Writer, str]] = [
    ("truncated.png", truncated("PNG"), "is damaged or incomplete"),
    ("truncated.jpg", truncated("JPEG"), "is damaged or incomplete"),
    ("truncated.tif", truncated("TIFF"), "is damaged or incomplete"),
    ("truncated.webp", truncated("WEBP"), "is damaged or incomplete"),
    ("truncated.bmp", truncated("BMP"), "is damaged or incomplete"),
    ("empty.png", lambda path: path.touch(), "is empty (0 bytes): copy it again"),
    ("text.png", text, "is not a picture (it beg"),
    ("translucent.png", saved(lambda: with_alpha(128)), "has see-through pixels"),
    ("animated.png", animation, "holds 2 pictures (an animation or pages)"),
    ("float.tif", saved(lambda: Image.new("F", (64, 64)), "TIFF"), "has no agreed range in 8 bit"),
    ("huge.png", claiming_400_megapixels, "the limit is 80 megapixels"),
]


@pytest.mark.parametrize(("name", "write", "why"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_a_file_that_cannot_be_read_is_a_record_with_file_and_reason(
    tmp_path: Path, name: str, write: Writer, why: str
) -> None:
    captured = capture(tmp_path, name, write)

    assert isinstance(captured, UnreadableFrame)
    assert captured.unfit.reason is UnfitReason.UNREADABLE
    assert captured.unfit.detail.startswith(f"{tmp_path / name} ")
    assert why in captured.unfit.detail


READABLE: list[tuple[str, Writer, tuple[int, int, int]]] = [
    ("colour.png", saved(colour), (96, 128, 3)),
    ("grey.png", saved(grey), (96, 128, 1)),
    ("deep.png", saved(deep_grey), (96, 128, 1)),
    ("deep.tif", saved(deep_grey, "TIFF"), (96, 128, 1)),
    ("cmyk.jpg", saved(lambda: colour().convert("CMYK"), "JPEG"), (96, 128, 3)),
    ("opaque.png", saved(lambda: with_alpha(255)), (96, 128, 3)),
    ("palette.png", saved(lambda: colour().convert("P")), (96, 128, 3)),
    ("jpeg_named.png", saved(colour, "JPEG"), (96, 128, 3)),
]


@pytest.mark.parametrize(("name", "write", "shape"), READABLE, ids=[row[0] for row in READABLE])
def test_an_odd_but_sound_file_is_a_frame_fit_to_inspect(
    tmp_path: Path, name: str, write: Writer, shape: tuple[int, int, int]
) -> None:
    captured = capture(tmp_path, name, write)

    assert isinstance(captured, Frame)
    assert captured.pixels.shape == shape
    assert judged(captured) is None


UNFIT: list[tuple[str, Writer, UnfitReason]] = [
    ("black.png", plain(0), UnfitReason.DARK),
    ("saturated.png", plain(255), UnfitReason.SATURATED),
    ("blank.png", plain(128), UnfitReason.BLANK),
    ("dot.png", saved(lambda: Image.new("L", (1, 1), 128)), UnfitReason.WRONG_SIZE),
    ("strip.png", saved(lambda: Image.new("L", (20_000, 20), 128)), UnfitReason.WRONG_SIZE),
]


@pytest.mark.parametrize(("name", "write", "reason"), UNFIT, ids=[row[0] for row in UNFIT])
def test_a_readable_frame_that_is_not_worth_inspecting_is_unfit(
    tmp_path: Path, name: str, write: Writer, reason: UnfitReason
) -> None:
    captured = capture(tmp_path, name, write)

    assert isinstance(captured, Frame)
    unfit = judged(captured)
    assert unfit is not None
    assert unfit.reason is reason


def test_one_broken_file_does_not_stop_the_next_ones(tmp_path: Path) -> None:
    for number, (_, write, _) in enumerate(UNREADABLE[:6]):
        write(tmp_path / f"{number}_bad.png")
        colour().save(tmp_path / f"{number}_good.png")

    camera = FolderCamera(tmp_path, line_id="L1", camera_id="c1", part="bracket")

    assert [type(each) for each in camera.frames()] == [UnreadableFrame, Frame] * 6
