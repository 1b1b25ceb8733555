"""`run_pipeline.py alerts`: what was called out, who takes care, what a rule would have sent."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sqlalchemy import Engine

from db import alert_pages, alerting
from db.engine import session, snapshot
from db.questions.parameters import MOST_ID
from db.words import AlertState
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.database import opened_database
from inspect_pipeline.service.cli.places import DatabaseOrPlants, database_of, plant_of
from inspect_pipeline.service.cli.tabular import console
from plant_config.loader import load_plant

app = typer.Typer(help="What was called out, and who takes care.", no_args_is_help=True)

AlertId = Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST_ID)]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who: kept in the alert's history.")]
Note = Annotated[str | None, typer.Option(help="What is done about it, in a sentence.")]
PlantNeeded = Annotated[
    Path,
    typer.Option("--plant", metavar="PLANT.toml", help="Plant file with the rules and channels."),
]
PlantFile = Annotated[
    Path | None,
    typer.Option("--plant", metavar="PLANT.toml", help="Plant file.", show_default=False),
]
DAYS = 7


@app.command("list")
def list_alerts(
    state: Annotated[AlertState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Which alerts are there? The newest come first."""
    with _database(db, plant) as engine, session(engine, read_only=True) as opened:
        rows = alert_pages.newest_alerts(opened, state, limit=limit)
    if not rows:
        console().print("There are no alerts.")
        return
    table = Table("id", "state", "severity", "opened", "times", "rule", "what", box=SIMPLE_HEAD)
    for row in rows:
        opened_at = f"{row.opened_at:%Y-%m-%d %H:%MZ}"
        cells = (row.state, row.severity, opened_at, str(row.events), row.rule, row.text)
        table.add_row(str(row.alert_id), *cells)
    console().print(table)


@app.command("show")
def show_alert(alert_id: AlertId, db: DatabaseOrPlants = None, plant: PlantFile = None) -> None:
    """One alert: its figures, what happened to it, who was told."""
    with _database(db, plant) as engine, session(engine, read_only=True) as opened:
        life = alert_pages.alert_life(opened, alert_id)
    alert, screen = life.alert, console()
    screen.print(f"{alert.severity} {alert.state}: {alert.text}")
    screen.print(f"rule {alert.rule}, {alert.events} times, last {alert.last_event_at:%F %TZ}")
    if alert.finding_id is not None:
        screen.print(f"finding {alert.finding_id}: findings show {alert.finding_id}")
    for name, value in alert.facts.items():
        screen.print(f"  {name}: {value}")
    for step in life.steps:
        who = f" by {step.person}" if step.person else ""
        screen.print(f"{step.at:%F %TZ} {step.step}{who}{': ' + step.note if step.note else ''}")
    for one in life.deliveries:
        error = f", {one.last_error}" if one.last_error else ""
        screen.print(f"{one.channel}: {one.about}, {one.state} ({one.attempts} tries{error})")


@app.command("acknowledge")
def acknowledge_alert(
    alert_id: AlertId,
    by: By,
    note: Note = None,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Say that somebody takes care: nobody else is called any more."""
    with _database(db, plant) as engine, session(engine) as opened:
        alerting.acknowledge(opened, alert_id, person=by, at=_now(), note=note)
    console().print(f"alert {alert_id} is acknowledged by {by}")


@app.command("resolve")
def resolve_alert(
    alert_id: AlertId,
    by: By,
    note: Note = None,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Say that it is over; what comes from now on opens a new alert."""
    with _database(db, plant) as engine, session(engine) as opened:
        alerting.resolve(opened, alert_id, person=by, at=_now(), note=note)
    console().print(f"alert {alert_id} is resolved by {by}")


@app.command("try")
def try_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Name of the rule.")],
    plant: PlantNeeded,
    since: Annotated[
        datetime | None,
        typer.Option(help="From when on, on the plant's clock. Default: a week ago."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="Until when. Default: now.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many messages.")] = 50,
    db: DatabaseOrPlants = None,
) -> None:
    """What would the rule have sent? It looks at the stored history and sends nothing."""
    from inspect_pipeline.alerts.reading import read_history
    from inspect_pipeline.alerts.replay import replay
    from inspect_pipeline.alerts.rules import calls_of
    from inspect_pipeline.service.ingesting.alerting import calendar_of, rules_of

    settings = load_plant(plant)
    rules = rules_of(settings)
    wanted = next((one for one in rules if one.name == rule), None)
    if wanted is None:
        known = ", ".join(one.name for one in rules) or "none yet"
        raise UsageError(
            f"{plant} has no rule {rule!r} that looks at any camera; its rules: {known}"
        )
    calendar = calendar_of(settings)
    end = until.replace(tzinfo=calendar.zone).astimezone(UTC) if until else _now()
    begin = end - timedelta(days=DAYS)
    if since is not None:
        begin = since.replace(tzinfo=calendar.zone).astimezone(UTC)
    with _database(db, plant) as engine, snapshot(engine) as opened:
        history = read_history(opened, wanted, after=begin, until=end)
    calls = calls_of(wanted, history, after=begin, until=end, calendar=calendar)
    told = replay(wanted, calls, calendar)
    screen = console()
    screen.print(
        f"{rule}: {told.calls} times, {told.alerts} alerts, {len(told.messages)} messages "
        f"from {begin:%F %H:%MZ} to {end:%F %H:%MZ}, had nobody acknowledged any"
    )
    if told.messages:
        table = Table("due", "about", "severity", "to", "what", box=SIMPLE_HEAD)
        for one in told.messages[:limit]:
            due = f"{one.due_at.astimezone(calendar.zone):%F %H:%M}"
            to = ", ".join(one.channels) or "nobody"
            table.add_row(due, one.about, one.severity, to, one.text)
        screen.print(table)
    if len(told.messages) > limit:
        screen.print(f"and {len(told.messages) - limit} more: --limit")


@app.command("test-channel")
def try_channel(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the channel.")],
    plant: PlantNeeded,
) -> None:
    """Send a message by a channel that says it is a test."""
    from inspect_pipeline.alerts.channels import send
    from inspect_pipeline.alerts.messages import trial_message
    from inspect_pipeline.service.ingesting.alerting import letterhead_of

    settings = load_plant(plant)
    channel = next((one for one in settings.channels if one.name == name), None)
    if channel is None:
        known = ", ".join(one.name for one in settings.channels) or "none yet"
        raise UsageError(f"{plant} has no channel {name!r}; its channels: {known}")
    send(channel, trial_message(name, letterhead_of(settings), _now()), os.environ)
    console().print(f"the message went out by {name}: look whether it came")


@app.command("dead-letters")
def list_dead_letters(db: DatabaseOrPlants = None, plant: PlantFile = None) -> None:
    """Messages that could not be delivered and are not tried any more."""
    with _database(db, plant) as engine, session(engine, read_only=True) as opened:
        letters = alert_pages.dead_letters(opened)
    if not letters:
        console().print("Every message arrived or is still being tried.")
        return
    table = Table("message", "alert", "channel", "about", "tries", "why", box=SIMPLE_HEAD)
    for one in letters:
        cells = (one.channel, one.about, str(one.attempts), one.last_error or "")
        table.add_row(str(one.delivery_id), str(one.alert_id), *cells)
    console().print(table)
    console().print("Try one again: alerts resend MESSAGE --by NAME")


@app.command("resend")
def resend_letter(
    message_id: Annotated[int, typer.Argument(metavar="MESSAGE", min=1, max=MOST_ID)],
    by: By,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Try a dead letter again, from the beginning."""
    with _database(db, plant) as engine, session(engine) as opened:
        alerting.resend(opened, message_id, person=by, at=_now())
    console().print(f"message {message_id} is due again")


def _database(db: str | None, plant_file: Path | None) -> AbstractContextManager[Engine]:
    return opened_database(database_of(db, plant_of(plant_file)))


def _now() -> datetime:
    return datetime.now(UTC)
