"""A threshold from held-out good frames alone, and how far it can be trusted.

With enough frames for the budget it is split conformal prediction (Vovk, Gammerman and Shafer,
Algorithmic Learning in a Random World, 2005; Angelopoulos and Bates, A Gentle Introduction to
Conformal Prediction, 2021, section 3.2 for the Beta law), whatever the scores' distribution. With
fewer it is the upper normal prediction bound for one more frame (Hahn and Meeker, Statistical
Intervals, 1991): exact for normal scores, an assumption for others, and said so in `trust`. Scores
that are maxima have a longer right tail than a normal, and then more than the budget fails.

Both assume that the frames of tomorrow are exchangeable with the calibration frames: same part,
same lamp, same camera. A frame fails if and only if its raw score exceeds the threshold, which is
the same as p-value <= budget and as normalised score > 0.5; equal scores share one decision.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist, fmean, median
from typing import Literal, Self

from inspect_pipeline.errors import CalibrationError

FEWEST_PICTURES = 2  # one score has no spread to extrapolate from
SMALLEST_DEVIATION = 0.1  # log-odds, that is odds of 1.1 to 1: scores closer than that are equal
SMALLEST_TAIL = 1e-6  # nobody learns from a few pictures what one good part in a million does


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """What a calibration promises of good frames that it has never seen, whatever their scores.

    The threshold is at least the k-th smallest of n scores. At the k-th itself the false-alarm rate
    is a draw from Beta(n + 1 - k, k): `mean_rate` is its mean, over calibration sets, `upper_rate`
    what it stays below with 95 % confidence. More pictures bring the two together. `mean_rate`
    keeps the budget if and only if the method is conformal; an extrapolated threshold promises no
    more than that of the highest score.
    """

    pictures: int  # n
    rank: int  # k
    budget: float  # as asked for
    mean_rate: float
    upper_rate: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Raw scores of held-out good frames, ascending, and the share of good frames that may fail."""

    scores: tuple[float, ...]
    budget: float

    def __post_init__(self) -> None:
        if not 0.0 < self.budget < 1.0:
            raise CalibrationError(
                f"the false-alarm budget must lie between 0 and 1, got {self.budget}"
            )
        if not all(math.isfinite(score) for score in self.scores):
            raise CalibrationError("a calibration score is not a finite number")
        if list(self.scores) != sorted(self.scores):
            raise CalibrationError("calibration scores must ascend: build them with `calibrate`")
        if self.method == "extrapolated" and len(self.scores) < FEWEST_PICTURES:
            raise CalibrationError(_too_few(len(self.scores), self.budget))

    @property
    def method(self) -> Literal["conformal", "extrapolated"]:
        """Whether the scores are enough for the budget by themselves."""
        is_enough = len(self.scores) >= pictures_needed(self.budget)
        return "conformal" if is_enough else "extrapolated"

    @property
    def rank(self) -> int:
        """k = ceil((n + 1)(1 - budget)), at most n; the budget is the decimal that was written."""
        k = math.ceil((len(self.scores) + 1) * (1 - _decimal(self.budget)))
        return min(k, len(self.scores))

    @property
    def threshold(self) -> float:
        """What a new good frame exceeds with probability <= budget.

        Conformal: the k-th smallest score. Extrapolated: mean + t * deviation * sqrt(1 + 1/n), with
        Student's t of n - 1 degrees of freedom at 1 - budget, and at least the highest score.
        """
        highest = self.scores[self.rank - 1]
        if self.method == "conformal":
            return highest
        return max(highest, self._centre + _t_above(self.budget, self._freedom) * self._scale)

    @property
    def spread(self) -> float:
        """From the typical good frame to the threshold: the unit of `normalised`."""
        return (self.threshold - median(self.scores)) or 1.0

    @property
    def trust(self) -> str:
        """How far the threshold can be trusted, in two sentences for cards and reports."""
        n, upper = len(self.scores), _at_most(self.guarantee().upper_rate)
        budget = f"{float(100 * _decimal(self.budget)):g} %"
        if self.method == "conformal":
            return (
                f"On average at most {budget} of good parts like these fail, however their scores "
                f"are distributed (split conformal, held-out pictures: {n}). With these pictures "
                f"the rate stays below {upper} with 95 % confidence."
            )
        return (
            f"Extrapolated from {n} held-out pictures: on average at most {budget} of good parts "
            "like these fail if their scores are normally distributed, which is assumed; a "
            f"distribution-free guarantee needs {pictures_needed(self.budget)} pictures. Without "
            f"the assumption the rate stays below {upper} with 95 % confidence."
        )

    def guarantee(self) -> Guarantee:
        """The promise in numbers, for reports; exact without ties, on the safe side with them."""
        from scipy.special import betaincinv

        n, k = len(self.scores), self.rank
        return Guarantee(
            pictures=n,
            rank=k,
            budget=self.budget,
            mean_rate=(n + 1 - k) / (n + 1),
            upper_rate=float(betaincinv(n + 1 - k, k, 0.95)),
        )

    def p_value(self, raw: float) -> float:
        """How rare such a score is on good frames, in (0, 1]; never rises with the score.

        Conformal: (1 + good frames that score at least `raw`) / (n + 1). Extrapolated: the tail of
        Student's t that also gives the threshold, kept on the budget's side that was decided.
        """
        _check_finite(raw)
        if self.method == "extrapolated":
            tail = max(_t_tail((raw - self._centre) / self._scale, self._freedom), SMALLEST_TAIL)
            if raw > self.threshold:
                return min(tail, self.budget)
            return max(tail, math.nextafter(self.budget, 1.0))
        at_least = len(self.scores) - bisect_left(self.scores, raw)
        return (1 + at_least) / (len(self.scores) + 1)

    def normalised(self, raw: float) -> float:
        """A score in [0, 1] for people: 0.25 = typical good frame, 0.5 = threshold, 1 = far over.

        With z = (raw - threshold) / spread it is 0.5 / (1 - z) below and 1 - 0.5 / (1 + z) above:
        strictly monotone and smooth, and flat far slower than a logistic. Floats still saturate:
        scores closer than about 1e-16 * spread * (1 + z)^2 become equal, they never swap, and what
        exceeds the threshold stays above 0.5. Each step rounds monotonically, hence the form.
        """
        _check_finite(raw)
        distance = raw - self.threshold
        share = 0.5 * (self.spread / (self.spread + abs(distance)))
        return share if distance <= 0.0 else max(1.0 - share, math.nextafter(0.5, 1.0))

    @property
    def _centre(self) -> float:
        return fmean(self.scores)

    @property
    def _scale(self) -> float:
        """Deviation of one more score from the mean of these.

        Frames without any suspect may all score the same: their deviation is 0, and a threshold on
        the score itself would fail the first frame that differs by rounding. Hence the floor.
        """
        centre = self._centre
        apart = math.hypot(*(score - centre for score in self.scores))
        deviation = max(apart / math.sqrt(self._freedom), SMALLEST_DEVIATION)
        return deviation * math.sqrt(1 + 1 / len(self.scores))

    @property
    def _freedom(self) -> int:
        return len(self.scores) - 1

    def to_dict(self) -> dict[str, object]:
        return {"scores": list(self.scores), "budget": self.budget}

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Self:
        """What `to_dict` gave; ValueError says what is missing, unknown or not a number."""
        if set(stored) != {"scores", "budget"}:
            raise ValueError(f"a calibration has scores and budget, got {sorted(stored)}")
        scores, budget = stored["scores"], stored["budget"]
        if not isinstance(scores, list | tuple):
            raise ValueError(f"calibration scores must be a list, got {type(scores).__name__}")
        numbers = tuple(_number(score, "a calibration score") for score in scores)
        return cls(scores=numbers, budget=_number(budget, "the calibration budget"))


def calibrate(raw_scores: Iterable[float], *, budget: float) -> Calibration:
    """The calibration of a part from the raw scores of good frames that no network was trained on.

    CalibrationError where not even two frames can be extrapolated from; see `Calibration.method`.
    """
    return Calibration(scores=tuple(sorted(map(float, raw_scores))), budget=budget)


def pictures_needed(budget: float) -> int:
    """The fewest good frames that keep a budget without any assumption: 1 / budget - 1."""
    return math.ceil(1 / _decimal(budget)) - 1


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927); (0, 1) without trials: nothing is known."""
    if not 0 <= successes <= trials:
        raise ValueError(f"0 <= successes <= trials must hold, got {successes} of {trials}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, shrink = successes / trials, 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == trials else min(1.0, centre + half)
    return lower, upper


def _decimal(budget: float) -> Fraction:
    """0.1 as 1/10: the float nearest to it would ask for one picture too many."""
    return Fraction(repr(float(budget)))


def _too_few(pictures: int, budget: float) -> str:
    return (
        f"a threshold needs at least {FEWEST_PICTURES} held-out good pictures, there "
        f"{'is' if pictures == 1 else 'are'} {pictures}: add good pictures "
        f"({pictures_needed(budget)} keep a false-alarm budget of {budget:g} by themselves)"
    )


def _at_most(rate: float) -> str:
    """Percent with two digits, rounded up: a bound must not shrink in print."""
    percent = 100 * rate
    digits = 1 - math.floor(math.log10(percent))
    return f"{math.ceil(percent * 10**digits) / 10**digits:g} %"


def _t_above(tail: float, freedom: int) -> float:
    """The value that Student's t exceeds with this probability."""
    from scipy.special import stdtrit

    return -float(stdtrit(freedom, tail))


def _t_tail(value: float, freedom: int) -> float:
    """The probability that Student's t exceeds the value."""
    from scipy.special import stdtr

    return float(stdtr(freedom, -value))


def _check_finite(raw: float) -> None:
    if not math.isfinite(raw):
        raise ValueError(f"a raw score must be a finite number, got {raw}")


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what} must be a number, got {value!r}")
    return float(value)
