"""What the pages say of scores, places and answers. Sentences that reports share are theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from db.words import Judgement, ReviewState
from inspect_pipeline.reports import sentences
from inspect_pipeline.reports.sentences import plural

SAID_WORDS = {
    ReviewState.NEW: "new",
    ReviewState.CONFIRMED: "confirmed",
    ReviewState.FALSE_ALARM: "false alarm",
    ReviewState.SECOND_LOOK: "second look",
}
SAID_TONES = {
    ReviewState.NEW: "calm",
    ReviewState.CONFIRMED: "bad",
    ReviewState.FALSE_ALARM: "good",
    ReviewState.SECOND_LOOK: "doubt",
}
JUDGEMENT_WORDS = {Judgement.GOOD: "good part", Judgement.DEFECTIVE: "defective part"}
JUDGEMENT_TONES = {Judgement.GOOD: "good", Judgement.DEFECTIVE: "bad"}
_EXPLAINED = (
    (0.02, "none of it"),
    (0.15, "little of it"),
    (0.4, "some of it"),
    (0.6, "about half of it"),
    (0.85, "most of it"),
    (0.98, "nearly all of it"),
)
_DONE = {
    ReviewState.CONFIRMED: "confirmed as {}",
    ReviewState.FALSE_ALARM: "called {}",
    ReviewState.SECOND_LOOK: "sent to a second look",
}
_CALLED = {
    ReviewState.CONFIRMED: ("a defect", "defects"),
    ReviewState.FALSE_ALARM: ("a false alarm", "false alarms"),
}


def explained_words(explained: float) -> str:
    """How much of a finding went away with the part's normal detail, for somebody in a hurry."""
    share = next((words for limit, words in _EXPLAINED if explained < limit), "all of it")
    return f"normal detail explains {share}"


def score_words(score: float) -> str:
    """The normalised score (0.5 is the threshold) as a distance."""
    if score <= 0.5:
        return "under the threshold"
    nearness = ((0.6, "just over"), (0.75, "over"), (0.9, "well over"))
    side = next((words for limit, words in nearness if score < limit), "far over")
    return f"{side} the threshold"


def place_words(place_x: float, place_y: float) -> str:
    """Which ninth of the frame: `upper left`, `centre`."""
    row = ("upper", "middle", "lower")[min(2, int(place_y * 3))]
    column = ("left", "middle", "right")[min(2, int(place_x * 3))]
    if row == column:
        return "centre"
    return f"{row} {column}" if row != "middle" else f"{column}, half way down"


def done_words(state_after: ReviewState, finding_ids: Sequence[int]) -> str:
    """What an action did: `Finding 12 confirmed as a defect`."""
    one, several = _CALLED.get(state_after, ("", ""))
    said = _DONE[state_after]
    if len(finding_ids) == 1:
        return f"Finding {finding_ids[0]} {said.format(one)}"
    return f"{plural(len(finding_ids), 'finding')} {said.format(several)}"


def undone_words(count: int) -> str:
    return f"Taken back: {plural(count, 'finding waits', 'findings wait')} again"


def conflict_words(count: int) -> str:
    return (
        f"{plural(count, 'finding was', 'findings were')} left as "
        f"{'it was' if count == 1 else 'they were'}: somebody answered first"
    )


FILTERS: Mapping[str, Callable[..., str]] = {
    "area": sentences.area,
    "explained_words": explained_words,
    "good_parts": sentences.good_parts_sentence,
    "judgement": JUDGEMENT_WORDS.__getitem__,
    "judgement_tone": JUDGEMENT_TONES.__getitem__,
    "plural": sentences.plural,
    "review": sentences.REVIEW_WORDS.__getitem__,
    "said": SAID_WORDS.__getitem__,
    "said_tone": SAID_TONES.__getitem__,
    "score": sentences.score_sentence,
    "score_words": score_words,
    "severity_tone": sentences.SEVERITY_TONES.__getitem__,
    "share": sentences.share,
    "significant": sentences.significant,
    "unfit": sentences.UNFIT_WORDS.__getitem__,
    "verdict_sentence": sentences.verdict_sentence,
    "verdict_tone": sentences.VERDICT_TONES.__getitem__,
}
