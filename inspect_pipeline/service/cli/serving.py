"""`serve`: cameras, inspection and review of a plant, for good. `review`: the application alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.database import EvidenceFolder, opened_database
from inspect_pipeline.service.cli.options import PlantFile, console
from inspect_pipeline.service.cli.places import (
    DatabaseOrPlants,
    database_of,
    evidence_of,
    plant_of,
)
from plant_config.review import Review

if TYPE_CHECKING:
    from inspect_pipeline.service.ingesting.roles import Role


Host = Annotated[
    str | None,
    typer.Option(help="Address to listen at. Default: the plant file's, else 127.0.0.1."),
]
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port. Default: the plant file's, else 8000."),
]


def serve(
    plant_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="PLANT.toml",
            help="The plant file. Without it only the review application is served.",
            show_default=False,
        ),
    ] = None,
    plant: PlantFile = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
    host: Host = None,
    port: Port = None,
    with_review: Annotated[
        bool,
        typer.Option("--review/--no-review", help="Whether to serve the review application too."),
    ] = True,
) -> None:
    """Run a plant for good: cameras, inspection and the review application, under one supervisor.

    Stop it with Ctrl-C or SIGTERM: cameras end first, and what waits is inspected within
    `drain_within_s` of the plant file or by the next start. No frame is lost either way. Without
    PLANT.toml it is `review`.
    """
    if plant_file is None:
        review(plant, db, evidence, host, port)
        return
    named = {"--plant": plant, "--db": db, "--evidence": evidence}
    if clashing := [option for option, value in named.items() if value is not None]:
        raise UsageError(
            f"{', '.join(clashing)} beside {plant_file}: the plant file says all of that, "
            "leave it out; or name no plant file to serve the review application alone"
        )
    from inspect_pipeline.service.ingesting.roles import Service
    from inspect_pipeline.service.ingesting.supervisor import Supervisor
    from plant_config.loader import load_plant

    described = load_plant(plant_file, folders_may_come=True)
    listening = described.review.listening_at(host, port)
    described = described.model_copy(update={"review": listening})
    level = logging.getLogger().getEffectiveLevel()
    service = Service(plant=described, review=with_review, log_level=level)

    def heard(role: Role, said: Mapping[str, Any]) -> None:
        if said["what"] == "ready":
            at = f" at {said['text']}" if "text" in said else ""
            _say(f"{role.name} is ready{at}")

    _say(f"{described.name}: frames wait in {described.spool_folder} (stop with Ctrl-C)")
    Supervisor(service, heard=heard).run()
    _say("stopped")


def review(
    plant: PlantFile = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Serve the review application until it is told to stop (Ctrl-C or SIGTERM).

    Other computers are served with https, or where the plant file says `unencrypted = true`.
    """
    from inspect_pipeline.service.serving import listen, prepared, run_until_stopped

    described = plant_of(plant)
    settings = (described.review if described else Review()).listening_at(host, port)
    url = database_of(db, described)
    store = evidence_of(evidence, db, described)
    with opened_database(url) as engine:
        application = prepared(engine, store, settings, plant=described)
        with listen(settings) as door:
            for line in welcome(settings):
                _say(line)
            run_until_stopped(application, door, settings)
    _say("stopped")


def _say(line: str) -> None:
    console().print(escape(line), highlight=False, soft_wrap=True)


def welcome(settings: Review) -> list[str]:
    """What the person at the terminal has to know."""
    lines = [f"review application: {settings.address} (stop with Ctrl-C)"]
    if settings.https and settings.certificate_file is None:
        lines.append("https = true without a certificate: a proxy in front has to encrypt")
        if not settings.trusted_proxies:
            lines.append("without trusted_proxies all browsers count as one when sign-ins fail")
    elif settings.unencrypted and not settings.is_local:
        lines.append("warning: served without https, passwords can be read on the network")
    if settings.oidc:
        lines.append(f"{settings.oidc.name} has to allow browsers back to {settings.oidc.callback}")
    return lines
