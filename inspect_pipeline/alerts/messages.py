"""What people and programs are told: one message for one alert, or one that counts many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from db.alert_outbox import Parcel, Told
from db.alert_pages import AlertRow
from db.report_archive import ReportRow
from db.words import AlertState, DeliveryAbout, Severity

SCHEMA_VERSION = 1
MOST_LISTED = 20
_RANKS = tuple(Severity)
_TEMPLATES = Path(__file__).parent / "templates"
_SAID = {
    DeliveryAbout.OPENED: "",
    DeliveryAbout.AGAIN: "Again: ",
    DeliveryAbout.ESCALATED: "Nobody has acknowledged: ",
    DeliveryAbout.ACKNOWLEDGED: "Somebody takes care: ",
    DeliveryAbout.ENDED: "Over: ",
}


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message; one with `shown` stands inside the HTML as cid:NAME."""

    name: str
    media_type: str
    content: bytes
    shown: bool = False


@dataclass(frozen=True, kw_only=True)
class Message:
    """`key` is the same each time the message is tried: whoever gets it twice may drop it.

    `facts` are for programs and can be JSON; `topic` is a short path such as L1/cam-1/rate.
    `standing` are facts by topic: how it stands now at each place that the message tells of.
    """

    key: str
    subject: str
    text: str
    html: str | None = None
    facts: dict[str, Any]
    topic: str = ""
    standing: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    severity: Severity = Severity.MINOR
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """What stands on every message: the plant, its clock, where the application is."""

    plant: str
    zone: ZoneInfo
    address: str | None

    def link(self, path: str) -> str | None:
        return f"{self.address}{path}" if self.address else None


def compose(
    parcel: Parcel,
    head: Letterhead,
    pictures: Sequence[Attachment] = (),
    standing: Iterable[AlertRow] = (),
) -> Message:
    """Says of each alert what it is now, however long the message waited.

    `standing` is the alert that says how it stands, of each place that the parcel is about.
    """
    worst = max((one.alert.severity for one in parcel.told), key=_RANKS.index)
    first = parcel.told[0]
    if len(parcel.told) == 1:
        subject = f"[{head.plant}] {_SAID[first.about]}{first.alert.text}"
    else:
        subject = f"[{head.plant}] {len(parcel.told)} alerts, the worst is {worst}"
    told = [_alert_facts(one.alert, one.about, head) for one in parcel.told]
    shown = [_shown(one, head) for one in parcel.told[:MOST_LISTED]]
    common = {
        "head": head,
        "shown": shown,
        "more": len(parcel.told) - len(shown),
        "pictures": pictures,
        "worst": worst.value,
        "all_alerts": head.link("/alerts"),
    }
    return Message(
        key=parcel.key,
        subject=_one_line(subject),
        text=_environment(html=False).get_template("alert.txt").render(common),
        html=_environment(html=True).get_template("alert.html").render(common),
        facts=_facts(parcel.key, head, told),
        topic=_topic(first.alert) if len(parcel.told) == 1 else "",
        standing={
            _topic(alert): _facts(parcel.key, head, [_alert_facts(alert, _stands_as(alert), head)])
            for alert in standing
        },
        severity=worst,
        attachments=tuple(pictures),
    )


def trial_message(channel: str, head: Letterhead, at: datetime) -> Message:
    """Says only that the channel works."""
    text = f"This is a test of the channel {channel} of {head.plant}. Nothing has happened."
    key = f"test {channel} {at.isoformat()}"
    return Message(
        key=key,
        subject=f"[{head.plant}] Test of the channel {channel}",
        text=text + "\n",
        facts=_facts(key, head),
        topic="test",
    )


def report_message(row: ReportRow, head: Letterhead, files: Sequence[Attachment]) -> Message:
    """A report with its files; the next revision is another message."""
    where = f" of {row.scope}" if row.scope else ""
    title = f"Report: {row.kind.value} {row.period}{where}"
    link = head.link(f"/reports/{row.report_id}/html")
    key = f"report {row.kind.value} {row.scope} {row.period} {row.language} {row.revision}"
    said = [f"{title} ({row.language})", *([link] if link else [])]
    return Message(
        key=key,
        subject=_one_line(f"[{head.plant}] {title}"),
        text="\n".join(said) + "\n",
        facts={
            **_facts(key, head),
            "report": {
                "id": row.report_id,
                "kind": row.kind.value,
                "scope": row.scope,
                "period": row.period,
                "language": row.language,
                "revision": row.revision,
                "files": [one.name for one in files],
                "link": link,
            },
        },
        topic=f"reports/{row.kind.value}",
        attachments=tuple(files),
    )


def _facts(key: str, head: Letterhead, alerts: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What every message says to programs."""
    return {
        "version": SCHEMA_VERSION,
        "key": key,
        "plant": head.plant,
        "count": len(alerts),
        "alerts": list(alerts),
    }


def _stands_as(alert: AlertRow) -> DeliveryAbout:
    """What is told of an alert that says how it stands."""
    if alert.state is AlertState.RESOLVED:
        return DeliveryAbout.ENDED
    is_taken = alert.state is AlertState.ACKNOWLEDGED
    return DeliveryAbout.ACKNOWLEDGED if is_taken else DeliveryAbout.OPENED


def _alert_facts(alert: AlertRow, about: DeliveryAbout, head: Letterhead) -> dict[str, Any]:
    return {
        "id": alert.alert_id,
        "about": about.value,
        "rule": alert.rule,
        "state": alert.state.value,
        "severity": alert.severity.value,
        "text": alert.text,
        "line": alert.line_id,
        "camera": alert.camera_id,
        "part": alert.part,
        "finding": alert.finding_id,
        "events": alert.events,
        "facts": dict(alert.facts),
        "opened_at": alert.opened_at.isoformat(),
        "last_event_at": alert.last_event_at.isoformat(),
        "acknowledged_by": alert.acknowledged_by,
        "resolved_by": alert.resolved_by,
        "link": head.link(f"/alerts/{alert.alert_id}"),
    }


def _shown(told: Told, head: Letterhead) -> dict[str, Any]:
    alert = told.alert
    finding = alert.finding_id
    return {
        "said": _SAID[told.about],
        "alert": alert,
        "opened": f"{alert.opened_at.astimezone(head.zone):%Y-%m-%d %H:%M}",
        "last": f"{alert.last_event_at.astimezone(head.zone):%Y-%m-%d %H:%M}",
        "link": head.link(f"/alerts/{alert.alert_id}"),
        "finding_link": head.link(f"/findings/{finding}") if finding else None,
    }


def _topic(alert: AlertRow) -> str:
    steps = (alert.line_id or "plant", alert.camera_id or "all", alert.rule)
    return "/".join("".join("-" if one in "/+#\0" else one for one in step) for step in steps)


def _one_line(subject: str) -> str:
    return " ".join(subject.split())[:200]


def _environment(*, html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
