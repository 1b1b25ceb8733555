import pytest

from db.words import ReviewState
from inspect_pipeline.reports.sentences import good_parts_sentence
from inspect_pipeline.review import wording


def test_a_p_value_is_said_as_good_parts() -> None:
    assert good_parts_sentence(0.00125) == "seen on fewer than 1 in 800 good parts"


@pytest.mark.parametrize(
    ("explained", "said"),
    [
        (0.0, "normal detail explains none of it"),
        (0.1, "normal detail explains little of it"),
        (0.5, "normal detail explains about half of it"),
        (0.8, "normal detail explains most of it"),
        (1.0, "normal detail explains all of it"),
    ],
)
def test_the_explained_share_is_said_in_words(explained: float, said: str) -> None:
    assert wording.explained_words(explained) == said


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (0.4, "under the threshold"),
        (0.51, "just over the threshold"),
        (0.7, "over the threshold"),
        (0.8, "well over the threshold"),
        (0.97, "far over the threshold"),
    ],
)
def test_a_score_is_said_as_a_distance(score: float, said: str) -> None:
    assert wording.score_words(score) == said


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ((0.1, 0.1), "upper left"),
        ((0.5, 0.5), "centre"),
        ((0.9, 0.5), "right, half way down"),
        ((0.5, 0.0), "upper middle"),
        ((1.0, 1.0), "lower right"),
    ],
)
def test_a_place_is_said_as_a_ninth_of_the_frame(place: tuple[float, float], said: str) -> None:
    assert wording.place_words(*place) == said


def test_an_action_is_said_with_what_it_was_done_to() -> None:
    confirmed, false_alarm = ReviewState.CONFIRMED, ReviewState.FALSE_ALARM

    assert wording.done_words(confirmed, [12]) == "Finding 12 confirmed as a defect"
    assert wording.done_words(false_alarm, [1, 2, 3]) == "3 findings called false alarms"
    assert wording.undone_words(1) == "Taken back: 1 finding waits again"
    assert wording.conflict_words(2) == "2 findings were left as they were: somebody answered first"
