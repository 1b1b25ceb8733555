"""A threshold with a guarantee, from held-out good frames alone: split conformal prediction.

Sources: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Angelopoulos and
Bates, A Gentle Introduction to Conformal Prediction, 2021 (section 3.2 for the Beta law). The only
assumption is that the frames of tomorrow are exchangeable with the calibration frames: same part,
same lamp, same camera. A frame fails if and only if its raw score exceeds the threshold, which is
the same as p-value <= budget and as normalised score > 0.5.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist, median
from typing import Self

from inspect_pipeline.errors import CalibrationError


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """What a calibration promises of good frames that it has never seen.

    `budget` bounds the false-alarm rate on average over calibration sets. With the set at hand the
    realised rate is a draw from Beta(n + 1 - k, k): `mean_rate` is its mean, `upper_rate` what it
    stays below with 95 % confidence. More pictures bring the two together.
    """

    pictures: int  # n
    rank: int  # k
    budget: float
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
        if self.rank > len(self.scores):
            raise CalibrationError(_too_few(len(self.scores), self.budget))

    @property
    def rank(self) -> int:
        """k = ceil((n + 1)(1 - budget)), with the budget taken as the decimal that was written."""
        return math.ceil((len(self.scores) + 1) * (1 - _decimal(self.budget)))

    @property
    def threshold(self) -> float:
        """The k-th smallest score: a new good frame exceeds it with probability <= budget."""
        return self.scores[self.rank - 1]

    @property
    def spread(self) -> float:
        """From the typical good frame to the threshold: the unit of `normalised`."""
        return (self.threshold - median(self.scores)) or 1.0

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
        """(1 + good frames that score at least `raw`) / (n + 1)."""
        _check_finite(raw)
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

    CalibrationError where the frames are too few for the budget: it names the number needed.
    """
    return Calibration(scores=tuple(sorted(map(float, raw_scores))), budget=budget)


def pictures_needed(budget: float) -> int:
    """The fewest good frames that support a budget: 1 / budget - 1."""
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
    if pictures == 0:
        advice = "none supports any budget"
    else:
        advice = f"with {pictures} the smallest budget is {_rounded_up(1 / (pictures + 1))}"
    return (
        f"a false-alarm budget of {budget:g} needs at least {pictures_needed(budget)} held-out "
        f"good pictures, there are {pictures}: add good pictures, or raise the budget ({advice})"
    )


def _rounded_up(share: float) -> str:
    """Four decimals, never below the share, so that the number can be typed in as it stands."""
    return f"{math.ceil(share * 10_000) / 10_000:g}"


def _check_finite(raw: float) -> None:
    if not math.isfinite(raw):
        raise ValueError(f"a raw score must be a finite number, got {raw}")


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{what} must be a number, got {value!r}")
    return float(value)
