"""`run_pipeline.py teach`: frames that were called good go back into training."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from db import teaching
from db.engine import session, shown
from db.errors import RecordRefused
from db.teaching import Candidate, GoodFrameRow
from inspect_pipeline.errors import UsageError
from inspect_pipeline.exports.good_set import lineage_of, write_good_set
from inspect_pipeline.service.cli.database import (
    DEFAULT_URL,
    DatabaseUrl,
    EvidenceFolder,
    opened_database,
    store_of,
)
from inspect_pipeline.service.cli.options import PartName

app = typer.Typer(
    help="The good set of a part: frames that people gave back for training.",
    no_args_is_help=True,
)
FrameIds = Annotated[
    list[int], typer.Argument(metavar="FRAME...", help="Ids of frames, as `teach list` shows them.")
]
By = Annotated[str, typer.Option(metavar="NAME", help="Who says so: kept with the frame.")]


@app.command("list")
def list_good_set(
    part: PartName,
    candidates: Annotated[
        bool, typer.Option("--candidates", help="What could be given, instead of what was.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most this many candidates.")] = 100,
    db: DatabaseUrl = DEFAULT_URL,
) -> None:
    """What is in the good set of PART, who gave it and when; or what could be given."""
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        if candidates:
            _show_candidates(teaching.candidates(opened, part, limit=limit), part)
        else:
            _show_good_set(teaching.good_set(opened, part), part)


@app.command("add")
def add_frames(
    part: PartName,
    frames: FrameIds,
    by: By,
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
) -> None:
    """Give frames to the good set of PART: all of them, or none where one is refused."""
    store, now = store_of(db, evidence), datetime.now(UTC)
    with opened_database(db) as engine, session(engine) as opened:
        _check_part(teaching.part_of_frames(opened, frames), part)
        given = [
            frame
            for frame in frames
            if teaching.give(opened, store, frame, added_by=by, added_at=now)
        ]
    _say(f"{len(given)} frames given, {len(frames) - len(given)} were in the good set before")


@app.command("remove")
def remove_frames(part: PartName, frames: FrameIds, by: By, db: DatabaseUrl = DEFAULT_URL) -> None:
    """Take frames out of the good set of PART again."""
    now = datetime.now(UTC)
    with opened_database(db) as engine, session(engine) as opened:
        _check_part(teaching.part_of_frames(opened, frames), part)
        taken = [
            frame
            for frame in frames
            if teaching.take_back(opened, frame, removed_by=by, removed_at=now)
        ]
    _say(f"{len(taken)} frames taken back, {len(frames) - len(taken)} were not in the good set")


@app.command("export")
def export_good_set(
    part: PartName,
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make; it must be new.")],
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
) -> None:
    """Write the good set of PART as a folder of pictures, as they are stored, with lineage.json."""
    store = store_of(db, evidence)
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        frames = teaching.good_set(opened, part)
        told = lineage_of(part, frames, database=shown(engine.url), read_at=datetime.now(UTC))
    certain = [frame for frame in frames if not frame.is_doubted]
    if not certain:
        raise RecordRefused(f"the good set of {part} has no frame to learn from: see `teach list`")
    write_good_set(to, store, certain, told)
    _say(f"{len(certain)} pictures and lineage.json written to {to}")


def _check_part(parts: dict[int, str], part: str) -> None:
    others = {frame: shows for frame, shows in parts.items() if shows != part}
    for frame, shows in others.items():
        raise UsageError(f"frame {frame} shows {shows!r}, not {part!r}: nothing was changed")


def _show_good_set(frames: Sequence[GoodFrameRow], part: str) -> None:
    if not frames:
        _say(f"The good set of {part} is empty: see `teach list {part} --candidates`.")
        return
    table = _table("frame", "taken at (UTC)", "camera", "serial", "given by", "given at (UTC)", "")
    for frame in frames:
        table.add_row(
            *(str(frame.frame_id), _time(frame.taken_at), frame.camera_id, frame.serial or "-"),
            *(frame.added_by, _time(frame.added_at)),
            "doubted: teaches nothing" if frame.is_doubted else "",
        )
    _console().print(table)


def _show_candidates(found: Sequence[Candidate], part: str) -> None:
    if not found:
        _say(f"No frame of {part} can be given: none has only false alarms, or a good audit.")
        return
    table = _table("frame", "taken at (UTC)", "camera", "serial", "because of", "findings", "")
    for one in found:
        table.add_row(
            *(str(one.frame_id), _time(one.taken_at), one.camera_id, one.serial or "-"),
            *(one.because.value.replace("_", " "), str(one.findings)),
            "" if one.picture_name else "no picture was kept",
        )
    _console().print(table)


def _table(*names: str) -> Table:
    return Table(*names, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _say(line: str) -> None:
    Console(soft_wrap=True, highlight=False, markup=False).print(line)


def _console() -> Console:
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)
    return console
