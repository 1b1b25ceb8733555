"""Picture files to pixels: what is kept exactly, what is converted by rule, what is refused."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.capture.reading import decode_picture, read_picture
from inspect_pipeline.errors import UnreadablePicture
from inspect_pipeline.records import Picture
from inspect_pipeline.stages.prepare import as_channels

SOURCE = Path("belt/c1/0007.png")


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels_of(image: Image.Image, kind: str = "PNG", **options: object) -> Picture:
    return decode_picture(encoded(image, kind, **options), source=SOURCE)


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadablePicture) as caught:
        decode_picture(content, source=SOURCE)
    return str(caught.value)


def noise(*shape: int) -> Picture:
    return np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)


def grey16(*values: int) -> Image.Image:
    return Image.fromarray(np.array([values], dtype=np.uint16))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_rgb_is_read_without_loss_as_rgb(kind: str) -> None:
    given = noise(5, 7, 3)

    assert np.array_equal(pixels_of(Image.fromarray(given), kind), given)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_grey_stays_one_channel(kind: str) -> None:
    given = noise(5, 7)

    assert np.array_equal(pixels_of(Image.fromarray(given), kind), given[:, :, None])


def test_black_and_white_becomes_grey_0_and_255() -> None:
    found = pixels_of(Image.fromarray(np.array([[True, False]])))

    assert found.ravel().tolist() == [255, 0]


def test_a_palette_becomes_rgb() -> None:
    given = np.array([[[255, 0, 0], [0, 0, 255]]], dtype=np.uint8)
    image = Image.fromarray(given).convert("P", palette=Image.Palette.ADAPTIVE, colors=2)

    assert np.array_equal(pixels_of(image), given)


def test_cmyk_becomes_rgb_as_pillow_converts_it() -> None:
    image = Image.fromarray(noise(16, 16, 3)).convert("CMYK")

    assert np.array_equal(pixels_of(image, "TIFF"), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_upper_8_bits_whatever_the_picture_shows(kind: str) -> None:
    dim = pixels_of(grey16(0, 255, 256, 4095), kind)
    full = pixels_of(grey16(0, 255, 256, 65535), kind)

    assert dim.ravel().tolist() == [0, 0, 1, 15]
    assert full.ravel().tolist() == [0, 0, 1, 255]


def test_the_loss_of_16_bit_is_logged_once_per_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = encoded(grey16(1, 2))

    with caplog.at_level(logging.WARNING):
        for name in ("a.png", "b.png"):
            decode_picture(content, source=tmp_path / name)

    assert [record.getMessage() for record in caplog.records] == [
        f"pictures in {tmp_path} have 16 bits per channel: the upper 8 bits are inspected"
    ]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_grey_without_an_agreed_full_range_is_refused(dtype: type) -> None:
    image = Image.fromarray(np.array([[1, 2]], dtype=dtype))

    assert "has no agreed range in 8 bits: save it as 8-bit" in refusal(encoded(image, "TIFF"))


@pytest.mark.parametrize(("mode", "channels"), [("LA", 1), ("RGBA", 3)])
def test_an_opaque_alpha_channel_is_dropped(mode: str, channels: int) -> None:
    image = Image.fromarray(noise(4, 6, 3)).convert(mode)

    found = pixels_of(image)

    wanted = np.asarray(image)[:, :, :channels]
    assert np.array_equal(found, wanted)


def test_one_translucent_pixel_is_refused() -> None:
    image = Image.new("RGBA", (6, 4), (90, 90, 90, 255))
    image.putpixel((3, 2), (90, 90, 90, 254))

    assert "has see-through pixels" in refusal(encoded(image))


def test_a_transparent_colour_of_a_palette_is_refused() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 10, 10])

    assert "has see-through pixels" in refusal(encoded(image, transparency=1))


def test_a_transparent_grey_level_of_16_bit_is_refused() -> None:
    assert "has see-through pixels" in refusal(encoded(grey16(300, 900), transparency=900))


def test_a_transparent_grey_level_that_no_pixel_has_is_ignored() -> None:
    assert pixels_of(grey16(300, 900), transparency=901).ravel().tolist() == [1, 3]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_the_orientation_that_the_camera_noted_is_applied_once(kind: str) -> None:
    noted = Image.Exif()
    noted[0x0112] = 6  # the camera lay on its side: turn clockwise to view
    given = np.zeros((16, 32), dtype=np.uint8)
    given[:8, :8] = 255  # upper left corner

    found = pixels_of(Image.fromarray(given), kind, exif=noted)

    assert found.shape == (32, 16, 1)
    assert found[:8, 8:].mean() > 250  # upper right corner


def test_several_pages_in_one_file_are_refused_with_their_number() -> None:
    page = Image.new("L", (4, 4))
    content = encoded(page, "TIFF", save_all=True, append_images=[page, page])

    assert "holds 3 pictures (an animation or pages)" in refusal(content)


def test_a_camera_jpeg_with_its_own_preview_is_read_as_its_first_picture() -> None:
    picture, preview = Image.new("L", (32, 24), 200), Image.new("L", (8, 6), 20)
    content = encoded(picture, "MPO", save_all=True, append_images=[preview])

    assert decode_picture(content, source=SOURCE).shape == (24, 32, 1)


def test_a_frame_of_8000_x_4000_px_is_read() -> None:
    assert pixels_of(Image.new("1", (8000, 4000))).shape == (4000, 8000, 1)


def claiming(width_px: int, height_px: int) -> bytes:
    """A PNG of a few bytes whose header claims a size."""
    content = encoded(Image.new("L", (1, 1)))
    header = b"IHDR" + struct.pack(">II", width_px, height_px) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


@pytest.mark.parametrize(("width_px", "height_px"), [(9000, 9000), (20_000, 20_000)])
def test_a_picture_above_the_stated_limit_is_refused(width_px: int, height_px: int) -> None:
    assert "the limit is 80 megapixels" in refusal(claiming(width_px, height_px))


def test_a_damaged_header_is_told_from_a_file_that_is_no_picture() -> None:
    png = encoded(Image.new("L", (4, 4)))

    assert "begins like a PNG picture, but its header is damaged" in refusal(png[:12])
    assert "is not a picture (it begins with b'serial;verdict')" in refusal(b"serial;verdict")


def test_one_flipped_byte_of_a_png_is_noticed() -> None:
    content = bytearray(encoded(Image.fromarray(noise(40, 40))))
    content[len(content) // 2] ^= 0x10

    assert "is damaged or incomplete" in refusal(bytes(content))


def test_a_refusal_names_the_file() -> None:
    assert refusal(b"").startswith(f"{SOURCE} ")


def test_a_folder_is_refused_as_a_picture(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match="is a folder, not a picture"):
        read_picture(tmp_path)


def test_a_missing_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match=r"cannot be read \(No such file or directory\)"):
        read_picture(tmp_path / "gone.png")


def test_as_channels_leaves_a_picture_that_fits_as_it_is() -> None:
    grey = noise(3, 4, 1)

    assert as_channels(grey, 1) is grey


def test_grey_to_rgb_and_back_is_exact_for_every_grey_level() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)

    colour = as_channels(grey, 3)

    assert colour.shape == (16, 16, 3)
    assert np.array_equal(as_channels(colour, 1), grey)


@pytest.mark.parametrize(
    ("colour", "luma"), [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)]
)
def test_rgb_to_grey_is_luma(colour: tuple[int, int, int], luma: int) -> None:
    assert as_channels(np.array([[colour]], dtype=np.uint8), 1).item() == luma


def test_as_channels_refuses_another_number_of_channels() -> None:
    with pytest.raises(ValueError, match="1 or 3 channels, not 4"):
        as_channels(noise(2, 2, 3), 4)
