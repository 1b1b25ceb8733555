"""`run_pipeline.py serve`: the review application for the people of a plant."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from inspect_pipeline.service.cli.database import EvidenceFolder, opened_database
from inspect_pipeline.service.cli.options import PlantFile, console
from inspect_pipeline.service.cli.places import (
    DatabaseOrPlants,
    database_of,
    evidence_of,
    plant_of,
)
from plant_config.review import Review


def serve(
    plant: PlantFile = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen at. Default: the plant file's, else 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port. Default: the plant file's, else 8000."),
    ] = None,
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
                console().print(escape(line), highlight=False, soft_wrap=True)
            run_until_stopped(application, door, settings)
    console().print("stopped")


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
