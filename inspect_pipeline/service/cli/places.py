"""Which database and which pictures: what was named, else what the plant file says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from db.evidence import EvidenceStore
from inspect_pipeline.service.cli.database import DEFAULT_URL, store_of
from plant_config.plant import Plant

DatabaseOrPlants = Annotated[
    str | None,
    typer.Option(
        "--db",
        envvar="INSPECT_DB",
        metavar="URL",
        help="Database. Default: the plant file's, without one sqlite:///findings.db.",
        show_default=False,
    ),
]


def plant_of(plant_file: Path | None) -> Plant | None:
    from plant_config.loader import load_plant

    return None if plant_file is None else load_plant(plant_file)


def database_of(db: str | None, plant: Plant | None) -> str:
    if db is not None or plant is None:
        return db or DEFAULT_URL
    return plant.storage.database_url.get_secret_value()


def evidence_of(evidence: Path | None, db: str | None, plant: Plant | None) -> EvidenceStore:
    """The plant file's folder belongs to the plant file's database, not to another one."""
    if evidence is None and db is None and plant is not None:
        return EvidenceStore(plant.storage.evidence_folder)
    return store_of(database_of(db, plant), evidence)
