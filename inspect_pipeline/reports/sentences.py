"""Figures in words that a quality engineer can read aloud."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from db.words import ReviewState, Severity, UnfitReason, Verdict

VERDICT_SENTENCES = {
    Verdict.CONFIRMED: (
        "It stays when normal detail is restored, so it is on the part: the frame fails."
    ),
    Verdict.UNSURE: (
        "It goes only partly when normal detail is restored: the frame fails, a person decides."
    ),
    Verdict.REJECTED: (
        "It goes when normal detail is restored, so it is a weakness of the model: "
        "it does not fail the frame."
    ),
}
UNFIT_WORDS = {
    UnfitReason.UNREADABLE: "unreadable",
    UnfitReason.WRONG_SIZE: "wrong size",
    UnfitReason.DARK: "too dark",
    UnfitReason.SATURATED: "overexposed",
    UnfitReason.BLANK: "blank",
    UnfitReason.BLURRED: "blurred",
    UnfitReason.NO_PART: "no part in view",
    UnfitReason.MISPLACED: "misplaced",
    UnfitReason.FROZEN: "frozen picture",
}
REVIEW_WORDS = {
    ReviewState.NEW: "not reviewed",
    ReviewState.CONFIRMED: "defect confirmed",
    ReviewState.FALSE_ALARM: "false alarm",
    ReviewState.SECOND_LOOK: "second look wanted",
}
VERDICT_TONES = {
    Verdict.CONFIRMED: "bad",
    Verdict.UNSURE: "doubt",
    Verdict.REJECTED: "calm",
}
SEVERITY_TONES = {
    Severity.CRITICAL: "bad",
    Severity.MAJOR: "doubt",
    Severity.MINOR: "calm",
}


def verdict_sentence(verdict: Verdict) -> str:
    return VERDICT_SENTENCES[verdict]


def good_parts_sentence(p_value: float) -> str:
    """How rare a score is on good parts.

    "Fewer than" is exact: of n held-out good parts k scored as high, the p-value is
    (k + 1) / (n + 1), and k / n is less. Where few held-out pictures made the calibration
    extrapolate, it is an estimate; the model's trust says so.
    """
    if p_value > 0.5:
        return "seen on more than half of good parts"
    return f"seen on fewer than {good_parts_share(p_value)} good parts"


def good_parts_share(p_value: float) -> str:
    """`1 in 101`; rounded down, so that the part never looks rarer than it is."""
    if p_value <= 0.0:
        return "0"
    whole = math.floor(1 / p_value + 1e-9)
    return f"1 in {whole:,}".replace(",", "\u202f")  # a narrow space that does not break


def explained_sentence(explained: float) -> str:
    return f"restoration explains {share(explained)} of it"


def score_sentence(score: float) -> str:
    """The normalised score against its threshold of 0.5."""
    side = "over" if score > 0.5 else "under"
    return f"{score:.3f} on a scale where 0.5 is the threshold ({side})"


def share(value: float) -> str:
    """`12 %`, with a decimal where it is small, and never 0 % or 100 % by rounding alone."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    if percent == round(percent) or 10 <= percent < 99:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %"


def area(area_mm2: float) -> str:
    return f"{significant(area_mm2)} mm²"


def position(x_mm: float, y_mm: float) -> str:
    return f"{x_mm:.1f}, {y_mm:.1f} mm"


def significant(value: float) -> str:
    """Three significant digits without an exponent; whole numbers from 100 on."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 6)}f}".rstrip("0").rstrip(".")


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC to the second: `2026-03-29T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 finding`, `3 findings`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
