"""What an evaluation leaves in its folder, for people and for programs."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspect_pipeline.errors import UsageError
from inspect_pipeline.measures import PixelTally
from inspect_pipeline.records import FramePictures
from inspect_pipeline.reports.drawing import scale_for
from inspect_pipeline.reports.evaluation_files import check_names, write_map, write_scores
from inspect_pipeline.reports.evaluation_page import EvaluationHead, write_evaluation
from inspect_pipeline.reports.gallery import EvaluatedImage, Gallery

HEAD = EvaluationHead(
    title="Evaluation of <plate>",
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
    threshold=1.0,
    scale=scale_for(threshold=1.0, typical=-1.0),
    facts={"Part": "plate"},
    left_out={"test/good/broken.png": "the file ends after 12 bytes"},
)


def an_image(number: int, *, kind: str, score: float) -> EvaluatedImage:
    random = np.random.default_rng(number)
    observed, golden, restored = random.integers(0, 256, (3, 24, 40, 3), dtype=np.uint8)
    truth = np.zeros((24, 40), dtype=bool)
    truth[5:9, 6:12] = True
    return EvaluatedImage(
        name=f"test/{kind}/{number:03d}.png",
        kind=kind,
        label=int(kind != "good"),
        score=score,
        decision=int(score > 1.0),
        pictures=FramePictures(
            observed=observed,
            golden=golden,
            restored=restored,
            heat=random.standard_normal((24, 40)).astype(np.float32),
        ),
        truth=None if kind == "good" else truth,
    )


def evaluate(out: Path, images: list[EvaluatedImage], *, keep: int = 2) -> str:
    gallery, tally = Gallery(keep=keep), PixelTally()
    for image in images:
        assert image.pictures is not None
        tally.add(image.pictures.heat, image.truth)
    rows = [gallery.offer(image) for image in images]
    write_evaluation(out, rows, head=HEAD, gallery=gallery, pixels=tally.figures())
    return (out / "index.html").read_text(encoding="utf-8")


IMAGES = [("good", -1.0), ("good", 0.5), ("good", 1.5), ("pit", 3.0), ("pit", 0.0), ("crack", 4.0)]


@pytest.fixture
def images() -> list[EvaluatedImage]:
    return [an_image(number, kind=kind, score=score) for number, (kind, score) in enumerate(IMAGES)]


def test_scores_keep_every_digit_and_their_order(tmp_path: Path) -> None:
    third = an_image(0, kind="good", score=1 / 3)

    write_scores(tmp_path, [third, an_image(1, kind="pit", score=2.0)])

    with (tmp_path / "scores.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["image", "label", "score", "decision"],
        ["test/good/000.png", "0", repr(1 / 3), "0"],
        ["test/pit/001.png", "1", "2.0", "1"],
    ]


def test_a_map_comes_back_as_the_same_floats(tmp_path: Path) -> None:
    heat = np.random.default_rng(0).standard_normal((7, 11)).astype(np.float32)

    path = write_map(tmp_path, "test/pit/001.v2.png", heat)

    assert path == tmp_path / "maps/test/pit/001.v2.tiff"
    with Image.open(path) as image:
        assert (image.mode, image.size) == ("F", (11, 7))
        assert np.array_equal(np.asarray(image), heat)


@pytest.mark.parametrize("name", ["/etc/x.png", "../x.png", "test/../../x.png", ""])
def test_a_map_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not a relative path"):
        write_map(tmp_path, name, np.zeros((2, 2), dtype=np.float32))


def test_pictures_that_would_share_a_map_are_refused() -> None:
    with pytest.raises(UsageError, match=r"test/a\.png and test/a\.bmp"):
        check_names(["test/a.png", "test/b.png", "test/a.bmp"])


def test_the_page_states_the_figures(tmp_path: Path, images: list[EvaluatedImage]) -> None:
    page = evaluate(tmp_path, images)

    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "0.7778 image AUROC" in said  # 7 of 9 pairs
    assert "2 of 3, 95 % interval 21 % to 94 %" in said
    assert "1 of 3, 95 % interval 6.1 % to 79 %" in said
    assert "crack 1.0000 1 of 1 = 100 %" in said
    assert "pit 0.6667 1 of 2 = 50 %" in said
    assert "test/good/broken.png the file ends after 12 bytes" in said
    assert "<title>Evaluation of &lt;plate&gt;</title>" in page


def test_the_figures_are_there_for_programs_too(
    tmp_path: Path, images: list[EvaluatedImage]
) -> None:
    page = evaluate(tmp_path, images)

    told = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert told["image_AUROC"] == pytest.approx(7 / 9)
    assert told["image_AP"] == pytest.approx((1 + 1 + 3 / 5) / 3)  # ranks 1, 2 and 5
    assert told["false_alarms"]["share"] == pytest.approx(1 / 3)
    assert told["detections_by_kind"]["pit"]["count"] == 1
    assert told["regions"] == 3
    assert f"{told['pixel_AUROC']:.4f}" in page
    assert f"{told['AUPRO']:.4f}" in page
    assert "mean overlap with the 3 marked regions" in page


def test_without_ground_truth_the_page_judges_no_pixels(
    tmp_path: Path, images: list[EvaluatedImage]
) -> None:
    page = evaluate(tmp_path, [replace(image, truth=None) for image in images])

    told = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert (told["pixel_AUROC"], told["AUPRO"]) == (None, None)
    assert "Pixels are not judged" in page


def test_every_picture_that_the_page_shows_lies_beside_it(
    tmp_path: Path, images: list[EvaluatedImage]
) -> None:
    page = evaluate(tmp_path, images)

    shown = re.findall(r'<img src="([^"]+)"', page)
    written = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")]
    assert sorted(shown) == sorted(written)
    assert len(shown) == 5 + 4 + 2 * 5  # one miss, one false alarm (no truth), two detections


def test_the_gallery_shows_misses_then_false_alarms_then_detections(
    tmp_path: Path, images: list[EvaluatedImage]
) -> None:
    page = evaluate(tmp_path, images)

    names = re.findall(r"<h3[^>]*>(test/[^<]+)</h3>", page)
    assert names == [
        "test/pit/004.png",
        "test/good/002.png",
        "test/crack/005.png",
        "test/pit/003.png",
    ]


def test_a_second_evaluation_leaves_no_pictures_of_the_first(
    tmp_path: Path, images: list[EvaluatedImage]
) -> None:
    evaluate(tmp_path, images)

    page = evaluate(tmp_path, images[:2])

    assert "<img" not in page
    assert list((tmp_path / "pictures").iterdir()) == []


def test_good_pictures_alone_have_no_auroc_and_no_curve(
    tmp_path: Path, images: list[EvaluatedImage]
) -> None:
    page = evaluate(tmp_path, images[:3])

    assert "needs good and defective pictures" in page
    assert 'aria-label="ROC curve"' not in page


def test_an_evaluation_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture was evaluated"):
        evaluate(tmp_path, [])
