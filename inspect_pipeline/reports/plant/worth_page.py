"""What the system is worth: counted from the database, laid out with its assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from db.questions.escapes import EscapesOf, escapes
from db.questions.rates import By, RateOf, defect_rate
from db.questions.reviewers import Cut, FalseAlarmsOf, false_alarms
from db.questions.selection import Selection
from db.words import JudgedBy, ReportKind
from inspect_pipeline.reports.plant import terms
from inspect_pipeline.reports.plant.page import Heading, rendered
from inspect_pipeline.reports.plant.roi import (
    Counted,
    Entry,
    JudgedRate,
    Unknown,
    Worth,
    worth_of,
)
from inspect_pipeline.reports.plant.terms import N_
from inspect_pipeline.reports.plant.wording import NOTHING, Wording
from plant_config.roi import Roi

_ENTRIES = {
    Entry.HAND_WORK: N_("Inspection by hand that is not needed"),
    Entry.REVIEWING: N_("People who judge findings"),
    Entry.FALSE_CALLS: N_("Good parts called defective"),
    Entry.ESCAPES: N_("Defective parts that passed"),
    Entry.HAND_ESCAPES: N_("Defective parts that inspection by hand would have passed"),
    Entry.HARDWARE: N_("Hardware and setting up, spread over its years"),
    Entry.RUNNING: N_("Upkeep"),
}
_UNKNOWN = {
    Unknown.NO_AUDITS: N_(
        "Nobody audited frames that had passed, so nobody knows how many defective parts left the "
        "line: neither that cost nor the whole can be stated. Audit passed frames at random."
    ),
    Unknown.NO_JUDGED_FAILURES: N_(
        "Nobody judged frames that had failed, so nobody knows how many good parts were called "
        "defective: neither that cost nor the whole can be stated. Review the findings."
    ),
    Unknown.NO_HAND_RATE: N_(
        "The plant file does not say how many defective parts inspection by hand lets through "
        "(hand_escape_rate): escapes are counted against the system and not against people."
    ),
}


@dataclass(frozen=True, kw_only=True)
class WorthFigures:
    selection: Selection
    counted: Counted
    costs: Roi
    worth: Worth


def worth_figures(opened: Session, wanted: Selection, costs: Roi) -> WorthFigures:
    """What the database knows of the time, and what follows from the cost table."""
    since, until = _ends(wanted)
    rate = defect_rate(opened, RateOf(**vars(wanted), by=(By.TOTAL,)))
    failed, inspected = (
        (0, 0) if rate.empty else (int(rate["failed"].iloc[0]), int(rate["inspected"].iloc[0]))
    )
    judged: list[Any] = list(escapes(opened, EscapesOf(**vars(wanted))).itertuples(index=False))
    reviewed = false_alarms(opened, FalseAlarmsOf(**vars(wanted), by=Cut.REVIEWER))
    counted = Counted(
        period=until - since,
        passed=inspected - failed,
        failed=failed,
        reviewed=int(reviewed["reviewed"].sum()),
        escape=_judged(judged, "escape", (JudgedBy.AUDITS,)),
        false_call=_judged(judged, "false_call", (JudgedBy.AUDITS, JudgedBy.REVIEWS)),
    )
    return WorthFigures(
        selection=wanted, counted=counted, costs=costs, worth=worth_of(counted, costs)
    )


def worth_page(figures: WorthFigures, words: Wording, heading: Heading) -> str:
    since, until = _ends(figures.selection)
    worth = figures.worth
    facts = {
        "figures": figures,
        "worth": worth,
        "title": words.gettext(terms.TITLES[ReportKind.ROI]),
        "subtitle": worth_subtitle(since, until, figures.selection.line, words),
        "since": since,
        "until": until,
        "amounts": [(words.gettext(_ENTRIES[amount.entry]), amount) for amount in worth.amounts],
        "unknown": [words.gettext(_UNKNOWN[one]) for one in worth.unknown],
        "days": figures.counted.period.total_seconds() / 86_400,
    }
    return rendered("plant_worth.html.j2", facts, words, heading)


def worth_subtitle(since: datetime, until: datetime, line: str | None, words: Wording) -> str:
    ends = f"{words.when(since)} {NOTHING} {words.when(until)}"
    return f"{ends} · " + words.gettext("line %(line)s") % {"line": line} if line else ends


def _ends(wanted: Selection) -> tuple[datetime, datetime]:
    assert wanted.since is not None, "the period has a beginning"
    assert wanted.until is not None, "the period has an end"
    return wanted.since, wanted.until


def _judged(rows: list[Any], measure: str, sources: tuple[JudgedBy, ...]) -> JudgedRate | None:
    """By the first source that judged any: audits pick frames, reviews only see findings."""
    for source in sources:
        for row in rows:
            if row.measure == measure and row.source == source.value and row.frames:
                return JudgedRate(
                    source=source.value,
                    count=int(row.count),
                    frames=int(row.frames),
                    share=float(row.rate),
                    low=float(row.low),
                    high=float(row.high),
                )
    return None
