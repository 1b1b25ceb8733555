"""Reports by the clock: of the shift, day or week that ended last, kept and sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from db.evidence import EvidenceStore
from db.questions.periods import USUAL_SHIFTS, read_shifts, span_of
from db.words import ReportKind
from inspect_pipeline.alerts.channels import send
from inspect_pipeline.alerts.messages import Attachment, report_message
from inspect_pipeline.errors import ChannelError, SendFailed
from inspect_pipeline.reports.plant.subject import PERIODS
from inspect_pipeline.service.housekeeping.chore import ChoreContext, ChoreResult
from inspect_pipeline.service.ingesting.alerting import letterhead_of
from inspect_pipeline.service.reporting import Asked, Made, make_report
from plant_config.jobs import ReportJob
from plant_config.plant import Plant

TRIES, FIRST_PAUSE_S = 4, 5.0
_MEDIA = {
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}


def make_reports(
    settings: ReportJob,
    context: ChoreContext,
    *,
    environment: Mapping[str, str] | None = None,
    first_pause_s: float = FIRST_PAUSE_S,
) -> ChoreResult:
    """One report in each language, to each channel. A run that was broken off sends again, under
    the same key; a report that is there is not made twice.

    Raises SendFailed or ChannelUnfit after all channels had their turn: the reports are kept.
    """
    plant, kind = context.plant, ReportKind(settings.report)
    at = None if kind is ReportKind.ROI else _ended_last(plant, kind, context.planned_at)
    store = EvidenceStore(plant.storage.evidence_folder)
    said, failures = [], []
    for language in settings.languages or plant.reports.languages:
        asked = Asked(kind=kind, language=language, line=settings.line, at=at)
        made = make_report(
            context.engine, store, plant, asked, now=context.now, made_by=f"job {settings.name}"
        )
        assert made.row is not None, "a report that is kept has a row"
        said.append(f"{kind.value} {made.row.period} {language}")
        for channel in settings.channels:
            try:
                secrets = os.environ if environment is None else environment
                _sent(channel, made, context, secrets, first_pause_s)
            except ChannelError as error:
                failures.append(error)
    if failures:
        raise failures[0]
    sent = f", sent to {', '.join(settings.channels)}" if settings.channels else ""
    return ChoreResult(text=f"{'; '.join(said)}{sent}")


def _ended_last(plant: Plant, kind: ReportKind, planned_at: datetime) -> datetime:
    """A moment in the shift, day or week that was over last."""
    shifts = read_shifts(plant.schedule.written_shifts or USUAL_SHIFTS)
    zone, before = ZoneInfo(plant.timezone), timedelta(microseconds=1)
    span = span_of(planned_at - before, PERIODS[kind], shifts, zone)
    return span.from_at if span.to_at <= planned_at else span.from_at - before


def _sent(
    channel: str,
    made: Made,
    context: ChoreContext,
    secrets: Mapping[str, str],
    first_pause_s: float,
) -> None:
    settings = next(one for one in context.plant.channels if one.name == channel)
    assert made.row is not None
    message = report_message(
        made.row, letterhead_of(context.plant), [_attachment(path) for path in made.files]
    )
    for number in range(TRIES):
        try:
            send(settings, message, secrets)
        except SendFailed:
            if number + 1 == TRIES:
                raise
            context.pause(first_pause_s * 2**number)
        else:
            return


def _attachment(path: Path) -> Attachment:
    return Attachment(name=path.name, media_type=_MEDIA[path.suffix], content=path.read_bytes())
