"""Rules over counts per quarter of an hour: the failure rate and its limit, the unfit share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from db.words import Severity
from inspect_pipeline.alerts.control import (
    EWMA_SIGMAS,
    Reference,
    Sample,
    ewma_signals,
    p_signals,
    reference_of,
)
from inspect_pipeline.alerts.history import Call, Counts, Spot
from plant_config.alerts import RateRule, UnfitRule

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)
_WARM_UP = 60  # samples before the first that is asked about: weights and runs reach no further


def lookback(rule: RateRule) -> timedelta:
    warm_up = timedelta(minutes=_WARM_UP * rule.sample_minutes)
    return timedelta(days=rule.reference_days + 1) + warm_up


def rate_calls(
    rule: RateRule, counts: Sequence[Counts], after: datetime, until: datetime, *, zone: ZoneInfo
) -> list[Call]:
    """One call per sample above its limit, and an end when a sample comes back below it.

    Only samples that are over are looked at. The limits of a day come from the days before it.
    """
    calls: list[Call] = []
    for spot, samples in _samples(counts, rule.sample_minutes).items():
        fit = [
            (at, Sample(failed=one.failed, inspected=one.failed + one.passed))
            for at, one in samples
            if one.failed + one.passed >= rule.fewest
        ]
        wanted = timedelta(minutes=rule.sample_minutes)
        asked = [at for at, _ in fit if after < at + wanted <= until]
        for day in sorted({at.astimezone(zone).date() for at in asked}):
            calls += _day_calls(rule, spot, fit, day, zone)
    return calls


def _day_calls(
    rule: RateRule, spot: Spot, fit: list[tuple[datetime, Sample]], day: date, zone: ZoneInfo
) -> list[Call]:
    begin, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    reference = _reference(rule, fit, day, zone)
    if reference is None:
        return []
    recent = [(at, one) for at, one in fit if at < end][-_WARM_UP - 100 :]
    said = _said(rule, [one for _, one in recent], reference)
    calls = []
    was_above = False
    for (at, sample), words in zip(recent, said, strict=True):
        is_above = words is not None
        if at >= begin and (is_above or was_above):
            calls.append(_rate_call(rule, spot, at, sample, reference, words))
        was_above = is_above
    return calls


def _said(rule: RateRule, samples: list[Sample], reference: Reference) -> list[str | None]:
    if rule.chart == "p":
        return p_signals(samples, reference, sigmas=rule.sigmas, run_rules=rule.run_rules)
    sigmas = rule.sigmas * EWMA_SIGMAS / 3.0
    points = ewma_signals(samples, reference, weight=rule.weight, sigmas=sigmas)
    return ["the weighted average" if average > limit else None for average, limit in points]


def _rate_call(
    rule: RateRule,
    spot: Spot,
    at: datetime,
    sample: Sample,
    reference: Reference,
    words: str | None,
) -> Call:
    limit = reference.upper(sample.inspected, rule.sigmas)
    shown = f"{100 * sample.share:.1f} % of {sample.inspected} parts failed at {spot.words}"
    usual = f"usual {100 * reference.centre:.1f} %, limit {100 * limit:.1f} %"
    end_at = at + timedelta(minutes=rule.sample_minutes)
    return Call(
        key=f"rate {spot.words} {at.isoformat()}" + ("" if words else " end"),
        at=end_at,
        spot=spot,
        text=f"{shown} ({usual}{'; ' + words if words else ''})",
        severity=Severity(rule.severity),
        facts={
            "failed": sample.failed,
            "inspected": sample.inspected,
            "rate": round(sample.share, 6),
            "centre": round(reference.centre, 6),
            "limit": round(limit, 6),
            "rule": words,
            "from": at.isoformat(),
        },
        is_end=words is None,
    )


def _reference(
    rule: RateRule, fit: list[tuple[datetime, Sample]], day: date, zone: ZoneInfo
) -> Reference | None:
    first = rule.reference_from or day - timedelta(days=rule.reference_days)
    last = rule.reference_until or day
    begin, end = _midnight(first, zone), _midnight(last, zone)
    usual = [one for at, one in fit if begin <= at < end]
    return reference_of(usual, overdispersion=rule.overdispersion)


def unfit_calls(rule: UnfitRule, counts: Sequence[Counts], *, until: datetime) -> list[Call]:
    """Per camera and sample; the end is a sample below the share."""
    calls = []
    for spot, samples in _samples(counts, rule.sample_minutes).items():
        was_above = False
        for at, one in samples:
            frames = one.failed + one.passed + one.unfit
            end_at = at + timedelta(minutes=rule.sample_minutes)
            if frames < rule.fewest or end_at > until:
                continue
            share = one.unfit / frames
            is_above = share > rule.above
            if is_above or was_above:
                calls.append(
                    Call(
                        key=f"unfit {spot.words} {at.isoformat()}" + ("" if is_above else " end"),
                        at=end_at,
                        spot=spot,
                        text=f"{100 * share:.1f} % of {frames} frames were unfit at {spot.words}",
                        severity=Severity(rule.severity),
                        facts={"unfit": one.unfit, "frames": frames, "from": at.isoformat()},
                        is_end=not is_above,
                    )
                )
            was_above = is_above
    return calls


def quarter_begun(at: datetime) -> datetime:
    """When the quarter of an hour began in which `at` lies."""
    return _EPOCH + (at - _EPOCH) // _QUARTER * _QUARTER


def _samples(counts: Iterable[Counts], minutes: int) -> dict[Spot, list[tuple[datetime, Counts]]]:
    """Quarters put together, on the clock of UTC, in the order of time."""
    length = timedelta(minutes=minutes)
    summed: dict[Spot, dict[datetime, list[int]]] = defaultdict(dict)
    for one in counts:
        at = _EPOCH + (one.slot_at - _EPOCH) // length * length
        sums = summed[one.spot].setdefault(at, [0, 0, 0])
        for place, more in enumerate((one.passed, one.failed, one.unfit)):
            sums[place] += more
    return {
        spot: [
            (at, Counts(slot_at=at, spot=spot, passed=sums[0], failed=sums[1], unfit=sums[2]))
            for at, sums in sorted(of_spot.items())
        ]
        for spot, of_spot in summed.items()
    }


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
