"""What the ledger writes without loss, and the words it shares with the tables."""

from __future__ import annotations

import zlib
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db import words
from db.engine import default_url
from db.errors import DatabaseError, RecordRefused
from db.masks import decode_mask, encode_mask
from inspect_pipeline import records
from inspect_pipeline.service.ledger import Ledger
from inspect_pipeline.service.rows import png_bytes, tiff_bytes


@pytest.mark.parametrize(
    ("stored", "spoken"),
    [
        (words.Outcome, records.Outcome),
        (words.UnfitReason, records.UnfitReason),
        (words.Verdict, records.Verdict),
        (words.Severity, records.Severity),
    ],
)
def test_the_tables_know_every_word_of_the_records(
    stored: type[StrEnum], spoken: type[StrEnum]
) -> None:
    assert [word.value for word in stored] == [word.value for word in spoken]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_kept_without_loss(channels: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (13, 17, channels), dtype=np.uint8)

    read = np.asarray(Image.open(BytesIO(png_bytes(picture))))

    assert np.array_equal(read.reshape(picture.shape), picture)


def test_heat_is_kept_to_the_last_bit() -> None:
    heat = np.random.default_rng(1).standard_normal((13, 17)).astype(np.float32) * 1e-20

    read = np.asarray(Image.open(BytesIO(tiff_bytes(heat))))

    assert read.dtype == np.float32
    assert np.array_equal(read, heat)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (8, 1), (3, 3), (11, 7), (200, 150)])
def test_a_mask_survives_its_encoding(width_px: int, height_px: int) -> None:
    mask = np.random.default_rng(1).random((height_px, width_px)) > 0.5

    encoded = encode_mask(mask.tobytes(), width_px=width_px, height_px=height_px)

    decoded = decode_mask(encoded, width_px=width_px, height_px=height_px)
    assert decoded == mask.tobytes()


def test_a_mask_is_stored_as_packed_bits() -> None:
    mask = np.random.default_rng(1).random((7, 11)) > 0.5

    encoded = encode_mask(mask.tobytes(), width_px=11, height_px=7)

    assert zlib.decompress(encoded) == np.packbits(mask).tobytes()


def test_a_mask_of_another_size_is_refused() -> None:
    encoded = encode_mask(bytes(77), width_px=11, height_px=7)

    with pytest.raises(DatabaseError, match="100 x 7 px need 88"):
        decode_mask(encoded, width_px=100, height_px=7)


def test_damaged_mask_bytes_are_refused() -> None:
    with pytest.raises(DatabaseError, match="a stored mask is damaged"):
        decode_mask(b"not compressed", width_px=11, height_px=7)


def test_a_card_that_cannot_be_json_is_refused(tmp_path: Path) -> None:
    with (
        Ledger(default_url(tmp_path / "findings.db")) as ledger,
        pytest.raises(RecordRefused, match="the card of model abc cannot be JSON"),
    ):
        ledger.register_model("abc", "bracket", {"weights": object()})
