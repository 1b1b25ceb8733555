"""The gallery keeps few pictures, the right ones, in any order of feeding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inspect_pipeline.records import FramePictures
from inspect_pipeline.reports.gallery import EvaluatedImage, Gallery, Group


def an_image(
    name: str, *, label: int, decision: int, score: float, pictures: bool = True
) -> EvaluatedImage:
    blank = np.zeros((4, 4, 1), dtype=np.uint8)
    heat = np.zeros((4, 4), dtype=np.float32)
    return EvaluatedImage(
        name=name,
        kind="pit" if label else "good",
        label=label,
        score=score,
        decision=decision,
        pictures=FramePictures(observed=blank, golden=blank, restored=blank, heat=heat)
        if pictures
        else None,
    )


def kept(gallery: Gallery) -> dict[Group, list[str]]:
    return {group: [image.name for image in images] for group, images in gallery.shown()}


def test_the_worst_and_the_best_are_kept_in_whatever_order_they_come() -> None:
    images = [
        an_image("miss-low", label=1, decision=0, score=-3),
        an_image("miss-high", label=1, decision=0, score=-1),
        an_image("alarm-low", label=0, decision=1, score=1),
        an_image("alarm-high", label=0, decision=1, score=2),
        an_image("hit", label=1, decision=1, score=5),
    ]
    for order in itertools.permutations(images):
        gallery = Gallery(keep=1)
        for image in order:
            gallery.offer(image)

        assert kept(gallery) == {
            Group.MISS: ["miss-low"],
            Group.FALSE_ALARM: ["alarm-high"],
            Group.DETECTION: ["hit"],
        }


def test_a_good_part_that_passes_is_not_shown() -> None:
    gallery = Gallery()

    gallery.offer(an_image("fine", label=0, decision=0, score=9))

    assert not any(kept(gallery).values())


def test_what_comes_back_from_an_offer_is_light() -> None:
    light = Gallery().offer(an_image("hit", label=1, decision=1, score=5))

    assert (light.name, light.score, light.pictures, light.truth) == ("hit", 5, None, None)


def test_no_more_pictures_are_held_than_asked_for() -> None:
    gallery = Gallery(keep=2)

    for number in range(50):
        gallery.offer(an_image(f"{number:02d}", label=1, decision=1, score=number))

    assert kept(gallery)[Group.DETECTION] == ["49", "48"]


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match=r"x\.png: a raw score"):
        an_image("x.png", label=1, decision=1, score=score)
