"""The command line: every verb in a file of its own, errors in one line, exit codes 0, 1, 2."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.logging import RichHandler

from db.errors import DatabaseError
from inspect_pipeline.errors import InspectError
from plant_config.errors import PlantConfigError


def build_app() -> typer.Typer:
    """All verbs. Those with heavy libraries import them when they run, so that --help is quick."""
    from inspect_pipeline.service.cli import (
        alerting,
        asking,
        cameras,
        db_verbs,
        demo,
        evaluating,
        findings,
        inspecting,
        jobs,
        people,
        reports,
        serving,
        spooling,
        teaching,
        training,
    )

    app = typer.Typer(
        help="Inspect parts with a model that only ever saw good ones.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        add_completion=False,
    )
    app.callback()(_verbose)
    app.command("demo")(demo.demo)
    app.command("train")(training.train)
    app.command("calibrate")(training.calibrate)
    app.command("inspect")(inspecting.inspect)
    app.command("evaluate")(evaluating.evaluate)
    app.command("once")(inspecting.once)
    app.add_typer(cameras.app, name="cameras")
    app.add_typer(spooling.app, name="spool")
    app.add_typer(jobs.app, name="jobs")
    app.add_typer(findings.app, name="findings")
    app.add_typer(asking.build_ask_app(), name="ask")
    app.add_typer(alerting.app, name="alerts")
    app.add_typer(teaching.app, name="teach")
    app.add_typer(reports.app, name="report")
    app.command("serve")(serving.serve)
    app.command("review")(serving.review)
    app.add_typer(people.app, name="users")
    app.add_typer(db_verbs.app, name="db")
    return app


def main() -> NoReturn:
    """Runs the verb that was typed; our errors become one line."""
    console = Console(stderr=True)
    try:
        build_app()()
    except (InspectError, DatabaseError, PlantConfigError) as error:
        console.print(f"[bold red]error:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except ImportError as error:
        words = missing_library(error)
        if words is None:
            raise
        console.print(f"[bold red]error:[/] {_plain(words)}", highlight=False, soft_wrap=True)
        sys.exit(1)
    sys.exit(0)


def missing_library(error: ImportError) -> str | None:
    """What to install when a shared library of the system is missing; None for other errors."""
    if ".so" not in str(error):
        return None
    return (
        f"a system library is missing ({error}): OpenCV needs libGL and glib, on Debian and "
        "Ubuntu `apt-get install libgl1 libglib2.0-0`, on Fedora `dnf install mesa-libGL glib2`"
    )


def _verbose(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every frame.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=Console(stderr=True), show_path=False)],
    )


def _plain(message: str) -> str:
    from rich.markup import escape

    return escape(message)
