"""Which finding should be looked at first? One number, so that an index can hold the order."""

from __future__ import annotations

from db.words import Severity, Verdict

_SEVERITIES = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
_VERDICTS = (Verdict.UNSURE, Verdict.CONFIRMED)


def urgency(*, verdict: Verdict, severity: Severity, score: float) -> float:
    """Higher is more urgent; `score` in [0, 1] is the normalised score.

    What counts against the part (1 to 7) comes before what verification rejected (0 to 1), then
    severity, then confirmed before unsure, then score.
    """
    if verdict is Verdict.REJECTED:
        return score
    return 1.0 + 2 * _SEVERITIES.index(severity) + _VERDICTS.index(verdict) + score


def urgency_range(*, verdict: Verdict | None, severity: Severity | None) -> tuple[float, float]:
    """Between which ends, both included, the urgency of such findings lies; None is any."""
    sorts = [(one, other) for one in Verdict for other in Severity]
    low, high = (
        [
            urgency(verdict=one, severity=other, score=score)
            for one, other in sorts
            if verdict in (None, one) and severity in (None, other)
        ]
        for score in (0.0, 1.0)
    )
    return min(low), max(high)
