"""What is put right in pictures: levels, colour, cut-out, turn; and calibrations that are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inspect_pipeline.capture.corrections.calibration import Calibration, with_dark, with_flat
from inspect_pipeline.capture.corrections.correction import Correction, corrected, correction_of
from inspect_pipeline.capture.corrections.kept_calibrations import (
    IN_USE,
    keep_calibration,
    load_calibration,
    newest_or_none,
)
from inspect_pipeline.capture.corrections.sheet import calibration_sheet
from inspect_pipeline.capture.corrections.target import Target, scale_of
from inspect_pipeline.errors import CaptureError, UnreadablePicture, UsageError
from inspect_pipeline.records import Frame, Picture, UnfitReason, UnreadableFrame
from plant_config.camera import Corrections
from tests import make

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EMPTY = Calibration(camera_id="c1", made_at=NOW)
SHEET = np.zeros((4, 4, 3), np.uint8)


def even(level: int, channels: int = 1) -> Picture:
    return np.full((40, 60, channels), level, np.uint8)


def shaded(level: float, colour: tuple[float, ...] = (1.0,), dark: float = 0.0) -> Picture:
    """Light falls to the right, and each channel sees its own share of it."""
    fall = np.linspace(1.2, 0.8, 60)[None, :, None] * np.array(colour)[None, None, :]
    levels = np.broadcast_to(level * fall + dark, (40, 60, len(colour)))
    picture: Picture = np.rint(levels).astype(np.uint8)
    return picture


def calibrated(colour: tuple[float, ...] = (1.0,), dark: float = 6.0) -> Calibration:
    known = with_dark(EMPTY, [shaded(0, colour, dark)] * 2, lines=False)
    return with_flat(known, [shaded(150, colour, dark)] * 2, lines=False)


def correction(calibration: Calibration | None = None, **said: Any) -> Correction:
    return correction_of(Corrections.model_validate(said), calibration)


def test_without_any_setting_the_picture_is_the_same() -> None:
    pixels = make.picture(3)

    assert np.array_equal(correction()(pixels), pixels)


def test_an_even_part_comes_out_even() -> None:
    seen = correction(calibrated())(shaded(100, dark=6.0))

    assert seen.min() >= 99
    assert seen.max() <= 101


def test_what_was_grey_comes_out_grey() -> None:
    colour = (1.2, 1.0, 0.7)

    seen = correction(calibrated(colour))(shaded(90, colour, dark=6.0))

    assert np.ptp(seen.astype(int), axis=2).max() <= 2


def test_what_was_overexposed_stays_so() -> None:
    pixels = shaded(100, dark=6.0)
    pixels[3, 2] = 255  # there the gain is below 1

    assert correction(calibrated())(pixels)[3, 2, 0] == 255


def test_one_level_per_column_serves_blocks_of_any_height() -> None:
    known = with_flat(EMPTY, [shaded(150)], lines=True)

    seen = correction(known)(shaded(100)[:7])

    assert seen.shape == (7, 60, 1)
    assert np.ptp(seen.astype(int)) <= 2


def test_pixels_that_see_nothing_are_left_and_counted() -> None:
    flat = shaded(150)
    flat[5, 7] = 0

    known = with_flat(EMPTY, [flat], lines=False)

    assert known.blind_px == 1
    assert known.flat_gain is not None
    assert known.flat_gain[5, 7, 0] == 1.0


NUMBERED = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"rotate_deg": 90}, np.rot90(NUMBERED, -1)),
        ({"rotate_deg": 180}, np.rot90(NUMBERED, 2)),
        ({"rotate_deg": 270}, np.rot90(NUMBERED, 1)),
        ({"flip": "left_right"}, NUMBERED[:, ::-1]),
        ({"flip": "up_down"}, NUMBERED[::-1]),
        ({"rotate_deg": 90, "flip": "up_down"}, np.rot90(NUMBERED, -1)[::-1]),
    ],
)
def test_pictures_are_turned_clockwise_and_then_mirrored(
    said: dict[str, Any], expected: Picture
) -> None:
    assert np.array_equal(correction(**said)(NUMBERED), expected)


def test_the_cut_out_is_in_pixels_of_the_camera() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)

    seen = correction(roi_px=[10, 20, 40, 32], rotate_deg=180)(pixels)

    assert np.array_equal(seen, np.rot90(pixels[20:52, 10:50], 2))


def test_a_picture_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(UnreadablePicture, match=r"60 x 20 px .* calibrated for 60 x 40 px"):
        correction(calibrated())(even(100)[:20])
    with pytest.raises(UnreadablePicture, match="roi_px of the camera reaches to 100 x 40"):
        correction(roi_px=[60, 0, 40, 40])(even(100))


def test_such_a_frame_becomes_unfit_under_its_own_key() -> None:
    frame = make.frame(even(100)[:20])

    seen = corrected(frame, correction(calibrated()))
    fit = corrected(make.frame(even(100)), correction(roi_px=[0, 0, 32, 32]))

    assert isinstance(seen, UnreadableFrame)
    assert (seen.key, seen.unfit.reason) == (frame.key, UnfitReason.WRONG_SIZE)
    assert isinstance(fit, Frame)
    assert fit.frame_wh == (32, 32)
    assert corrected(seen, correction()) is seen


@pytest.mark.parametrize(
    ("pictures", "what"),
    [
        ([], "no picture was given"),
        ([even(5)], "mean grey level of 5.0, between 20 and 250"),
        ([even(255)], "mean grey level of 255.0"),
        ([even(100), even(100, 3)], "differ in size or channels"),
    ],
)
def test_pictures_that_cannot_calibrate_are_refused(pictures: list[Picture], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        with_flat(EMPTY, pictures, lines=False)


def test_a_lens_that_was_not_covered_is_noticed() -> None:
    with pytest.raises(UsageError, match="cover the lens"):
        with_dark(EMPTY, [even(90)], lines=False)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_calibration_is_kept_to_the_last_bit(tmp_path: Path, channels: int) -> None:
    made = replace(calibrated((1.1, 1.0, 0.9)[:channels]), mm_per_px=0.05)

    home = keep_calibration(tmp_path / "cal", made, SHEET)
    found = load_calibration(tmp_path / "cal", "c1")

    assert home.name == "2026-03-04T05-06-07Z"
    assert np.array_equal(found.dark, made.dark)  # type: ignore[arg-type]
    assert np.array_equal(found.flat_gain, made.flat_gain)  # type: ignore[arg-type]
    for key in ("camera_id", "made_at", "white_gains", "mm_per_px", "blind_px", "shading"):
        assert getattr(found, key) == getattr(made, key)


def test_older_versions_stay_and_can_be_used_again(tmp_path: Path) -> None:
    first = keep_calibration(tmp_path, replace(EMPTY, mm_per_px=0.1), SHEET)
    later = replace(EMPTY, mm_per_px=0.2, made_at=NOW + timedelta(days=1))
    keep_calibration(tmp_path, later, SHEET)
    assert load_calibration(tmp_path, "c1").mm_per_px == 0.2

    (tmp_path / IN_USE).write_text(first.name)
    assert load_calibration(tmp_path, "c1").mm_per_px == 0.1


def test_a_missing_damaged_or_foreign_calibration_is_refused(tmp_path: Path) -> None:
    assert newest_or_none(tmp_path) is None
    with pytest.raises(CaptureError, match=r"holds no calibration: run .*cameras calibrate c1"):
        load_calibration(tmp_path, "c1")

    home = keep_calibration(tmp_path, calibrated(), SHEET)
    with pytest.raises(CaptureError, match="is of camera c1: name another folder"):
        load_calibration(tmp_path, "c2")

    (home / "dark.tiff").write_bytes(b"II*\x00")
    with pytest.raises(CaptureError, match=r"cannot be read .*another version"):
        load_calibration(tmp_path, "c1")


def checkerboard(square_px: int = 20, turn_deg: float = 0.0) -> Picture:
    """7 x 5 inner corners on white."""
    board = np.full((300, 380, 1), 255, np.uint8)
    for row in range(6):
        for column in range(8):
            if (row + column) % 2 == 0:
                y, x = 60 + square_px * row, 80 + square_px * column
                board[y : y + square_px, x : x + square_px] = 0
    turn = cv2.getRotationMatrix2D((190, 150), turn_deg, 1.0)
    turned: Picture = cv2.warpAffine(board, turn, (380, 300), borderValue=255)
    return turned.reshape(300, 380, 1)


@pytest.mark.parametrize("turn_deg", [0.0, 7.0])
def test_a_checkerboard_gives_millimetres_per_pixel(turn_deg: float) -> None:
    target = Target(kind="checkerboard", columns=7, rows=5, spacing_mm=2.0)

    scale = scale_of(checkerboard(turn_deg=turn_deg), target)

    assert scale.mm_per_px == pytest.approx(0.1, rel=0.005)
    assert scale.across_mm_per_px == pytest.approx(scale.down_mm_per_px, rel=0.01)
    assert scale.misfit_px < 0.5


def test_a_grid_of_circles_gives_the_same(tmp_path: Path) -> None:
    picture = np.full((300, 380, 1), 255, np.uint8)
    for row in range(5):
        for column in range(7):
            cv2.circle(picture, (70 + 40 * column, 60 + 40 * row), 10, 0, -1, cv2.LINE_AA)

    scale = scale_of(picture, Target(kind="circles", columns=7, rows=5, spacing_mm=2.0))

    assert scale.mm_per_px == pytest.approx(0.05, rel=0.005)


def test_a_stretched_target_is_told() -> None:
    wide = cv2.resize(checkerboard(), (570, 300)).reshape(300, 570, 1)

    scale = scale_of(wide, Target(kind="checkerboard", columns=7, rows=5, spacing_mm=2.0))

    assert scale.across_mm_per_px / scale.down_mm_per_px == pytest.approx(2 / 3, abs=0.01)


def test_a_target_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="no checkerboard with 9 x 6 inner corners is found"):
        scale_of(even(128), Target(kind="checkerboard", columns=9, rows=6, spacing_mm=2.0))


def test_the_sheet_shows_target_shading_and_words() -> None:
    target = Target(kind="checkerboard", columns=7, rows=5, spacing_mm=2.0)
    scale = scale_of(checkerboard(), target)

    full = calibration_sheet(calibrated(), ["a", "b"], target=checkerboard(), scale=scale)
    words = calibration_sheet(EMPTY, ["a"], target=None, scale=None)

    assert full.shape[1] == words.shape[1]
    assert full.shape[0] > words.shape[0]
    colours = full.astype(int)
    assert (colours[..., 1] - colours[..., 0] > 100).any(), "corners are marked in green"
