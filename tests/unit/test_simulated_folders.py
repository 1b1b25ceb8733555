"""Simulated pictures on disk: train folders and MVTec's layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from inspect_pipeline.capture.simulated import material_named, write_good_parts, write_mvtec
from inspect_pipeline.capture.simulated.planting import (
    PictureSeed,
    Stream,
    good_picture,
    marked_picture,
)
from inspect_pipeline.errors import CaptureError, UsageError


@pytest.fixture(scope="module")
def mvtec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plates")
    return write_mvtec("machined_plate", folder, train=2, test_good=3, test_defective=10, seed=4)


def read(path: Path) -> npt.NDArray[np.uint8]:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, f"{path} is no picture"
    return np.asarray(pixels, dtype=np.uint8)


def test_good_parts_are_written_in_order(tmp_path: Path) -> None:
    paths = write_good_parts("brushed_web", tmp_path / "good", count=3, seed=1)

    assert [path.name for path in paths] == ["000000.png", "000001.png", "000002.png"]


def test_nothing_but_the_pictures_stays_in_the_folder(tmp_path: Path) -> None:
    paths = write_good_parts("brushed_web", tmp_path, count=2, seed=1)

    assert sorted(tmp_path.iterdir()) == paths


def test_a_written_colour_part_reads_back_as_the_train_stream_s_picture(tmp_path: Path) -> None:
    (path,) = write_good_parts("machined_plate", tmp_path, count=1, seed=9)

    picture = PictureSeed(material="machined_plate", seed=9, stream=Stream.TRAIN, index=0)
    assert np.array_equal(read(path)[..., ::-1], good_picture(picture, (256, 256)))


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    (path,) = write_good_parts("brushed_web", tmp_path, count=1, seed=1)
    before = path.read_bytes()

    write_good_parts("brushed_web", tmp_path, count=1, seed=1)

    assert path.read_bytes() == before


def test_grey_parts_are_written_as_grey_pictures(tmp_path: Path) -> None:
    (path,) = write_good_parts("brushed_web", tmp_path, count=1, seed=1)

    assert read(path).ndim == 2


def test_a_folder_with_other_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.png").write_bytes(b"x")

    with pytest.raises(UsageError, match=r"holiday\.png.*choose an empty folder"):
        write_good_parts("brushed_web", tmp_path, count=1, seed=1)


def test_a_file_in_the_place_of_the_folder_is_a_capture_error(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("not a folder")

    with pytest.raises(CaptureError, match="cannot use"):
        write_good_parts("brushed_web", tmp_path / "good", count=1, seed=1)


def test_a_negative_count_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="test_good must be 0 or more"):
        write_mvtec("brushed_web", tmp_path, train=1, test_good=-1, test_defective=0, seed=1)


def test_mvtec_folders_hold_the_counts_asked_for(mvtec: Path) -> None:
    counts = {
        name: len(list(mvtec.glob(pattern)))
        for name, pattern in (
            ("train", "train/good/*.png"),
            ("test_good", "test/good/*.png"),
            ("test", "test/*/*.png"),
            ("masks", "ground_truth/*/*_mask.png"),
        )
    }

    assert counts == {"train": 2, "test_good": 3, "test": 13, "masks": 10}


def test_mvtec_test_folders_are_named_after_the_kinds(mvtec: Path) -> None:
    folders = {path.name for path in (mvtec / "test").iterdir()}

    assert folders == {"good", *material_named("machined_plate").kinds}


def test_every_defective_picture_has_its_mask(mvtec: Path) -> None:
    pictures = [path for path in mvtec.glob("test/*/*.png") if path.parent.name != "good"]

    masks = [
        mvtec / "ground_truth" / path.parent.name / f"{path.stem}_mask.png" for path in pictures
    ]

    assert all(mask.is_file() for mask in masks)


def test_a_mask_file_is_the_truth_as_0_and_255(mvtec: Path) -> None:
    mask = read(mvtec / "ground_truth/scratch/000000_mask.png")

    picture = PictureSeed(material="machined_plate", seed=4, stream=Stream.TEST_DEFECTIVE, index=0)
    _, (defect,) = marked_picture(picture, (256, 256), ["scratch"])
    assert np.array_equal(mask, np.where(defect.mask, 255, 0))


def test_train_and_test_parts_of_one_seed_are_different_parts(mvtec: Path) -> None:
    train, test = (mvtec / folder / "good/000000.png" for folder in ("train", "test"))

    assert train.read_bytes() != test.read_bytes()
