"""`cameras health` and `cameras accept`: how lamp and lens are, and that they are fine so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from inspect_pipeline.service.cli.tabular import console

if TYPE_CHECKING:
    from db.input_health import CameraHealth, WatchRow
    from db.questions.selection import Selection

PlantOf = Annotated[
    Path, typer.Option("--plant", metavar="PLANT.toml", help="The plant file.", show_default=False)
]
Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="24h, 7d, or a time such as 2026-01-31.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
_TITLES = ("bright", "contrast", "focus", "shading", "spot", "clipped")


def health(
    plant: PlantOf,
    camera: Annotated[
        str | None, typer.Argument(metavar="[CAMERA]", help="One camera; without, all of them.")
    ] = None,
    since: Since = "24h",
    as_json: AsJson = False,
) -> None:
    """Brightness, contrast, focus and shading of the cameras, and what was usual (in brackets).

    A ! marks what is not as it was when all was well: check lamp and lens before thresholds.
    """
    import json

    from db.engine import session
    from db.input_health import camera_health, watches
    from inspect_pipeline.service.cli.database import opened_database
    from plant_config.loader import load_plant

    described = load_plant(plant)
    if camera is not None:
        described.camera(camera)
    url = described.storage.database_url.get_secret_value()
    with opened_database(url) as engine, session(engine, read_only=True) as opened:
        wanted = _selection(opened, camera, since)
        found, known = camera_health(opened, wanted), watches(opened, wanted)
    rows = [(one, _of(one, known)) for one in found]
    if as_json:
        typer.echo(json.dumps([_plain(*row) for row in rows], indent=2))
    elif not rows:
        console().print("No frame came from a camera in this time.")
    else:
        _show(rows)


def accept(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of a camera of the plant.")],
    plant: PlantOf,
) -> None:
    """Say that lamp and lens are fine as they are: what is usual is learned from the next frames.

    After a new lamp, another lens or exposure, or when a camera was cleaned.
    """
    from db.engine import session
    from inspect_pipeline.service.cli.database import opened_database
    from inspect_pipeline.service.ingesting.watching import accept_input
    from plant_config.loader import load_plant

    described = load_plant(plant)
    described.camera(camera)
    settings = described.monitoring
    url = described.storage.database_url.get_secret_value()
    with opened_database(url) as engine, session(engine) as opened:
        parts = accept_input(opened, camera, settings, at=datetime.now(UTC))
    console().print(
        f"camera {camera}, {', '.join(parts)}: the next {settings.reference_frames} fit frames "
        "say what is usual",
        soft_wrap=True,
    )


def _selection(opened: Any, camera: str | None, since: str) -> Selection:
    from db.errors import QuestionRefused
    from db.questions.parameters import parameters_from
    from db.questions.selection import Selection, plant_zone

    written = {"since": since, **({"camera": camera} if camera else {})}
    try:
        asked: Selection = parameters_from(
            Selection, written, zone=plant_zone(opened), now=datetime.now(UTC)
        )
    except QuestionRefused as refused:
        raise typer.BadParameter(str(refused), param_hint=f"--{refused.field}") from refused
    return asked


def _of(one: CameraHealth, known: Sequence[WatchRow]) -> WatchRow | None:
    return next(
        (row for row in known if (row.camera_id, row.part) == (one.camera_id, one.part)), None
    )


def _show(rows: Sequence[tuple[CameraHealth, WatchRow | None]]) -> None:
    from db.input_health import FIGURES

    table = Table("camera", "part", "frames", "unfit", *_TITLES, "score", "usual since")
    for one, watch in rows:
        cells = [_cell(one, watch, name) for name in (*FIGURES, "score")]
        unfit = f"{100 * one.unfit / one.frames:.1f} %"
        unfit += " !" if watch and watch.unfit_out_since else ""
        learned = "learning" if watch is None else f"learning, {watch.learned_share:.0%}"
        if watch and watch.learned_at:
            learned = f"{watch.learned_at:%Y-%m-%d}"
        table.add_row(one.camera_id, one.part, str(one.frames), unfit, *cells, learned)
    console().print(table)


def _cell(one: CameraHealth, watch: WatchRow | None, name: str) -> str:
    mean = one.figures[name].mean
    if mean is None:
        return "-"
    limits = watch.limits.get(name) if watch else None
    usual = f" ({limits.mean:.3g})" if limits else ""
    return f"{mean:.3g}{usual}" + (" !" if watch and name in watch.out else "")


def _plain(one: CameraHealth, watch: WatchRow | None) -> dict[str, Any]:
    from dataclasses import asdict

    figures: dict[str, Any] = {name: asdict(figure) for name, figure in one.figures.items()}
    for name, limits in watch.limits.items() if watch else ():
        at = limits.out_since
        out_since = None if at is None else at.isoformat()
        figures[name]["usual"] = {**asdict(limits), "out_since": out_since}
    learned = watch.learned_at.isoformat() if watch and watch.learned_at else None
    return {
        **{name: value for name, value in asdict(one).items() if name != "figures"},
        "figures": figures,
        "learned_at": learned,
        "score_far": watch.score_far if watch else 0.0,
        "out": watch.out if watch else [],
    }
