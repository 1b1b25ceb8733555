"""Numbers and pictures to a page in the reader's language: one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.orm import Session

from db.evidence import EvidenceStore
from db.questions.pareto import NO_KIND, Cause
from db.questions.periods import Period
from db.words import ReportKind, Severity
from inspect_pipeline.charts import control_plot, pareto_plot
from inspect_pipeline.reports.model_cards import calibration_facts
from inspect_pipeline.reports.plant import terms
from inspect_pipeline.reports.plant.figures import Figures
from inspect_pipeline.reports.plant.fonts import font_faces
from inspect_pipeline.reports.plant.pictures import part_maps, strips_of, web_maps
from inspect_pipeline.reports.plant.subject import PERIODS, Subject
from inspect_pipeline.reports.plant.wording import Wording

_FONTS = "/* fonts */"
_POINTS = {
    Period.HOUR: terms.N_("One point per hour; this report's time."),
    Period.SHIFT: terms.N_("One point per shift; this shift is the last one."),
    Period.DAY: terms.N_("One point per day; this day is the last one."),
    Period.WEEK: terms.N_("One point per week; this week is the last one."),
}
_PIECES = terms.N_("The lot in pieces of about as many frames each, from its beginning to its end.")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above every report; `paper` is a CSS page size such as A4."""

    plant: str
    created_at: datetime
    paper: str


def report_page(
    opened: Session,
    store: EvidenceStore,
    figures: Figures,
    words: Wording,
    heading: Heading,
    *,
    receivers: Mapping[str, str],
) -> str:
    """The page of a shift, day, week, lot or alert. `receivers` says who a channel reaches."""
    subject = figures.subject
    maps = part_maps(opened, store, figures)
    facts = {
        "figures": figures,
        "title": words.gettext(terms.term(subject.kind)),
        "subtitle": subtitle(subject, words),
        "since": subject.from_at,
        "until": subject.to_at,
        "control": control_plot(
            figures.chart, share=words.tick, period=lambda row: _point_name(row, subject, words)
        ),
        "chart_words": words.gettext(_PIECES if subject.lot else _POINTS[subject.point]),
        "before_words": _before_words(subject, words),
        "paretos": _paretos(figures, words),
        "part_maps": maps,
        "cells_shown": any(one.cells for one in maps),
        "web_maps": web_maps(figures),
        "strips": strips_of(opened, store, figures.worst),
        "models": [(model, calibration_facts(model.card)) for model in figures.models],
        "reviewed": list(figures.reviewed.itertuples(index=False)),
        "receivers": receivers,
        "judged": list(figures.judged.itertuples(index=False)),
    }
    return rendered("plant_report.html.j2", facts, words, heading)


def rendered(template: str, facts: Mapping[str, object], words: Wording, heading: Heading) -> str:
    """The page with the letters it needs; a missing fact is an error, values are escaped."""
    page = (
        _environment(words)
        .get_template(template)
        .render(
            **facts,
            language=words.language,
            plant=heading.plant,
            created_at=heading.created_at,
            paper=heading.paper,
            zone=words.zone.key,
            fonts=_FONTS,
        )
    )
    return page.replace(_FONTS, font_faces(page), 1)


def subtitle(subject: Subject, words: Wording) -> str:
    """Which shift, day, week, lot or alert, and of which line."""
    day = words.day(subject.from_at)
    match subject.kind:
        case ReportKind.SHIFT:
            named = f"{day}, {subject.period.partition(' ')[2]}"
        case ReportKind.WEEK:
            year, _, week = subject.period.partition("-W")
            named = words.gettext("Week %(week)s of %(year)s") % {"week": int(week), "year": year}
        case ReportKind.LOT:
            named = words.gettext("Lot %(serial)s") % {"serial": subject.period}
        case ReportKind.ALERT:
            named = words.gettext("Alert %(number)s") % {"number": subject.period}
        case _:
            named = day
    if not subject.scope:
        return named
    return f"{named} · " + words.gettext("line %(line)s") % {"line": subject.scope}


def _before_words(subject: Subject, words: Wording) -> str:
    """What the report is held against."""
    if subject.lot_before is not None:
        return words.gettext("Held against the lot before, %(serial)s.") % {
            "serial": subject.lot_before
        }
    if subject.before is None or subject.before.since is None or subject.before.until is None:
        return ""
    ends = {"since": words.when(subject.before.since), "until": words.when(subject.before.until)}
    if subject.report_before is not None:
        made = {"period": subject.report_before.period}
        return words.gettext(
            "Held against the last report, %(period)s, from %(since)s to %(until)s."
        ) % {**made, **ends}
    if subject.kind in PERIODS:
        return (
            words.gettext(
                "No earlier report of this kind is kept: held against the time from %(since)s to "
                "%(until)s."
            )
            % ends
        )
    return words.gettext("Held against the time from %(since)s to %(until)s.") % ends


def _point_name(row: Any, subject: Subject, words: Wording) -> str:
    """What stands below a point of the chart."""
    if subject.lot is not None:
        return str(row.period)
    if subject.point is Period.HOUR:
        return words.clock(row.from_at)
    if subject.point is Period.WEEK:
        return words.short_day(row.from_at + timedelta(hours=12))
    day = words.short_day(row.from_at)
    if subject.point is Period.SHIFT:
        return f"{day} {str(row.period).partition(' ')[2]}"
    return day


def _paretos(figures: Figures, words: Wording) -> dict[str, Any] | None:
    if not figures.findings:
        return None
    return {
        "kind": pareto_plot(
            figures.causes[Cause.KIND], cause=lambda cause: kind_words(cause, words)
        ),
        "severity": pareto_plot(
            figures.causes[Cause.SEVERITY],
            cause=lambda cause: words.gettext(terms.term(Severity(cause))),
        ),
    }


def kind_words(kind: str, words: Wording) -> str:
    """Kinds are names that the plant's people gave; that there is none, is ours to say."""
    return words.gettext(terms.NO_KIND) if kind in ("", NO_KIND) else kind.replace("_", " ")


def _environment(words: Wording) -> Environment:
    made = Environment(
        loader=PackageLoader("inspect_pipeline.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def message(said: str, **facts: object) -> Markup:
        text = Markup(words.gettext(said))
        return text % facts if facts else text

    def counted(one: str, many: str, count: int, **facts: object) -> Markup:
        text = Markup(words.ngettext(one, many, count))
        return text % {"num": words.number(count), **facts}

    made.globals |= {"_": message, "ngettext": counted}
    made.filters |= {
        "figure": lambda name: words.gettext(terms.figure_term(name)),
        "interval": words.interval,
        "kind": lambda kind: kind_words(kind, words),
        "money": words.money,
        "number": words.number,
        "points": words.points,
        "share": words.share,
        "term": lambda word: words.gettext(terms.term(word)),
        "when": words.when,
    }
    return made
