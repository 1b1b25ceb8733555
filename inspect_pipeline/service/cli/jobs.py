"""`run_pipeline.py jobs`: what the plant does by the clock, and what people ask of it."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import jobs as record
from db.engine import session
from db.jobs import JobRow, RunRow
from db.tables import rows_table
from inspect_pipeline.service.cli.database import opened_database
from inspect_pipeline.service.cli.tabular import TableFormat, console, give_table

app = typer.Typer(
    help="Cameras on a schedule and jobs that keep house: see, run, pause, resume.",
    no_args_is_help=True,
)

PlantOption = Annotated[
    Path,
    typer.Option("--plant", metavar="PLANT.toml", help="The plant file.", show_default=False),
]
JobName = Annotated[
    str, typer.Argument(metavar="NAME", help="Of the job; that of a camera is the camera's id.")
]
_CAME_OF_IT = ["frames", "findings", "text"]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


@app.command("list")
def list_jobs(plant: PlantOption, as_json: AsJson = False) -> None:
    """What is done by the clock, when is it due next, and how did it go the last time?"""
    with _record(plant) as engine, session(engine, read_only=True) as opened:
        found = record.jobs(opened)
    give_table(rows_table(found, JobRow), _format(as_json), None)


@app.command("history")
def history(
    plant: PlantOption,
    job: Annotated[str | None, typer.Option(metavar="NAME", help="Only this job.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=record.MOST_RUNS, help="So many runs at most.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """What ran, newest first: planned, started and ended when, frames, findings, outcome."""
    with _record(plant) as engine, session(engine, read_only=True) as opened:
        found = record.runs(opened, job, limit=limit)
        if not found and job is not None and job not in [one.job for one in record.jobs(opened)]:
            raise record.no_such_job(opened, job)
    table = rows_table(found, RunRow)
    give_table(table if as_json else _for_people(table), _format(as_json), None)


@app.command("run")
def run_now(plant: PlantOption, name: JobName) -> None:
    """Run a job now, also one that is paused. `serve` begins it within a second or two."""
    _ask(plant, lambda opened, by, at: record.want_run(opened, name, by=by, at=at))
    console().print(f"{name} runs now, where the plant is served; jobs history tells")


@app.command("pause")
def pause(plant: PlantOption, name: JobName) -> None:
    """Do not run a job by the clock until it is resumed, also after a restart."""
    _ask(plant, lambda opened, by, at: record.pause_job(opened, name, by=by, at=at))
    console().print(f"{name} is paused")


@app.command("resume")
def resume(plant: PlantOption, name: JobName) -> None:
    """Run a job by the clock again. What passed during the pause is not made up for."""
    _ask(plant, lambda opened, _, at: record.resume_job(opened, name, at=at))
    console().print(f"{name} goes on")


def _ask(plant: Path, ask: Callable[[Session, str, datetime], None]) -> None:
    with _record(plant) as engine, session(engine) as opened:
        ask(opened, f"{getpass.getuser()} (command line)", datetime.now(UTC))


def _record(plant: Path) -> AbstractContextManager[Engine]:
    from plant_config.loader import load_plant

    return opened_database(load_plant(plant).storage.database_url.get_secret_value())


def _for_people(runs: pd.DataFrame) -> pd.DataFrame:
    """What fits on a screen: a run of a few seconds is told by seconds, and by how long it took."""
    planned = [f"{at:%Y-%m-%d %H:%M:%S}Z" for at in runs["planned_at"]]
    took_s = (runs["ended_at"] - runs["started_at"]).dt.total_seconds().round(1)
    outcome = runs["outcome"].fillna("going on")
    said = runs.assign(planned_at=planned, took_s=took_s, outcome=outcome)
    return said[["job", "planned_at", "took_s", "outcome", "wanted_by", *_CAME_OF_IT]]


def _format(as_json: bool) -> TableFormat | None:
    return TableFormat.JSON if as_json else None
