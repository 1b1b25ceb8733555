"""`run_pipeline.py spool`: what waits between cameras and database, and what was set apart."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from db.engine import session
from db.errors import DatabaseError
from db.events import EventFilter, newest_events
from db.words import EventKind
from inspect_pipeline.errors import UsageError
from inspect_pipeline.exports.whole_files import keep_whole
from inspect_pipeline.ingestion.spool import CameraSpool, Place, intact
from inspect_pipeline.service.cli.database import opened_database, say
from inspect_pipeline.service.cli.options import console
from plant_config.plant import Plant

app = typer.Typer(
    help="What waits between cameras and database, and frames that were set apart.",
    no_args_is_help=True,
)

PlantOfSpool = Annotated[
    Path, typer.Option("--plant", metavar="PLANT.toml", help="The plant file of the spool.")
]
OneCamera = Annotated[
    str | None,
    typer.Option("--camera", metavar="ID", help="Only of this camera.", show_default=False),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME...", help="Frames that were set apart, as `spool list` shows."),
]
All = Annotated[bool, typer.Option("--all", help="Every frame that was set apart.")]
_Found = list[tuple[CameraSpool, Place]]


@app.command("list")
def list_spool(
    plant: PlantOfSpool,
    camera: OneCamera = None,
    limit: Annotated[int, typer.Option(min=1, help="Of frames set apart, at most.")] = 50,
) -> None:
    """How much waits, camera by camera, and which frames were set apart."""
    spools = _spools(_plant(plant), camera)
    table = Table("camera", "waiting", "in hand", "to be written", "set apart", "MB")
    table.box = SIMPLE_HEAD
    for spool in spools:
        occupied, waiting, done = spool.occupancy(), len(spool.queue()), len(spool.results())
        counts = (waiting, max(0, occupied.entries - waiting - done), done, len(spool.set_apart()))
        megabytes = f"{occupied.content_bytes / 1e6:.1f}"
        table.add_row(escape(spool.camera_id), *map(str, counts), megabytes)
    console().print(table)
    apart = [(spool, place) for spool in spools for place in spool.set_apart()]
    for spool, place in apart[:limit]:
        say(f"set apart: {spool.camera_id} {place.path.name}, tried {place.tries} times")
    if len(apart) > limit:
        say(f"and {len(apart) - limit} more: --limit shows them")


@app.command("show")
def show(
    plant: PlantOfSpool,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `spool list` shows it.")],
    camera: OneCamera = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the camera's very bytes there.", show_default=False
        ),
    ] = None,
) -> None:
    """What a frame that was set apart is, and why it was set apart."""
    described = _plant(plant)
    ((spool, place),) = _chosen(described, camera, [name], is_all=False)
    entry = intact(spool, place)
    say(f"camera: {spool.camera_id}")
    say(f"tried: {place.tries} times")
    say(f"reason: {_reason(described, spool, place)}")
    if entry is None:
        say(f"the file is damaged: {place.path}")
    else:
        for fact, value in {"part": entry.post.part, **entry.facts()}.items():
            if value is not None:
                say(f"{fact}: {value}")
    if to is not None:
        if entry is None:
            raise UsageError(f"{name} is damaged, it has no picture to write: look at {place.path}")
        keep_whole(to, entry.content)
        say(f"written to {to}")


@app.command("retry")
def retry(
    plant: PlantOfSpool, names: Names = None, every: All = False, camera: OneCamera = None
) -> None:
    """Let frames that were set apart wait again, as if they had never been tried.

    A line that runs takes them at once, else the next start does.
    """
    chosen = _chosen(_plant(plant), camera, names or [], is_all=every)
    for spool, place in chosen:
        spool.retry(place)
    say(f"{len(chosen)} frames wait again")


@app.command("discard")
def discard_frames(
    plant: PlantOfSpool,
    why: Annotated[str, typer.Option(help="Why nobody needs them: it stands in the event.")],
    names: Names = None,
    every: All = False,
    camera: OneCamera = None,
    by: Annotated[
        str | None, typer.Option(help="Who says so. Default: the user of this computer.")
    ] = None,
) -> None:
    """Give up frames that were set apart: their bytes go, an event for each stays.

    The event is written by the line that runs, or by its next start.
    """
    from inspect_pipeline.service.ingesting.places import notices_of, utc_now
    from inspect_pipeline.service.ingesting.setting_apart import discard

    described = _plant(plant)
    chosen = _chosen(described, camera, names or [], is_all=every)
    notices, who = notices_of(described), by or getpass.getuser()
    for spool, place in chosen:
        discard(spool, place, notices, by=who, why=why, at=utc_now())
    say(f"{len(chosen)} frames are discarded")


def _plant(plant_file: Path) -> Plant:
    from plant_config.loader import load_plant

    return load_plant(plant_file, folders_may_come=True)


def _spools(plant: Plant, camera: str | None) -> list[CameraSpool]:
    from inspect_pipeline.service.ingesting.places import spools_of

    if not (plant.spool_folder / "cameras").is_dir():
        raise UsageError(f"there is no spool {plant.spool_folder} yet: nothing was served or once")
    spools = spools_of(plant)
    if camera is None:
        return spools
    chosen = [spool for spool in spools if spool.camera_id == camera]
    if not chosen:
        known = ", ".join(spool.camera_id for spool in spools)
        raise UsageError(f"no camera {camera!r} has a spool: use one of {known}")
    return chosen


def _chosen(plant: Plant, camera: str | None, names: Sequence[str], *, is_all: bool) -> _Found:
    if is_all == bool(names):
        raise UsageError("name the frames as `spool list` shows them, or give --all; not both")
    apart = [(spool, place) for spool in _spools(plant, camera) for place in spool.set_apart()]
    if is_all:
        return apart
    chosen: _Found = []
    for name in dict.fromkeys(names):
        found = [one for one in apart if one[1].path.name == name]
        if not found:
            raise UsageError(f"no frame {name!r} was set apart: `spool list` shows their names")
        if len(found) > 1:
            raise UsageError(f"more than one camera has a frame {name!r}: name one with --camera")
        chosen += found
    return chosen


def _reason(plant: Plant, spool: CameraSpool, place: Place) -> str:
    from inspect_pipeline.service.ingesting.setting_apart import quarantine_key

    wanted = EventFilter(camera_id=spool.camera_id, kind=EventKind.QUARANTINED)
    try:
        with (
            opened_database(plant.storage.database_url.get_secret_value()) as engine,
            session(engine, read_only=True) as opened,
        ):
            told = newest_events(opened, wanted, limit=spool.quarantined_max)
    except DatabaseError as error:
        return f"not known, the database has it: {error}"
    key = quarantine_key(spool, place)
    reasons = (str(one.facts["reason"]) for one in told if one.key == key)
    return next(reasons, "not known: the event that tells it is not in the database yet")
