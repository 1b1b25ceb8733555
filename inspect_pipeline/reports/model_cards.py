"""What a model's card says of its calibration, wherever in the card it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspect_pipeline.reports.drawing import HeatScale, scale_for

UNKNOWN_SCALE = HeatScale(low=0.0, threshold=0.0, high=8.0)  # evidence of 50 % to 99.97 %


@dataclass(frozen=True, kw_only=True)
class CalibrationFacts:
    """None where the card does not say."""

    budget: float | None  # share of good parts that may fail by mistake
    held_out_pictures: int | None
    upper_rate: float | None  # the false-alarm rate stays below it with 95 % confidence
    scale: HeatScale
    confirm_below: float | None  # shares explained from which verification has the word
    reject_above: float | None


def calibration_facts(card: Mapping[str, object]) -> CalibrationFacts:
    """The figures that `calibrate` wrote into the card."""
    pictures = _number(card, "held_out_pictures")
    return CalibrationFacts(
        budget=_number(card, "false_alarm_budget"),
        held_out_pictures=None if pictures is None else int(pictures),
        upper_rate=_number(card, "false_alarm_rate_upper_95"),
        scale=_scale(card),
        confirm_below=_number(_limits(card), "confirm_below"),
        reject_above=_number(_limits(card), "reject_above"),
    )


def _scale(card: Mapping[str, object]) -> HeatScale:
    limits = _limits(card)
    threshold, typical = _number(limits, "threshold"), _number(limits, "low_threshold")
    if threshold is None or typical is None or typical > threshold:
        return UNKNOWN_SCALE
    return scale_for(threshold=threshold, typical=typical)


def _limits(card: Mapping[str, object]) -> Mapping[str, object]:
    limits = _found(card, "limits")
    return limits if isinstance(limits, Mapping) else {}


def _number(card: Mapping[str, object], key: str) -> float | None:
    value = _found(card, key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # checked just above


def _found(card: Mapping[str, object], key: str) -> object:
    """The first value under the key, at the top or in a section of the card."""
    if key in card:
        return card[key]
    inner = (_found(section, key) for section in card.values() if isinstance(section, Mapping))
    return next((value for value in inner if value is not None), None)
