"""The stored words as readers say them: messages of the catalogue, marked for it by `N_`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from db.words import (
    AlertState,
    AlertStep,
    DeliveryAbout,
    DeliveryState,
    EventKind,
    ReportKind,
    ReviewState,
    Severity,
    UnfitReason,
    Verdict,
)


def N_(message: str) -> str:  # noqa: N802 - the mark that extraction looks for
    return message


TITLES: Mapping[ReportKind, str] = {
    ReportKind.SHIFT: N_("Shift report"),
    ReportKind.DAY: N_("Daily report"),
    ReportKind.WEEK: N_("Weekly report"),
    ReportKind.LOT: N_("Lot report"),
    ReportKind.ALERT: N_("Alert report"),
    ReportKind.ROI: N_("Return on investment"),
}
UNFIT: Mapping[UnfitReason, str] = {
    UnfitReason.UNREADABLE: N_("unreadable"),
    UnfitReason.WRONG_SIZE: N_("wrong size"),
    UnfitReason.DARK: N_("too dark"),
    UnfitReason.SATURATED: N_("overexposed"),
    UnfitReason.BLANK: N_("blank"),
    UnfitReason.BLURRED: N_("blurred"),
    UnfitReason.NO_PART: N_("no part in view"),
    UnfitReason.MISPLACED: N_("misplaced"),
    UnfitReason.FROZEN: N_("frozen picture"),
}
SEVERITIES: Mapping[Severity, str] = {
    Severity.CRITICAL: N_("critical"),
    Severity.MAJOR: N_("major"),
    Severity.MINOR: N_("minor"),
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.CONFIRMED: N_("confirmed by the system"),
    Verdict.UNSURE: N_("unsure, a person decides"),
    Verdict.REJECTED: N_("rejected by the system"),
}
STATES: Mapping[ReviewState, str] = {
    ReviewState.NEW: N_("not reviewed"),
    ReviewState.CONFIRMED: N_("defect confirmed"),
    ReviewState.FALSE_ALARM: N_("false alarm"),
    ReviewState.SECOND_LOOK: N_("second look wanted"),
}
ALERT_STATES: Mapping[AlertState, str] = {
    AlertState.OPEN: N_("open"),
    AlertState.ACKNOWLEDGED: N_("acknowledged"),
    AlertState.RESOLVED: N_("resolved"),
}
EVENTS: Mapping[EventKind, str] = {
    EventKind.CAMERA_LOST: N_("camera lost"),
    EventKind.GAP: N_("gap"),
    EventKind.SHED: N_("frames given up"),
    EventKind.QUARANTINED: N_("frames set apart"),
    EventKind.SPOOL_FULL: N_("spool full"),
}
ALERT_STEPS: Mapping[AlertStep, str] = {
    AlertStep.OPENED: N_("opened"),
    AlertStep.ESCALATED: N_("others were told"),
    AlertStep.ACKNOWLEDGED: N_("acknowledged"),
    AlertStep.RESOLVED: N_("resolved"),
    AlertStep.ENDED: N_("ended by itself"),
    AlertStep.RESENT: N_("sent again"),
}
DELIVERY_STATES: Mapping[DeliveryState, str] = {
    DeliveryState.WAITING: N_("waits"),
    DeliveryState.SENT: N_("sent"),
    DeliveryState.DEAD: N_("not delivered"),
}
DELIVERIES: Mapping[DeliveryAbout, str] = {
    DeliveryAbout.OPENED: N_("that it opened"),
    DeliveryAbout.AGAIN: N_("that it goes on"),
    DeliveryAbout.ESCALATED: N_("that nobody acknowledged it"),
    DeliveryAbout.ACKNOWLEDGED: N_("that somebody takes care"),
    DeliveryAbout.ENDED: N_("that it is over"),
}
FIGURES: Mapping[str, str] = {
    "brightness": N_("Brightness"),
    "contrast": N_("Contrast"),
    "focus": N_("Focus"),
    "shading": N_("Shading"),
    "darkest_spot": N_("Darkest spot"),
    "clipped": N_("Clipped"),
    "score": N_("Score of good parts"),
    "unfit_share": N_("Unfit share"),
}
NO_KIND = N_("no kind known")
_TABLES: tuple[Mapping[Any, str], ...] = (  # words of two tables may be spelled alike
    TITLES,
    UNFIT,
    SEVERITIES,
    VERDICTS,
    STATES,
    ALERT_STATES,
    EVENTS,
    ALERT_STEPS,
    DELIVERY_STATES,
    DELIVERIES,
)


def figure_term(name: str) -> str:
    """The message of a figure of a camera's pictures; one that is not known says itself."""
    return FIGURES.get(name, name)


def term(word: StrEnum) -> str:
    """The message of a stored word."""
    return next(table[word] for table in _TABLES if type(word) is type(next(iter(table))))
